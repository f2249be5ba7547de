"""Something is killed every few moments, by a seed; whoever looks after programs and servers starts it again, no more."""

import os
import random
import signal
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Thread
from time import sleep

import psycopg
import redis

from tests.soak.grounds import SECOND, Grounds
from tests.soak.watch import Watch

GOES_ON_SECONDS = 45.0
"""A market that has not gone on for so long after what was killed is up again stands still."""
# What a short run has time for comes first.
FIRST = (
    "both workers of the market killed",
    "web killed",
    "PostgreSQL restarted",
    "PostgreSQL stopped at once, recovered",
    "Redis killed, started empty",
)
CLOCK = "programs started with a clock that is set back"


@dataclass
class Chaos:
    """Does harm in a thread of its own: every kind once in each round, in an order drawn by lot.

    At first come those of FIRST, and none is left out when it is stopped before.
    """

    grounds: Grounds
    watch: Watch
    seed: int
    pause_seconds: float
    kills: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._lot = random.Random(self.seed)
        self._ended = Event()
        self._resting = Event()
        self._thread = Thread(target=self._run, name="chaos", daemon=True)
        self._quiet = Event()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Let what is under way be ended; all is up when this returns."""
        self._ended.set()
        self._thread.join()

    def rest(self) -> None:
        """Do no harm until `go_on`; all is up when this returns."""
        self._resting.set()
        self._quiet.wait()

    def go_on(self) -> None:
        self._quiet.clear()
        self._resting.clear()

    def _run(self) -> None:
        try:
            for name, harm in self._lots():
                self._ended.wait(self.pause_seconds * self._lot.uniform(0.3, 1.7))
                self._pause()
                if self._ended.is_set() and self.kills.keys() >= set(FIRST):
                    return
                self._do(name, harm)
        except Exception as error:
            self.failures.append(f"who does the harm has failed: {error!r}")
        finally:
            self._quiet.set()

    def _lots(self) -> Iterator[tuple[str, Callable[[], None]]]:
        kinds = self.kinds()
        lots = self._lot.sample(FIRST, len(FIRST))
        lots += self._lot.sample(sorted(kinds.keys() - set(FIRST)), len(kinds) - len(FIRST))
        while True:
            yield from ((name, kinds[name]) for name in lots)
            lots = self._lot.sample(list(kinds), len(kinds))

    def _pause(self) -> None:
        while self._resting.is_set() and not self._ended.is_set():
            self._quiet.set()
            sleep(0.05)

    def _do(self, name: str, harm: Callable[[], None]) -> None:
        self.watch.last_kill = name
        self.kills[name] += 1
        harm()
        if not self.watch.wait_until_it_goes_on(GOES_ON_SECONDS):
            self.failures.append(f"the market stands still after: {name}")
        for program, status in self.grounds.programs.take_ended():
            # The product's own starter would now stop everything.
            self.failures.append(f"{program} ended by itself (status {status}) after: {name}")
            self._start(program)

    def kinds(self) -> dict[str, Callable[[], None]]:
        """Return what may be done, by its name in the report."""
        return {
            "market's worker killed": lambda: self._kill("match-0"),
            "market's second worker killed": lambda: self._kill(SECOND),
            "both workers of the market killed": lambda: self._kill("match-0", SECOND),
            "worker stopped for a while": self._freeze_worker,
            "worker of other tasks killed": lambda: self._kill("worker"),
            "beat killed": lambda: self._kill("beat"),
            "web killed": lambda: self._kill("web"),
            "one process of web killed": self._kill_part_of_web,
            "stream killed": lambda: self._kill("stream"),
            "PostgreSQL restarted": lambda: self._restart_postgres(signal.SIGINT),
            "PostgreSQL stopped at once, recovered": lambda: self._restart_postgres(signal.SIGQUIT),
            "PostgreSQL's process of the worker killed": self._kill_backend,
            "Redis killed, started empty": self._replace_redis,
            "Redis emptied": self._empty_redis,
            "Redis and the workers killed": self._replace_redis_and_workers,
        }

    def _while_down(self) -> None:
        sleep(self._lot.uniform(0.0, 1.0))

    def _kill(self, *names: str) -> None:
        for name in names:
            self.grounds.programs.kill(name)
        self._while_down()
        for name in names:
            self._start(name)

    def _start(self, name: str) -> None:
        steps = self._lot.random() < 0.3
        self.kills[CLOCK] += steps
        self.grounds.start(name, on_stepping_clock=steps)

    def _freeze_worker(self) -> None:
        process_id = self.grounds.programs.process_id("match-0")
        os.killpg(process_id, signal.SIGSTOP)
        self._while_down()
        os.killpg(process_id, signal.SIGCONT)

    def _kill_part_of_web(self) -> None:
        parts = children_of(self.grounds.programs.process_id("web"))
        if parts:
            os.kill(self._lot.choice(parts), signal.SIGKILL)

    def _restart_postgres(self, number: signal.Signals) -> None:
        self.grounds.stop_postgres(number)
        self._while_down()
        self.grounds.start_postgres()

    def _kill_backend(self) -> None:
        """Kill the process that serves whoever works most: PostgreSQL then starts all others anew, and recovers."""
        with psycopg.connect(self.grounds.owner_url, autocommit=True) as connection:
            row = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
                " ORDER BY xact_start NULLS LAST LIMIT 1"
            ).fetchone()
        if row is not None:
            os.kill(row[0], signal.SIGKILL)

    def _replace_redis(self) -> None:
        self.grounds.kill_redis()
        self._while_down()
        self.grounds.start_redis()

    def _empty_redis(self) -> None:
        with redis.Redis.from_url(self.grounds.environment["REDIS_URL"]) as client:
            client.flushall()

    def _replace_redis_and_workers(self) -> None:
        self.grounds.kill_redis()
        self._kill("match-0", SECOND)
        self.grounds.start_redis()


def children_of(process_id: int) -> list[int]:
    """Return the numbers of the processes that a process has started."""
    try:
        tasks = list(Path(f"/proc/{process_id}/task").iterdir())
        return [int(child) for task in tasks for child in (task / "children").read_text().split()]
    except FileNotFoundError:
        return []
