"""Numbers as people read them, with so many places."""

from decimal import ROUND_HALF_UP, Decimal

from django.utils.formats import number_format


def rounded(number: Decimal, places: int) -> str:
    """Return a number with so many places, such as 1,234.5.

    Rounding: half up; Django's own format cuts off what is beyond.
    """
    exact = number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    return number_format(exact, decimal_pos=places, force_grouping=True)
