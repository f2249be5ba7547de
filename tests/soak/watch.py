"""Watch the market as somebody outside would: does it go on, and how long did it not?"""

import threading
from dataclasses import dataclass, field
from time import monotonic, sleep

import psycopg

LOOK_SECONDS = 0.05
_STATE = """
    SELECT market.last_sequence, EXISTS (SELECT 1 FROM trading_instruction WHERE market_id = market.id)
      FROM trading_market market WHERE symbol = %s
"""


@dataclass
class Watch:
    """Looks again and again in a thread of its own, from `start` to `stop`."""

    database_url: str
    symbol: str
    sequence: int = 0
    longest_stall: float = 0.0
    stalled_after: str = ""
    # What was done last, to name what a stall came after.
    last_kill: str = "nothing"
    _went_on_at: float = field(default_factory=monotonic)
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> None:
        self._thread = threading.Thread(target=self._watch, name="watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._ended.set()
        assert self._thread is not None
        self._thread.join()

    def wait_until_it_goes_on(self, seconds: float) -> bool:
        """Return whether an instruction is executed within so many seconds from now on."""
        before, deadline = self.sequence, monotonic() + seconds
        while self.sequence == before and monotonic() < deadline:
            sleep(LOOK_SECONDS)
        return self.sequence != before

    def _watch(self) -> None:
        while not self._ended.is_set():
            try:
                with psycopg.connect(self.database_url, autocommit=True, connect_timeout=2) as connection:
                    self._look(connection)
            except psycopg.OperationalError:
                self._note(self.sequence, is_waiting=True)
                self._ended.wait(LOOK_SECONDS)

    def _look(self, connection: "psycopg.Connection[tuple[int, bool]]") -> None:
        while not self._ended.wait(LOOK_SECONDS):
            row = connection.execute(_STATE, [self.symbol]).fetchone()
            assert row is not None
            self._note(row[0], is_waiting=row[1])

    def _note(self, sequence: int, *, is_waiting: bool) -> None:
        now = monotonic()
        if sequence != self.sequence or not is_waiting:
            self.sequence, self._went_on_at = sequence, now
        elif now - self._went_on_at > self.longest_stall:
            self.longest_stall, self.stalled_after = now - self._went_on_at, self.last_kill
