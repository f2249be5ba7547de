"""A product of its own to do harm to: servers that may be killed, and programs that are started again.

The servers have their ordinary, durable settings: what is tested is what survives.
"""

import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from config import embedded
from config.embedded import Services, lifecycle, postgres, redis
from config.embedded.launch import Server, stop
from config.processes import Processes, run_to_end
from config.run import BASE_DIR, application_login, environment_for, programs
from tests import ports

STEPPING_CLOCK = ("env", "DJANGO_SETTINGS_MODULE=tests.stepping_clock")
# A second one for the same market, which a product never has: they are to take turns.
SECOND = "match-0-too"
PROGRAMS = ("web", "stream", "worker", "match-0", SECOND, "audit", "sending", "beat")
# Some statements by lot into the log, with how long they took and a number for all that differ by their values alone.
TIMES_STATEMENTS = {
    "log_min_duration_sample": "0",
    "log_statement_sample_rate": "0.03",
    "log_parameter_max_length": "0",
    "compute_query_id": "on",
    "log_line_prefix": "%n %Q ",
}
# Everybody here comes from one address; and who hammers is to find the end of the budget soon.
RATES = {"RATE_READS": "300/60", "RATE_VISITORS": "6000/60"}
OF_OTHERS = ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL", "LOG_SIGNING_KEY_FILE", "DJANGO_SETTINGS_MODULE")


class QuietProcesses(Processes):
    """Programs that write into a file: while servers are killed they have much to say."""

    log: BinaryIO

    def _read(self, name: str, process: "object") -> None:
        with contextlib.suppress(ValueError):
            for line in process.stdout:  # type: ignore[attr-defined]
                self.log.write(f"{name:<12} ".encode() + line)
                self.log.flush()

    def take_ended(self) -> list[tuple[str, int]]:
        """Return which programs have ended by themselves, each with its exit status, and forget them."""
        found = [(name, status) for name, process in self._running.items() if (status := process.poll()) is not None]
        for name, _status in found:
            del self._running[name]
        return found

    def running(self) -> dict[str, int]:
        """Return the numbers of the processes of all programs."""
        return {name: process.pid for name, process in list(self._running.items())}

    def process_id(self, name: str) -> int:
        """Return the number of a program's process, which leads its group."""
        return self._running[name].pid

    def kill(self, name: str) -> None:
        """Kill a program and all that it has started; it is gone when this returns."""
        process = self._running[name]
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self._running.pop(name)


@dataclass
class Grounds:
    """The servers and programs, of which each may be killed and started again by itself."""

    var: Path
    environment: dict[str, str]
    postgres: Server
    redis: Server
    programs: QuietProcesses
    # As whom PostgreSQL's owner logs in; the programs are not told.
    owner_url: str
    postgres_settings: Mapping[str, str]
    # Whether the folder is to be looked at afterwards.
    is_kept: bool = False

    @property
    def web_port(self) -> int:
        return int(self.environment["WEB_PORT"])

    @property
    def stream_port(self) -> int:
        return int(self.environment["STREAM_PORT"])

    def start(self, name: str, *, on_stepping_clock: bool = False) -> None:
        """Start one of PROGRAMS."""
        commands = programs(self.environment)
        command: Sequence[str] = commands.get(name) or [*commands["match-0"], "-n", "second@%h"]
        if on_stepping_clock:
            command = [*STEPPING_CLOCK, *command]
        self.programs.start(name, command)

    def stop_postgres(self, number: signal.Signals) -> None:
        """Stop PostgreSQL: in order (SIGINT), or as if the machine had gone (SIGQUIT: `pg_ctl stop -m immediate`)."""
        stop(self.postgres, [(number, 30.0)])

    def start_postgres(self) -> None:
        """Start PostgreSQL again, at its port; it recovers what it has to."""
        self.postgres = start_postgres(self.var, self.postgres.port, self.postgres_settings)

    def kill_redis(self) -> None:
        """Kill Redis; nothing of what it held will be there again."""
        self.redis.process.kill()
        self.redis.process.wait()
        shutil.rmtree(self.var / "redis")

    def start_redis(self) -> None:
        """Start Redis again, at its port, empty."""
        self.redis, _url = redis.start(self.var, last_port=self.redis.port)


def start_postgres(var: Path, last_port: int | None, settings: Mapping[str, str]) -> Server:
    """Start PostgreSQL on a folder."""
    server, _url = postgres.start(var, settings=settings, last_port=last_port, say=lambda _message: None)
    assert last_port in (None, server.port), "the port of last time was taken"
    return server


@contextlib.contextmanager
def grounds(var: Path, settings: Mapping[str, str] | None = None) -> Iterator[Grounds]:
    """Have an empty product with its schema on servers of its own; `settings` are PostgreSQL's, over the usual ones.

    The folder is gone afterwards, unless it is to be looked at, or something was raised.
    """
    for name in OF_OTHERS:
        os.environ.pop(name, None)
    ports.give_servers_their_own()
    embedded.remove(var)
    with contextlib.ExitStack() as stack:
        stack.enter_context(lifecycle.locked(var.resolve()))
        found = _start(var, stack, TIMES_STATEMENTS | dict(settings or {}))
        os.environ.update(found.environment)
        yield found
    if not found.is_kept:
        embedded.remove(var)


def _start(var: Path, stack: contextlib.ExitStack, settings: Mapping[str, str]) -> Grounds:
    server, database_url = postgres.start(var, settings=settings, last_port=None, say=lambda _message: None)
    # Whichever runs in the end; what is gone by then is passed over.
    stack.callback(postgres.stop_fast, server)
    broker, redis_url = redis.start(var, last_port=None)
    stack.callback(redis.stop_saving, broker)
    embedded.remember(var, postgres_port=server.port, redis_port=broker.port)
    services = Services(database_url, redis_url)
    web = embedded.free_port(ports.own(18_300))
    owner = environment_for(var, services) | application_login(var, services)
    for command in ("migrate", "database_roles"):
        words = [sys.executable, "manage.py", command, "--verbosity", "0"]
        assert run_to_end(words, folder=BASE_DIR, environment=owner) == 0, command
    environment = {name: value for name, value in owner.items() if name != "MIGRATIONS_DATABASE_URL"} | {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        **RATES,
        "WEB_PORT": str(web),
        "STREAM_PORT": str(embedded.free_port(web + 1)),
    }
    processes = QuietProcesses(BASE_DIR, environment)
    found = Grounds(var, environment, server, broker, processes, database_url, settings)
    stack.callback(lambda: postgres.stop_fast(found.postgres))
    stack.callback(lambda: redis.stop_saving(found.redis))
    processes.log = stack.enter_context((var / "programs.log").open("wb"))
    stack.callback(processes.stop)
    return found
