"""The shards of markets: which has how much to do, which has a worker, and what would be better on another.

Every few seconds beat has each shard's queue asked whether anybody takes from it, and whoever does answers with its host. That
is more than a process that is alive: one may be, and take nothing (its connection to the broker is dead). The answers stand in Redis, as
hints do; where it has lost them, nothing is said of a worker until it has answered again.
"""

import datetime as dt
import logging
import socket
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

import redis
from django.conf import settings
from django.db import connection
from django.utils import timezone
from kombu.exceptions import OperationalError

from config.celery import app
from config.hints import hint_client
from trading.orders.wakeups import queue_of

logger = logging.getLogger(__name__)

TASK = "trading.tasks.answer_for_shard"
KEPT_SECONDS = 24 * 60 * 60
SILENT = dt.timedelta(seconds=30)
"""No batch takes as long: what has not answered for so long, nor executed anything, has no worker."""
WINDOW = dt.timedelta(minutes=10)
"""Over which load is counted."""
UNEVEN = 1.25
"""How many times the mean the busiest shard may have to do before a move is worth it."""

_redis = hint_client()
_ASKED = "shards:asked"


@dataclass(frozen=True, slots=True)
class MarketLoad:
    """What a market has to do: instructions that wait, and those executed within WINDOW."""

    market_id: int
    symbol: str
    shard: int
    waiting: int
    oldest_waiting_at: dt.datetime | None
    executed: int
    last_executed_at: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Shard:
    """A shard: its markets, and the hosts whose workers have answered for it lately, with when.

    `is_served` is None where it is not known.
    """

    number: int
    markets: tuple[MarketLoad, ...]
    answers: Mapping[str, dt.datetime]
    is_served: bool | None

    @property
    def executed(self) -> int:
        return sum(market.executed for market in self.markets)

    @property
    def waiting(self) -> int:
        return sum(market.waiting for market in self.markets)

    @property
    def oldest_waiting_at(self) -> dt.datetime | None:
        return min((each.oldest_waiting_at for each in self.markets if each.oldest_waiting_at), default=None)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A market that should be moved, and where to; because its shard has no worker, or else because it has too much to do."""

    market: MarketLoad
    to_shard: int
    is_unserved: bool


def ask_shards() -> list[int]:
    """Ask each shard's queue whether somebody takes from it, and return the shards that are silent, which are named in the log."""
    try:
        _redis.set(_ASKED, timezone.now().timestamp(), ex=int(SILENT.total_seconds()), nx=True)
        _redis.expire(_ASKED, int(SILENT.total_seconds()))
        for shard in range(settings.MATCHING_SHARDS):
            # One question a minute at most in a queue that nobody takes from.
            if _redis.set(_waiting(shard), 1, nx=True, ex=60):
                app.send_task(TASK, args=[shard], queue=queue_of(shard), retry=False)
    except (redis.RedisError, OperationalError) as error:
        logger.warning("shards cannot be asked whether they have workers: %s", error)
        return []
    silent = silent_shards()
    for shard in silent:
        logger.error("shard %s has no worker: nobody takes from the queue %s", shard, queue_of(shard))
    return silent


def answer(shard: int) -> None:
    """Note that this host has a worker that takes from a shard's queue."""
    try:
        with _redis.pipeline(transaction=False) as pipeline:
            pipeline.delete(_waiting(shard))
            pipeline.hset(_key(shard), socket.gethostname(), timezone.now().timestamp())
            pipeline.expire(_key(shard), KEPT_SECONDS)
            pipeline.execute()
    except redis.RedisError as error:
        logger.warning("nobody hears that shard %s has a worker: %s", shard, error)


def silent_shards() -> list[int]:
    """Return the shards that have been asked for a while whether they have a worker, and have neither answered nor done anything.

    What every minute's metrics may ask: where all is well it asks Redis alone. None is said to be silent where Redis is away.
    """
    now = timezone.now()
    try:
        if not _are_asked(now):
            return []
        answers = _answers()
    except redis.RedisError:
        return []
    suspects = [number for number, found in answers.items() if not _is_recent(max(found.values(), default=None), now)]
    if not suspects:
        return []
    executed = _last_executed(now - SILENT)
    # A worker that has batch after batch to do answers when it has done them.
    return [number for number in suspects if number not in executed]


