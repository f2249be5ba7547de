"""Those who only look on while servers change: a visitor who reads pages, and a page that follows the market's stream."""

import http.client
import threading
from typing import Any

from ledger.transparency.notes import parse_checkpoint, parse_note
from tests.soak.participants import MarketFollower
from tests.soak.participants.base import Place, Plan
from tests.waiting import wait_until

READ_EVERY_SECONDS = 0.1
TIMEOUT_SECONDS = 5.0


class Reader(threading.Thread):
    """A visitor who reads the register and the log's checkpoint again and again, and counts what is not answered."""

    def __init__(self, port: int) -> None:
        super().__init__(name="reader", daemon=True)
        self._port, self._ended = port, threading.Event()
        self.checkpoint = ""
        self.reads = self.unanswered = 0
        self.went_back: list[str] = []

    def checkpoint_size(self) -> int:
        """Return how many records the log had when it was read last."""
        return _size_of(self.checkpoint) if self.checkpoint else 0

    def stop(self) -> None:
        """Read no more."""
        self._ended.set()
        self.join()

    def run(self) -> None:
        """Read until stopped."""
        while not self._ended.wait(READ_EVERY_SECONDS):
            for path in ("/log/checkpoint", "/projects"):
                found = get(self._port, path)
                self.reads += 1
                self.unanswered += found is None
                if found is not None and path == "/log/checkpoint":
                    self._keep(found.decode())

    def _keep(self, checkpoint: str) -> None:
        if self.checkpoint and _size_of(checkpoint) < self.checkpoint_size():
            self.went_back.append(f"a checkpoint of {_size_of(checkpoint)} after one of {self.checkpoint_size()}")
        self.checkpoint = checkpoint


class Stream(threading.Thread):
    """The soak's follower of a market: it connects again whenever the stream breaks, and complains of what it misses."""

    def __init__(self, port: int, symbol: str) -> None:
        super().__init__(name="stream", daemon=True)
        self._told: list[dict[str, Any]] = []
        place = Place(0, port, [symbol], [], lambda _kind, _try: None)
        self._follower = MarketFollower(Plan("stream", "market follower", seed=0), place, self._told.append)
        self._ended = threading.Event()

    @property
    def events(self) -> int:
        """How many events have come."""
        return self._follower.events

    @property
    def complaints(self) -> list[str]:
        """What was missed, told twice, or told after what comes later."""
        return [told["complaint"] for told in self._told]

    def run(self) -> None:
        """Follow until stopped."""
        self._follower.live(self._ended)

    def stop(self) -> None:
        """Follow no more: it ends with the next event, or when the stream does."""
        self._ended.set()

    def wait_until_it_goes_on(self, problems: list[str]) -> None:
        """Note a problem where nothing more comes, though the market goes on."""
        before = self.events
        try:
            wait_until(lambda: self.events > before, "the live stream has stopped")
        except AssertionError as error:
            problems.append(str(error))


def get(port: int, path: str) -> bytes | None:
    """Return what is answered; None where nothing is, or not what was asked for."""
    page = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)
    try:
        page.request("GET", path)
        response = page.getresponse()
        content = response.read()
        return content if response.status == 200 else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        page.close()


def _size_of(checkpoint: str) -> int:
    return parse_checkpoint(parse_note(checkpoint).text).size
