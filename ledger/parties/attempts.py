"""Count guesses of passwords and of personal links, in Redis, so that all web processes count together.

Where Redis cannot be reached, nothing is refused: each guess still costs a slow hash, and a cache that is down must not
lock out the people who have to mend it.
"""

import hashlib
import logging

import redis

from config.hints import hint_client
from ledger.errors import TooManyAttempts
from ledger.parties.addresses import network_of

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 15 * 60
ATTEMPTS_A_NAME = 20
ATTEMPTS_AN_ADDRESS = 200
"""More than for a name: a whole office may come from one address."""

MISSES_AN_ADDRESS = 50
"""Wrong links: whoever was given one may mistype it, or open one that was made anew."""

_redis = hint_client()

# One step, so that no counter is ever left without an end. Redis runs a script whole.
_COUNT = """
local counts = {}
for at, key in ipairs(KEYS) do
    if redis.call('INCR', key) == 1 then redis.call('EXPIRE', key, ARGV[1]) end
    counts[at] = {tonumber(redis.call('GET', key)), redis.call('TTL', key)}
end
return counts
"""


def count_attempt(*, username: str, address: str) -> None:
    """Count a guess at a person's password, before the password is looked at.

    Raises: TooManyAttempts at the name, or from the address, within a quarter of an hour.
    """
    keys = (_key("name", username), _key("address", network_of(address)))
    try:
        counts = _redis.eval(_COUNT, len(keys), *keys, str(WINDOW_SECONDS))
    except redis.RedisError as error:
        logger.warning("attempts to log in are not counted: %s", error)
        return
    limits = (ATTEMPTS_A_NAME, ATTEMPTS_AN_ADDRESS)
    waits = [seconds for (count, seconds), limit in zip(counts, limits, strict=True) if count > limit]
    if waits:
        raise TooManyAttempts(seconds=max(1, *waits))


def count_miss(address: str) -> None:
    """Count a guess at a personal link that was wrong."""
    key = _key("link", network_of(address))
    try:
        _redis.eval(_COUNT, 1, key, str(WINDOW_SECONDS))
    except redis.RedisError as error:
        logger.warning("guesses at links are not counted: %s", error)


def seconds_to_wait(address: str) -> int:
    """Return how long an address from which too many wrong links came has to wait; 0 where it need not."""
    key = _key("link", network_of(address))
    try:
        count, seconds = _redis.get(key), _redis.ttl(key)
    except redis.RedisError as error:
        logger.warning("guesses at links are not counted: %s", error)
        return 0
    return max(1, int(seconds)) if int(count or 0) >= MISSES_AN_ADDRESS else 0


def _key(kind: str, value: str) -> str:
    return f"attempts:{kind}:{hashlib.sha256(value.encode()).hexdigest()}"
