"""What an order asks for, and by which rules a market takes it. Names follow FIX."""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from ledger.journal.posting import MAX_AMOUNT
from ledger.texts import is_storable
from trading.errors import InvalidOrder, MarketHalted, OffLot, OffTick, OutsideBand
from trading.markets.fees import worst_cost_fen
from trading.markets.models import Market
from trading.orders.models import Order

MAX_QUANTITY_T = 100_000_000
MAX_CLIENT_ORDER_ID = 64


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order to enter; without options a limit order, good till cancelled. Units: fen per tonne, tonnes.

    A market order's price is its protection: the worst price at which it may trade; None is the edge of the price band.
    It never rests: its time in force is `ioc`, or `fok` where that is said.
    """

    client_order_id: str
    side: str
    price_fen: int | None
    quantity_t: int
    order_type: str = "limit"
    time_in_force: str | None = None
    post_only: bool = False
    display_t: int | None = None
    self_trade_mode: str = "cancel_newest"

    @property
    def lasts(self) -> str:
        """The time in force: as said, or what is usual for the type."""
        return self.time_in_force or ("ioc" if self.order_type == "market" else "gtc")

    def limit_fen(self, market: Market) -> int:
        """Return the worst price at which the order may trade."""
        if self.price_fen is not None:
            return self.price_fen
        low, high = market.band_fen
        tick = market.tick_size_fen
        return high - high % tick if self.side == Order.Side.BUY else low + -low % tick

    def terms(self, market: Market) -> dict[str, Any]:
        """Return what the order's row says of it."""
        return {
            "side": self.side,
            "price_fen": self.limit_fen(market),
            "quantity_t": self.quantity_t,
            "order_type": self.order_type,
            "time_in_force": self.lasts,
            "post_only": self.post_only,
            "display_t": self.display_t,
            "self_trade_mode": self.self_trade_mode,
        }

    def is_like(self, order: Order) -> bool:
        """Return whether an order was entered with these very terms; the edge of the band may have moved since."""
        asked = self.terms(order.market)
        if self.price_fen is None:
            del asked["price_fen"]
        return all(getattr(order, name) == value for name, value in asked.items())


def check_order(order: NewOrder, market: Market) -> None:
    """Refuse an order that makes no sense, or that the market's rules do not allow.

    Raises: InvalidOrder, MarketHalted, OffLot, OffTick, OutsideBand.
    """
    _check_words(order)
    _check_numbers(order)
    _check_combination(order)
    if market.state == Market.State.HALTED:
        raise MarketHalted(reason=market.halt_reason)
    _check_rules(order, market)


def _check_words(order: NewOrder) -> None:
    if not 0 < len(order.client_order_id) <= MAX_CLIENT_ORDER_ID or not is_storable(order.client_order_id):
        raise InvalidOrder(field="client_order_id", reason=_("The client order id has 1 to 64 characters."))
    if order.side not in Order.Side.values:
        raise InvalidOrder(field="side", reason=_("The side is buy or sell."))
    if order.order_type not in Order.Type.values:
        raise InvalidOrder(field="order_type", reason=_("The type of an order is limit or market."))
    if order.lasts not in Order.TimeInForce.values:
        raise InvalidOrder(field="time_in_force", reason=_("The time in force is gtc, ioc or fok."))
    if order.self_trade_mode not in Order.SelfTradeMode.values:
        raise InvalidOrder(field="self_trade_mode", reason=_("There is no such way to prevent self-trades."))


def _check_numbers(order: NewOrder) -> None:
    if not 0 < order.quantity_t <= MAX_QUANTITY_T:
        raise InvalidOrder(field="quantity_t", reason=_("The quantity must be 1 to 100,000,000 whole tonnes."))
    if order.price_fen is None and order.order_type == Order.Type.LIMIT:
        raise InvalidOrder(field="price_fen", reason=_("A limit order has a price."))
    if order.display_t is not None and not 0 < order.display_t < order.quantity_t:
        raise InvalidOrder(field="display_t", reason=_("What is shown at a time is less than the quantity."))


def _check_combination(order: NewOrder) -> None:
    if order.lasts == Order.TimeInForce.GTC:
        if order.order_type == Order.Type.MARKET:
            raise InvalidOrder(field="time_in_force", reason=_("A market order does not rest: it is ioc or fok."))
        return
    if order.post_only:
        raise InvalidOrder(field="post_only", reason=_("An order that only makes must be able to rest."))
    if order.display_t is not None:
        raise InvalidOrder(field="display_t", reason=_("An order that shows a part must be able to rest."))


def _check_rules(order: NewOrder, market: Market) -> None:
    if order.quantity_t % market.lot_size_t:
        raise OffLot(field="quantity_t", lot=market.lot_size_t)
    if order.display_t is not None and order.display_t % market.lot_size_t:
        raise OffLot(field="display_t", lot=market.lot_size_t)
    price_fen = order.limit_fen(market)
    if price_fen % market.tick_size_fen:
        raise OffTick(field="price_fen", tick=market.tick_size_fen)
    low, high = market.band_fen
    if not low <= price_fen <= high:
        raise OutsideBand(field="price_fen", low=low, high=high)
    # No fill of it can then be worth more than a transfer may move.
    if worst_cost_fen(price_fen, order.quantity_t, market.taker_fee_bps) > MAX_AMOUNT:
        raise InvalidOrder(field="quantity_t", reason=_("The order is worth too much to be settled: split it."))


def needed_for(order: NewOrder, market: Market) -> int:
    """Return the most that an order can take of its account. Units: fen of a buy, tonnes of a sell."""
    if order.side == Order.Side.BUY:
        return worst_cost_fen(order.limit_fen(market), order.quantity_t, market.taker_fee_bps)
    return order.quantity_t