def shards() -> list[Shard]:
    """Return each shard with its load."""
    now = timezone.now()
    by_shard: dict[int, list[MarketLoad]] = defaultdict(list)
    for market in market_loads():
        by_shard[market.shard].append(market)
    try:
        is_known, answers = _are_asked(now), _answers()
    except redis.RedisError:
        is_known, answers = False, {number: {} for number in range(settings.MATCHING_SHARDS)}
    return [_shard(number, by_shard[number], found, now, is_known=is_known) for number, found in answers.items()]


def market_loads(window: dt.timedelta = WINDOW) -> list[MarketLoad]:
    """Return what each market has to do, the busiest first; `shard` is that which serves it now."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT market.id, market.symbol, market.shard %% %s, coalesce(waits.count, 0), waits.since,
                   coalesce(done.count, 0), done.last
              FROM trading_market market
              LEFT JOIN (SELECT market_id, count(*), min(entered_at) AS since
                           FROM trading_instruction GROUP BY market_id) waits ON waits.market_id = market.id
              LEFT JOIN (SELECT market_id, count(*), max(executed_at) AS last
                           FROM trading_executedinstruction WHERE executed_at > %s GROUP BY market_id) done
                     ON done.market_id = market.id
             ORDER BY coalesce(done.count, 0) DESC, market.id
            """,
            [settings.MATCHING_SHARDS, timezone.now() - window],
        )
        return [MarketLoad(*row) for row in cursor.fetchall()]


def suggest(found: Sequence[Shard]) -> Suggestion | None:
    """Return the move that would help most; None where none would.

    What nobody serves goes first, to the shard that has least to do. Else, where one shard has much more to do than the mean, its
    market goes whose move leaves the two shards most alike.
    """
    served = [shard for shard in found if shard.is_served is not False]
    if not served:
        return None
    least = min(served, key=lambda shard: shard.executed)
    for shard in found:
        if shard.is_served is False and shard.markets:
            return Suggestion(_most_urgent(shard.markets), least.number, True)
    busiest = max(served, key=lambda shard: shard.executed)
    if busiest.executed <= UNEVEN * sum(shard.executed for shard in served) / len(served):
        return None
    difference = busiest.executed - least.executed
    helpful = [market for market in busiest.markets if 0 < market.executed < difference]
    if not helpful:
        return None
    return Suggestion(min(helpful, key=lambda market: abs(difference - 2 * market.executed)), least.number, False)


def _most_urgent(markets: Iterable[MarketLoad]) -> MarketLoad:
    return max(markets, key=lambda market: (market.waiting, market.executed, -market.market_id))


def _shard(
    number: int, markets: Sequence[MarketLoad], answers: Mapping[str, dt.datetime], now: dt.datetime, *, is_known: bool
) -> Shard:
    recent = {host: at for host, at in answers.items() if _is_recent(at, now)}
    if recent or any(_is_recent(market.last_executed_at, now) for market in markets):
        return Shard(number, tuple(markets), recent, True)
    return Shard(number, tuple(markets), {}, False if is_known else None)


def _is_recent(at: dt.datetime | None, now: dt.datetime) -> bool:
    return at is not None and now - at < SILENT


def _are_asked(now: dt.datetime) -> bool:
    """Return whether the shards have been asked for as long as an answer may take."""
    since = cast(bytes | None, _redis.get(_ASKED))
    return since is not None and not _is_recent(_moment(since), now)


def _answers() -> dict[int, dict[str, dt.datetime]]:
    """Return when which host has answered for each shard."""
    with _redis.pipeline(transaction=False) as pipeline:
        for shard in range(settings.MATCHING_SHARDS):
            pipeline.hgetall(_key(shard))
        found = pipeline.execute()
    return {shard: {host.decode(): _moment(at) for host, at in hosts.items()} for shard, hosts in enumerate(found)}


def _last_executed(since: dt.datetime) -> set[int]:
    """Return the shards with a market that has executed something since."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT DISTINCT market.shard %% %s
              FROM trading_market market
             WHERE (SELECT max(executed_at) FROM trading_executedinstruction
                     WHERE market_id = market.id AND sequence = market.last_sequence) > %s
            """,
            [settings.MATCHING_SHARDS, since],
        )
        return {row[0] for row in cursor.fetchall()}


def _moment(text: bytes) -> dt.datetime:
    return dt.datetime.fromtimestamp(float(text), dt.UTC)


def _key(shard: int) -> str:
    return f"shard:{shard}:hosts"


def _waiting(shard: int) -> str:
    return f"shard:{shard}:asked"
