"""Orders that are good until a time: their markets are told once it has come."""

from django.db import connection, transaction
from django.utils import timezone

from trading.markets.models import Market
from trading.orders.wakeups import wake_after_commit

MOST = 10_000
"""Orders a call ends at most, so that none takes long: the next one goes on."""


@transaction.atomic
def expire_due_orders() -> int:
    """Have the markets end the orders whose time has come, and return how many those are.

    Who asks at the same moment gets others: each order is told once. One that has ended meanwhile refuses it, and stays.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH due AS (
                DELETE FROM trading_expiry
                 WHERE order_id IN (SELECT order_id FROM trading_expiry WHERE expires_at <= %(now)s
                                     ORDER BY expires_at LIMIT %(most)s FOR UPDATE SKIP LOCKED)
                RETURNING order_id
            )
            INSERT INTO trading_instruction (market_id, kind, order_id, actor, note, entered_at)
            SELECT o.market_id, 'expire', o.id, 'system', '', %(now)s
              FROM due JOIN trading_order o ON o.id = due.order_id
             WHERE o.status IN ('pending_new', 'new', 'partially_filled')
             ORDER BY o.id
            RETURNING market_id
            """,
            {"now": timezone.now(), "most": MOST},
        )
        market_ids = [row[0] for row in cursor.fetchall()]
    for market in Market.objects.filter(pk__in=set(market_ids)):
        wake_after_commit(market)
    return len(market_ids)
