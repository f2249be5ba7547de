"""Run several programs as one: their output together, and one end for all."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from config.embedded import signals_deferred

# Celery lets a task finish for five seconds (CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT); this must be longer.
STOP_SECONDS = 15.0
LOOK_SECONDS = 0.2
WATCHDOG = Path(__file__).with_name("watchdog.py")


@dataclass
class Processes:
    """Programs that live and end together, each in a process group of its own.

    They end with us even where we are killed: a watchdog sees to that.
    """

    folder: Path
    environment: Mapping[str, str]
    _watchdog: subprocess.Popen[bytes] | None = None
    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _readers: list[threading.Thread] = field(default_factory=list)

    def start(self, name: str, command: Sequence[str]) -> None:
        """Start a program; Ctrl-C in the terminal does not reach it, only `stop` does."""
        with signals_deferred():
            process = subprocess.Popen(
                command,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self._running[name] = process
            self._watch(process)
        reader = threading.Thread(target=self._read, args=(name, process), name=name, daemon=True)
        reader.start()
        self._readers.append(reader)

    def ended(self) -> tuple[str, int] | None:
        """Return the name and exit status of a program that has ended; None while all run."""
        for name, process in self._running.items():
            if (status := process.poll()) is not None:
                return name, status
        return None

    def wait(self) -> tuple[str, int]:
        """Wait until a program ends; return its name and exit status."""
        while (ended := self.ended()) is None:
            time.sleep(LOOK_SECONDS)
        return ended

    def stop(self) -> None:
        """Ask every program to end, and end what has not after STOP_SECONDS."""
        self._signal(signal.SIGTERM)
        deadline = time.monotonic() + STOP_SECONDS
        for process in self._running.values():
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                continue
        # Also what a program has left behind in its group.
        self._signal(signal.SIGKILL)
        for process in self._running.values():
            process.wait()
        self._stop_watchdog()
        for reader in self._readers:
            # A program that left its group may hold the pipe open: what it says is lost.
            reader.join(timeout=2.0)

    def _watch(self, process: subprocess.Popen[bytes]) -> None:
        if self._watchdog is None:
            self._watchdog = subprocess.Popen(
                # Isolated, without site packages: it starts in no time and imports nothing of ours.
                [sys.executable, "-I", "-S", str(WATCHDOG)],
                stdin=subprocess.PIPE,
                start_new_session=True,
            )
        assert self._watchdog.stdin is not None
        self._watchdog.stdin.write(f"{process.pid}\n".encode())
        self._watchdog.stdin.flush()

    def _stop_watchdog(self) -> None:
        if self._watchdog is None:
            return
        self._watchdog.kill()
        self._watchdog.communicate()
        self._watchdog = None

    def _signal(self, number: signal.Signals) -> None:
        for process in self._running.values():
            try:
                os.killpg(process.pid, number)
            except (ProcessLookupError, PermissionError):
                continue

    def _read(self, name: str, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        with process.stdout as output:
            for line in output:
                if line.strip():
                    write_line(f"{name:<8} {line.decode('utf-8', 'replace').rstrip()}")


def write_line(line: str) -> None:
    """Print a line; a closed terminal or pipe is no reason to stop."""
    try:
        print(line, flush=True)
    except (BrokenPipeError, OSError):
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115


def run_to_end(command: Sequence[str], *, folder: Path, environment: Mapping[str, str]) -> int:
    """Run one program to its end and return its exit status; it ends with us when we are stopped."""
    with signals_deferred():
        process = subprocess.Popen(command, cwd=folder, env=environment, start_new_session=True)
    try:
        return process.wait()
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            _wait_or_kill(process)


def _wait_or_kill(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
