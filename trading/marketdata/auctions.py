"""What a call auction would come to if it ended now."""

from dataclasses import dataclass

from django.db.models import F, Sum

from trading.markets.models import Market
from trading.matching import Submit
from trading.matching.auction import clearing_price
from trading.matching.resting import Waiting
from trading.orders.models import BookEntry, Order

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
    buys, sells = (
        [order for order in wanted if (order.terms.side == Order.Side.BUY) is is_buy] for is_buy in (True, False)
    )
    cleared = clearing_price(buys, sells, market.reference_price_fen)
    return None if cleared is None else Indicative(*cleared)


def _wanted(market: Market) -> list[Waiting]:
    """Return what is wanted at each price of each side, as if it were one order; market orders have no price."""
    remaining = F("order__quantity_t") - F("order__filled_t") - F("order__decremented_t")
    rows = (
        BookEntry.objects.filter(market=market)
        .order_by()
        .values("side", "price_fen")
        .annotate(wanted_t=Sum(remaining))
        .values_list("side", "price_fen", "wanted_t")[: MOST_PRICES + 1]
    )
    return [_as_one(side, price_fen, int(wanted_t)) for side, price_fen, wanted_t in rows]


def _as_one(side: str, price_fen: int | None, wanted_t: int) -> Waiting:
    order_type = Order.Type.MARKET if price_fen is None else Order.Type.LIMIT
    return Waiting(Submit(None, None, side, str(order_type), price_fen, wanted_t), 0, wanted_t)
