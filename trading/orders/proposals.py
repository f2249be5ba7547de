"""What offers, lots and bids have in common: who may make them, their own ids, and the steps of prices and quantities."""

import datetime as dt

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.errors import InvalidValue, NotFound
from ledger.freezes import Scope, require_unfrozen
from ledger.journal.posting import MAX_AMOUNT
from ledger.texts import is_storable
from trading.errors import MarketHalted, OffLot, OffTick
from trading.markets.fees import worst_cost_fen
from trading.markets.models import Market
from trading.markets.services import MAX_PRICE_FEN
from trading.orders.terms import MAX_CLIENT_ORDER_ID, MAX_QUANTITY_T


def market_of(symbol: str) -> Market:
    """Return the market of that symbol.

    Raises: NotFound, naming the field `market`.
    """
    market = Market.objects.select_related("asset").filter(symbol=symbol).first() if is_storable(symbol) else None
    if market is None:
        raise NotFound(field="market")
    return market


def require_trading(market: Market) -> None:
    """Refuse while the market is halted, or trading is frozen. Its book's sessions bind the book alone.

    Raises: TradingFrozen, EverythingFrozen, MarketHalted.
    """
    require_unfrozen(Scope.TRADING)
    if market.state == Market.State.HALTED:
        raise MarketHalted(reason=market.halt_reason)


def check_client_id(client_id: str, *, field: str) -> None:
    """Refuse an id that is none, too long, or cannot be stored.

    Raises: InvalidValue.
    """
    if not 0 < len(client_id) <= MAX_CLIENT_ORDER_ID or not is_storable(client_id):
        raise InvalidValue(field=field, reason=_("An id of yours has 1 to 64 characters."))


def check_price(price_fen: int, market: Market, *, field: str = "price_fen") -> None:
    """Refuse a price that no market knows, or that is between its ticks.

    Raises: InvalidValue, OffTick.
    """
    if not 0 < price_fen <= MAX_PRICE_FEN:
        raise InvalidValue(field=field, reason=_("The price must be more than zero, and one that a market can have."))
    if price_fen % market.tick_size_fen:
        raise OffTick(field=field, tick=market.tick_size_fen)


def check_quantity(quantity_t: int, market: Market, *, field: str = "quantity_t") -> None:
    """Refuse a quantity that is not of whole lots.

    Raises: InvalidValue, OffLot.
    """
    if not 0 < quantity_t <= MAX_QUANTITY_T:
        raise InvalidValue(field=field, reason=_("The quantity must be 1 to 100,000,000 whole tonnes."))
    if quantity_t % market.lot_size_t:
        raise OffLot(field=field, lot=market.lot_size_t)


def check_worth(price_fen: int, quantity_t: int, fee_bps: int) -> None:
    """Refuse what is worth more than a transfer may move.

    Raises: InvalidValue.
    """
    if worst_cost_fen(price_fen, quantity_t, fee_bps) > MAX_AMOUNT:
        raise InvalidValue(field="quantity_t", reason=_("This is worth too much to be settled: split it."))


def check_time(at: dt.datetime, *, field: str, after: dt.datetime, longest: dt.timedelta) -> None:
    """Refuse a time that is not later than another, or too much later.

    Raises: InvalidValue.
    """
    if timezone.is_naive(at):
        raise InvalidValue(field=field, reason=_("Give a time with its time zone."))
    if not after < at:
        raise InvalidValue(field=field, reason=_("This time is too early."))
    if at > after + longest:
        raise InvalidValue(field=field, reason=_("At most %(days)s days, please.") % {"days": longest.days})
