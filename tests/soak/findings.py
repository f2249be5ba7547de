"""What was measured, and what is judged of it: the figures of a report."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from tests.soak.judge import (
    REQUEST_SLOWER_BY_MS,
    Growth,
    Slowing,
    Window,
    by_name,
    growth,
    most_grown,
    slowing,
    window_of,
)
from tests.soak.sampler import Sampler
from tests.soak.statement_times import StatementTimes

SETTLING_SECONDS = 20.0
"""At first everything starts at once: nothing is judged by it."""
GROWS_WITH_ITS_TABLE: dict[str, str] = {
    "GET /trial-balance": "adds up every account there is",
}
"""What reads all there is by its nature, by words of it: how much longer it takes is said, and is no fault."""
SLOWEST_SHOWN = 25
OF_SESSIONS = "PostgreSQL"
"""A process of it is a session: the application ends each of the pages' after ten minutes, and begins another."""


class Tried(NamedTuple):
    """A request of somebody's; status 0 where it was not answered. Times are of the monotonic clock.

    Its connection had been idle for `idle_seconds` before, 0 where it was a new one.
    """

    kind: str
    operation: str
    status: int
    at: float
    seconds: float
    idle_seconds: float = 0.0


@dataclass
class Findings:
    """All that was measured between `start` and `end`, and what it comes to."""

    start: float
    end: float
    # Faults, each from its beginning to the recovery; and when all invariants were checked, which slows what else runs.
    faults: list[Window]
    checks: list[Window]
    tried: list[Tried]
    sampler: Sampler
    statements: StatementTimes
    problems: list[str] = field(default_factory=list)

    @property
    def windows(self) -> list[Window]:
        """Return what is marked in plots."""
        return [*self.faults, *self.checks]

    @cached_property
    def growths(self) -> list[Growth]:
        """Return how each program's memory grows; of PostgreSQL that of the session that grows most."""
        samples: dict[str, list[tuple[float, int, float]]] = {}
        for at, program, process_id, mb in self.sampler.memory:
            samples.setdefault(program, []).append((at, process_id, mb))
        return [
            most_grown(program, found, self.start, self.end)
            if program == OF_SESSIONS
            else growth(program, found, self.start, self.end)
            for program, found in sorted(samples.items())
        ]

    @cached_property
    def statement_slowings(self) -> list[Slowing]:
        """Return how long each kind of statement takes at the beginning and at the end, what takes longest in all first."""
        calm = [each for each in self.statements.timed if self._is_calm(each.at, each.at)]
        samples = by_name((each.number, (each.at, each.ms)) for each in calm)
        busiest = sorted(samples, key=lambda number: -sum(ms for _at, ms in samples[number]))
        start = self.start + SETTLING_SECONDS
        return [slowing(self.statements.text_of(number), samples[number], start, self.end) for number in busiest]

    @cached_property
    def request_slowings(self) -> list[Slowing]:
        """Return how long each kind of request takes at the beginning and at the end."""
        samples = by_name((each.operation, (each.at, each.seconds * 1_000)) for each in self._good())
        start = self.start + SETTLING_SECONDS
        return [
            slowing(operation, found, start, self.end, REQUEST_SLOWER_BY_MS)
            for operation, found in sorted(samples.items(), key=lambda item: -len(item[1]))
        ]

    @cached_property
    def failures(self) -> Counter[tuple[str, str, int]]:
        """Return how often requests failed, by the fault that was under way ("" for none), what was asked, and how it failed."""
        found: Counter[tuple[str, str, int]] = Counter()
        for each in self.tried:
            if each.status >= 500 or (each.status == 0 and each.kind != "faulty"):
                # What ended a kept connection while nothing was asked is seen by whoever asks next.
                since = each.at if each.status else each.at - each.idle_seconds
                window = window_of(self.faults, since, each.at + each.seconds)
                found[window or "", each.operation, each.status] += 1
        return found

    @cached_property
    def refusals(self) -> Counter[tuple[str, int]]:
        """Return how often what was asked for was refused, by what it was and how."""
        return Counter((each.operation, each.status) for each in self.tried if 400 <= each.status < 500)

    def bloat(self) -> dict[str, dict[str, int]]:
        """Return, of the tables that matter, the most dead rows that were seen, and what is there at the end."""
        found: dict[str, dict[str, int]] = {}
        for at, name, live, dead, size, vacuums in self.sampler.tables:
            if at < self.start:
                continue
            row = found.setdefault(name, {"most_dead": 0, "first_bytes": size})
            row |= {"live": live, "dead": dead, "bytes": size, "vacuums": vacuums}
            row["most_dead"] = max(row["most_dead"], dead)
        return dict(sorted(found.items(), key=lambda item: -item[1]["bytes"]))

    def judge(self) -> Iterator[str]:
        """Yield what is not as it must be."""
        for told in self.statements.deadlocks:
            yield f"a deadlock: {told.partition(chr(10))[0]}"
        for grown in self.growths:
            if grown.is_judged and not grown.is_flat:
                yield (
                    f"memory of {grown.program} grows by {grown.mb_an_hour:.0f} MB an hour"
                    f" ({grown.grown_mb:.1f} MB in the second half, of {grown.median_mb:.0f} MB)"
                )
        for what, slow in [("statement", each) for each in self.statement_slowings] + [
            ("request", each) for each in self.request_slowings
        ]:
            if slow.is_judged and slow.has_slowed and explanation_of(slow.name) is None:
                yield f"{what} takes {slow.ratio:.1f} times as long ({slow.first_ms:.2f} → {slow.last_ms:.2f} ms): {slow.name}"
        for (window, operation, status), count in sorted(self.failures.items()):
            if status not in (0, 503):
                yield f"{count} × {status} to {operation}, during: {window or 'nothing'}"
            elif not window:
                yield f"{count} × {status or 'no answer'} to {operation}, while nothing was wrong"

    def _is_calm(self, start: float, end: float) -> bool:
        return window_of(self.faults, start, end) is None and window_of(self.checks, start, end) is None

    def _good(self) -> Iterator[Tried]:
        for each in self.tried:
            if 200 <= each.status < 300 and self._is_calm(each.at, each.at + each.seconds):
                yield each


def explanation_of(text: str) -> str | None:
    """Return why a statement takes longer the more there is, None where nothing explains it."""
    return next((why for words, why in GROWS_WITH_ITS_TABLE.items() if words in text), None)


def read_tried(file: Path) -> list[Tried]:
    """Return every request that was made."""
    with file.open(encoding="utf-8") as lines:
        return [Tried(*json.loads(line)) for line in lines if line.endswith("\n")]


def read_told(file: Path) -> Sequence[dict[str, Any]]:
    """Return everything that participants were told."""
    with file.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.endswith("\n")]
