"""How pages write prices, changes, times of trades, and what became of orders."""

import datetime as dt
from decimal import Decimal

from django import template
from django.utils import timezone
from django.utils.formats import number_format

from ledger.templatetags.tianhui import yuan
from trading.orders.models import Order
from trading.web.words import words_of_reason, words_of_terms

register = template.Library()

MINUS = "\N{MINUS SIGN}"


@register.filter
def signed_yuan(fen: int | None) -> str:
    """Return a change of money with its sign, such as +1.25."""
    return "" if fen is None else _sign(fen) + yuan(abs(fen))


@register.filter
def signed_percent(percent: Decimal | None) -> str:
    """Return a change in percent with its sign, such as −1.25%."""
    if percent is None:
        return ""
    return f"{_sign(percent)}{number_format(abs(percent), decimal_pos=2)}%"


@register.filter
def direction(change: int | None) -> str:
    """Return the class of a change: rise, fall, or nothing."""
    return "" if not change else "rise" if change > 0 else "fall"


@register.filter
def percent_of_bps(rate_bps: int) -> str:
    """Return a rate in basis points as percent, such as 0.10%."""
    return f"{number_format(Decimal(rate_bps) / 100, decimal_pos=2)}%"


@register.filter
def tape_time(moment: dt.datetime | None) -> str:
    """Return a time to the second, with its day where that is not today."""
    if moment is None:
        return ""
    local = timezone.localtime(moment)
    is_today = local.date() == timezone.localdate()
    return local.strftime("%H:%M:%S" if is_today else "%m-%d %H:%M:%S")


@register.filter
def words_of_side(side: str) -> str:
    """Return in words on which side of a trade somebody was."""
    return str(Order.Side(side).label)


@register.filter
def in_words(reason: str) -> str:
    """Return in words why an order ended."""
    return words_of_reason(reason)


@register.filter
def terms_in_words(order: Order) -> str:
    """Return in words what sets an order apart from a plain one."""
    return words_of_terms(order)


def _sign(value: int | Decimal) -> str:
    return "+" if value > 0 else MINUS if value < 0 else ""
