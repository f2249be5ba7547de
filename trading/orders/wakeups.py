"""Wake a market's executor: one wake-up in the queue for each market, however many orders come in.

A wake-up may be lost (a worker killed, Redis emptied): it is a hint, and the beat's sweep of waiting instructions is what
can be relied on. So failing to send one is no failure of the order.
"""

import logging

import redis
from django.conf import settings
from django.db import transaction
from kombu.exceptions import OperationalError

from config.celery import app
from config.hints import hint_client
from trading.markets.models import Market

logger = logging.getLogger(__name__)

PENDING_SECONDS = 1
TASK = "trading.tasks.execute_market"

_redis = hint_client()


def wake_after_commit(market: Market) -> None:
    """Wake the executor of a market once the transaction under way has committed."""
    transaction.on_commit(lambda: wake(market.pk, market.shard))


def wake(market_id: int, shard: int, *, is_overdue: bool = False) -> None:
    """Queue a wake-up for a market unless one is waiting already; where it is overdue, whatever is said to wait.

    The mark of one that waits may outlast it: Redis forgets it by the clock, which may be set back.
    """
    try:
        if _redis.set(_key(market_id), 1, nx=not is_overdue, ex=PENDING_SECONDS):
            app.send_task(TASK, args=[market_id], queue=queue_of(shard), retry=False)
    except (redis.RedisError, OperationalError) as error:
        logger.warning("market %s is not woken, the sweep will: %s", market_id, error)


def taken(market_id: int) -> None:
    """Note that the executor is about to look at the queue: what comes from now on needs a wake-up of its own."""
    try:
        _redis.delete(_key(market_id))
    except redis.RedisError as error:
        logger.warning("the wake-up of market %s stays marked until it expires: %s", market_id, error)


def queue_of(shard: int) -> str:
    """Return the Celery queue of a shard of markets."""
    return f"matching.{shard_of(shard)}"


def shard_of(shard: int) -> int:
    """Return which shard serves a market whose row says this one: there may be fewer now than there were."""
    return shard % settings.MATCHING_SHARDS


def _key(market_id: int) -> str:
    return f"wake:{market_id}"
