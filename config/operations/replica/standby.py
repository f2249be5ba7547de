"""The standby that public pages are read from, left out while it is away, too old, or no standby any more."""

import logging
import select
import threading
import time
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.pq import ExecStatus

from config.operations.replica.positions import UNKNOWN

ALIAS: Final = "replica"
ASKED_SECONDS = 1.0
"""For how long what the standby said of itself is good; it only gets further."""
ANSWER_SECONDS = 1.0
"""For how long it may think about it. One that hangs is one that is away."""
AWAY_SECONDS = 5.0
"""For how long it is not asked again after it was away; after it was too old, the tenth of it."""

# Not in recovery: it has been promoted, or is another primary, whose data may be anybody's.
_STANDING = b"""
    SELECT pg_is_in_recovery(),
           (pg_last_wal_replay_lsn() - '0/0')::bigint,
           extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())
"""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a standby has come. `lag_seconds` is the age of the newest transaction that it has; None before the first."""

    is_standby: bool
    position: int
    lag_seconds: float | None


class _Known(threading.local):
    """What the connection of this thread has said; another connection may lead to another standby."""

    connection: Any = None
    asked_at = 0.0
    position = 0
    # How often the standby had been left out when this thread connected.
    times_left_out = 0


def has_standby() -> bool:
    """Return whether REPLICA_URL names one."""
    return ALIAS in connections.settings


class Standby:
    """Says whether the standby may be read from, by one question a second and thread, more only for who has just written."""

    def __init__(self) -> None:
        self._known = _Known()
        # 0 while nothing is wrong with it.
        self._away_until = 0.0
        self._times_left_out = 0
        self._is_out = False
        self._lock = threading.Lock()

    @property
    def is_left_out(self) -> bool:
        """Tell whether nobody asks it just now."""
        return time.monotonic() < self._away_until

    def connection_for(self, position: int | None) -> BaseDatabaseWrapper | None:
        """Return the connection to a standby that has all up to a position, None where there is none just now."""
        if not has_standby() or position == UNKNOWN or not self._may_be_asked():
            return None
        standby = connections[ALIAS]
        known = self._known
        if known.times_left_out != self._times_left_out:
            # Whatever another thread has met with, this one's connection may have met with too.
            known.times_left_out, known.position = self._times_left_out, 0
            close_quietly(standby)
        try:
            standby.ensure_connection()
            if known.connection is not standby.connection or time.monotonic() > known.asked_at + ASKED_SECONDS:
                known.position = 0
            if known.position == 0 or (position or 0) > known.position:
                self._ask(standby)
        except (DatabaseError, TimeoutError) as error:
            self.leave_out(f"it does not answer: {error}")
            return None
        # A moment behind a reader: the primary answers that one alone.
        return standby if known.position and known.position >= (position or 0) else None

    def leave_out(self, why: str, *, seconds: float | None = None) -> None:
        """Read from the primary for a while; another connection is made then, maybe to another standby."""
        if not self._is_out:
            # Said once, however often it is asked in vain.
            logger.warning("public pages are read from the primary, not from the standby: %s", why)
        self._is_out = True
        self._away_until = time.monotonic() + (AWAY_SECONDS if seconds is None else seconds)
        self._times_left_out += 1
        close_quietly(connections[ALIAS])

    def come_back(self) -> None:
        """Ask the standby at the next occasion, whatever was before."""
        self._away_until = 0.0
        self._times_left_out += 1

    def _may_be_asked(self) -> bool:
        """Let everybody ask while nothing is wrong, and one at a time whether it is back: that may take long."""
        if self._away_until == 0.0:
            return True
        with self._lock:
            now = time.monotonic()
            if now < self._away_until:
                return False
            self._away_until = now + AWAY_SECONDS
            return True

    def _ask(self, standby: BaseDatabaseWrapper) -> None:
        found = ask(standby)
        known = self._known
        known.connection, known.asked_at, known.position = standby.connection, time.monotonic(), 0
        if not found.is_standby:
            self.leave_out("it takes writes, and is no standby")
        elif found.lag_seconds is None or found.lag_seconds > settings.REPLICA_LAG_SECONDS:
            lag = "nobody knows how far" if found.lag_seconds is None else f"{found.lag_seconds:.0f} s"
            self.leave_out(f"it is {lag} behind", seconds=AWAY_SECONDS / 10)
        else:
            known.position = found.position
            if self._is_out:
                logger.warning("public pages are read from the standby again")
            self._is_out, self._away_until = False, 0.0


def ask(standby: BaseDatabaseWrapper) -> Standing:
    """Return how far a standby has come, waiting for no longer than ANSWER_SECONDS.

    Raises: DatabaseError; TimeoutError where it hangs. Then the connection is of no use any more.
    """
    standby.ensure_connection()
    assert standby.connection is not None
    with standby.wrap_database_errors:
        row = _answer(standby.connection.pgconn)
    is_standby, position, lag = (None if value is None else value.decode() for value in row)
    return Standing(is_standby == "t", int(position or 0), None if lag is None else float(lag))


def close_quietly(connection: BaseDatabaseWrapper) -> None:
    """Close a connection that may be broken."""
    try:
        connection.close()
    except DatabaseError:
        connection.connection = None


def _answer(pgconn: Any) -> list[bytes | None]:
    """Return the row that the question comes to. Psycopg would wait for a server that hangs for as long as it hangs."""
    pgconn.send_query(_STANDING)
    deadline = time.monotonic() + ANSWER_SECONDS
    poll = select.poll()
    poll.register(pgconn.socket, select.POLLIN)
    row: list[bytes | None] | None = None
    while True:
        while pgconn.is_busy():
            left = deadline - time.monotonic()
            if left <= 0 or not poll.poll(left * 1_000):
                raise TimeoutError(f"no answer within {ANSWER_SECONDS:.0f} s")
            pgconn.consume_input()
        result = pgconn.get_result()
        if result is None:
            if row is None:
                raise TimeoutError("no answer at all")
            return row
        if result.status == ExecStatus.TUPLES_OK:
            row = [result.get_value(0, column) for column in range(3)]


the_standby = Standby()
