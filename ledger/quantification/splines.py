"""A monotone cubic spline in decimals: how much carbon lies in how much soil, between the depths that were sampled.

Wendt and Hauser (2013) interpolate cumulative carbon over cumulative mineral mass by a cubic spline, and show that it errs
less than straight lines, which take a layer's carbon to be spread evenly in it. Their spline may swing and take carbon away
with depth; von Haden, Yang and DeLucia (2020) therefore publish theirs with Hyman's filter (1983), which keeps a rising curve
rising. This is that one: slopes by the end conditions of Forsythe, Malcolm and Moler, filtered, then Hermite's cubics. With two
knots it is the straight line.
"""

from collections.abc import Sequence
from decimal import Decimal


def interpolate(xs: Sequence[Decimal], ys: Sequence[Decimal], at: Decimal) -> Decimal:
    """Return a rising curve's value at a place between its first and last knot.

    Source: Hyman (1983), SIAM J. Sci. Stat. Comput. 4, 645; as R's `splinefun(method = "hyman")`.
    """
    assert xs[0] <= at <= xs[-1]
    slopes = _filtered(_slopes(xs, ys), xs, ys)
    left = max(place for place in range(len(xs) - 1) if xs[place] <= at)
    width = xs[left + 1] - xs[left]
    t = (at - xs[left]) / width
    return (
        ys[left] * (1 + 2 * t) * (1 - t) ** 2
        + slopes[left] * width * t * (1 - t) ** 2
        + ys[left + 1] * t**2 * (3 - 2 * t)
        + slopes[left + 1] * width * t**2 * (t - 1)
    )


def _slopes(xs: Sequence[Decimal], ys: Sequence[Decimal]) -> list[Decimal]:
    """Return the slopes of the cubic spline at its knots.

    `bends` are a sixth of the second derivatives. At either end the third derivative is that of the cubic through the four
    knots there; through three knots it is a parabola, through two a line.
    """
    count = len(xs)
    widths = [xs[at + 1] - xs[at] for at in range(count - 1)]
    rises = [(ys[at + 1] - ys[at]) / widths[at] for at in range(count - 1)]
    if count == 2:
        return [rises[0], rises[0]]
    bends = _bends(xs, widths, rises)
    slopes = [rises[at] - widths[at] * (bends[at + 1] + 2 * bends[at]) for at in range(count - 1)]
    return [*slopes, rises[-1] + widths[-1] * (bends[-2] + 2 * bends[-1])]


def _bends(xs: Sequence[Decimal], widths: Sequence[Decimal], rises: Sequence[Decimal]) -> list[Decimal]:
    """Solve the tridiagonal system of the spline, by elimination downwards and substitution upwards."""
    count = len(xs)
    diagonal = [-widths[0], *(2 * (widths[at - 1] + widths[at]) for at in range(1, count - 1)), -widths[-1]]
    right = [Decimal(0), *(rises[at] - rises[at - 1] for at in range(1, count - 1)), Decimal(0)]
    if count > 3:
        right[0] = _end(right[1], right[2], (xs[0], xs[1], xs[2], xs[3])) * widths[0] ** 2
        right[-1] = -_end(right[-3], right[-2], (xs[-4], xs[-3], xs[-2], xs[-1])) * widths[-1] ** 2
    for at in range(1, count):
        share = widths[at - 1] / diagonal[at - 1]
        diagonal[at] -= share * widths[at - 1]
        right[at] -= share * right[at - 1]
    bends = [Decimal(0)] * count
    bends[-1] = right[-1] / diagonal[-1]
    for at in range(count - 2, -1, -1):
        bends[at] = (right[at] - widths[at] * bends[at + 1]) / diagonal[at]
    return bends


def _end(first: Decimal, second: Decimal, xs: tuple[Decimal, Decimal, Decimal, Decimal]) -> Decimal:
    """Return the third divided difference of four knots, from the jumps of the slope at the two inner ones."""
    return (second / (xs[3] - xs[1]) - first / (xs[2] - xs[0])) / (xs[3] - xs[0])


def _filtered(slopes: list[Decimal], xs: Sequence[Decimal], ys: Sequence[Decimal]) -> list[Decimal]:
    """Bound each slope by three times the smaller rise beside it, and by nought: then no piece falls."""
    rises = [(ys[at + 1] - ys[at]) / (xs[at + 1] - xs[at]) for at in range(len(xs) - 1)]
    beside = zip([rises[0], *rises], [*rises, rises[-1]], strict=True)
    return [
        min(max(slope, Decimal(0)), 3 * min(before, after))
        for slope, (before, after) in zip(slopes, beside, strict=True)
    ]
