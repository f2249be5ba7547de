"""What the exchange says to people: money in yuan, not in fen, and reasons in sentences."""

import datetime as dt

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from ledger.errors import DomainError
from ledger.templatetags.tianhui import tonnes, yuan
from trading.errors import (
    BelowReserve,
    DuplicateOrder,
    InsufficientCredits,
    InsufficientFunds,
    OffLot,
    OffTick,
    OrderTooLarge,
    OutsideBand,
    OverLimit,
)
from trading.markets.models import TradingMode
from trading.orders.models import Order

_REASONS: dict[str, str | Promise] = {
    "by_request": gettext_lazy("at your request"),
    "self_trade": gettext_lazy("it would have traded with an order of your own"),
    "ioc_remainder": gettext_lazy("nothing more could trade at once"),
    "fok_not_filled": gettext_lazy("it could not trade at once and whole"),
    "would_take": gettext_lazy("it would have traded at once"),
    "auction_remainder": gettext_lazy("the call auction had no more for it"),
    "market_halted": gettext_lazy("the market was halted"),
    "market_closed": gettext_lazy("the market was closed"),
    "not_in_auction": gettext_lazy("a call auction takes no such order"),
    "off_lot": gettext_lazy("the quantity is no multiple of the lot"),
    "off_tick": gettext_lazy("the price is no multiple of the tick"),
    "fees_changed": gettext_lazy("the fees rose before the market took it"),
    "outside_band": gettext_lazy("the price is outside the band"),
}


def words_of_reason(reason: str) -> str:
    """Return in words why an order ended; a reason that has no words yet is shown as it is."""
    return str(_REASONS.get(reason, reason))


def moment_in_words(moment: dt.datetime) -> str:
    """Return a time to the minute as people say it: its day where that is not today, its year where it is another."""
    local, today = timezone.localtime(moment), timezone.localdate()
    time = f"{local:%H:%M}"
    if local.date() == today:
        return time
    day = date_format(local, "MONTH_DAY_FORMAT" if local.year == today.year else "DATE_FORMAT")
    return pgettext("moment", "%(day)s, %(time)s") % {"day": day, "time": time}


def words_of_terms(order: Order) -> str:
    """Return in words what sets an order apart from a limit order that stands until it is cancelled; else nothing."""
    terms = []
    if order.trading_mode in (TradingMode.BLOCK_TRADE, TradingMode.ONE_WAY_AUCTION):
        # It trades with what it was agreed with: nothing else sets it apart.
        return order.get_trading_mode_display()
    if order.order_type == Order.Type.MARKET:
        terms.append(pgettext("order type", "market"))
    if order.time_in_force == Order.TimeInForce.FOK or (
        order.time_in_force == Order.TimeInForce.IOC and order.order_type == Order.Type.LIMIT
    ):
        terms.append(order.get_time_in_force_display())
    if order.time_in_force == Order.TimeInForce.DAY and order.order_type == Order.Type.LIMIT:
        terms.append(order.get_time_in_force_display())
    if order.expires_at is not None:
        terms.append(_("until %(moment)s") % {"moment": moment_in_words(order.expires_at)})
    if order.post_only:
        terms.append(_("only as maker"))
    if order.display_t is not None:
        terms.append(_("shows %(tonnes)s t at a time") % {"tonnes": tonnes(order.display_t)})
    return " · ".join(terms)


def words_of_refusal(error: DomainError) -> str:
    """Return a refusal in the units that people enter."""
    params = error.params
    if isinstance(error, OutsideBand):
        return _("The price must be between %(low)s and %(high)s yuan.") % {
            "low": yuan(params["low"]),
            "high": yuan(params["high"]),
        }
    if isinstance(error, OffTick):
        return _("The price must be a multiple of %(tick)s yuan.") % {"tick": yuan(params["tick"])}
    if isinstance(error, OffLot):
        return _("The quantity must be a multiple of %(lot)s t.") % {"lot": tonnes(params["lot"])}
    if isinstance(error, OrderTooLarge):
        return _("An order may be for %(most)s t at most here: split it.") % {"most": tonnes(params["most"])}
    if isinstance(error, OverLimit):
        return _(
            "Your organisation's limit is %(most)s yuan; the order would come to %(needed)s. Ask the operator to raise it."
        ) % {"most": yuan(params["most"]), "needed": yuan(params["needed"])}
    if isinstance(error, InsufficientFunds):
        return _("The order needs %(needed)s yuan, %(available)s are available. Pay in first, or buy less.") % {
            "needed": yuan(params["needed"]),
            "available": yuan(params["available"]),
        }
    if isinstance(error, InsufficientCredits):
        return _("You have %(available)s t to sell here.") % {"available": tonnes(params["available"])}
    if isinstance(error, BelowReserve):
        return _("The price must be the reserve price, %(reserve)s yuan, at least.") % {
            "reserve": yuan(params["reserve"])
        }
    if isinstance(error, DuplicateOrder):
        return _("This form was sent before as another order, which stands. Send it again if you want this one too.")
    return str(error)
