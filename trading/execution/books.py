"""The order book that a worker keeps in memory, and what it must know of each order in it.

A book is good as long as its version is the market row's `last_sequence`; else another worker, or a rolled-back batch, has
come between, and it is read anew from the open orders.
"""

import gc
from dataclasses import dataclass, field
from typing import NamedTuple

from django.db import connection

from ledger.journal.posting import HoldChange
from trading.markets.fees import worst_cost_fen
from trading.markets.models import Market
from trading.matching import MarketRules, OrderBook, RestingOrder


class Entry(NamedTuple):
    """What an order's row among those on the book says of it. Units: fen per tonne."""

    price_fen: int | None


@dataclass(slots=True)
class LiveOrder:
    """An order that can still trade, with the accounts that it settles on. Units: fen, tonnes."""

    id: int
    organisation_id: int
    side: str
    price_fen: int
    quantity_t: int
    filled_t: int
    status: str
    reason: str
    sequence: int | None
    cash_account_id: int
    credit_account_id: int
    hold_id: int
    hold_remaining: int
    order_type: str
    time_in_force: str
    post_only: bool
    display_t: int | None
    self_trade_mode: str
    shown_t: int | None
    decremented_t: int
    client_order_id: str
    # At which price it stands on the book by what is written; nothing where it does not.
    entry: Entry | None = None

    @property
    def is_buy(self) -> bool:
        return self.side == "buy"

    @property
    def remaining_t(self) -> int:
        return self.quantity_t - self.filled_t - self.decremented_t

    @property
    def is_finished(self) -> bool:
        return self.status in ("filled", "canceled", "expired", "rejected")

    def entry_now(self) -> Entry | None:
        """Return where the order is to be found on the book now; an auction's market order has no price."""
        if self.status not in ("new", "partially_filled"):
            return None
        return Entry(None if self.order_type == "market" else self.price_fen)

    def is_covered(self, highest_rate_bps: int) -> bool:
        """Return whether what is held is enough for the worst case, at these fees."""
        return not self.is_buy or self.hold_remaining >= worst_cost_fen(
            self.price_fen, self.remaining_t, highest_rate_bps
        )

    def hold_change(self, highest_rate_bps: int) -> HoldChange:
        """Return what the order's hold becomes: the worst case of what remains, nothing once it is finished."""
        remaining = 0 if self.is_finished else self.remaining_t
        if self.is_buy:
            after = worst_cost_fen(self.price_fen, remaining, highest_rate_bps)
            return HoldChange(self.cash_account_id, self.hold_remaining, after)
        return HoldChange(self.credit_account_id, self.hold_remaining, remaining)


@dataclass(slots=True)
class LiveBook:
    version: int
    book: OrderBook
    orders: dict[int, LiveOrder] = field(default_factory=dict)


_live_books: dict[int, LiveBook] = {}


def live_book(market: Market) -> LiveBook:
    """Return the market's book, from memory or, where that is stale, from the open orders.

    Locks: none; the caller holds the market row.
    """
    live = _live_books.get(market.pk)
    if live is None or live.version != market.last_sequence:
        live = _live_books[market.pk] = read_book(market)
        # A large book lives for long: the collector need not walk it again and again.
        gc.collect()
        gc.freeze()
    return live


def forget(market_id: int) -> None:
    """Drop a book whose last changes were not committed."""
    _live_books.pop(market_id, None)


def matching_rules(market: Market) -> MarketRules:
    """Return the rules that the book applies to each order."""
    return MarketRules(
        tick=market.tick_size_fen,
        lot=market.lot_size_t,
        band=market.band_fen,
        reference=market.reference_price_fen,
    )


ORDER_COLUMNS = """
    o.id, o.organisation_id, o.side, o.price_fen, o.quantity_t, o.filled_t, o.status, o.reason, o.sequence,
    o.cash_account_id, o.credit_account_id, o.hold_id, hold.remaining, o.order_type, o.time_in_force, o.post_only,
    o.display_t, o.self_trade_mode, o.shown_t, o.decremented_t, o.client_order_id
"""


def read_book(market: Market) -> LiveBook:
    """Return the market's book as its open orders say."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT {ORDER_COLUMNS}
              FROM trading_bookentry entry
              JOIN trading_order o ON o.id = entry.order_id
              JOIN ledger_hold hold ON hold.id = o.hold_id
             WHERE entry.market_id = %s
             ORDER BY o.sequence
            """,
            [market.pk],
        )
        orders = {row[0]: LiveOrder(*row) for row in cursor.fetchall()}
    for order in orders.values():
        order.entry = order.entry_now()
    book = OrderBook.restore(
        matching_rules(market),
        [_resting(order) for order in orders.values()],
        sequence=market.book_sequence,
        halted=market.state == Market.State.HALTED,
        closed=market.phase == Market.Phase.CLOSED,
        in_auction=market.in_auction,
    )
    return LiveBook(market.last_sequence, book, orders)


def _resting(order: LiveOrder) -> RestingOrder:
    assert order.sequence is not None
    return RestingOrder(
        order_id=order.id,
        owner=order.organisation_id,
        side=order.side,
        price=None if order.order_type == "market" else order.price_fen,
        quantity=order.quantity_t,
        filled=order.filled_t,
        sequence=order.sequence,
        order_type=order.order_type,
        time_in_force=order.time_in_force,
        post_only=order.post_only,
        display=order.display_t,
        shown=order.shown_t,
        decremented=order.decremented_t,
        self_trade_mode=order.self_trade_mode,
    )
