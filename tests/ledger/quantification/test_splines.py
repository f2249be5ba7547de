"""The curve of carbon over soil mass: through its knots, never falling, and the published one."""

from decimal import Context, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.quantification.splines import _slopes, interpolate

RISES = st.lists(
    st.tuples(st.decimals("0.5", "3000", places=2), st.decimals("0", "90", places=3)), min_size=2, max_size=8
)


def decimals(*values):
    return [Decimal(str(value)) for value in values]


def knots(rises):
    xs, ys = [Decimal(0)], [Decimal(0)]
    for across, up in rises:
        xs.append(xs[-1] + across)
        ys.append(ys[-1] + up)
    return xs, ys


@pytest.mark.parametrize("at", ["0", "1", "2.5", "4"])
def test_two_knots_give_a_straight_line(at):
    assert interpolate(decimals(0, 4), decimals(0, 10), Decimal(at)) == Decimal(at) * Decimal("2.5")


def test_carbon_that_is_spread_evenly_gives_a_straight_line():
    with localcontext(Context(prec=50)):
        found = interpolate(decimals(0, 1200, 2500, 3700), decimals(0, 18, "37.5", "55.5"), Decimal(3000))
        assert abs(found - 45) < Decimal("1e-40")


def test_the_slopes_are_those_of_the_one_cubic_through_four_knots():
    # y = x^3 / 100 + x: four knots determine it, and its slope is 3 x^2 / 100 + 1.
    xs = decimals(0, 1, 3, 4)
    with localcontext(Context(prec=50)):
        slopes = _slopes(xs, [x**3 / 100 + x for x in xs])
        for x, slope in zip(xs, slopes, strict=True):
            assert abs(slope - (3 * x**2 / 100 + 1)) < Decimal("1e-40")


def test_three_knots_give_a_parabola():
    xs = decimals(0, 2, 5)
    with localcontext(Context(prec=50)):
        slopes = _slopes(xs, [10 * x - x**2 / 2 for x in xs])
        for x, slope in zip(xs, slopes, strict=True):
            assert abs(slope - (10 - x)) < Decimal("1e-40")


def test_hymans_filter_worked_by_hand():
    # Rises 1, 9, 1 over widths of 1: by hand, the spline's slopes at the knots are -25/3, 23/3, 23/3 and -25/3 (one cubic
    # through all four). Filtered: at the ends not below nought, inside at most three times the smaller rise, 3. Half way,
    # Hermite's cubic of (1, 10, 3, 3) is the mean of its ends, 11/2; a quarter into the first piece, of (0, 1, 0, 3),
    # it is 5/32 - 9/64 = 1/64.
    xs, ys = decimals(0, 1, 2, 3), decimals(0, 1, 10, 11)
    with localcontext(Context(prec=50)):
        expected = [Fraction(-25, 3), Fraction(23, 3), Fraction(23, 3), Fraction(-25, 3)]
        for slope, wanted in zip(_slopes(xs, ys), expected, strict=True):
            assert abs(slope - Decimal(wanted.numerator) / wanted.denominator) < Decimal("1e-40")
        assert abs(interpolate(xs, ys, Decimal("1.5")) - Decimal("5.5")) < Decimal("1e-40")
        assert abs(interpolate(xs, ys, Decimal("0.25")) - Decimal("0.015625")) < Decimal("1e-40")


@given(RISES, st.decimals("0", "1", places=3), st.decimals("0", "1", places=3))
def test_the_curve_goes_through_its_knots_and_never_falls(rises, one, other):
    with localcontext(Context(prec=50)):
        xs, ys = knots(rises)
        near = Decimal("1e-30")
        for x, y in zip(xs, ys, strict=True):
            assert abs(interpolate(xs, ys, x) - y) < near
        low, high = sorted((one, other))
        assert interpolate(xs, ys, low * xs[-1]) <= interpolate(xs, ys, high * xs[-1]) + near
