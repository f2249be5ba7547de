"""What an order would do if it were the next one: the book's own rules, applied to a copy of the part that it can meet.

An iceberg's hidden part is not read: nobody learns by asking what the book does not show. Where one stands in the way an order
fares at least as well as is said here, and a fill-or-kill order may fill that is said not to.
"""

from collections import Counter
from dataclasses import dataclass, field

from django.db import connection

from ledger.parties.models import Membership
from trading.execution.books import matching_rules
from trading.execution.telling import USUAL_TERMS, tell
from trading.marketdata.auctions import Indicative, indicative_with
from trading.markets.fees import fee_fen
from trading.markets.models import Market
from trading.matching import Event, OrderBook, RestingOrder
from trading.matching.instructions import Canceled, Decremented, Rejected, Traded
from trading.orders.models import Order
from trading.orders.rehearsal import Cover, rehearse_entry
from trading.orders.terms import NewOrder

MOST_ORDERS = 1_000
"""Orders of the book that are looked at at most; a longer way is told as far as that."""

ORDER_ID = 0


@dataclass(frozen=True, slots=True)
class Fill:
    """What would trade at one price. Units: fen per tonne, tonnes."""

    price_fen: int
    quantity_t: int


@dataclass(frozen=True, slots=True)
class Preview:
    """What an order would do now. Units: fen, tonnes.

    `reason` says why the rest of it (`ended_t`) would be canceled, or all of it rejected. `own_t` are tonnes of one's own orders
    that it would meet, and that would be taken off the book for it. Where `is_whole` is false the book is deeper than is told.
    """

    market: Market
    order: NewOrder
    cover: Cover
    fills: list[Fill] = field(default_factory=list)
    fee_fen: int = 0
    rests_t: int = 0
    ended_t: int = 0
    reason: str = ""
    own_t: int = 0
    is_whole: bool = True
    # In a call auction: what it would come to with the order, and how much of that would be the order's.
    indicative: Indicative | None = None
    indicative_t: int = 0

    @property
    def filled_t(self) -> int:
        return sum(fill.quantity_t for fill in self.fills)

    @property
    def value_fen(self) -> int:
        """What its trades would come to."""
        return sum(fill.price_fen * fill.quantity_t for fill in self.fills)

    @property
    def average_fen(self) -> int | None:
        """The average price of its trades. Rounding: half up, to the fen."""
        filled = self.filled_t
        return (2 * self.value_fen + filled) // (2 * filled) if filled else None

    @property
    def total_fen(self) -> int:
        """What would be paid, or received, for what trades at once, with the fee."""
        return self.value_fen + (self.fee_fen if self.order.side == Order.Side.BUY else -self.fee_fen)

    @property
    def is_rejected(self) -> bool:
        return bool(self.reason) and not self.ended_t


def preview_order(*, actor: Membership, market: Market, order: NewOrder) -> Preview:
    """Return what an order would do as the book stands, or refuse it as entry would: four queries, at most 1,000 orders.

    Raises: NotAllowed, OrganisationNotApproved, and whatever else entry refuses of it.
    """
    cover = rehearse_entry(actor=actor, market=market, order=order)
    if market.in_auction:
        cleared, share_t = indicative_with(market, order.side, order.price_fen, order.quantity_t)
        return Preview(market, order, cover, rests_t=order.quantity_t, indicative=cleared, indicative_t=share_t)
    rows = _opposite(market, order, actor.organisation_id)
    is_whole = len(rows) <= MOST_ORDERS
    book = OrderBook.restore(matching_rules(market), rows[:MOST_ORDERS], sequence=market.book_sequence)
    terms = {name: value for name, value in order.terms(market).items() if name in USUAL_TERMS}
    content = {"owner": actor.organisation_id, "side": str(order.side), "price_fen": order.limit_fen(market)}
    events = tell(book, "submit", ORDER_ID, content | {"quantity_t": order.quantity_t} | terms)
    return _as_told(market, order, cover, events, is_whole=is_whole)


def _as_told(market: Market, order: NewOrder, cover: Cover, events: list[Event], *, is_whole: bool) -> Preview:
    at_price: Counter[int] = Counter()
    fee, ended, own, reason = 0, 0, 0, ""
    left = order.quantity_t
    for event in events:
        if isinstance(event, Traded):
            at_price[event.price] += event.quantity
            left -= event.quantity
            # Each trade pays its own fee, rounded by itself.
            fee += fee_fen(event.price * event.quantity, market.taker_fee_bps)
        elif isinstance(event, Decremented) and event.order_id == ORDER_ID:
            left -= event.quantity
            own += event.quantity
        elif isinstance(event, Canceled) and event.order_id == ORDER_ID:
            ended, reason, left = event.quantity, event.reason, 0
        elif isinstance(event, Canceled):
            own += event.quantity
        elif isinstance(event, Rejected):
            reason, left = event.reason, 0
    fills = [Fill(price, quantity) for price, quantity in at_price.items()]
    # Of a way that was cut short nobody knows whether the rest would rest.
    return Preview(market, order, cover, fills, fee, left, ended, reason, own, is_whole or left == 0)


def _opposite(market: Market, order: NewOrder, organisation_id: int) -> list[RestingOrder]:
    """Return what the order can meet, in priority, as the book shows it; of one's own orders all of it."""
    is_buy = order.side == Order.Side.BUY
    with connection.cursor() as cursor:
        cursor.execute(
            _BUYS_MEET if is_buy else _SELLS_MEET,
            {"market": market.pk, "limit": order.limit_fen(market), "most": MOST_ORDERS + 1, "own": organisation_id},
        )
        return [_resting(*row) for row in cursor.fetchall()]


def _resting(order_id: int, owner: int, side: str, price_fen: int, shown_t: int, sequence: int) -> RestingOrder:
    return RestingOrder(order_id, owner, side, price_fen, shown_t, 0, sequence)


_MEETS = """
SELECT o.id, o.organisation_id, o.side, o.price_fen,
       -- LEAST takes no notice of a null: who hides nothing shows what remains.
       CASE WHEN o.organisation_id = %(own)s THEN o.quantity_t - o.filled_t - o.decremented_t
            ELSE least(coalesce(o.shown_t, o.display_t), o.quantity_t - o.filled_t - o.decremented_t) END,
       o.sequence
  FROM trading_bookentry entry
  JOIN trading_order o ON o.id = entry.order_id
"""
_BUYS_MEET = f"""{_MEETS}
 WHERE entry.market_id = %(market)s AND entry.side = 'sell' AND entry.price_fen <= %(limit)s
 ORDER BY entry.price_fen, o.sequence
 LIMIT %(most)s
"""
_SELLS_MEET = f"""{_MEETS}
 WHERE entry.market_id = %(market)s AND entry.side = 'buy' AND entry.price_fen >= %(limit)s
 ORDER BY entry.price_fen DESC, o.sequence
 LIMIT %(most)s
"""
