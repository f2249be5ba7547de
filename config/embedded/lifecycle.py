"""Start what the environment does not give, and stop what was started."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from config import env
from config.embedded import postgres, redis
from config.embedded.launch import EmbeddedError, Say, write_private

LOCK_NAME = "embedded.lock"
STATE_NAME = "embedded.json"


@dataclass(frozen=True)
class Services:
    """The running database and broker."""

    database_url: str
    redis_url: str

    def environment(self) -> dict[str, str]:
        """Return what processes need in their environment to find the servers."""
        return {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}

    @property
    def pgbench(self) -> Path:
        """Return the path of PostgreSQL's own benchmark program."""
        return postgres.bin_dir() / "pgbench"


@contextmanager
def services(
    var_dir: Path, *, postgres_settings: Mapping[str, str] | None = None, say: Say = print
) -> Iterator[Services]:
    """Run PostgreSQL and Redis for this folder as long as the context lasts.

    DATABASE_URL and REDIS_URL in the environment take their places. `postgres_settings` go over our own.

    Raises: EmbeddedError, also where another process runs them for this folder.
    """
    var_dir = var_dir.resolve()
    with ExitStack() as stack:
        stack.enter_context(locked(var_dir))
        remember(var_dir, environment=None)
        database_url = env.text("DATABASE_URL", "")
        if not database_url:
            database_url = _start_postgres(var_dir, stack, postgres_settings or {}, say)
        redis_url = env.text("REDIS_URL", "")
        if not redis_url:
            redis_url = _start_redis(var_dir, stack, say)
        running = Services(database_url, redis_url)
        remember(var_dir, environment=running.environment())
        yield running


def attach(var_dir: Path) -> dict[str, str] | None:
    """Return the settings (DATABASE_URL …) of the product that runs in this folder; None where none does."""
    if not _is_locked(var_dir):
        return None
    found = remembered(var_dir).get("environment")
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else None


def remove(var_dir: Path) -> None:
    """Delete the folder, with its cluster wherever it is, after stopping what a killed starter left.

    Raises: EmbeddedError where the folder is in use.
    """
    var_dir = var_dir.resolve()
    with locked(var_dir):
        homes = [home for home in postgres.homes(var_dir) if home.is_dir()]
        if (var_dir / postgres.PASSWORD_NAME).exists() and any((home / "data").exists() for home in homes):
            postgres.stop_leftover(postgres.prepare(var_dir, lambda _message: None))
        if (password_file := var_dir / "redis-password").exists():
            redis.stop_leftover(password_file.read_text(encoding="utf-8").strip(), _port(var_dir, "redis_port"))
        for home in homes:
            shutil.rmtree(home)
        shutil.rmtree(var_dir)


def remembered(var_dir: Path) -> dict[str, object]:
    """Return what embedded.json holds: the ports of the last start."""
    try:
        found = json.loads((var_dir / STATE_NAME).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def remember(var_dir: Path, **changes: object) -> None:
    """Keep ports and the like in embedded.json for the next start."""
    write_private(var_dir / STATE_NAME, json.dumps(remembered(var_dir) | changes, indent=2) + "\n")


def _start_postgres(var_dir: Path, stack: ExitStack, settings: Mapping[str, str], say: Say) -> str:
    last_port = _port(var_dir, "postgres_port")
    server, url = postgres.start(var_dir, settings=settings, last_port=last_port, say=say)
    stack.callback(postgres.stop_fast, server)
    remember(var_dir, postgres_port=server.port)
    _say_port("PostgreSQL", server.port, postgres.FIRST_PORT, say)
    return url


def _start_redis(var_dir: Path, stack: ExitStack, say: Say) -> str:
    server, url = redis.start(var_dir, last_port=_port(var_dir, "redis_port"))
    stack.callback(redis.stop_saving, server)
    remember(var_dir, redis_port=server.port)
    _say_port("Redis", server.port, redis.FIRST_PORT, say)
    return url


def _say_port(name: str, port: int, usual: int, say: Say) -> None:
    if port != usual:
        say(f"{name} listens on port {port} instead of {usual}.")


def _port(var_dir: Path, name: str) -> int | None:
    port = remembered(var_dir).get(name)
    return port if isinstance(port, int) else None


@contextmanager
def locked(var_dir: Path) -> Iterator[None]:
    with _open_lock(var_dir) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            owner = lock.read().strip() or "unknown"
            raise EmbeddedError(
                f"Already running in {var_dir} (process {owner}): stop that one first, or use another folder."
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield


def _open_lock(var_dir: Path) -> TextIO:
    try:
        var_dir.mkdir(parents=True, exist_ok=True)
        return (var_dir / LOCK_NAME).open("a+", encoding="utf-8")
    except PermissionError as error:
        raise EmbeddedError(f"{error.filename} belongs to another user: start as that user, or remove it.") from error


def _is_locked(var_dir: Path) -> bool:
    try:
        with (var_dir / LOCK_NAME).open(encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False
