"""Tell whoever holds something open for a person that it may have ended: live streams look at once instead of in a while.

A hint, like every message: where Redis is away, streams find out by themselves within half a minute (trading/stream).
"""

import logging

import redis
from django.db import transaction

from config.hints import hint_client

logger = logging.getLogger(__name__)

CHANNEL = "revoked"
"""Redis' channel; a message is the person's id in the database, which tells nobody else anything."""

_redis = hint_client()


def tell_revoked(user_id: int) -> None:
    """Have what a person holds open looked at, once the transaction under way has committed."""
    transaction.on_commit(lambda: _publish(user_id))


def _publish(user_id: int) -> None:
    try:
        _redis.publish(CHANNEL, user_id)
    except redis.RedisError as error:
        logger.warning("streams are not told of a revocation, and find out by themselves: %s", error)
