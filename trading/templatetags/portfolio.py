"""How portfolios write serial numbers."""

from collections.abc import Mapping

from django import template

from ledger.journal.selectors import SerialSpan

register = template.Library()


@register.filter
def of_account(spans: Mapping[int, SerialSpan], account_id: int) -> SerialSpan | None:
    """Return the serial numbers of an account."""
    return spans.get(account_id)


@register.filter
def serial_number(number: int) -> str:
    """Return a serial number by itself, such as 000000000042."""
    return f"{number:012d}"
