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
    return None if len(wanted) > MOST_PRICES else _cleared(market, wanted)


def indicative_with(market: Market, side: str, price_fen: int | None, quantity_t: int) -> tuple[Indicative | None, int]:
    """Return what a call auction would come to with one more order, and how much of that the order would get, at least.

    It comes after all others of its price, or of all market orders where it has none. Orders of one owner are taken for anybody's.

    Units: fen per tonne, tonnes.
    """
    wanted = _wanted(market)
    if len(wanted) > MOST_PRICES:
        return None, 0
    cleared = _cleared(market, [*wanted, _as_one(side, price_fen, quantity_t)])
    if cleared is None or not _is_as_good(side, price_fen, cleared.price_fen):
        return cleared, 0
    before_t = sum(
        order.remaining
        for order in wanted
        if order.terms.side == side and (order.terms.price is None or _is_as_good(side, order.terms.price, price_fen))
    )
    return cleared, min(max(cleared.quantity_t - before_t, 0), quantity_t)


def _is_as_good(side: str, price_fen: int | None, other_fen: int | None) -> bool:
    """Return whether a price gives its order at least the rank that another one does; a market order has none."""
    if price_fen is None or other_fen is None:
        return price_fen is None
    return price_fen >= other_fen if side == Order.Side.BUY else price_fen <= other_fen


def _cleared(market: Market, wanted: list[Waiting]) -> Indicative | None:
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
