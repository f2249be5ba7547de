"""What a call auction would come to if it ended now."""

from dataclasses import dataclass

from django.db.models import Case, F, Sum, Value, When

from trading.marketdata.selectors import ON_THE_BOOK
from trading.markets.models import Market, TradingMode
from trading.matching import Submit
from trading.matching.auction import clearing_price
from trading.matching.orders import BookOrder
from trading.orders.models import Order

MOST_PRICES = 5_000
"""Prices that are looked at at most, of both sides: no market with a usual tick has as many inside its band."""


@dataclass(frozen=True, slots=True)
class Indicative:
    """The price of a call auction that ended now, and what would be traded at it."""

    price_fen: int
    quantity_t: int


def indicative(market: Market) -> Indicative | None:
    """Return what a market's call auction would come to now; None where none is on, or nothing would be traded.

    Units: fen per tonne, tonnes.
    """
    if market.state != Market.State.AUCTION:
        return None
    wanted = _wanted(market)
    if len(wanted) > MOST_PRICES:
        return None
    buys, sells = ([order for order in wanted if order.is_buy is is_buy] for is_buy in (True, False))
    cleared = clearing_price(buys, sells, market.reference_price_fen)
    return None if cleared is None else Indicative(*cleared)


def _wanted(market: Market) -> list[BookOrder]:
    """Return what is wanted at each price of each side, as if it were one order; market orders have no price."""
    limit_fen = Case(When(order_type=Order.Type.MARKET, then=Value(None)), default=F("price_fen"))
    rows = (
        Order.objects.filter(market=market, status__in=ON_THE_BOOK, trading_mode=TradingMode.LISTING)
        .order_by()
        .values("side", "order_type", limit_fen=limit_fen)
        .annotate(wanted_t=Sum(F("quantity_t") - F("filled_t") - F("decremented_t")))
        .values_list("side", "order_type", "limit_fen", "wanted_t")[: MOST_PRICES + 1]
    )
    return [BookOrder(Submit(None, None, side, kind, limit, int(wanted_t)), 0) for side, kind, limit, wanted_t in rows]
