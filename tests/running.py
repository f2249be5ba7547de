"""The product's own programs, run on the test's database: real processes, that can really be killed."""

import contextlib
import os
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path

from config.embedded import Services, free_port
from config.processes import Processes
from config.run import BASE_DIR, environment_for, programs
from tests import ports
from tests.database import application_url
from tests.servers import VAR


def test_environment() -> dict[str, str]:
    """Return the environment in which a program of the product works on the test's database."""
    return environment_for(Path(VAR), Services(application_url(), os.environ["REDIS_URL"]))


def commands(environment: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the product's programs, of web one process: each more takes seconds to come up, and its threads are enough."""
    found = programs(environment)
    web = found["web"]
    web[web.index("--workers") + 1] = "1"
    return found


@contextlib.contextmanager
def running(*names: str) -> Iterator[tuple[Processes, dict[str, str]]]:
    """Run some of the product's programs (web, stream, worker, match-0, beat) as long as the context lasts.

    The environment that is returned has WEB_PORT and STREAM_PORT.
    """
    web = free_port(ports.own(18_000))
    stream = free_port(web + 1)
    environment = test_environment() | {"WEB_PORT": str(web), "STREAM_PORT": str(stream)}
    if "stream" in names:
        environment["STREAM_URL"] = f"http://127.0.0.1:{stream}"
    processes = Processes(BASE_DIR, environment)
    try:
        for name, command in commands(environment).items():
            if name in names:
                processes.start(name, command)
        yield processes, environment
    finally:
        processes.stop()


def signal_program(processes: Processes, name: str, number: signal.Signals) -> None:
    """Send a signal to a running program and what it has started; after SIGKILL it is gone when this returns."""
    process = processes._running[name]
    os.killpg(process.pid, number)
    if number == signal.SIGKILL:
        process.wait()


def end_program(processes: Processes, name: str, *, seconds: float = 60.0) -> None:
    """Ask a running program to end, as every restart does: it ends in order, and within so many seconds."""
    process = processes._running.pop(name)
    os.killpg(process.pid, signal.SIGTERM)
    assert process.wait(timeout=seconds) == 0


def start_again(processes: Processes, environment: dict[str, str], name: str) -> None:
    """Start a program that has been killed."""
    processes.start(name, commands(environment)[name])
