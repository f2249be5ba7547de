"""Drain a market's instructions, match, settle and publish: one writer a market, one transaction a batch."""

import contextlib
import gc
import logging
from collections.abc import Iterator, Sequence
from time import perf_counter
from typing import Any

import orjson
from django.db import connection, transaction
from django.utils import timezone

from config.operations.deploy.pulse import touch_at_work
from config.operations.observe import metrics, tracing
from ledger.ahead import working_ahead
from ledger.freezes import EVERYTHING_FROZEN
from ledger.rows import columns_of, read_models
from trading.execution import batches, publishing
from trading.execution.books import ORDER_COLUMNS, LiveOrder, forget, live_book
from trading.execution.noting import note_batch
from trading.execution.steps import Waiting
from trading.execution.writing import write_batch
from trading.markets.models import Market
from trading.orders.wakeups import taken

logger = logging.getLogger(__name__)

MAX_BATCH = 5_000
"""Instructions a transaction at most: what came meanwhile is the next batch, so a busy market has large ones."""

HUNG_SECONDS = 30
"""A worker that leaves PostgreSQL without a word for so long in the middle of a batch hangs: it loses the market."""

_LIMITED = f", set_config('idle_in_transaction_session_timeout', '{HUNG_SECONDS}s', true)"

_limits: dict[int, int] = {}
"""How many instructions the next batch may have, of markets whose last one failed."""


def execute_market(market_id: int) -> int:
    """Apply all instructions that wait for a market, and return how many there were.

    A batch that fails is rolled back whole: its instructions wait on, the book in memory is dropped, and the next try
    has half as many. So an instruction that cannot be executed ends up alone, after all those before it have been; it
    is named in the log, and its market waits for somebody to look: skipping it would break the order of time.

    Locks: the market row for each batch, then the accounts of its trades.
    """
    total = 0
    while True:
        taken(market_id)
        limit = _limits.get(market_id, MAX_BATCH)
        executed = _execute_batch(market_id, limit)
        total += executed
        touch_at_work()
        if executed < limit:
            return total


def _execute_batch(market_id: int, limit: int) -> int:
    waiting: list[Waiting] = []
    started = perf_counter()
    try:
        with tracing.inside("matching.batch"), _collector_paused(), transaction.atomic():
            market = _lock_market(market_id)
            if market is None:
                return 0
            waiting = _waiting(market_id, limit)
            if not waiting:
                return 0
            live = live_book(market)
            now = timezone.now()
            batch = batches.apply(waiting, live, market, now)
            with working_ahead(len(waiting)):
                settled = write_batch(batch, market, now)
            live.version = market.last_sequence
    except BaseException:
        # Whatever it was, the book is ahead of the database now.
        metrics.batch_failures.inc()
        forget(market_id)
        _narrow(market_id, waiting)
        raise
    _limits.pop(market_id, None)
    for order_id, order in batch.touched.items():
        if order.is_finished:
            live.orders.pop(order_id, None)
    publishing.publish(market, live.book, batch, settled, executed_at=now)
    note_batch(market, batch, perf_counter() - started)
    return len(waiting)


def _lock_market(market_id: int) -> Market | None:
    """Take the market for a batch, by hand: in an idle market Django's way took a twelfth of the time to settle an order.

    Who takes it may not keep it for ever: a process that is stopped in the middle of a batch would.
    """
    # A transaction that holds more than the batch is for whoever began it to limit.
    limited = "" if connection.savepoint_ids else _LIMITED
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {columns_of(Market, 'market')}{limited} FROM trading_market market WHERE id = %s FOR NO KEY UPDATE",
            [market_id],
        )
        row = cursor.fetchone()
    market: Market | None = None if row is None else read_models(row, Market)[0]
    return market


@contextlib.contextmanager
def _collector_paused() -> Iterator[None]:
    """Keep the garbage collector from walking a batch while it grows: its rows have no cycles, and go by themselves."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _narrow(market_id: int, failed: Sequence[Waiting]) -> None:
    if not failed:
        return
    _limits[market_id] = max(len(failed) // 2, 1)
    if len(failed) == 1:
        first = failed[0]
        logger.error("market %s stands still: instruction %s (%s) cannot be executed", market_id, first.id, first.kind)
    else:
        logger.error("market %s: %s instructions are rolled back and wait", market_id, len(failed))


def _waiting(market_id: int, limit: int) -> list[Waiting]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT i.id, i.kind, i.actor, i.note, i.content, i.hold_id, extra.remaining, {ORDER_COLUMNS}
              FROM trading_instruction i
              LEFT JOIN trading_order o ON o.id = i.order_id
              LEFT JOIN ledger_hold hold ON hold.id = o.hold_id
              LEFT JOIN ledger_hold extra ON extra.id = i.hold_id
             -- While everything is frozen nothing waits, as it were; a freeze of trading is a halt at the head of the queue.
             WHERE i.market_id = %s AND NOT {EVERYTHING_FROZEN}
             ORDER BY i.id
             LIMIT %s
            """,
            [market_id, limit],
        )
        return [
            Waiting(
                row_id,
                kind,
                actor,
                note,
                _read(content),
                hold_id,
                held,
                LiveOrder(*order) if order[0] is not None else None,
            )
            for row_id, kind, actor, note, content, hold_id, held, *order in cursor.fetchall()
        ]


def _read(content: str | None) -> Any:
    """Return what an instruction says beyond its order: Django leaves JSON to whoever reads it without a model."""
    return None if content is None else orjson.loads(content)
