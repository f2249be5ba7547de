"""How everything stands, read from the database and from Redis: for the metrics and for the status page, which say the same.

Each statement reads few rows by an index, however large the tables are: counts of what waits end at `MOST`, tables are counted by
what PostgreSQL keeps of them, and what takes longer is read once a minute.
"""

import datetime as dt
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import redis
from django.conf import settings
from django.db import connection, connections, transaction

from config.operations.observe.pulses import Pulse, read_pulses
from ledger.transparency.selectors import WitnessState, witness_states

MOST = 10_000
TIMEOUT = "5s"
SLOW_SECONDS = 60.0
REPLICA = "replica"
# The tables that grow without end, and those whose size tells of work that piles up.
COUNTED = (
    *("ledger_record", "ledger_transaction", "ledger_transfer", "ledger_hold", "ledger_serialblock", "ledger_notice"),
    *("trading_order", "trading_trade", "trading_bookentry", "trading_executedinstruction"),
)


@dataclass(frozen=True, slots=True)
class MarketStanding:
    """What waits in a market, for how long the oldest of it, and what was traded today. Units: s, tonnes, fen."""

    symbol: str
    shard: int
    state: str
    waiting: int
    oldest_seconds: float
    trades: int
    quantity_t: int
    value_fen: int


@dataclass(frozen=True, slots=True)
class LogStanding:
    """The log: what waits for its place (the oldest for so long), its size, and for how long its newest checkpoint stands."""

    waiting: int
    oldest_seconds: float
    size: int
    checkpoint_seconds: float | None
    followers: Mapping[str, int]
    witnesses: Sequence[WitnessState]


@dataclass(frozen=True, slots=True)
class ReconciliationStanding:
    """The last check of the books."""

    finished_at: dt.datetime
    age_seconds: float
    holds: bool
    broken: int


@dataclass(frozen=True, slots=True)
class OutgoingStanding:
    """What is on its way to people by one channel: how much waits, for how long, and what was given up within a day."""

    channel: str
    waiting: int
    oldest_seconds: float
    failed: int


@dataclass(frozen=True, slots=True)
class DatabaseStanding:
    """Connections by state, the most there may be, for how long the oldest transaction lasts, standbys and their lag."""

    connections: Mapping[str, int]
    most_connections: int
    oldest_transaction_seconds: float
    replicas: int
    replica_bytes: int | None
    rows: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SlowStanding:
    """What is read once a minute: the size of the database, and what is held of money and of credits. Units: bytes, fen, t."""

    size_bytes: int
    held: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Standing:
    markets: Sequence[MarketStanding]
    log: LogStanding
    reconciliation: ReconciliationStanding | None
    outgoing: Sequence[OutgoingStanding]
    webhooks_failing: int
    database: DatabaseStanding
    slow: SlowStanding
    replica_lag_seconds: float | None


@dataclass(frozen=True, slots=True)
class Room:
    """A folder's disk. Units: bytes."""

    free: int
    size: int


@dataclass(frozen=True, slots=True)
class QueueStanding:
    """Messages that wait in each of the broker's queues, and when each was last heard of. Units: messages, bytes."""

    messages: Mapping[str, int]
    pulses: Mapping[str, Pulse]
    memory_bytes: int


def read_standing() -> Standing:
    """Return how the database says that everything stands, in `QUERIES` statements.

    Raises: DatabaseError where it does not answer, or takes too long.
    """
    with transaction.atomic():
        _rows(f"SET LOCAL statement_timeout = '{TIMEOUT}'")
        outgoing, failing = _outgoing()
        return Standing(
            [MarketStanding(*row) for row in _rows(_MARKETS, [MOST])],
            _log(),
            _reconciliation(),
            outgoing,
            failing,
            _database(),
            _slow(),
            _replica_lag_seconds(),
        )


QUERIES = 8
"""Beside what is read once a minute (2), and one for the replica and one for the witnesses where there are any."""


def _rows(statement: str, parameters: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)
        return cursor.fetchall() if cursor.description else []


