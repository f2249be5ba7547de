"""The exchange's Celery tasks: thin, idempotent, named by id."""

import datetime as dt

from celery import shared_task

from trading.execution import services
from trading.orders.wakeups import wake

OVERDUE = dt.timedelta(seconds=1)


@shared_task
def execute_market(market_id: int) -> None:
    """Apply what waits for a market."""
    services.execute_market(market_id)


@shared_task
def wake_waiting_markets() -> None:
    """Wake markets whose instructions wait for longer than a wake-up takes: theirs was lost."""
    for market_id, shard in services.waiting_markets(older_than=OVERDUE):
        wake(market_id, shard)
