"""Charts, drawn by the server: columns, a line, a waterfall and a share of a whole, each with the table that says the same.

A drawing stretches to the width at hand, and words do not: shapes are in a picture of `WIDTH` × `HEIGHT` that is pulled to its
frame, and labels stand beside and below it as text. Templates are in config/templates/components/charts, styles in css/charts.css:
what a shape means is told by its class, its pattern and its words, never by its colour alone.
"""

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.utils import timezone
from django.utils.formats import number_format
from django.utils.functional import Promise

WIDTH, HEIGHT = 1_000, 400
QUARTERS = 4
MINUS = "\N{MINUS SIGN}"
MOST_LABELS = 6
COLUMN_SHARE = 0.7
"""How much of its room a column takes; the rest is between it and the next."""
Text = str | Promise
Write = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Series:
    """One of the things that a chart compares: what it is called, and the class that fills it."""

    text: Text
    fill: str


@dataclass(frozen=True, slots=True)
class Rect:
    """A shape with its place, and what it says to who points at it."""

    fill: str
    x: str
    y: str
    width: str
    height: str
    says: str


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table behind a chart."""

    head: str
    cells: list[str]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart and its table. `scale` are the labels of the five lines across, from the top; `labels` stand below.

    `line` and `area` are points of the line and of what lies under it, where it has one; `zero` is where nought is.
    """

    name: str
    title: Text
    unit: Text
    rects: list[Rect]
    scale: list[str]
    labels: list[str]
    series: list[Series]
    head: Text
    rows: list[Row]
    line: str = ""
    area: str = ""
    zero: str = str(HEIGHT)


@dataclass(frozen=True, slots=True)
class Column:
    """What stands above one label: an amount of each series, in their order."""

    label: str
    amounts: Sequence[int]


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a waterfall: up or down by an amount, or, where it is a `total`, down to nought."""

    text: Text
    amount: int
    fill: str
    is_total: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a whole, with its share of it in percent, for SVG and for people."""

    text: Text
    amount: str
    fill: str
    x: str
    width: str
    percent: str


def whole_number(amount: int) -> str:
    """Return an amount as people write it, such as 2,300, or −100."""
    return number_format(amount, force_grouping=True).replace("-", MINUS)


def in_yuan(fen: int) -> str:
    """Return fen in yuan, such as 1,234.50; whole yuan without decimals."""
    places = 0 if fen % 100 == 0 else 2
    return number_format(Decimal(fen) / 100, decimal_pos=places, force_grouping=True).replace("-", MINUS)


def column_chart(
    name: str,
    title: Text,
    unit: Text,
    *,
    series: Sequence[Series],
    columns: Sequence[Column],
    head: Text,
    write: Write = whole_number,
    is_stacked: bool = False,
) -> Chart | None:
    """Return columns of one or more series, beside each other or one on the other; None where there is nothing to draw."""
    if not columns or not any(amount for column in columns for amount in column.amounts):
        return None
    lows = [min(0, *_ends(column, is_stacked)) for column in columns]
    highs = [max(0, *_ends(column, is_stacked)) for column in columns]
    scale = _scale(min(lows), max(highs))
    room = WIDTH / len(columns)
    rects = [
        rect
        for place, column in enumerate(columns)
        for rect in _column(column, series, scale, room * place, room, write, is_stacked)
    ]
    rows = [Row(column.label, [write(amount) for amount in column.amounts]) for column in columns]
    labels = _thinned([column.label for column in columns])
    return Chart(name, title, unit, rects, scale.labels(write), labels, list(series), head, rows, zero=scale.at(0))


def _ends(column: Column, is_stacked: bool) -> list[int]:
    return [sum(column.amounts)] if is_stacked else list(column.amounts)


def _column(
    column: Column,
    series: Sequence[Series],
    scale: "_Scale",
    left: float,
    room: float,
    write: Write,
    is_stacked: bool,
) -> list[Rect]:
    width = room * COLUMN_SHARE / (1 if is_stacked else len(series))
    rects, base = [], 0
    for place, (each, amount) in enumerate(zip(series, column.amounts, strict=True)):
        start = base if is_stacked else 0
        x = left + room * (1 - COLUMN_SHARE) / 2 + (0 if is_stacked else width * place)
        says = f"{column.label} · {each.text}: {write(amount)}"
        if amount:
            rects.append(scale.rect(each.fill, x, width, start, start + amount, says))
        base += amount
    return rects