def _log() -> LogStanding:
    waiting, oldest, size, checkpoint = _rows(_LOG, [MOST])[0]
    followers = {name: max(size - next_index, 0) for name, next_index in _rows(_FOLLOWERS)}
    return LogStanding(waiting, oldest, size, checkpoint, followers, witness_states())


def _reconciliation() -> ReconciliationStanding | None:
    found = _rows(_RECONCILIATION)
    return ReconciliationStanding(*found[0]) if found else None


def _outgoing() -> tuple[list[OutgoingStanding], int]:
    *found, webhooks = _rows(_OUTGOING, [MOST, MOST])
    channel, waiting, oldest, failing = webhooks
    return [*(OutgoingStanding(*row) for row in found), OutgoingStanding(channel, waiting, oldest, 0)], failing


def _database() -> DatabaseStanding:
    states, most, oldest, replicas, replica_bytes = _rows(_DATABASE)[0]
    rows = dict(_rows(_COUNTED, [list(COUNTED)]))
    return DatabaseStanding(orjson.loads(states or "{}"), most, oldest, replicas, replica_bytes, rows)


_read_slowly: tuple[float, str, SlowStanding] | None = None


def _slow() -> SlowStanding:
    global _read_slowly
    name, now = connection.settings_dict["NAME"], time.monotonic()
    if _read_slowly is None or _read_slowly[1] != name or now - _read_slowly[0] > SLOW_SECONDS:
        size = _rows("SELECT pg_database_size(current_database())")[0][0]
        _read_slowly = now, name, SlowStanding(size, {kind: int(held) for kind, held in _rows(_HELD)})
    return _read_slowly[2]


def forget_slow() -> None:
    """Have what is read once a minute read anew."""
    global _read_slowly
    _read_slowly = None


def _replica_lag_seconds() -> float | None:
    """Return how far the replica is behind that pages are read from, 0 where it has all; None where there is none."""
    if REPLICA not in connections:
        return None
    with connections[REPLICA].cursor() as cursor:
        cursor.execute(_REPLICA_LAG)
        row = cursor.fetchone()
    return None if row[0] is None else float(row[0])


def read_queues() -> QueueStanding:
    """Return what waits in the broker, and when its queues were last worked on.

    Raises: RedisError where it does not answer.
    """
    names = settings.QUEUES
    with _broker().pipeline(transaction=False) as pipeline:
        for name in names:
            pipeline.llen(name)
        pipeline.info("memory")
        *lengths, memory = pipeline.execute()
    return QueueStanding(dict(zip(names, lengths, strict=True)), read_pulses(), int(memory["used_memory"]))


@cache
def _broker() -> redis.Redis:
    return redis.Redis.from_url(settings.CELERY_BROKER_URL, socket_timeout=1.0, socket_connect_timeout=1.0)


def rooms() -> dict[str, Room]:
    """Return the room there is on the disks that this process writes to."""
    return {"documents": _room(settings.DOCUMENTS_DIR), "registry": _room(settings.REGISTRY_FILES)}


def _room(folder: Path) -> Room:
    usage = shutil.disk_usage(next(each for each in (folder, *folder.parents) if each.exists()))
    return Room(usage.free, usage.total)


def backup_age_seconds() -> float | None:
    """Return for how long the newest backup exists, which the file that the settings name says; None where it says nothing."""
    if not settings.BACKUP_STATUS_FILE:
        return None
    try:
        return max(time.time() - Path(settings.BACKUP_STATUS_FILE).stat().st_mtime, 0.0)
    except OSError:
        return None


_AGE = "greatest(extract(epoch FROM clock_timestamp() - {since}), 0)::float8"

# An instruction that was entered in the future has waited since the clock was set back: it counts as fresh until then.
_MARKETS = f"""
SELECT market.symbol, market.shard, market.state, waiting.count, coalesce(waiting.oldest, 0),
       coalesce(today.trades, 0)::bigint, coalesce(today.quantity_t, 0)::bigint, coalesce(today.value_fen, 0)::bigint
  FROM trading_market market
 CROSS JOIN LATERAL (
        SELECT count(*), {_AGE.format(since="min(entered_at)")} AS oldest
          FROM (SELECT entered_at FROM trading_instruction WHERE market_id = market.id ORDER BY id LIMIT %s) first
       ) waiting
 CROSS JOIN LATERAL (
        SELECT sum(trades) AS trades, sum(quantity_t) AS quantity_t, sum(value_fen) AS value_fen
          FROM trading_candle
         WHERE market_id = market.id
           AND minute >= date_trunc('day', now() AT TIME ZONE 'Asia/Shanghai') AT TIME ZONE 'Asia/Shanghai'
       ) today
 ORDER BY market.id
"""

