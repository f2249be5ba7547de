"""The exchange's Celery tasks: thin, idempotent, named by id."""

import datetime as dt
import logging

from celery import shared_task
from django.utils import timezone

from trading.auctions.closing import close_auctions
from trading.blocks.services import expire_offers
from trading.execution import publishing, runs, services, shards
from trading.execution.selectors import oldest_instructions
from trading.orders import expiries, phases
from trading.orders.wakeups import wake
from trading.portfolio.positions import keep_all
from trading.surveillance import watching
from trading.surveillance.terms import Cadence

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
        wake(oldest.market_id, oldest.shard, is_overdue=True)
        if oldest.age > STALLED:
            logger.error(
                "market %s stands still: instruction %s (%s) waits since %s",
                oldest.symbol,
                oldest.instruction_id,
                oldest.kind,
                oldest.entered_at.isoformat(timespec="seconds"),
            )


@shared_task
def ask_shards() -> None:
    """Ask each shard's queue whether a worker takes from it, and name those where none does."""
    shards.ask_shards()


@shared_task
def answer_for_shard(shard: int) -> None:
    """Say that a worker takes from a shard's queue: this one."""
    shards.answer(shard)


@shared_task
def step_markets() -> None:
    """Open, uncross and close markets by their sessions."""
    phases.step_markets()


@shared_task
def expire_orders() -> None:
    """End the orders whose time has come."""
    expiries.expire_due_orders()


@shared_task
def expire_block_offers() -> None:
    """Let offers of block trades expire whose time is over."""
    expire_offers()


@shared_task
def award_auctions() -> None:
    """Award one-way auctions whose time is over."""
    close_auctions()


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


@shared_task
def watch_hours() -> None:
    """Judge the hours that have ended by the rules of surveillance."""
    watching.watch(cadence=Cadence.HOUR)


@shared_task
def watch_days() -> None:
    """Judge the days that have ended by the rules of surveillance."""
    watching.watch(cadence=Cadence.DAY)


@shared_task
def keep_positions() -> None:
    """Keep what positions came to at the end of the days that are over in China."""
    keep_all(before=timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0))
