"""Drain a market's instructions, match, settle and publish: one writer a market, one transaction a batch."""

import datetime as dt

from django.db import connection, transaction
from django.utils import timezone

from trading.execution import batches, publishing
from trading.execution.books import ORDER_COLUMNS, LiveOrder, forget, live_book
from trading.execution.settlement import settle
from trading.execution.writing import write_batch
from trading.markets.models import Market
from trading.orders.wakeups import taken

MAX_BATCH = 5_000
"""Instructions a transaction at most: what came meanwhile is the next batch, so a busy market has large ones."""


def execute_market(market_id: int) -> int:
    """Apply all instructions that wait for a market, and return how many there were.

    A batch that fails is rolled back whole: its instructions wait on, and the book in memory is dropped.

    Locks: the market row for each batch, then the accounts of its trades.
    """
    total = 0
    while True:
        taken(market_id)
        executed = _execute_batch(market_id)
        total += executed
        if executed < MAX_BATCH:
            return total


def _execute_batch(market_id: int) -> int:
    try:
        with transaction.atomic():
            market = Market.objects.select_for_update(of=("self",), no_key=True).filter(pk=market_id).first()
            if market is None:
                return 0
            waiting = _waiting(market_id)
            if not waiting:
                return 0
            live = live_book(market)
            now = timezone.now()
            batch = batches.apply(waiting, live, market)
            settled = settle(batch, market, now)
            write_batch(batch, settled, market, now)
            live.version = market.last_sequence
    except BaseException:
        # Whatever it was, the book is ahead of the database now.
        forget(market_id)
        raise
    for order_id, order in batch.touched.items():
        if order.is_finished:
            live.orders.pop(order_id, None)
    publishing.publish(market, live.book, settled, instructions=len(waiting), executed_at=now)
    return len(waiting)


def _waiting(market_id: int) -> list[batches.Waiting]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT i.id, i.kind, i.actor, i.note, {ORDER_COLUMNS}
              FROM trading_instruction i
              LEFT JOIN trading_order o ON o.id = i.order_id
              LEFT JOIN ledger_hold hold ON hold.id = o.hold_id
             WHERE i.market_id = %s
             ORDER BY i.id
             LIMIT %s
            """,
            [market_id, MAX_BATCH],
        )
        return [
            batches.Waiting(row[0], row[1], row[2], row[3], None if row[4] is None else LiveOrder(*row[4:]))
            for row in cursor.fetchall()
        ]


def waiting_markets(older_than: dt.timedelta) -> list[tuple[int, int]]:
    """Return id and shard of each market whose oldest waiting instruction is older than that."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT market.id, market.shard
              FROM trading_market market
             WHERE EXISTS (SELECT 1 FROM trading_instruction i WHERE i.market_id = market.id AND i.entered_at < %s)
            """,
            [timezone.now() - older_than],
        )
        return [(market_id, shard) for market_id, shard in cursor.fetchall()]
