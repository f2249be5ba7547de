"""Count guesses of passwords, of codes and of personal links, in Redis, so that all web processes count together.

Where Redis cannot be reached, nothing is refused: each guess of a password still costs a slow hash, and a cache that is down
must not lock out the people who have to mend it. A code is refused the second time by the database alone.
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

CODES_A_PERSON = 10
"""Wrong codes of a second factor: who guesses them has guessed the password."""

MAILS_A_MAILBOX = 5
MAILS_AN_ADDRESS = 20
"""Mails that are asked for: to one mailbox, and from one address."""

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
# Takes back what one attempt counted, and never more: a counter that has ended meanwhile is left alone.
_FORGIVE = """
for _, key in ipairs(KEYS) do
    if tonumber(redis.call('GET', key) or '0') > 0 then redis.call('DECR', key) end
end
"""


def count_attempt(*, username: str, address: str) -> None:
    """Count a guess at a person's password, before the password is looked at.

    Raises: TooManyAttempts at the name, or from the address, within a quarter of an hour.
    """
    _count(_attempt_keys(username, address), (ATTEMPTS_A_NAME, ATTEMPTS_AN_ADDRESS))


def forgive_attempt(*, username: str, address: str) -> None:
    """Take back what `count_attempt` counted, once the password was right: only failures add up.

    The counters are not emptied: who knows one password would else guess others' for ever.
    """
    keys = _attempt_keys(username, address)
    try:
        _redis.eval(_FORGIVE, len(keys), *keys)
    except redis.RedisError as error:
        logger.warning("an attempt to log in stays counted: %s", error)


def forget_attempts(username: str) -> None:
    """Let a name be tried again at once: whose it is has come in by e-mail."""
    _forget(_key("name", username))


def count_code(person: int) -> None:
    """Count a guess at a code of a person's second factor, before the code is looked at.

    Raises: TooManyAttempts.
    """
    _count((_key("code", str(person)),), (CODES_A_PERSON,))


def forget_codes(person: int) -> None:
    """Begin to count a person's codes anew: one was right."""
    _forget(_key("code", str(person)))


def count_mail(*, mailbox: str, address: str) -> None:
    """Count a mail that somebody asks for.

    Raises: TooManyAttempts to the mailbox, or from the address.
    """
    keys = (_key("mailbox", mailbox.casefold()), _key("mailer", network_of(address)))
    _count(keys, (MAILS_A_MAILBOX, MAILS_AN_ADDRESS))


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


def _count(keys: tuple[str, ...], limits: tuple[int, ...]) -> None:
    """Count one at each key.

    Raises: TooManyAttempts over any of the limits; it `begins` with the first that is over the first of them.
    """
    try:
        counts = _redis.eval(_COUNT, len(keys), *keys, str(WINDOW_SECONDS))
    except redis.RedisError as error:
        logger.warning("attempts are not counted: %s", error)
        return
    waits = [seconds for (count, seconds), limit in zip(counts, limits, strict=True) if count > limit]
    if waits:
        raise TooManyAttempts(seconds=max(1, *waits), begins=counts[0][0] == limits[0] + 1)


def _forget(key: str) -> None:
    try:
        _redis.delete(key)
    except redis.RedisError as error:
        logger.warning("attempts stay counted until their time is over: %s", error)


def _attempt_keys(username: str, address: str) -> tuple[str, str]:
    return _key("name", username), _key("address", network_of(address))


def _key(kind: str, value: str) -> str:
    return f"attempts:{kind}:{hashlib.sha256(value.encode()).hexdigest()}"
