"""How often somebody may ask: budgets that fill up again all the time, counted in Redis, so that all web processes count
together.

A budget of `quota` in `window` seconds allows bursts of the whole quota, and on the average quota / window a second (GCRA:
one number for each caller and budget, the time at which the budget would be full again). Where Redis cannot be reached,
nothing is refused, and it is logged.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import redis
from django.conf import settings
from django.db import connection, transaction

from config.hints import hint_client
from config.operations.observe.metrics import rate_limited
from ledger.errors import RateLimited
from ledger.parties.addresses import network_of
from ledger.parties.models import User
from ledger.parties.scopes import Scope, require_scope
from ledger.parties.selectors import person_with_token, token_at_hand

logger = logging.getLogger(__name__)

READS, ORDERS, WRITES, LOG_INS, SEARCHES, DOWNLOADS = "reads", "orders", "writes", "log-ins", "searches", "downloads"
UPLOADS = "uploads"
AWAY_SECONDS = 1.0
"""For how long Redis is not asked again when it did not answer: a hint that hangs must not hold up every request."""

_redis = hint_client()
_USES = "token-uses"
_TAKEN = "token-uses:taken"

# One step, so that two who come at once cannot both take the last place. Times are Redis' own, in microseconds; they are
# written out in full, since Lua would round them to 14 digits.
_TAKE = """
local now = redis.call('TIME')
now = now[1] * 1000000 + now[2]
local quota, window, cost = tonumber(ARGV[1]), ARGV[2] * 1000000, tonumber(ARGV[3])
local unit = window / quota
local full_at = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local next = full_at + unit * cost
local wait = next - window - now
if wait <= 0 then
    redis.call('SET', KEYS[1], string.format('%.0f', next), 'PX', math.ceil((next - now) / 1000) + 1)
    full_at = next
end
if ARGV[4] ~= '' then redis.call('HSET', KEYS[2], ARGV[4], string.format('%.0f', now)) end
return {wait <= 0 and 1 or 0, math.floor((window - (full_at - now)) / unit + 0.000001),
        math.ceil((full_at - now) / 1000000), math.ceil(math.max(wait, 0) / 1000000)}
"""


@dataclass(frozen=True, slots=True)
class Budget:
    """So many requests (orders, for `orders`) in so many seconds."""

    name: str
    quota: int
    window: int


class Standing(NamedTuple):
    """What is left of a budget, and in how many seconds it is full again; `wait` is over 0 where this was too much."""

    budget: Budget
    remaining: int
    reset: int
    wait: int

    @property
    def policy(self) -> str:
        """Return the field RateLimit-Policy. Source: draft-ietf-httpapi-ratelimit-headers-11 §3."""
        return f'"{self.budget.name}";q={self.budget.quota};w={self.budget.window}'

    @property
    def limit(self) -> str:
        """Return the field RateLimit. Source: draft-ietf-httpapi-ratelimit-headers-11 §4."""
        return f'"{self.budget.name}";r={self.remaining};t={self.wait or self.reset}'


class Caller(NamedTuple):
    """Whose budget is used: of a token, of a person by a session, or of an address."""

    name: str
    token_id: int | None = None

    @property
    def is_anonymous(self) -> bool:
        return self.name.startswith("address:")


def caller_of(user: object, address: str) -> Caller:
    """Return whose budget a request uses."""
    token = token_at_hand(user)
    if token is not None:
        return Caller(f"token:{token.id}", token.id)
    if getattr(user, "is_authenticated", False):
        return Caller(f"person:{user.pk}")  # type: ignore[attr-defined]
    return from_address(address)


def from_address(address: str) -> Caller:
    """Return who comes from an address, whoever it is."""
    return Caller(f"address:{network_of(address)}")


def budget_for(name: str, caller: Caller) -> Budget:
    """Return a budget of somebody: visitors, of whom many may come from one address, have one of their own for what they read."""
    quota, window = settings.RATE_LIMITS["visitors" if name == READS and caller.is_anonymous else name]
    return Budget(name, quota, window)


class Meter:
    """Asks Redis what is left; after it did not answer, not again for a moment."""

    def __init__(self) -> None:
        self._away_until = 0.0

    def take(self, budget: Budget, caller: Caller, cost: int) -> Standing | None:
        """Take from a budget, all or nothing; None where Redis is away. No more is asked than a full budget holds."""
        if time.monotonic() < self._away_until:
            return None
        keys = [f"rate:{budget.name}:{caller.name}", _USES]
        used_by = "" if caller.token_id is None else caller.token_id
        try:
            taken, remaining, reset, wait = _script(
                keys, [budget.quota, budget.window, min(cost, budget.quota), used_by], client=_redis
            )
        except redis.RedisError as error:
            logger.warning("requests are not counted: %s", error)
            self._away_until = time.monotonic() + AWAY_SECONDS
            return None
        if not taken:
            rate_limited.labels(budget.name).inc()
        return Standing(budget, int(remaining), int(reset), 0 if taken else max(1, int(wait)))


_script: Callable[..., list[int]] = _redis.register_script(_TAKE)
_meter = Meter()


def take(name: str, caller: Caller, cost: int = 1) -> Standing | None:
    """Take from somebody's budget; None where nothing is counted, since Redis is away."""
    return _meter.take(budget_for(name, caller), caller, cost)


def require_budget(name: str, caller: Caller, cost: int = 1) -> Standing | None:
    """Take from somebody's budget.

    Raises: RateLimited.
    """
    standing = take(name, caller, cost)
    if standing is not None and standing.wait:
        raise RateLimited(seconds=standing.wait)
    return standing


def reader_with_token(secret: str, *, address: str) -> User | None:
    """Return whose token this is, for the doors beside the API that only read: streams, and the entries of the log.

    Raises: AddressNotAllowed, InsufficientScope.
    """
    user = person_with_token(secret, address=address)
    token = token_at_hand(user)
    if user is None or token is None:
        return None
    require_scope(token.scopes, Scope.READ)
    take(READS, caller_of(user, address))
    return user


def note_uses() -> int:
    """Write down when tokens were last used, and return how many: requests leave it in Redis, which costs them nothing.

    What was taken and not written, because the process died, is taken again. Lost are at most the uses that Redis lost.
    """
    try:
        uses = _uses_to_write()
    except redis.RedisError as error:
        logger.warning("uses of tokens wait to be written down: %s", error)
        return 0
    if not uses:
        return 0
    written = _write_uses(uses)
    _redis.delete(_TAKEN)
    return written


def _uses_to_write() -> dict[int, float]:
    """Return when tokens were used, in seconds since 1970: what was left over before, else what has come since."""
    if not _redis.exists(_TAKEN):
        if not _redis.exists(_USES):
            return {}
        _redis.rename(_USES, _TAKEN)
    return {int(token_id): int(at) / 1_000_000 for token_id, at in _redis.hgetall(_TAKEN).items()}


def _write_uses(rows: dict[int, float]) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        # In the order of ids: a token that somebody revokes just now is waited for, and no two wait for each other.
        cursor.execute(
            """
            WITH used AS (
                SELECT token.id, to_timestamp(new.at) AS at
                  FROM unnest(%s::bigint[], %s::float8[]) AS new (id, at)
                  JOIN ledger_apitoken token ON token.id = new.id
                 ORDER BY token.id
                   FOR UPDATE OF token
            )
            UPDATE ledger_apitoken token SET last_used_at = used.at
              FROM used
             WHERE used.id = token.id AND (token.last_used_at IS NULL OR token.last_used_at < used.at)
            """,
            [list(rows), list(rows.values())],
        )
        written: int = cursor.rowcount
    return written
