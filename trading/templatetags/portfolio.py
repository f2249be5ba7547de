"""How portfolios write serial numbers, and lead to what amounts are held for."""

from collections.abc import Mapping

from django import template
from django.urls import reverse

from ledger.journal.selectors import SerialSpan
from trading.portfolio.holds import HeldFor

register = template.Library()


@register.filter
def of_account(spans: Mapping[int, SerialSpan], account_id: int) -> SerialSpan | None:
    """Return the serial numbers of an account."""
    return spans.get(account_id)


@register.filter
def serial_number(number: int) -> str:
    """Return a serial number by itself, such as 000000000042."""
    return f"{number:012d}"


@register.simple_tag
def held_url(held: HeldFor) -> str:
    """Return where the thing is that an amount is held for."""
    return reverse(held.page, kwargs=dict(held.keys) or None)
