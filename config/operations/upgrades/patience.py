"""Wait for locks for moments only, and come again: whoever waits for a table makes all wait who come after.

A change of the schema needs its table alone for a moment. While it waits for one long reader, every order queues behind it.
So it gives up after half a second, lets the others go on, and tries again.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from django.db import OperationalError, connection
from psycopg import errors

LOCK_TIMEOUT_MS = 500
"""How long a change of the schema waits for a lock, and all behind it."""
RETRY_SECONDS = 600.0
PAUSES_SECONDS = (0.5, 2.0)
_LOCK = 0x7469_616E_6875_6920

Result = TypeVar("Result")
Say = Callable[[str], None]


class NeverFree(RuntimeError):
    """A lock was not to be had in all the time that there was; the sentence says what to look for."""


def is_lock_timeout(error: Exception) -> bool:
    """Tell whether a statement was given up because of a lock that somebody else held, or in a deadlock with others."""
    return isinstance(error.__cause__, errors.LockNotAvailable | errors.DeadlockDetected)


@contextmanager
def short_waits(milliseconds: int = LOCK_TIMEOUT_MS) -> Iterator[None]:
    """Let this session wait for no lock longer than that; 0: as long as it takes."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('lock_timeout')")
        (before,) = cursor.fetchone()
        cursor.execute("SELECT set_config('lock_timeout', %s, false)", [f"{milliseconds}ms"])
    try:
        yield
    finally:
        if connection.connection is not None and not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('lock_timeout', %s, false)", [before])


def again_and_again(attempt: Callable[[], Result], *, seconds: float = RETRY_SECONDS, say: Say) -> Result:
    """Return what an attempt comes to that gets its locks; between attempts others go on.

    Raises: NeverFree where none does in the time; whatever else an attempt raises.
    """
    deadline = time.monotonic() + seconds
    while True:
        try:
            return attempt()
        except OperationalError as error:
            if not is_lock_timeout(error):
                raise
            if time.monotonic() > deadline:
                raise NeverFree(
                    f"A lock was not to be had in {seconds:.0f} s: look in pg_stat_activity for a transaction that is open for "
                    "long, end it (pg_terminate_backend), and run this again. What was migrated stays."
                ) from error
            say(f"Waited for a lock in vain, others go on; again in a moment: {str(error).strip().splitlines()[0]}")
        time.sleep(random.uniform(*PAUSES_SECONDS))


@contextmanager
def one_at_a_time(*, seconds: float, say: Say) -> Iterator[None]:
    """Let one process migrate at a time: whoever comes second waits, and then finds nothing left to do.

    Locks: an advisory lock of the session.
    Raises: NeverFree.
    """
    deadline = time.monotonic() + seconds
    has_said = False
    while not _try_lock():
        if time.monotonic() > deadline:
            raise NeverFree(f"Another process has been migrating for {seconds:.0f} s.")
        if not has_said:
            say("Another process is migrating: this one waits for it.")
            has_said = True
        time.sleep(0.2)
    try:
        yield
    finally:
        if connection.connection is not None and not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [_LOCK])


def _try_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [_LOCK])
        return bool(cursor.fetchone()[0])
