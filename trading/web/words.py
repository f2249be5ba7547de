"""What the exchange says to people: money in yuan, not in fen, and reasons in sentences."""

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ledger.errors import DomainError
from ledger.templatetags.tianhui import tonnes, yuan
from trading.errors import DuplicateOrder, InsufficientCredits, InsufficientFunds, OffTick, OutsideBand

_REASONS: dict[str, str | Promise] = {
    "by_request": gettext_lazy("at your request"),
    "self_trade": gettext_lazy("it would have traded with an order of your own"),
    "market_halted": gettext_lazy("the market was halted"),
    "off_lot": gettext_lazy("the quantity is no multiple of the lot"),
    "off_tick": gettext_lazy("the price is no multiple of the tick"),
    "outside_band": gettext_lazy("the price is outside the band"),
}


def words_of_reason(reason: str) -> str:
    """Return in words why an order ended; a reason that has no words yet is shown as it is."""
    return str(_REASONS.get(reason, reason))


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
    if isinstance(error, DuplicateOrder):
        return _("This form was sent before as another order, which stands. Send it again if you want this one too.")
    return str(error)
