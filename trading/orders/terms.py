"""What an order asks for, and by which rules a market takes it. Names follow FIX."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.journal.posting import MAX_AMOUNT
from ledger.texts import is_storable
from trading.errors import (
    InvalidOrder,
    MarketClosed,
    MarketHalted,
    NotInAuction,
    OffLot,
    OffTick,
    OrderTooLarge,
    OutsideBand,
)
from trading.markets.fees import worst_cost_fen
from trading.markets.models import Market
from trading.orders.models import Order

MAX_QUANTITY_T = 100_000_000
MAX_CLIENT_ORDER_ID = 64
IMMEDIATE = (Order.TimeInForce.IOC, Order.TimeInForce.FOK)
# Gathered once: an enumeration of Django's lists its values anew whenever it is asked, which was an eighth of a batch's entry.
_SIDES, _TYPES = frozenset(Order.Side.values), frozenset(Order.Type.values)
_TIMES, _MODES = frozenset(Order.TimeInForce.values), frozenset(Order.SelfTradeMode.values)
LONGEST = dt.timedelta(days=366)
"""How far ahead an order that is good until a time may end."""


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order to enter; without options a limit order, good till cancelled. Units: fen per tonne, tonnes.

    A market order's price is its protection: the worst price at which it may trade; None is the edge of the price band.
    It never rests: its time in force is `ioc`, or `fok` where that is said; `day` where it shall take part in a call auction,
    which has no protection price.
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
    expires_at: dt.datetime | None = None

    def lasts(self, market: Market) -> str:
        """Return the time in force: as said, or what is usual for the type."""
        if self.time_in_force is not None:
            return self.time_in_force
        if self.order_type == Order.Type.MARKET:
            return Order.TimeInForce.DAY if market.in_auction else Order.TimeInForce.IOC
        return Order.TimeInForce.GTC

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
            "time_in_force": self.lasts(market),
            "expires_at": self.expires_at,
            "post_only": self.post_only,
            "display_t": self.display_t,
            "self_trade_mode": self.self_trade_mode,
        }

    def is_like(self, order: Order) -> bool:
        """Return whether an order was entered with these very terms.

        What is left to the market (the edge of its band, what is usual in its phase) may have changed since.
        """
        asked = self.terms(order.market)
        if self.price_fen is None:
            del asked["price_fen"]
        if self.time_in_force is None:
            del asked["time_in_force"]
        return all(order.entered(name) == value for name, value in asked.items())


def check_order(order: NewOrder, market: Market) -> None:
    """Refuse an order that makes no sense, or that the market's rules do not allow.

    Raises: InvalidOrder, MarketHalted, MarketClosed, OffLot, OffTick, OutsideBand, OrderTooLarge, NotInAuction.
    """
    lasts = order.lasts(market)
    _check_words(order, lasts)
    _check_numbers(order)
    _check_combination(order, lasts)
    _check_end(order, lasts)
    check_state(market)
    check_rules(market, price_fen=order.limit_fen(market), quantity_t=order.quantity_t)
    if order.display_t is not None and order.display_t % market.lot_size_t:
        raise OffLot(field="display_t", lot=market.lot_size_t)
    if market.in_auction:
        _check_auction(order, lasts)


def check_state(market: Market) -> None:
    """Refuse what a market does not take now.

    Raises: MarketHalted, MarketClosed.
    """
    if market.state == Market.State.HALTED:
        raise MarketHalted(reason=market.halt_reason)
    if market.phase == Market.Phase.CLOSED:
        raise MarketClosed()


def check_rules(market: Market, *, price_fen: int, quantity_t: int) -> None:
    """Refuse a price and a quantity that a market's rules do not allow.

    Raises: OffLot, OffTick, OutsideBand, OrderTooLarge, InvalidOrder.
    """
    if quantity_t % market.lot_size_t:
        raise OffLot(field="quantity_t", lot=market.lot_size_t)
    if quantity_t > market.largest_order_t:
        raise OrderTooLarge(field="quantity_t", most=market.largest_order_t)
    if price_fen % market.tick_size_fen:
        raise OffTick(field="price_fen", tick=market.tick_size_fen)
    low, high = market.band_fen
    if not low <= price_fen <= high:
        raise OutsideBand(field="price_fen", low=low, high=high)
    # No fill of it can then be worth more than a transfer may move.
    if worst_cost_fen(price_fen, quantity_t, market.taker_fee_bps) > MAX_AMOUNT:
        raise InvalidOrder(field="quantity_t", reason=_("The order is worth too much to be settled: split it."))


def _check_words(order: NewOrder, lasts: str) -> None:
    if not 0 < len(order.client_order_id) <= MAX_CLIENT_ORDER_ID or not is_storable(order.client_order_id):
        raise InvalidOrder(field="client_order_id", reason=_("The client order id has 1 to 64 characters."))
    if order.side not in _SIDES:
        raise InvalidOrder(field="side", reason=_("The side is buy or sell."))
    if order.order_type not in _TYPES:
        raise InvalidOrder(field="order_type", reason=_("The type of an order is limit or market."))
    if lasts not in _TIMES:
        raise InvalidOrder(field="time_in_force", reason=_("The time in force is gtc, day, gtd, ioc or fok."))
    if order.self_trade_mode not in _MODES:
        raise InvalidOrder(field="self_trade_mode", reason=_("There is no such way to prevent self-trades."))


def _check_numbers(order: NewOrder) -> None:
    if not 0 < order.quantity_t <= MAX_QUANTITY_T:
        raise InvalidOrder(field="quantity_t", reason=_("The quantity must be 1 to 100,000,000 whole tonnes."))
    if order.price_fen is None and order.order_type == Order.Type.LIMIT:
        raise InvalidOrder(field="price_fen", reason=_("A limit order has a price."))
    if order.display_t is not None and not 0 < order.display_t < order.quantity_t:
        raise InvalidOrder(field="display_t", reason=_("What is shown at a time is less than the quantity."))


def _check_combination(order: NewOrder, lasts: str) -> None:
    is_market = order.order_type == Order.Type.MARKET
    if is_market and lasts in (Order.TimeInForce.GTC, Order.TimeInForce.GTD):
        raise InvalidOrder(field="time_in_force", reason=_("A market order does not rest: it is day, ioc or fok."))
    if is_market and lasts == Order.TimeInForce.DAY and order.price_fen is not None:
        raise InvalidOrder(field="price_fen", reason=_("A market order for a call auction has no protection price."))
    if not is_market and lasts not in IMMEDIATE:
        return
    if order.post_only:
        raise InvalidOrder(field="post_only", reason=_("An order that only makes must be able to rest."))
    if order.display_t is not None:
        raise InvalidOrder(field="display_t", reason=_("An order that shows a part must be able to rest."))


def _check_end(order: NewOrder, lasts: str) -> None:
    if (lasts == Order.TimeInForce.GTD) != (order.expires_at is not None):
        raise InvalidOrder(
            field="expires_at", reason=_("An order that is good until a time says when it expires, no other.")
        )
    if order.expires_at is not None:
        now = timezone.now()
        if not now < order.expires_at <= now + LONGEST:
            raise InvalidOrder(field="expires_at", reason=_("An order expires within a year from now."))


def _check_auction(order: NewOrder, lasts: str) -> None:
    if lasts in IMMEDIATE:
        raise NotInAuction(field="time_in_force")
    if order.post_only:
        raise NotInAuction(field="post_only")
    if order.display_t is not None:
        raise NotInAuction(field="display_t")


def needed_for(order: NewOrder, market: Market) -> int:
    """Return the most that an order can take of its account. Units: fen of a buy, tonnes of a sell."""
    if order.side == Order.Side.BUY:
        return worst_cost_fen(order.limit_fen(market), order.quantity_t, market.taker_fee_bps)
    return order.quantity_t
