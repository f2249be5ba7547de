"""Redis for what may be lost: wake-ups, messages to viewers. Nobody waits long for it."""

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

SECONDS = 0.5


def hint_client() -> redis.Redis:
    """Return a client that gives up within moments: it tries once more only for a connection that had gone stale."""
    retry = Retry(NoBackoff(), 1, supported_errors=(redis.ConnectionError,))
    url = settings.REDIS_URL
    return redis.Redis.from_url(url, socket_timeout=SECONDS, socket_connect_timeout=SECONDS, retry=retry)
