"""Write what a batch has brought about: orders, trades, the instruction log, and the market's row."""

import datetime as dt
import hashlib
from collections.abc import Iterable, Sequence

import orjson
from django.db import connection

from ledger.rows import array_of, draw_ids_of, insert_rows, update_rows
from ledger.transparency.models import Record
from ledger.transparency.services import append_record
from trading.execution.batches import Batch
from trading.execution.books import LiveOrder
from trading.execution.candles import write_candles
from trading.execution.models import ExecutedInstruction, Trade
from trading.execution.settlement import SettledFill, begin_settlement, settle
from trading.markets.models import Market
from trading.markets.rules import RULES

STATE = (
    "state",
    "phase",
    "in_auction",
    "halt_reason",
    "auction_ends_at",
    "volatility_reference_fen",
    "last_sequence",
    "book_sequence",
)


def write_batch(batch: Batch, market: Market, now: dt.datetime) -> list[SettledFill]:
    """Write a batch in bulk and settle it, and return its trades.

    What is read and locked comes first, then orders and instructions: PostgreSQL writes them while the postings are made.

    Locks: the accounts of the fills and of the holds that change, in id order; then the batch's orders.
    """
    trade_ids, record_ids = draw_ids_of((Trade, len(batch.fills)), (Record, 1 if batch.executed else 0))
    settlement = begin_settlement(batch, market)
    _write_orders(batch, market, now)
    digest = _move_instructions(batch, market, now)
    settled = settle(settlement, batch, trade_ids, market, now)
    _write_trades(settled, market, now)
    write_candles(settled, market)
    if batch.executed:
        _record_instructions(batch, record_ids[0], digest, market, now)
    for actor, body in batch.changes:
        append_record(kind="market_changed", body=body, actor=actor, at=now)
    _write_market(market, [*STATE, *(RULES if batch.changes else ())])
    return settled


def _write_market(market: Market, names: Sequence[str]) -> None:
    fields = [field for field in Market._meta.concrete_fields if field.name in names]
    update_rows(
        f"UPDATE trading_market SET {', '.join(f'{field.column} = %s' for field in fields)} WHERE id = %s",
        [*(field.get_db_prep_save(getattr(market, field.attname), connection) for field in fields), market.pk],
        count=1,
        otherwise=AssertionError("the market has gone"),
    )


def _write_orders(batch: Batch, market: Market, now: dt.datetime) -> None:
    orders = list(batch.touched.values())
    if not orders:
        return
    # First: an order that was made larger may be filled by more already than it was for.
    _write_replaced([order for order in orders if order.id in batch.replaced])
    # There are few words and many orders: each order names its words by their places (PostgreSQL counts from one).
    statuses = _places(order.status for order in orders)
    reasons = _places(order.reason for order in orders)
    update_rows(
        """
        UPDATE trading_order o
           SET filled_t = new.filled_t, status = (%s::text[])[new.status], reason = (%s::text[])[new.reason],
               sequence = new.sequence, changed_at = %s
          FROM unnest(%s::bigint[], %s::bigint[], %s::int[], %s::int[], %s::bigint[])
               AS new (id, filled_t, status, reason, sequence)
         WHERE o.id = new.id
        """,
        [
            list(statuses),
            list(reasons),
            now,
            array_of(order.id for order in orders),
            array_of(order.filled_t for order in orders),
            array_of(statuses[order.status] for order in orders),
            array_of(reasons[order.reason] for order in orders),
            array_of(order.sequence for order in orders),
        ],
        count=len(orders),
        otherwise=AssertionError("an order has gone"),
    )
    _write_entries(orders, market)
    _write_parts([order for order in orders if order.display_t is not None or order.decremented_t])


def _write_entries(orders: Sequence[LiveOrder], market: Market) -> None:
    """Write which orders are on the book now, and at which price: those that left it go, and those that came are new."""
    now = [(order, order.entry_now()) for order in orders]
    left = [order.id for order, entry in now if order.entry is not None and entry != order.entry]
    came = [(order, entry) for order, entry in now if entry is not None and entry != order.entry]
    if left:
        update_rows(
            "DELETE FROM trading_bookentry WHERE order_id = ANY(%s::bigint[])",
            [array_of(left)],
            count=len(left),
            otherwise=AssertionError("an order was not on the book"),
        )
    if came:
        update_rows(
            """
            INSERT INTO trading_bookentry (order_id, market_id, side, price_fen)
            SELECT order_id, %s, CASE WHEN is_buy THEN 'buy' ELSE 'sell' END, price_fen
              FROM unnest(%s::bigint[], %s::boolean[], %s::bigint[]) AS new (order_id, is_buy, price_fen)
            """,
            [
                market.pk,
                array_of(order.id for order, _entry in came),
                [order.is_buy for order, _entry in came],
                array_of(entry.price_fen for _order, entry in came),
            ],
            count=len(came),
            otherwise=AssertionError("an order is not on the book"),
        )
    for order, entry in now:
        order.entry = entry


