"""What the exchange says to people: money in yuan, not in fen, and reasons in sentences."""

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from ledger.errors import DomainError
from ledger.templatetags.tianhui import tonnes, yuan
from trading.errors import BelowReserve, DuplicateOrder, InsufficientCredits, InsufficientFunds, OffTick, OutsideBand
from trading.markets.models import TradingMode
from trading.orders.models import Order

_REASONS: dict[str, str | Promise] = {
    "by_request": gettext_lazy("at your request"),
    "self_trade": gettext_lazy("it would have traded with an order of your own"),
    "ioc_remainder": gettext_lazy("nothing more could trade at once"),
    "fok_not_filled": gettext_lazy("it could not trade at once and whole"),
    "would_take": gettext_lazy("it would have traded at once"),
    "market_halted": gettext_lazy("the market was halted"),
    "off_lot": gettext_lazy("the quantity is no multiple of the lot"),
    "off_tick": gettext_lazy("the price is no multiple of the tick"),
    "outside_band": gettext_lazy("the price is outside the band"),
}


def words_of_reason(reason: str) -> str:
    """Return in words why an order ended; a reason that has no words yet is shown as it is."""
    return str(_REASONS.get(reason, reason))


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
