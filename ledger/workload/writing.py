"""How the subjects of tasks write tonnes and money."""

from decimal import Decimal

from django.utils.formats import number_format


def tonnes(amount: int) -> str:
    """Return whole tonnes with their unit, such as 2,300 t."""
    return f"{number_format(amount, force_grouping=True)} t"


def yuan(fen: int) -> str:
    """Return money with its sign, such as ¥1,234.50."""
    return f"¥{number_format(Decimal(fen) / 100, decimal_pos=2, force_grouping=True)}"
