"""Samples over time: memory of every process, what waits, how far the markets and the log are, how large the tables are."""

import contextlib
import threading
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import NamedTuple

import psycopg

from tests.soak.chaos import children_of
from tests.soak.grounds import Grounds

SAMPLE_SECONDS = 1.0
MEMORY_SECONDS = 5.0
TABLES_SECONDS = 15.0
_PROGRESS = """
    SELECT (SELECT sum(last_sequence) FROM trading_market),
           (SELECT coalesce(max(id), 0) FROM trading_trade),
           (SELECT coalesce(max(tree_size), 0) FROM ledger_checkpoint),
           (SELECT count(*) FROM trading_instruction),
           (SELECT min(id) FROM trading_instruction),
           (SELECT count(*) FROM ledger_unsequencedrecord),
           (SELECT min(record_id) FROM ledger_unsequencedrecord)
"""
# What is dead of a table that lives by being written and emptied is what slows its readers down.
_TABLES = """
    SELECT relname, n_live_tup, n_dead_tup, pg_total_relation_size(relid), autovacuum_count
      FROM pg_stat_user_tables
     WHERE n_live_tup + n_dead_tup > 0 AND pg_total_relation_size(relid) > 65536
"""


class Memory(NamedTuple):
    """What a process has at a time; of PostgreSQL's and Redis's processes without what they share."""

    at: float
    program: str
    process_id: int
    mb: float


class Progress(NamedTuple):
    """How far the product is at a time, and what waits: how many, and for how long the oldest has."""

    at: float
    executed: int
    trade_id: int
    tree_size: int
    instructions: int
    instruction_seconds: float
    records: int
    record_seconds: float


class Table(NamedTuple):
    """A table at a time."""

    at: float
    name: str
    live: int
    dead: int
    bytes: int
    vacuums: int


@dataclass
class Waiting:
    """The oldest of a queue, and since when it is: by a clock of our own, since the product's may be set back."""

    oldest: int | None = None
    since: float = 0.0

    def seconds(self, oldest: int | None, now: float) -> float:
        """Return for how long the oldest has been seen to wait."""
        if oldest is None or oldest != self.oldest:
            self.oldest, self.since = oldest, now
        return 0.0 if oldest is None else now - self.since


@dataclass
class Sampler:
    """Takes samples in a thread of its own, from `start` to `stop`."""

    grounds: Grounds
    memory: list[Memory] = field(default_factory=list)
    progress: list[Progress] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    _instructions: Waiting = field(default_factory=Waiting)
    _records: Waiting = field(default_factory=Waiting)
    _due: dict[str, float] = field(default_factory=dict)
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, name="sampler", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Take no more."""
        self._ended.set()
        assert self._thread is not None
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.is_set():
            # PostgreSQL is away now and again; and what is asked is what it says when it is back.
            with contextlib.suppress(psycopg.Error):
                self._sample()
            self._take_memory()
            self._ended.wait(SAMPLE_SECONDS)

    def _sample(self) -> None:
        url = self.grounds.owner_url
        with psycopg.connect(url, autocommit=True, connect_timeout=2, application_name="soak") as connection:
            while not self._ended.wait(SAMPLE_SECONDS):
                self._take_progress(connection)
                if self._is_due("tables", TABLES_SECONDS):
                    now = monotonic()
                    self.tables += [Table(now, *row) for row in connection.execute(_TABLES)]
                self._take_memory()

    def _is_due(self, name: str, seconds: float) -> bool:
        now = monotonic()
        if now < self._due.get(name, 0.0):
            return False
        self._due[name] = now + seconds
        return True

    def _take_progress(self, connection: "psycopg.Connection[tuple[int, ...]]") -> None:
        row = connection.execute(_PROGRESS).fetchone()
        assert row is not None
        now = monotonic()
        executed, trade_id, tree_size, instructions, instruction, records, record = row
        waits = self._instructions.seconds(instruction, now), self._records.seconds(record, now)
        self.progress.append(
            Progress(now, int(executed or 0), trade_id, tree_size, instructions, waits[0], records, waits[1])
        )

    def _take_memory(self) -> None:
        if not self._is_due("memory", MEMORY_SECONDS):
            return
        now = monotonic()
        for program, process_id in self.grounds.programs.running().items():
            for each in (process_id, *children_of(process_id)):
                self._add(now, program, each, resident_mb(each))
        for program, server in (("PostgreSQL", self.grounds.postgres), ("Redis", self.grounds.redis)):
            for each in family_of(server.process.pid):
                self._add(now, program, each, private_mb(each))

    def _add(self, now: float, program: str, process_id: int, mb: float) -> None:
        if mb:
            self.memory.append(Memory(now, program, process_id, mb))


def family_of(process_id: int) -> list[int]:
    """Return a process, and all that it has started and they have."""
    return [process_id, *(each for child in children_of(process_id) for each in family_of(child))]


def resident_mb(process_id: int) -> float:
    """Return how much memory a process has, 0 where it is gone."""
    return _sum_mb(Path(f"/proc/{process_id}/status"), ("VmRSS:",))


def private_mb(process_id: int) -> float:
    """Return how much memory a process has that is nobody else's, 0 where it is gone."""
    return _sum_mb(Path(f"/proc/{process_id}/smaps_rollup"), ("Private_Clean:", "Private_Dirty:"))


def _sum_mb(path: Path, names: tuple[str, ...]) -> float:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith(names)) / 1024
