"""How far the standbys are behind, for `manage.py replication` and for whoever measures."""

from dataclasses import dataclass

from django.db import DatabaseError, connection, connections

from config.operations.replica.positions import UNKNOWN, position_now
from config.operations.replica.standby import ALIAS, ask, close_quietly, has_standby


@dataclass(frozen=True, slots=True)
class Lag:
    """How far a standby is behind the primary."""

    seconds: float | None
    bytes: int | None


@dataclass(frozen=True, slots=True)
class Follower:
    """A standby, as the primary knows it. `sync_state` is sync or quorum for one whose word commits wait for."""

    name: str
    state: str
    sync_state: str
    behind_bytes: int
    behind_seconds: float


def lag_of_replica() -> Lag | None:
    """Return how far the standby of REPLICA_URL is behind; None where there is none, or it does not answer."""
    if not has_standby():
        return None
    standby = connections[ALIAS]
    try:
        found = ask(standby)
    except (DatabaseError, TimeoutError):
        close_quietly(standby)
        return None
    here = position_now()
    return Lag(found.lag_seconds, None if here == UNKNOWN else max(here - found.position, 0))


def timeline() -> int:
    """Return on which timeline the primary is: each promotion begins another."""
    with connection.cursor() as cursor:
        # The control file knows it only from the next checkpoint on.
        cursor.execute("SELECT pg_walfile_name(pg_current_wal_insert_lsn())")
        return int(cursor.fetchone()[0][:8], 16)


def followers() -> list[Follower]:
    """Return who follows the primary; needs its owner, or a member of pg_monitor: others see that there is somebody, not who."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT application_name, coalesce(state, ''), coalesce(sync_state, ''),
                   coalesce(pg_current_wal_insert_lsn() - replay_lsn, 0)::bigint,
                   coalesce(extract(epoch FROM replay_lag), 0)::float8
              FROM pg_stat_replication
             ORDER BY application_name
            """
        )
        return [Follower(*row) for row in cursor.fetchall()]
