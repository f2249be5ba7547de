"""Redis for what may be lost: wake-ups, messages to viewers. Nobody waits long for it."""

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry


def hint_client() -> redis.Redis:
    """Return a client that gives up within moments: it tries once more, for a connection that had gone stale."""
    retry = Retry(NoBackoff(), 1)
    return redis.Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1, retry=retry)
