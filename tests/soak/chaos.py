"""Faults by a seed: what happens when is drawn beforehand; whoever looks after programs and servers starts them again, no more."""

import os
import random
import signal
from collections.abc import Callable, Collection, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Event, Thread
from time import monotonic, sleep
from typing import Any

import psycopg
import redis

from tests.soak.grounds import SECOND, Grounds
from tests.soak.watch import Watch

RECOVERED_SECONDS = 120.0
"""What has not recovered by then, after what was killed is up again, stands still."""
# What a short run has time for comes first.
FIRST = (
    "both workers of the market killed",
    "web killed",
    "PostgreSQL stopped at once, recovered",
    "Redis killed, started empty",
)
# What leaves every process alive.
ENDS_NOTHING = (
    "market's worker stopped for a while",
    "worker of other tasks stopped for a while",
    "web stopped for a while",
    "stream stopped for a while",
    "Redis emptied",
    "Redis stopped for a while",
)
CLOCK_SHARE = 0.3
"""How often what is started again has a clock that is set back."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A fault to come: when, what, for how long something is down, and whether it starts again with its clock set back."""

    at_seconds: float
    name: str
    down_seconds: float
    is_clock_back: bool
    draw: float

    def __str__(self) -> str:
        clock = ", clock set back" if self.is_clock_back else ""
        return f"{self.at_seconds:7.1f} s  {self.name} (down {self.down_seconds:.1f} s{clock})"


@dataclass(slots=True)
class Fault:
    """One that has happened. Times are of the monotonic clock; `recovered` are seconds from its beginning to each sign of life."""

    name: str
    began_at: float
    is_clock_back: bool
    up_at: float = 0.0
    over_at: float = 0.0
    recovered: dict[str, float] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """Return how long it took until everything went on again."""
        return self.over_at - self.began_at


def plan_faults(
    seed: int,
    seconds: float,
    pause_seconds: float,
    first_pause_seconds: float,
    *,
    calm_from: float = float("inf"),
    only: Collection[str] = (),
) -> list[Planned]:
    """Return what is to happen: each kind once in each round, in an order drawn by lot, those of FIRST before all others.

    `only` are the kinds there are; all of them where none is named. From `calm_from` on nothing that runs is ended any more: what leaks needs time to show.
    """
    lot, at, found = random.Random(seed), first_pause_seconds, []
    for drawn in _names(lot, only):
        if at >= seconds and len(found) >= len(FIRST):
            return found
        name = lot.choice(ENDS_NOTHING) if at >= calm_from and drawn not in ENDS_NOTHING else drawn
        found.append(Planned(at, name, lot.uniform(0.1, 1.2), lot.random() < CLOCK_SHARE, lot.random()))
        at += pause_seconds * lot.uniform(0.4, 1.6)
    raise AssertionError("there is always another round")


def _names(lot: random.Random, only: Collection[str]) -> Iterator[str]:
    kinds = sorted(only or KINDS)
    first, rest = (
        [name for name in kinds if name in FIRST],
        [name for name in kinds if name not in FIRST],
    )
    names = lot.sample(first, len(first)) + lot.sample(rest, len(rest))
    while True:
        yield from names
        names = lot.sample(kinds, len(kinds))


