"""Requests, counted so that a request hardly notices.

A counter and a histogram of prometheus_client cost a request more than all else that is observed of it, and so does any lock: each
request appends to a list, and a thread sums up what came together, once a second and when this process is asked for its figures.
"""

import itertools
import threading
import time
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Iterable
from typing import NamedTuple

from config.operations.observe import metrics

FLUSH_SECONDS = 1.0
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Answered(NamedTuple):
    """A request that was answered: the pattern of its address (None: it has none), and for how long. Units: s."""

    pattern: str | None
    method: str | None
    status: int
    seconds: float

    @property
    def route(self) -> str:
        """The pattern of its address: there are as many as we have, whatever is asked for."""
        if self.pattern is None:
            return "static" if self.status < 400 else "none"
        return "/" + self.pattern.removeprefix("^")

    @property
    def known_method(self) -> str:
        return self.method if self.method in METHODS else "other"


class Tally:
    """How many requests of each route, method and status, how long they took, and how many are being answered."""

    def __init__(self) -> None:
        # To count on, and to append, are single steps of the interpreter: threads need no lock for them.
        self._begun = itertools.count(1)
        self._last_begun = 0
        self._ended = 0
        self._answered: deque[tuple[str | None, str | None, int, float]] = deque()
        self._flushing = threading.Lock()
        self._is_idle = True
        self._woken = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Count a request that has come."""
        self._last_begun = next(self._begun)
        if self._is_idle:
            self._wake()

    def end(self, pattern: str | None, method: str | None, status: int, seconds: float) -> None:
        """Count a request that is answered."""
        self._answered.append((pattern, method, status, seconds))

    def flush(self) -> int:
        """Bring what has been counted to the metrics, and return how many requests these were."""
        with self._flushing:
            taken = [Answered(*self._answered.popleft()) for _ in range(len(self._answered))]
            self._ended += len(taken)
            for (route, method, status), count in Counter(
                (each.route, each.known_method, str(each.status)) for each in taken
            ).items():
                metrics.http_requests.labels(route, method, status).inc(count)
            _observe(taken)
            metrics.http_in_flight.set(max(self._last_begun - self._ended, 0))
            return len(taken)

    def _wake(self) -> None:
        self._is_idle = False
        with self._flushing:
            # A process that was forked has none of its parent's threads.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="tally", daemon=True)
                self._thread.start()
        self._woken.set()

    def _run(self) -> None:
        while True:
            self._woken.wait()
            self._woken.clear()
            while not self._is_idle:
                time.sleep(FLUSH_SECONDS)
                if not self.flush():
                    # Whoever begins after this wakes us; who has begun before is seen by the next line.
                    self._is_idle = True
                    if self._last_begun > self._ended:
                        self._is_idle = False


def _observe(taken: Iterable[Answered]) -> None:
    """Add many observations to a histogram at once, which prometheus_client has no way to do but its own parts."""
    buckets: Counter[tuple[str, int]] = Counter()
    sums: Counter[str] = Counter()
    for each in taken:
        buckets[each.route, bisect_left(metrics.REQUEST_SECONDS, each.seconds)] += 1
        sums[each.route] += each.seconds  # type: ignore[assignment]
    for (route, place), count in buckets.items():
        metrics.http_seconds.labels(route)._buckets[place].inc(count)
    for route, seconds in sums.items():
        metrics.http_seconds.labels(route)._sum.inc(seconds)


tally = Tally()
