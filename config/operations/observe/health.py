"""Whether this process can do its work: `/readyz`. That it lives, `/healthz` says by answering.

Each check has a thread of its own and a deadline: where a server hangs, the answer says so instead of hanging, too. What was found
holds for a second, however often somebody asks. Nothing in it is a secret, and nothing says more than one word and a sentence.
"""

import functools
import shutil
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooSlow
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson
import psycopg
import redis
from django.conf import settings
from django.db import connection
from django.db.migrations.loader import MigrationLoader

from config.hints import hint_client

DEADLINE_SECONDS = 2.0
HOLDS_SECONDS = 1.0
LEAST_FREE = 0.02
LEAST_FREE_BYTES = 200 * 1024 * 1024
"""With less than both the process is not ready: documents cannot be stored."""


class State(StrEnum):
    OK = "ok"
    DEGRADED = "degraded"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Check:
    """What one check has found. `code` is stable; `detail` is a sentence for whoever runs this."""

    state: State
    code: str = "ok"
    detail: str = ""

    def as_json(self) -> dict[str, str]:
        return {"state": self.state, "code": self.code, "detail": self.detail}


OK = Check(State.OK)
NOT_NEEDED = frozenset({"redis"})
"""Without these a process is ready all the same."""
Checks = Mapping[str, Callable[[], Mapping[str, Check]]]


@dataclass(frozen=True, slots=True)
class Readiness:
    """All checks together: ready as long as none has failed."""

    checks: Mapping[str, Check]

    @property
    def is_ready(self) -> bool:
        return all(check.state != State.FAILED for check in self.checks.values())

    @property
    def state(self) -> str:
        if not self.is_ready:
            return "not ready"
        return "degraded" if any(check.state != State.OK for check in self.checks.values()) else "ready"

    @property
    def status(self) -> int:
        return 200 if self.is_ready else 503

    def as_bytes(self) -> bytes:
        found = {name: check.as_json() for name, check in self.checks.items()}
        return orjson.dumps({"status": self.state, "checks": found}) + b"\n"


@dataclass
class Prober:
    """Runs checks side by side, each once at a time, and waits for none of them longer than the deadline."""

    checks: Checks
    deadline: float = DEADLINE_SECONDS
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _threads: ThreadPoolExecutor | None = None
    _running: dict[str, Future[Mapping[str, Check]]] = field(default_factory=dict)
    _found: Readiness | None = None
    _found_at: float = 0.0

    def readiness(self) -> Readiness:
        """Return what the checks have found within the last second."""
        with self._lock:
            if self._found is None or time.monotonic() - self._found_at > HOLDS_SECONDS:
                self._found = self._look()
                self._found_at = time.monotonic()
            return self._found

    def _look(self) -> Readiness:
        if self._threads is None:
            self._threads = ThreadPoolExecutor(len(self.checks), "readiness")
        for name, check in self.checks.items():
            # One that hangs is not asked a second time beside itself.
            if name not in self._running:
                self._running[name] = self._threads.submit(check)
        end = time.monotonic() + self.deadline
        found: dict[str, Check] = {}
        for name in self.checks:
            found |= self._result(name, max(end - time.monotonic(), 0.0))
        return Readiness(found)

    def _result(self, name: str, seconds: float) -> Mapping[str, Check]:
        try:
            found = self._running[name].result(seconds)
        except TooSlow:
            state = State.DEGRADED if name in NOT_NEEDED else State.FAILED
            return {name: Check(state, "no_answer", f"No answer within {self.deadline:g} s.")}
        except Exception as error:
            # Whatever it was: a probe that fails by a stack trace would say nothing, and too much.
            del self._running[name]
            return {name: Check(State.FAILED, "failed", f"The check itself failed: {type(error).__name__}.")}
        del self._running[name]
        return found


