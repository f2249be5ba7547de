"""Is memory flat, has anything slowed down, was anything refused for no reason? Pure functions over samples."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from statistics import median

WARM_SECONDS = 60.0
"""A process that has just started still loads what it needs."""
LONGER_WARM_SECONDS = {"PostgreSQL": 300.0, "web": 120.0}
"""Each session fills caches of its own, one statement after the other; each thread has a session, for ten minutes."""
LEAK_AT_LEAST_MB = 8.0
LEAK_SHARE = 0.05
POINTS_AT_LEAST = 24
PAIRS_AT_MOST = 200_000
SLOWER_AT_MOST = 1.5
"""Medians of the last third against those of the first."""
STATEMENT_SLOWER_BY_MS = 0.2
REQUEST_SLOWER_BY_MS = 4.0
"""What is less is the clock's resolution, or the machine's mood."""
SAMPLES_AT_LEAST = 25
AFTER_FAULT_SECONDS = 6.0
"""For so long after a fault is over clients may still be told that something is out of reach."""


@dataclass(frozen=True, slots=True)
class Growth:
    """How much a program's memory grows: a robust slope over the second half, within the lives of its processes."""

    program: str
    median_mb: float
    mb_an_hour: float
    # What the slope comes to over the time that was looked at.
    grown_mb: float
    points: int
    lives: int

    @property
    def is_judged(self) -> bool:
        """Whether there was enough to see."""
        return self.points >= POINTS_AT_LEAST

    @property
    def is_flat(self) -> bool:
        """Whether it stays below what the allocator's breathing comes to."""
        return self.grown_mb <= max(LEAK_AT_LEAST_MB, LEAK_SHARE * self.median_mb)


def theil_sen(lives: Iterable[Sequence[tuple[float, float]]]) -> float:
    """Return the median of the slopes between pairs of points of one life, 0 where there are none. Source: Theil 1950, Sen 1968.

    Pairs that are further apart than half a life are left out: a single step, such as after an outage, is then between a third of the
    pairs at most, and does not move the median. What grows steadily grows between all of them.
    """
    slopes: list[float] = []
    for points in lives:
        if len(points) < 2:
            continue
        # Of very many points every so many is enough.
        thinned = points[:: max(1, int((len(points) ** 2 / 2 / PAIRS_AT_MOST) ** 0.5))]
        furthest = (thinned[-1][0] - thinned[0][0]) / 2
        for early, late in combinations(thinned, 2):
            if 0 < late[0] - early[0] <= furthest:
                slopes.append((late[1] - early[1]) / (late[0] - early[0]))
    return median(slopes) if slopes else 0.0


def growth(program: str, samples: Iterable[tuple[float, int, float]], start: float, end: float) -> Growth:
    """Return how a program's memory grows in the second half, from samples of (time, process, MB).

    Of each process the first half of its life does not count, nor its first moments: it fills caches. No slope is from one process
    to the next.
    """
    half, warm = (start + end) / 2, LONGER_WARM_SECONDS.get(program, WARM_SECONDS)
    found: dict[int, list[tuple[float, float]]] = defaultdict(list)
    for at, process_id, mb in samples:
        if at <= end:
            found[process_id].append((at, mb))
    lives = [_settled(life, half, warm) for life in found.values()]
    lives = [life for life in lives if life]
    points = [mb for life in lives for _at, mb in life]
    slope = theil_sen(lives)
    middle = median(points) if points else 0.0
    return Growth(program, middle, slope * 3_600, slope * (end - half), len(points), len(lives))


def most_grown(program: str, samples: Iterable[tuple[float, int, float]], start: float, end: float) -> Growth:
    """Return how the process grows that grows most, of those that were seen for long enough.

    For a program each of whose processes does something else, and which are many and come and go: of all together one would see
    nothing but that they begin.
    """
    found: dict[int, list[tuple[float, int, float]]] = defaultdict(list)
    for sample in samples:
        found[sample[1]].append(sample)
    grown = [each for each in (growth(program, lives, start, end) for lives in found.values()) if each.is_judged]
    most = max(grown, key=lambda each: each.grown_mb, default=growth(program, [], start, end))
    return replace(most, program=f"one process of {program}")


def _settled(life: Sequence[tuple[float, float]], after: float, warm_seconds: float) -> list[tuple[float, float]]:
    """Return the samples of a process once it has all that it needs: after its first moments, and in the second half of its life."""
    born, died = life[0][0], life[-1][0]
    begins = max(after, born + warm_seconds, (born + died) / 2)
    return [(at, mb) for at, mb in life if at >= begins]


@dataclass(frozen=True, slots=True)
class Slowing:
    """How long something took in the first and in the last third. Units: milliseconds."""

    name: str
    first_ms: float
    last_ms: float
    first_count: int
    last_count: int
    by_ms: float = STATEMENT_SLOWER_BY_MS

    @property
    def is_judged(self) -> bool:
        """Whether there was enough to see."""
        return min(self.first_count, self.last_count) >= SAMPLES_AT_LEAST

    @property
    def ratio(self) -> float:
        """Return how many times as long it takes in the end."""
        return self.last_ms / self.first_ms if self.first_ms else 1.0

    @property
    def has_slowed(self) -> bool:
        """Whether it takes so much longer that neither chance nor the clock's resolution explains it."""
        return self.ratio > SLOWER_AT_MOST and self.last_ms - self.first_ms > self.by_ms


def slowing(
    name: str, samples: Iterable[tuple[float, float]], start: float, end: float, by_ms: float = STATEMENT_SLOWER_BY_MS
) -> Slowing:
    """Return the medians of the first and the last third, from samples of (time, milliseconds)."""
    third = (end - start) / 3
    first: list[float] = []
    last: list[float] = []
    for at, ms in samples:
        if start <= at < start + third:
            first.append(ms)
        elif end - third <= at <= end:
            last.append(ms)
    return Slowing(name, median(first) if first else 0.0, median(last) if last else 0.0, len(first), len(last), by_ms)


@dataclass(frozen=True, slots=True)
class Window:
    """When a fault, or what came of it, was."""

    name: str
    start: float
    end: float

    def has(self, start: float, end: float) -> bool:
        """Return whether something from `start` to `end` was within it in part, or soon after."""
        return start <= self.end + AFTER_FAULT_SECONDS and end >= self.start


def window_of(windows: Sequence[Window], start: float, end: float) -> str | None:
    """Return which fault was under way, None where none was."""
    return next((each.name for each in reversed(windows) if each.has(start, end)), None)


def percentiles(values: Sequence[float], shares: Sequence[float]) -> list[float]:
    """Return the values below which so many of them are."""
    if not values:
        return [0.0 for _share in shares]
    ordered = sorted(values)
    return [ordered[min(len(ordered) - 1, int(share * len(ordered)))] for share in shares]


def by_name(pairs: Iterable[tuple[str, tuple[float, float]]]) -> Mapping[str, list[tuple[float, float]]]:
    """Return samples by what they are of."""
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for name, sample in pairs:
        found[name].append(sample)
    return found
