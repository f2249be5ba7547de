"""Plots over time as inline SVG: lines, and faults as bars behind them. What the product draws its charts with (`ledger/web/charts.py`)
has columns and one line; a library for a handful of polylines would be the largest thing that is installed.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, floor, log10
from statistics import median

from tests.soak.judge import Window

WIDTH, HEIGHT = 960, 240
LEFT, RIGHT, TOP, BOTTOM = 64, 12, 10, 28
COLOURS = 8
MOST_POINTS = 480
TICKS = 4
Points = Sequence[tuple[float, float]]


@dataclass(frozen=True, slots=True)
class Line:
    """What one line shows. Breaks (a restart) are where two points are further apart than `gap_seconds`."""

    name: str
    points: Points
    gap_seconds: float = float("inf")


def thinned(points: Points, most: int = MOST_POINTS) -> list[tuple[float, float]]:
    """Return so many points at most: of each stretch the median, and its time's middle."""
    if len(points) <= most:
        return list(points)
    size = len(points) / most
    stretches = [points[int(at * size) : int((at + 1) * size)] for at in range(most)]
    return [(median(x for x, _y in each), median(y for _x, y in each)) for each in stretches if each]


def binned(samples: Iterable[tuple[float, float]], seconds: float, fold: Callable[[list[float]], float]) -> Points:
    """Return one point for each stretch of so many seconds that has samples: what `fold` makes of their values."""
    bins: dict[int, list[float]] = {}
    for at, value in samples:
        bins.setdefault(floor(at / seconds), []).append(value)
    return [((number + 0.5) * seconds, fold(values)) for number, values in sorted(bins.items())]


def rate(samples: Iterable[float], seconds: float) -> Points:
    """Return how many a second there were in each stretch of so many seconds, from the first to the last that has any."""
    counts = Counter(floor(at / seconds) for at in samples)
    if not counts:
        return []
    stretches = range(min(counts), max(counts) + 1)
    return [((number + 0.5) * seconds, counts[number] / seconds) for number in stretches]


def plot(title: str, unit: str, lines: Sequence[Line], windows: Sequence[Window], end: float) -> str:
    """Return a figure: a plot from 0 to `end` seconds with its key, and a table that says the same in numbers."""
    lines = [line for line in lines if line.points]
    if not lines:
        return f"<figure><figcaption>{escape(title)}</figcaption><p>Nothing was measured.</p></figure>"
    top = _ceiling(max(y for line in lines for _x, y in line.points))
    shapes = [
        *_faults(windows, end),
        *_grid(top, end),
        *(_polylines(line, at, top, end) for at, line in enumerate(lines)),
    ]
    picture = (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(title)}">' + "".join(shapes) + "</svg>"
    )
    key = "".join(
        f'<li><svg viewBox="0 0 28 8" aria-hidden="true"><path class="line c{at % COLOURS}" d="M0 4H28"/></svg>'
        f"{escape(line.name)}</li>"
        for at, line in enumerate(lines)
    )
    caption = f"<figcaption>{escape(title)} <small>{escape(unit)}</small></figcaption>"
    return f'<figure>{caption}{picture}<ul class="key">{key}</ul>{_table(lines, unit)}</figure>'


def _table(lines: Sequence[Line], unit: str) -> str:
    rows = "".join(
        f"<tr><th>{escape(line.name)}</th>"
        + "".join(f"<td>{number(value)}</td>" for value in (min(ys), median(ys), max(ys), ys[-1]))
        + "</tr>"
        for line in lines
        for ys in [[y for _x, y in line.points]]
    )
    head = "".join(f"<th>{word}</th>" for word in (unit, "least", "median", "most", "last"))
    return f"<details><summary>In numbers</summary><table><tr>{head}</tr>{rows}</table></details>"


def number(value: float) -> str:
    """Return a number with as many digits as tell something."""
    if value == 0 or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.{max(0, 2 - floor(log10(abs(value))))}f}"


def _ceiling(most: float) -> float:
    """Return the end of a scale: 1, 2, 2.5 or 5 times a power of ten."""
    if most <= 0:
        return 1.0
    power = 10.0 ** floor(log10(most))
    return next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= most)


def _x(at: float, end: float) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * min(max(at, 0.0), end) / end


def _y(value: float, top: float) -> float:
    return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * min(max(value, 0.0), top) / top


def _grid(top: float, end: float) -> list[str]:
    parts = []
    for tick in range(TICKS + 1):
        value = top * tick / TICKS
        y = _y(value, top)
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text class="end" x="{LEFT - 6}" y="{y + 4:.1f}">{number(value)}</text>')
    step = _step_seconds(end)
    for at in range(0, int(end) + 1, step):
        label = f"{at // 60}:{at % 60:02d}"
        parts.append(f'<text class="middle" x="{_x(at, end):.1f}" y="{HEIGHT - 8}">{label}</text>')
    return parts


def _step_seconds(end: float) -> int:
    return next((step for step in (5, 10, 30, 60, 120, 300, 600, 1_800, 3_600) if end / step <= 12), ceil(end / 12))


def _faults(windows: Sequence[Window], end: float) -> list[str]:
    parts = []
    for each in windows:
        left = _x(each.start, end)
        width = max(1.5, _x(each.end, end) - left)
        title = f"<title>{escape(each.name)}, {each.end - each.start:.1f} s</title>"
        kind = "fault" if each.name != "reconciled" else "rest"
        parts.append(
            f'<rect class="{kind}" x="{left:.1f}" y="{TOP}" width="{width:.1f}" height="{HEIGHT - TOP - BOTTOM}">{title}</rect>'
        )
    return parts


def _polylines(line: Line, at: int, top: float, end: float) -> str:
    stretches: list[list[tuple[float, float]]] = [[]]
    for point in line.points:
        if stretches[-1] and point[0] - stretches[-1][-1][0] > line.gap_seconds:
            stretches.append([])
        stretches[-1].append(point)
    paths = []
    for stretch in stretches:
        points = " ".join(f"{_x(x, end):.1f},{_y(y, top):.1f}" for x, y in thinned(stretch))
        paths.append(f'<polyline class="line c{at % COLOURS}" points="{points}"/>')
    return f"<g><title>{escape(line.name)}</title>{''.join(paths)}</g>"
