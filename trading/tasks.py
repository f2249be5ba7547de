"""The exchange's Celery tasks: thin, idempotent, named by id."""

import datetime as dt
import logging

from celery import shared_task

from trading.execution import publishing, runs, services
from trading.execution.selectors import oldest_instructions
from trading.orders.wakeups import wake

logger = logging.getLogger(__name__)

OVERDUE = dt.timedelta(seconds=1)
STALLED = dt.timedelta(seconds=30)
"""No batch takes as long: the market's worker is gone, or an instruction cannot be executed."""


@shared_task
def execute_market(market_id: int) -> None:
    """Apply what waits for a market."""
    services.execute_market(market_id)


@shared_task
def wake_waiting_markets() -> None:
    """Wake markets whose instructions wait for longer than a wake-up takes: theirs was lost. Name those that stall."""
    for oldest in oldest_instructions(older_than=OVERDUE):
        wake(oldest.market_id, oldest.shard)
        if oldest.age > STALLED:
            logger.error(
                "market %s stands still: instruction %s (%s) waits since %s",
                oldest.symbol,
                oldest.instruction_id,
                oldest.kind,
                oldest.entered_at.isoformat(timespec="seconds"),
            )


@shared_task
def publish_missed_markets() -> None:
    """Publish what a worker that was killed, or Redis that was away, has left unpublished."""
    publishing.publish_missed()


@shared_task
def reconcile_books(token: str) -> None:
    """Check every invariant, for whoever asked for it."""
    runs.run_requested(token)


@shared_task
def reconcile_nightly() -> None:
    """Check every invariant, each night."""
    runs.run_nightly()