def line_chart(
    name: str,
    title: Text,
    unit: Text,
    *,
    points: Sequence[tuple[dt.datetime, int]],
    head: Text,
    value: Text,
    write: Write = whole_number,
    from_zero: bool = False,
) -> Chart | None:
    """Return the line through some values, each as far to the right as it is late; None where there are fewer than two."""
    if len(points) < 2 or points[0][0] >= points[-1][0]:
        return None
    values = [amount for _at, amount in points]
    scale = _scale(0 if from_zero else min(values), max(values))
    begins, ends = points[0][0].timestamp(), points[-1][0].timestamp()
    placed = [f"{(at.timestamp() - begins) * WIDTH / (ends - begins):.1f},{scale.at(amount)}" for at, amount in points]
    line = " ".join(placed)
    is_short = points[-1][0] - points[0][0] < dt.timedelta(days=2)
    times = [timezone.localtime(at).strftime("%m-%d %H:%M" if is_short else "%Y-%m-%d") for at, _amount in points]
    rows = [Row(time, [write(amount)]) for time, amount in zip(times, values, strict=True)]
    return Chart(
        name,
        title,
        unit,
        [],
        scale.labels(write),
        [times[0], times[-1]],
        [Series(value, "chart-line")],
        head,
        rows,
        line=line,
        area=f"0,{HEIGHT} {line} {WIDTH},{HEIGHT}",
    )


def waterfall_chart(
    name: str, title: Text, unit: Text, *, steps: Sequence[Step], head: Text, value: Text, write: Write = whole_number
) -> Chart | None:
    """Return how one amount comes to another, step by step; None where nothing is to be seen."""
    if not any(step.amount for step in steps):
        return None
    ends, level = [], 0
    for step in steps:
        start = 0 if step.is_total else level
        level = step.amount if step.is_total else level + step.amount
        ends.append((start, level))
    scale = _scale(min(0, *(min(pair) for pair in ends)), max(0, *(max(pair) for pair in ends)))
    room = WIDTH / len(steps)
    width = room * COLUMN_SHARE
    rects = [
        scale.rect(step.fill, room * place + (room - width) / 2, width, *pair, f"{step.text}: {write(step.amount)}")
        for place, (step, pair) in enumerate(zip(steps, ends, strict=True))
        if step.amount
    ]
    rows = [Row(str(step.text), [write(step.amount)]) for step in steps]
    labels = [str(step.text) for step in steps]
    return Chart(
        name, title, unit, rects, scale.labels(write), labels, [Series(value, "")], head, rows, zero=scale.at(0)
    )


def share_parts(amounts: Sequence[tuple[Text, int, str]], write: Write = whole_number) -> list[Part]:
    """Return the parts of a bar, 100 wide: the name, the amount and the class of each. Rounding: half even, to a tenth."""
    total = sum(amount for _text, amount, _fill in amounts)
    parts, start = [], Decimal(0)
    for text, amount, fill in amounts:
        share = Decimal(amount) * 100 / total if total else Decimal(0)
        percent = number_format(round(share, 1), decimal_pos=1)
        parts.append(Part(text, write(amount), fill, f"{start:.3f}", f"{share:.3f}", percent))
        start += share
    return parts


@dataclass(frozen=True, slots=True)
class _Scale:
    """From which value to which a picture goes, the lowest first."""

    low: int
    high: int

    def at(self, value: int) -> str:
        """Return how far from the top a value is."""
        return f"{self._high(value):.1f}"

    def _high(self, value: int) -> float:
        return HEIGHT * (self.high - value) / (self.high - self.low)

    def rect(self, fill: str, x: float, width: float, start: int, end: int, says: str) -> Rect:
        top, bottom = sorted((self._high(start), self._high(end)))
        # What there is is seen, however little it is beside the rest.
        return Rect(fill, f"{x:.1f}", f"{top:.1f}", f"{width:.1f}", f"{max(bottom - top, 1.5):.1f}", says)

    def labels(self, write: Write) -> list[str]:
        step = (self.high - self.low) // QUARTERS
        return [write(self.high - step * place) for place in range(QUARTERS + 1)]


def _scale(low: int, high: int) -> _Scale:
    """Return the scale whose five lines are at round numbers, and that has all the values."""
    span = max(high - low, 1)
    for step in _steps():
        if step * QUARTERS < span:
            continue
        bottom = low // step * step
        if bottom + step * QUARTERS >= high:
            return _Scale(bottom, bottom + step * QUARTERS)
    raise AssertionError("steps grow without end")


def _steps() -> Iterator[int]:
    """Yield 1, 2, 5, 10, 20, 25, 50, 100, 200, 250 …"""
    power = 1
    while True:
        yield power
        yield 2 * power
        if power > 1:
            yield 5 * power // 2
        yield 5 * power
        power *= 10


def _thinned(labels: Sequence[str]) -> list[str]:
    """Return the labels, so many at most with the same room between them; the others are empty."""
    every = -(-len(labels) // (2 * MOST_LABELS))
    return [label if place % every == 0 else "" for place, label in enumerate(labels)]
