"""Start and stop one server process; find free ports; keep private files."""

import os
import secrets
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from config.embedded.account import Account

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
PORTS_TRIED = 200
LOG_TAIL_BYTES = 2_000

Say = Callable[[str], None]


class EmbeddedError(RuntimeError):
    """An embedded service cannot start or stop; the message says what to do."""


class PortTakenError(EmbeddedError):
    """Another process took the port between our look and our start."""


@dataclass(frozen=True)
class Server:
    """A server process that we started."""

    name: str
    process: subprocess.Popen[bytes]
    port: int
    log: Path

    def has_ended(self) -> bool:
        """Tell whether the process is gone."""
        return self.process.poll() is not None

    def failure(self) -> EmbeddedError:
        """Return the error for a server that ended or never answered, with the end of its log."""
        if self.has_ended() and not is_free(self.port):
            return PortTakenError(f"{self.name}: port {self.port} was taken meanwhile.")
        tail = self.log.read_bytes()[-LOG_TAIL_BYTES:].decode("utf-8", "replace").strip()
        return EmbeddedError(f"{self.name} did not start. Its log, {self.log}, ends:\n{tail}")


@contextmanager
def signals_deferred() -> Iterator[None]:
    """Hold stop signals back, so that no process starts without its number being kept."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        received.append(number)

    before = {number: signal.signal(number, note) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
        if received:
            signal.raise_signal(received[0])


def launch(name: str, command: Sequence[str], *, port: int, log: Path, cwd: Path, account: Account | None) -> Server:
    """Start a server in its own session, away from the terminal's signals, with only what it needs to see."""
    who = account.arguments() if account else {}
    with log.open("wb") as output, signals_deferred():
        process = subprocess.Popen(  # type: ignore[call-overload]
            command,
            cwd=cwd,
            env=bare_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            **who,
        )
        return Server(name, process, port, log)


def bare_environment() -> dict[str, str]:
    """Return an environment in which no PG… or locale setting of the user reaches a server."""
    kept = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH")
    return {"LC_ALL": "C", "TZ": "UTC"} | {name: os.environ[name] for name in kept if name in os.environ}


def wait_until(ready: Callable[[], bool], server: Server, *, seconds: float) -> None:
    """Wait until `ready` says so.

    Raises: EmbeddedError where the server ends first, or takes longer.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        if server.has_ended() or time.monotonic() > deadline:
            raise server.failure()
        time.sleep(0.03)
    if server.has_ended():
        raise server.failure()


def stop(server: Server, steps: Iterable[tuple[signal.Signals, float]]) -> None:
    """Send each signal in turn, and wait its seconds, until the process is gone."""
    for number, seconds in (*steps, (signal.SIGKILL, 10.0)):
        if server.has_ended():
            return
        server.process.send_signal(number)
        try:
            server.process.wait(seconds)
        except subprocess.TimeoutExpired:
            continue


def is_free(port: int, host: str = "127.0.0.1") -> bool:
    """Tell whether a server could listen on the port now."""
    with socket.socket() as probe:
        # As servers do: a connection that lingers from the last run is no obstacle.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def candidate_ports(first: int, last_used: int | None) -> Iterator[int]:
    """Yield the port of last time, then the first one and those after it, as far as they are free."""
    following = range(first, min(first + PORTS_TRIED, 65_536))
    for port in ([last_used] if last_used else []) + [port for port in following if port != last_used]:
        if is_free(port):
            yield port


def free_port(first: int, last_used: int | None = None) -> int:
    """Return the port of last time if it is free, or the first free one from `first` on.

    Raises: EmbeddedError where none is.
    """
    for port in candidate_ports(first, last_used):
        return port
    raise EmbeddedError(f"No port is free from {first} to {first + PORTS_TRIED - 1}.")


def start_on_free_port(first: int, last_used: int | None, start: Callable[[int], Server]) -> Server:
    """Start a server on the first port that it gets: others may take one while it starts."""
    for port in candidate_ports(first, last_used):
        try:
            return start(port)
        except PortTakenError:
            continue
    raise EmbeddedError(f"No port is free from {first} to {first + PORTS_TRIED - 1}.")


def private_text(path: Path, make: Callable[[], str] = lambda: secrets.token_urlsafe(24)) -> str:
    """Return what the file holds; make it at first, readable to its owner only."""
    if not path.exists():
        write_private(path, make())
    return path.read_text(encoding="utf-8").strip()


def write_private(path: Path, content: str) -> None:
    """Write the file whole or not at all, with mode 0600 from its first moment."""
    draft = path.with_name(f"{path.name}.new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
    draft.replace(path)


def as_options(settings: Mapping[str, str]) -> list[str]:
    """Return PostgreSQL's command-line form of settings."""
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