def check_database() -> Mapping[str, Check]:
    """Ask the database by a connection of its own, which a pool that is used up does not hold back."""
    try:
        with _connected() as database, database.cursor() as cursor:
            cursor.execute(f"SET LOCAL statement_timeout = '{DEADLINE_SECONDS:.0f}s'")
            cursor.execute(_STANDING)
            row = cursor.fetchone()
            assert row is not None
            applied = _applied(cursor) if row[0] else set()
    except psycopg.Error as error:
        return {"database": Check(State.FAILED, "out_of_reach", f"It does not answer: {type(error).__name__}.")}
    return {"database": OK, "migrations": _migrations(applied), "role": _role(*row[1:])}


def _applied(cursor: psycopg.Cursor[Any]) -> set[tuple[str, str]]:
    cursor.execute("SELECT app, name FROM django_migrations")
    return set(cursor.fetchall())


def _connected() -> psycopg.Connection[Any]:
    parameters = dict(connection.get_connection_params())
    for name in ("cursor_factory", "context", "prepare_threshold"):
        parameters.pop(name, None)
    return psycopg.connect(**parameters | {"connect_timeout": int(DEADLINE_SECONDS)})


# Whether the tables are there, whether who is connected could change them, and whether it may do what an order needs.
_STANDING = """
SELECT to_regclass('django_migrations') IS NOT NULL,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
       (SELECT pg_has_role(relowner, 'USAGE') FROM pg_class WHERE oid = to_regclass('django_migrations')),
       (SELECT has_table_privilege(oid, 'INSERT') FROM pg_class WHERE oid = to_regclass('trading_instruction')),
       pg_is_in_recovery()
"""


def _role(is_superuser: bool, is_owner: bool | None, may_write: bool | None, is_standby: bool) -> Check:
    if is_standby:
        return Check(State.FAILED, "standby", "This database is a standby: it can only be read.")
    if is_superuser or is_owner:
        detail = "Who is connected could change the schema. Work as the application's role: manage.py database_roles."
        return Check(State.DEGRADED, "too_many_rights", detail)
    if not may_write:
        return Check(State.FAILED, "rights_missing", "Rights are missing: run manage.py database_roles as the owner.")
    return OK


def _migrations(applied: set[tuple[str, str]]) -> Check:
    missing = sorted(set(_newest_migrations()) - applied)
    if missing:
        names = ", ".join(f"{app} {name}" for app, name in missing)
        return Check(State.FAILED, "migrations_missing", f"Run manage.py migrate. Not applied: {names}.")
    return OK


@functools.cache
def _newest_migrations() -> tuple[tuple[str, str], ...]:
    """Return the last migration of each app, from the files: those before it were applied where it was."""
    return tuple(MigrationLoader(None).graph.leaf_nodes())


def check_redis() -> Mapping[str, Check]:
    """Ask Redis. Without it nothing is lost and little is slower: orders are taken in, and markets woken by the sweep."""
    try:
        _redis().ping()
    except redis.RedisError as error:
        detail = f"It does not answer ({type(error).__name__}): wake-ups, streams and rate limits are away."
        return {"redis": Check(State.DEGRADED, "out_of_reach", detail)}
    return {"redis": OK}


@functools.cache
def _redis() -> redis.Redis:
    return hint_client()


def check_disk() -> Mapping[str, Check]:
    """Look how much room there is for documents."""
    return {"disk": room_in(Path(settings.DOCUMENTS_DIR))}


def room_in(folder: Path) -> Check:
    """Return whether a folder, or what is there of the way to it, has room left."""
    place = next(each for each in (folder, *folder.parents) if each.exists())
    usage = shutil.disk_usage(place)
    free = usage.free / usage.total
    if free < LEAST_FREE and usage.free < LEAST_FREE_BYTES:
        return Check(State.FAILED, "no_room", f"{free:.1%} is free.")
    if free < 5 * LEAST_FREE:
        return Check(State.DEGRADED, "little_room", f"{free:.1%} is free.")
    return OK


CHECKS: Checks = {"database": check_database, "redis": check_redis, "disk": check_disk}
prober = Prober(CHECKS)