_LOG = f"""
SELECT (SELECT count(*) FROM (SELECT FROM ledger_unsequencedrecord LIMIT %s) waiting),
       coalesce((SELECT {_AGE.format(since="created_at")} FROM ledger_record
                  WHERE id = (SELECT min(record_id) FROM ledger_unsequencedrecord)), 0),
       coalesce((SELECT max(tree_size) FROM ledger_checkpoint), 0),
       (SELECT {_AGE.format(since="signed_at")} FROM ledger_checkpoint ORDER BY tree_size DESC LIMIT 1)
"""

_FOLLOWERS = "SELECT name, next_index FROM ledger_logfollower ORDER BY name"

_RECONCILIATION = f"""
SELECT finished_at, {_AGE.format(since="finished_at")}, holds,
       (SELECT count(*) FROM jsonb_array_elements(results) result WHERE NOT (result ->> 'holds')::bool)
  FROM ledger_reconciliationrun ORDER BY id DESC LIMIT 1
"""

# The last row is that of the webhooks, with those that have failed so often that others go before them.
_OUTGOING = f"""
SELECT channel, waiting.count, coalesce(waiting.oldest, 0), failed.count
  FROM unnest(ARRAY['email', 'sms']) WITH ORDINALITY AS asked (channel, place)
 CROSS JOIN LATERAL (
        SELECT count(*) FILTER (WHERE first.channel = asked.channel) AS count,
               {_AGE.format(since="min(due_at) FILTER (WHERE first.channel = asked.channel)")} AS oldest
          FROM (SELECT message.channel, due_at FROM ledger_message message
                 WHERE sent_at IS NULL AND failed_at IS NULL AND due_at <= now() ORDER BY due_at LIMIT %s) first
       ) waiting
 CROSS JOIN LATERAL (
        SELECT count(*) FROM ledger_message message
         WHERE created_at > now() - interval '1 day' AND failed_at IS NOT NULL AND message.channel = asked.channel
       ) failed
 UNION ALL
SELECT 'webhook', count(*), coalesce({_AGE.format(since="min(created_at)")}, 0), count(*) FILTER (WHERE attempts >= 3)
  FROM (SELECT created_at, attempts FROM ledger_webhookdelivery WHERE state = 'waiting' LIMIT %s) first
"""

# Of other roles' connections a role without pg_monitor sees neither state nor age.
_DATABASE = f"""
SELECT (SELECT jsonb_object_agg(state, count)::text
          FROM (SELECT coalesce(state, 'unknown') AS state, count(*) FROM pg_stat_activity
                 WHERE datname = current_database() GROUP BY 1) counted),
       current_setting('max_connections')::int,
       coalesce((SELECT max({_AGE.format(since="xact_start")}) FROM pg_stat_activity
                  WHERE datname = current_database() AND pid <> pg_backend_pid()), 0),
       (SELECT count(*) FROM pg_stat_replication),
       CASE WHEN NOT pg_is_in_recovery()
            THEN (SELECT max(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn))::bigint FROM pg_stat_replication) END
"""

_COUNTED = """
SELECT relname, n_live_tup FROM pg_stat_user_tables WHERE relname = ANY(%s) AND schemaname = current_schema()
 ORDER BY relname
"""

_HELD = """
SELECT asset.kind, sum(account.held)
  FROM ledger_account account JOIN ledger_asset asset ON asset.id = account.asset_id
 WHERE account.held > 0 GROUP BY 1
"""

_REPLICA_LAG = """
SELECT CASE WHEN NOT pg_is_in_recovery() OR pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
            ELSE extract(epoch FROM now() - pg_last_xact_replay_timestamp()) END
"""
