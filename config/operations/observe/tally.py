"""Requests, counted so that a request hardly notices.

A counter and a histogram of prometheus_client cost a request more than all else that is observed of it. So each process counts
in a dictionary, and brings what came together to them once a second, and when it is asked for its figures itself.
"""

import threading
import time
from bisect import bisect_left

from config.operations.observe import metrics

FLUSH_SECONDS = 1.0
_BUCKETS = len(metrics.REQUEST_SECONDS) + 1


class Tally:
    """How many requests of each route, method and status, how long they took, and how many are being answered."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._flushing = threading.Lock()
        self._counts: dict[tuple[str, str, int], int] = {}
        self._times: dict[str, list[float]] = {}
        self._in_flight = 0
        self._is_fresh = False
        self._woken = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self) -> None:
        """Count a request that has come."""
        with self._lock:
            self._in_flight += 1
            is_first, self._is_fresh = not self._is_fresh, True
        if is_first:
            self._wake()

    def end(self, route: str, method: str, status: int, seconds: float) -> None:
        """Count a request that is answered."""
        place = bisect_left(metrics.REQUEST_SECONDS, seconds)
        key = (route, method, status)
        with self._lock:
            self._in_flight -= 1
            self._counts[key] = self._counts.get(key, 0) + 1
            times = self._times.get(route)
            if times is None:
                times = self._times[route] = [0.0] * (_BUCKETS + 1)
            times[place] += 1
            times[-1] += seconds
            is_first, self._is_fresh = not self._is_fresh, True
        if is_first:
            self._wake()

    def flush(self) -> None:
        """Bring what has been counted to the metrics."""
        with self._flushing:
            with self._lock:
                counts, self._counts = self._counts, {}
                times, self._times = self._times, {}
                in_flight, self._is_fresh = self._in_flight, False
            for (route, method, status), count in counts.items():
                metrics.http_requests.labels(route, method, str(status)).inc(count)
            for route, (*buckets, seconds) in times.items():
                _add(route, buckets, seconds)
            metrics.http_in_flight.set(in_flight)

    def _wake(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            self._start()
        self._woken.set()

    def _start(self) -> None:
        with self._flushing:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="tally", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            self._woken.wait()
            self._woken.clear()
            time.sleep(FLUSH_SECONDS)
            self.flush()


def _add(route: str, buckets: list[float], seconds: float) -> None:
    """Add many observations to a histogram at once, which prometheus_client has no way to do but its own parts."""
    histogram = metrics.http_seconds.labels(route)
    for place, count in enumerate(buckets):
        if count:
            histogram._buckets[place].inc(count)
    histogram._sum.inc(seconds)


tally = Tally()
