"""Draw a market: the ladder of its book, its depth, and the line of its trades. Modules draw them again as they change."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from trading.execution.models import Trade
from trading.marketdata.selectors import Depth, Level

RUNGS = 10
CHART_TRADES = 100
WIDTH, HEIGHT, VOLUME_HEIGHT = 600, 200, 40


@dataclass(frozen=True, slots=True)
class Rung:
    """A price level, what is offered up to it, and that as a share of the deepest side shown (percent, for SVG)."""

    price_fen: int
    quantity_t: int
    total_t: int
    share: str


@dataclass(frozen=True, slots=True)
class Ladder:
    """The book as it is shown: always as many rungs, None where there is no level. Asks come from the worst on."""

    asks: list[Rung | None]
    bids: list[Rung | None]
    spread_fen: int | None


def ladder(depth: Depth) -> Ladder:
    """Return the best levels of both sides."""
    sides = depth.bids[:RUNGS], depth.asks[:RUNGS]
    deepest = max(sum(level.quantity_t for level in side) for side in sides)
    bids, asks = (_rungs(side, deepest) for side in sides)
    spread = depth.asks[0].price_fen - depth.bids[0].price_fen if depth.asks and depth.bids else None
    return Ladder(asks[::-1], bids, spread)


def _rungs(levels: Sequence[Level], deepest: int) -> list[Rung | None]:
    totals = accumulate(level.quantity_t for level in levels)
    rungs: list[Rung | None] = [
        Rung(level.price_fen, level.quantity_t, total, f"{total * 100 / deepest:.2f}%")
        for level, total in zip(levels, totals, strict=True)
    ]
    return rungs + [None] * (RUNGS - len(rungs))


@dataclass(frozen=True, slots=True)
class DepthChart:
    """How much is wanted up to each price, as steps from the best prices outward. Units: fen per tonne, tonnes."""

    lowest_fen: int
    highest_fen: int
    most_t: int
    bids: str
    asks: str


def depth_chart(depth: Depth) -> DepthChart | None:
    """Return the chart of the levels that are given, or None where nobody wants anything."""
    if not depth.bids and not depth.asks:
        return None
    prices = [level.price_fen for level in (*depth.bids, *depth.asks)]
    lowest, highest = min(prices), max(prices)
    most = max(sum(level.quantity_t for level in side) for side in (depth.bids, depth.asks))
    # One price alone stands in the middle.
    left, width = (lowest, highest - lowest) if highest > lowest else (lowest - 1, 2)
    bids, asks = (
        _steps([((level.price_fen - left) * WIDTH / width, level.quantity_t) for level in side], most, edge)
        for side, edge in ((depth.bids, 0.0), (depth.asks, float(WIDTH)))
    )
    return DepthChart(lowest, highest, most, bids, asks)


def _steps(levels: Sequence[tuple[float, int]], most_t: int, edge: float) -> str:
    """Return a polygon that rises by each level's quantity at its place, out to an edge of the drawing."""
    if not levels:
        return ""
    y, total = float(HEIGHT), 0
    points = [f"{levels[0][0]:.1f},{HEIGHT}"]
    for x, quantity in levels:
        points.append(f"{x:.1f},{y:.1f}")
        total += quantity
        y = HEIGHT - total * HEIGHT / most_t
        points.append(f"{x:.1f},{y:.1f}")
    return " ".join([*points, f"{edge:.1f},{y:.1f}", f"{edge:.1f},{HEIGHT}"])


@dataclass(frozen=True, slots=True)
class Bar:
    """The volume of a trade, in the chart's coordinates."""

    x: str
    y: str
    width: str
    height: str


@dataclass(frozen=True, slots=True)
class PriceChart:
    """The line of trades from the oldest on, each as far from the next, with its volumes below."""

    first: Trade
    last: Trade
    count: int
    highest_fen: int
    lowest_fen: int
    line: str
    area: str
    bars: list[Bar]


def price_chart(newest_first: Sequence[Trade]) -> PriceChart | None:
    """Return the chart of some trades, or None where there are fewer than two."""
    trades = list(reversed(newest_first[:CHART_TRADES]))
    if len(trades) < 2:
        return None
    prices = [trade.price_fen for trade in trades]
    highest, lowest = max(prices), min(prices)
    points = [_point(place, price, len(prices), highest, lowest) for place, price in enumerate(prices)]
    line = " ".join(points)
    return PriceChart(
        first=trades[0],
        last=trades[-1],
        count=len(trades),
        highest_fen=highest,
        lowest_fen=lowest,
        line=line,
        area=f"0,{HEIGHT} {line} {WIDTH},{HEIGHT}",
        bars=_bars([trade.quantity_t for trade in trades]),
    )


def _point(place: int, price: int, count: int, highest: int, lowest: int) -> str:
    x = place * WIDTH / (count - 1)
    # A price that never moved runs through the middle.
    share = (price - lowest) / (highest - lowest) if highest > lowest else 0.5
    return f"{x:.1f},{HEIGHT - share * HEIGHT:.1f}"


def _bars(quantities: Sequence[int]) -> list[Bar]:
    width = WIDTH / len(quantities)
    largest = max(quantities)
    return [
        Bar(
            x=f"{place * width + width * 0.15:.1f}",
            y=f"{VOLUME_HEIGHT - quantity * VOLUME_HEIGHT / largest:.1f}",
            width=f"{width * 0.7:.1f}",
            height=f"{quantity * VOLUME_HEIGHT / largest:.1f}",
        )
        for place, quantity in enumerate(quantities)
    ]