def _write_parts(orders: Sequence[LiveOrder]) -> None:
    """Write how much icebergs show, and what was taken off orders without a trade: hardly any order has either."""
    if not orders:
        return
    update_rows(
        """
        UPDATE trading_order o SET shown_t = new.shown_t, decremented_t = new.decremented_t
          FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS new (id, shown_t, decremented_t)
         WHERE o.id = new.id
        """,
        [
            array_of(order.id for order in orders),
            array_of(order.shown_t for order in orders),
            array_of(order.decremented_t for order in orders),
        ],
        count=len(orders),
        otherwise=AssertionError("an order has gone"),
    )


def _write_replaced(orders: Sequence[LiveOrder]) -> None:
    """Write the new terms of orders, and keep the ones with which they were entered."""
    if not orders:
        return
    update_rows(
        """
        UPDATE trading_order o
           SET price_fen = new.price_fen, quantity_t = new.quantity_t,
               entered_price_fen = coalesce(entered_price_fen, o.price_fen),
               entered_quantity_t = coalesce(entered_quantity_t, o.quantity_t)
          FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) AS new (id, price_fen, quantity_t)
         WHERE o.id = new.id
        """,
        [
            array_of(order.id for order in orders),
            array_of(order.price_fen for order in orders),
            array_of(order.quantity_t for order in orders),
        ],
        count=len(orders),
        otherwise=AssertionError("an order has gone"),
    )


def _places(words: Iterable[str]) -> dict[str, int]:
    """Return the different words in the order of their places, which count from one."""
    return {word: place for place, word in enumerate(dict.fromkeys(words), 1)}


def _write_trades(settled: Sequence[SettledFill], market: Market, now: dt.datetime) -> None:
    if not settled:
        return
    columns = (
        "id",
        "market_id",
        "sequence",
        "trading_mode",
        "buy_order_id",
        "sell_order_id",
        "taker_side",
        "price_fen",
        "quantity_t",
        "buyer_fee_fen",
        "seller_fee_fen",
        "transaction_id",
        "executed_at",
    )
    types = ("int8",) * 3 + ("varchar",) + ("int8",) * 2 + ("varchar",) + ("int8",) * 5 + ("timestamptz",)
    insert_rows(
        Trade,
        columns,
        types,
        (
            (
                row.trade_id,
                market.pk,
                row.fill.sequence,
                row.fill.trading_mode,
                row.fill.buy.id,
                row.fill.sell.id,
                "buy" if row.fill.is_buy_taker else "sell",
                row.fill.price_fen,
                row.fill.quantity_t,
                row.buyer_fee_fen,
                row.seller_fee_fen,
                row.transaction_id,
                now,
            )
            for row in settled
        ),
    )


def _move_instructions(batch: Batch, market: Market, now: dt.datetime) -> str:
    """Take the batch off the queue and into the instruction log, and return a digest of it."""
    update_rows(
        "DELETE FROM trading_instruction WHERE id = ANY(%s::bigint[])",
        [array_of(batch.instruction_ids)],
        count=len(batch.instruction_ids),
        otherwise=AssertionError("an instruction has gone"),
    )
    digest = hashlib.sha256()
    rows = []
    for sequence, kind, order_id, content in batch.executed:
        text = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
        digest.update(b"%d %s %d %s\n" % (sequence, kind.encode(), order_id or 0, text))
        rows.append((market.pk, sequence, kind, order_id, text.decode(), now))
    insert_rows(
        ExecutedInstruction,
        ("market_id", "sequence", "kind", "order_id", "content", "executed_at"),
        ("int8", "int8", "varchar", "int8", "text", "timestamptz"),
        rows,
    )
    return digest.hexdigest()


def _record_instructions(batch: Batch, record_id: int, digest: str, market: Market, now: dt.datetime) -> None:
    append_record(
        kind="instructions_executed",
        body={
            "market": str(market.pk),
            "first_sequence": batch.executed[0][0],
            "last_sequence": batch.executed[-1][0],
            "sha256": digest,
        },
        actor="system",
        at=now,
        record_id=record_id,
    )
