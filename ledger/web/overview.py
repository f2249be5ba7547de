"""Pictures of the whole registry, drawn by the server: places on a grid of degrees, and sums by year."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ledger.registry.places import Cluster
from ledger.registry.totals import Sums

WIDTH, MARGIN = 720, 28
MOST_HEIGHT = 520
STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30)
MOST_LINES = 8
LEAST_DEGREES = 0.05


@dataclass(frozen=True, slots=True)
class Dot:
    x: str
    y: str
    radius: str
    count: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line of the grid, with what it is called."""

    at: str
    text: str


@dataclass(frozen=True, slots=True)
class PlacesPicture:
    width: int
    height: int
    meridians: list[Line]
    parallels: list[Line]
    dots: list[Dot]


@dataclass(frozen=True, slots=True)
class YearBar:
    """What was issued and retired in a year, as two bars."""

    year: str
    label_x: str
    issued_x: str
    issued_y: str
    issued_height: str
    retired_x: str
    retired_y: str
    retired_height: str
    issued_t: int
    retired_t: int


@dataclass(frozen=True, slots=True)
class YearsPicture:
    width: int
    height: int
    base_y: int
    bar_width: str
    bars: list[YearBar]
    # Where the lines of the scale are, and how many tonnes each is.
    steps: list[tuple[str, int]]


def draw_places(clusters: Sequence[Cluster]) -> PlacesPicture | None:
    """Return the picture of clusters on a grid of degrees; None where there are none. No border is drawn."""
    if not clusters:
        return None
    west, east = _widened(each.longitude for each in clusters)
    south, north = _widened(each.latitude for each in clusters)
    shortening = max(math.cos(math.radians((south + north) / 2)), 0.1)
    scale = min((WIDTH - 2 * MARGIN) / ((east - west) * shortening), (MOST_HEIGHT - 2 * MARGIN) / (north - south))
    height = math.ceil((north - south) * scale) + 2 * MARGIN
    left = (WIDTH - (east - west) * shortening * scale) / 2

    def x(longitude: float) -> str:
        return f"{left + (longitude - west) * shortening * scale:.1f}"

    def y(latitude: float) -> str:
        return f"{MARGIN + (north - latitude) * scale:.1f}"

    most = max(each.count for each in clusters)
    return PlacesPicture(
        WIDTH,
        height,
        [Line(x(degree), f"{degree:g}°") for degree in _degrees(west, east)],
        [Line(y(degree), f"{degree:g}°") for degree in _degrees(south, north)],
        [
            Dot(x(each.longitude), y(each.latitude), f"{4 + 14 * math.sqrt(each.count / most):.1f}", each.count)
            for each in clusters
        ],
    )


def _widened(places: Iterable[float]) -> tuple[float, float]:
    found = list(places)
    margin = max((max(found) - min(found)) * 0.08, LEAST_DEGREES)
    return min(found) - margin, max(found) + margin


def _degrees(low: float, high: float) -> list[float]:
    step = next((each for each in STEPS if (high - low) / each <= MOST_LINES), STEPS[-1])
    return [number * step for number in range(math.ceil(low / step), math.floor(high / step) + 1)]


def draw_years(years: Sequence[Sums]) -> YearsPicture | None:
    """Return the bars of years, None where there is none."""
    if not years:
        return None
    height, base, top = 300, 260, 16
    most = _round_up(max(max(each.issued_t, each.retired_t) for each in years))
    room = (WIDTH - 90) / len(years)
    width = min(room * 0.38, 34)

    def high(tonnes: int) -> float:
        return (base - top) * tonnes / most

    bars = []
    for number, each in enumerate(years):
        middle = 76 + room * (number + 0.5)
        bars.append(
            YearBar(
                each.key,
                f"{middle:.1f}",
                f"{middle - width:.1f}",
                f"{base - high(each.issued_t):.1f}",
                f"{high(each.issued_t):.1f}",
                f"{middle:.1f}",
                f"{base - high(each.retired_t):.1f}",
                f"{high(each.retired_t):.1f}",
                each.issued_t,
                each.retired_t,
            )
        )
    values = [most * quarter // 4 for quarter in range(5)] if most >= 4 else [0, most]
    steps = [(f"{base - high(value):.1f}", value) for value in values]
    return YearsPicture(WIDTH, height, base, f"{width:.1f}", bars, steps)


def _round_up(tonnes: int) -> int:
    """Return the least of 4, 8, 20, 40, 80, 200 … that is not less: quarters of it are whole."""
    power = 4
    while True:
        for digit in (1, 2, 5):
            if digit * power >= tonnes:
                return digit * power
        power *= 10