class Chaos:
    """Does harm in a thread of its own, by a plan. The next fault comes when the one before it is over."""

    def __init__(self, grounds: Grounds, watch: Watch, plan: list[Planned], began_at: float) -> None:
        self.grounds, self.watch, self.plan = grounds, watch, plan
        self.faults: list[Fault] = []
        self.failures: list[str] = []
        self._began_at = began_at
        self._ended, self._aborted, self._resting, self._quiet = Event(), Event(), Event(), Event()
        self._thread = Thread(target=self._run, name="chaos", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """Let what is under way be ended, and what a short run must have; all is up when this returns."""
        self._ended.set()
        self._thread.join()

    def abort(self) -> None:
        """Begin nothing any more; whatever was down is up, or is being stopped, when this returns."""
        self._aborted.set()
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join()

    def rest(self) -> None:
        """Do no harm until `go_on`; all is up when this returns."""
        self._resting.set()
        self._quiet.wait()

    def go_on(self) -> None:
        """Do harm again."""
        self._quiet.clear()
        self._resting.clear()

    def as_json(self) -> list[dict[str, Any]]:
        """Return the faults, as a report has them: in seconds from the beginning."""
        began = self._began_at
        return [
            asdict(each)
            | {name: getattr(each, name) - began for name in ("began_at", "up_at", "over_at")}
            | {"seconds": each.seconds}
            for each in self.faults
        ]

    def _run(self) -> None:
        try:
            for number, planned in enumerate(self.plan):
                self._wait_for(planned)
                if self._aborted.is_set() or (self._ended.is_set() and number >= len(FIRST)):
                    return
                self._do(planned)
        except Exception as error:
            self.failures.append(f"who does the harm has failed: {error!r}")
        finally:
            self._quiet.set()

    def _wait_for(self, planned: Planned) -> None:
        while (left := self._began_at + planned.at_seconds - monotonic()) > 0 and not self._ended.is_set():
            self._pause()
            self._ended.wait(min(left, 0.2))
        self._pause()

    def _pause(self) -> None:
        while self._resting.is_set() and not self._ended.is_set():
            self._quiet.set()
            sleep(0.05)

    def _do(self, planned: Planned) -> None:
        fault = Fault(planned.name, monotonic(), planned.is_clock_back)
        self.faults.append(fault)
        self.watch.last_fault = planned.name
        KINDS[planned.name](self, planned)
        fault.up_at = monotonic()
        for program, status in self.grounds.programs.take_ended():
            # The product's own starter would now stop everything.
            self.failures.append(f"{program} ended by itself (status {status}) after: {planned.name}")
            self.grounds.start(program)
        seconds = 0.0 if self._aborted.is_set() else RECOVERED_SECONDS
        for sign, at in self.watch.wait_until_all_goes_on(seconds, self._aborted).items():
            fault.recovered[sign] = at - fault.began_at
            if at == float("inf"):
                self.failures.append(f"nothing is {sign} any more after: {planned.name}")
        fault.over_at = monotonic()

    def kill(self, planned: Planned, *names: str) -> None:
        """Kill programs, and start them again after a while."""
        for name in names:
            self.grounds.programs.kill(name)
        sleep(planned.down_seconds)
        for name in names:
            self.grounds.start(name, on_stepping_clock=planned.is_clock_back)

    def freeze(self, planned: Planned, *names: str) -> None:
        """Stop programs, and let them go on after a while, as on a machine that is too busy."""
        process_ids = [self.grounds.programs.process_id(name) for name in names]
        for process_id in process_ids:
            os.killpg(process_id, signal.SIGSTOP)
        sleep(3 * planned.down_seconds)
        for process_id in process_ids:
            os.killpg(process_id, signal.SIGCONT)

    def kill_part_of_web(self, planned: Planned) -> None:
        """Kill one of the processes that answer."""
        parts = children_of(self.grounds.programs.process_id("web"))
        if parts:
            os.kill(parts[int(planned.draw * len(parts))], signal.SIGKILL)

    def restart_postgres(self, planned: Planned, number: signal.Signals) -> None:
        """Stop PostgreSQL by a signal, and start it again."""
        self.grounds.stop_postgres(number)
        sleep(planned.down_seconds)
        self.grounds.start_postgres()

    def kill_backend(self, _planned: Planned) -> None:
        """Kill the process that serves whoever works most: PostgreSQL then starts all others anew, and recovers."""
        with psycopg.connect(self.grounds.owner_url, autocommit=True) as connection:
            row = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
                " ORDER BY xact_start NULLS LAST LIMIT 1"
            ).fetchone()
        if row is not None:
            os.kill(row[0], signal.SIGKILL)

    def end_sessions(self, _planned: Planned) -> None:
        """End every session of the application, as an operator or a proxy in between may."""
        with psycopg.connect(self.grounds.owner_url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE backend_type = 'client backend' AND usename <> current_user"
            )

    def replace_redis(self, planned: Planned, *names: str) -> None:
        """Kill Redis with all that it holds, and programs at the same time, and start them again."""
        self.grounds.kill_redis()
        if names:
            self.kill(planned, *names)
        else:
            sleep(planned.down_seconds)
        self.grounds.start_redis()

    def empty_redis(self, _planned: Planned) -> None:
        """Take away all that Redis holds while it runs."""
        with redis.Redis.from_url(self.grounds.environment["REDIS_URL"]) as client:
            client.flushall()

    def freeze_redis(self, planned: Planned) -> None:
        """Let Redis not answer for a while."""
        process = self.grounds.redis.process
        process.send_signal(signal.SIGSTOP)
        sleep(3 * planned.down_seconds)
        process.send_signal(signal.SIGCONT)


Harm = Callable[[Chaos, Planned], None]


def _killed(*names: str) -> Harm:
    return lambda chaos, planned: chaos.kill(planned, *names)


def _frozen(*names: str) -> Harm:
    return lambda chaos, planned: chaos.freeze(planned, *names)


KINDS: dict[str, Harm] = {
    "market's worker killed": _killed("match-0"),
    "market's second worker killed": _killed(SECOND),
    "both workers of the market killed": _killed("match-0", SECOND),
    "market's worker stopped for a while": _frozen("match-0"),
    "worker of other tasks killed": _killed("worker"),
    "worker of other tasks stopped for a while": _frozen("worker"),
    "workers of long tasks killed": _killed("audit", "sending"),
    "beat killed": _killed("beat"),
    "web killed": _killed("web"),
    "web stopped for a while": _frozen("web"),
    "one process of web killed": Chaos.kill_part_of_web,
    "stream killed": _killed("stream"),
    "stream stopped for a while": _frozen("stream"),
    "PostgreSQL restarted": lambda chaos, planned: chaos.restart_postgres(planned, signal.SIGINT),
    "PostgreSQL stopped at once, recovered": lambda chaos, planned: chaos.restart_postgres(planned, signal.SIGQUIT),
    "PostgreSQL's process of the worker killed": Chaos.kill_backend,
    "PostgreSQL's sessions ended": Chaos.end_sessions,
    "Redis killed, started empty": Chaos.replace_redis,
    "Redis emptied": Chaos.empty_redis,
    "Redis stopped for a while": Chaos.freeze_redis,
    "Redis and the workers killed": lambda chaos, planned: chaos.replace_redis(planned, "match-0", SECOND, "worker"),
}
"""What may happen, by its name in the report."""


def children_of(process_id: int) -> list[int]:
    """Return the numbers of the processes that a process has started."""
    try:
        tasks = list(Path(f"/proc/{process_id}/task").iterdir())
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except (FileNotFoundError, ProcessLookupError):
        return []
