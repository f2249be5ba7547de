"""Watch the product as somebody outside would: is it answered, executed, logged and told, and how long was it not?"""

import contextlib
import http.client
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic, sleep

import psycopg

LOOK_SECONDS = 0.1
SIGNS = ("answered", "executed", "logged", "told")
"""What must go on: the API answers from the database, a market takes instructions, the log grows, the stream tells of it."""
_STATE = """
    SELECT (SELECT sum(last_sequence) FROM trading_market),
           (SELECT coalesce(max(tree_size), 0) FROM ledger_checkpoint),
           (SELECT min(id) FROM trading_instruction)
"""


@dataclass
class Watch:
    """Looks again and again in threads of its own, from `start` to `stop`."""

    database_url: str
    web_port: int
    stream_port: int
    symbol: str
    longest_stall: float = 0.0
    stalled_after: str = ""
    # What was done last, to name what a stall came after.
    last_fault: str = "nothing"
    # How often each sign was seen, and when last.
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(SIGNS, 0))
    seen_at: dict[str, float] = field(default_factory=lambda: dict.fromkeys(SIGNS, 0.0))
    _went_on_at: float = field(default_factory=monotonic)
    _state: tuple[int, int] = (0, 0)
    _ended: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def start(self) -> None:
        """Begin to look."""
        for look in (self._watch_database, self._watch_web, self._watch_stream):
            thread = threading.Thread(target=self._again_and_again, args=(look,), name=look.__name__, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Look no more."""
        self._ended.set()
        for thread in self._threads:
            thread.join(5.0)

    def wait_until_all_goes_on(self, seconds: float, ended: threading.Event | None = None) -> dict[str, float]:
        """Return when each sign was seen first from now on; infinity for one that is not seen within so many seconds."""
        ended = ended or self._ended
        before, found, deadline = dict(self.counts), dict.fromkeys(SIGNS, float("inf")), monotonic() + seconds
        while float("inf") in found.values() and monotonic() < deadline and not ended.is_set():
            for sign in SIGNS:
                if found[sign] == float("inf") and self.counts[sign] > before[sign]:
                    found[sign] = self.seen_at[sign]
            sleep(LOOK_SECONDS / 2)
        return found

    def _see(self, sign: str) -> None:
        self.seen_at[sign] = monotonic()
        self.counts[sign] += 1

    def _again_and_again(self, look: Callable[[], None]) -> None:
        while not self._ended.is_set():
            with contextlib.suppress(psycopg.Error, OSError, http.client.HTTPException):
                look()
            self._ended.wait(LOOK_SECONDS)

    def _watch_database(self) -> None:
        with psycopg.connect(self.database_url, autocommit=True, connect_timeout=2) as connection:
            while not self._ended.wait(LOOK_SECONDS):
                row = connection.execute(_STATE).fetchone()
                assert row is not None
                self._take(int(row[0] or 0), int(row[1]), is_waiting=row[2] is not None)

    def _take(self, sequence: int, tree_size: int, *, is_waiting: bool) -> None:
        now, (last_sequence, last_size) = monotonic(), self._state
        self._state = sequence, tree_size
        if tree_size > last_size:
            self._see("logged")
        if sequence > last_sequence:
            self._see("executed")
        if sequence > last_sequence or not is_waiting:
            self._went_on_at = now
        elif now - self._went_on_at > self.longest_stall:
            self.longest_stall, self.stalled_after = now - self._went_on_at, self.last_fault

    def _watch_web(self) -> None:
        reader = http.client.HTTPConnection("127.0.0.1", self.web_port, timeout=5.0)
        with contextlib.closing(reader):
            while not self._ended.wait(LOOK_SECONDS * 2):
                reader.request("GET", f"/api/v1/markets/{self.symbol}/rules")
                response = reader.getresponse()
                response.read()
                if response.status == 200:
                    self._see("answered")

    def _watch_stream(self) -> None:
        reader = http.client.HTTPConnection("127.0.0.1", self.stream_port, timeout=20.0)
        with contextlib.closing(reader):
            reader.request("GET", f"/stream/markets/{self.symbol}")
            response = reader.getresponse()
            while not self._ended.is_set() and (line := response.readline()):
                # What is told at the beginning, whether anything happens or not, is no sign.
                if line.startswith(b"event: delta"):
                    self._see("told")
