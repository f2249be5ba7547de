"""Readers of the live streams: they come back with their last id whenever a stream breaks, and check that nothing is missed."""

import contextlib
import http.client
import json
from collections.abc import Iterator
from threading import Event
from time import monotonic
from typing import Any, NamedTuple

from tests.soak.line import Try
from tests.soak.participants.base import Participant

# A heartbeat comes every 15 s.
SILENT_SECONDS = 40.0
AGAIN_SECONDS = 0.5


class StreamEvent(NamedTuple):
    id: str
    name: str
    content: Any


class Follower(Participant):
    """Reads one stream for as long as the soak lasts."""

    round = 4

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.events = self.connections = 0
        self._last_id = ""
        self._reader: http.client.HTTPConnection | None = None
        self._ended = Event()

    def live(self, ended: Event) -> None:
        """Read until the end, from wherever the last connection broke."""
        self._ended = ended
        while not ended.is_set():
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
                self._read()
            ended.wait(AGAIN_SECONDS * self.lot.uniform(0.5, 2.0))

    def finish(self) -> None:
        """Say how much was read."""
        self.tell(events=self.events, connections=self.connections)

    def path(self) -> str:
        """Return the stream's address."""
        raise NotImplementedError

    def take(self, event: StreamEvent) -> None:
        """Look at an event."""
        raise NotImplementedError

    def _read(self) -> None:
        reader = http.client.HTTPConnection("127.0.0.1", self.place.stream_port, timeout=SILENT_SECONDS)
        headers = {"Last-Event-ID": self._last_id} if self._last_id else {}
        if self.plan.token:
            headers["Authorization"] = f"Bearer {self.plan.token}"
        began, status = monotonic(), 0
        try:
            reader.request("GET", self.path(), headers=headers)
            response = reader.getresponse()
            status = response.status
        finally:
            self.place.note(self.plan.kind, Try("GET /stream", status, began, monotonic() - began))
        with contextlib.closing(reader):
            if status != 200:
                return
            self.connections += 1
            for event in _events(response):
                if event.id:
                    self._last_id = event.id
                self.events += 1
                self.take(event)
                if self._ended.is_set():
                    return


class MarketFollower(Follower):
    """Follows a market, and has each of its numbers follow the one before."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._sequence: int | None = None
        self._trades: set[int] = set()

    def path(self) -> str:
        """Return the address of the oldest market's stream."""
        return f"/stream/markets/{self.place.markets[0]}"

    def take(self, event: StreamEvent) -> None:
        """See that a delta follows what is known, and that a trade is told once."""
        if event.name == "snapshot":
            # The trades of a snapshot may be known already.
            if self._sequence is not None and event.content["sequence"] < self._sequence:
                self.complain(f"the stream went back from {self._sequence} to {event.content['sequence']}")
            self._sequence = event.content["sequence"]
            self._trades = {each["id"] for each in event.content["trades"]}
        elif event.name == "delta":
            first = event.content["first_sequence"]
            if self._sequence is not None and first != self._sequence + 1:
                self.complain(f"the stream went on with {first} after {self._sequence}")
            self._sequence = event.content["sequence"]
            ids = [each["id"] for each in event.content["trades"]]
            if self._trades.intersection(ids):
                self.complain("the stream told a trade twice")
            # Those of the last events are enough: what is told twice is told soon again.
            self._trades = set(ids)


class OrdersFollower(Follower):
    """Follows an organisation's orders; what is told of one never has less filled than before."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._filled: dict[int, int] = {}

    def path(self) -> str:
        """Return the address of one's own stream."""
        return "/stream/orders"

    def take(self, event: StreamEvent) -> None:
        """See that each order only fills."""
        if event.name not in ("orders", "snapshot"):
            return
        for order in event.content["orders"]:
            before = self._filled.get(order["id"], 0)
            if order["filled_t"] < before:
                self.complain(f"order {order['id']} was filled by {before} t, and is by {order['filled_t']}")
            self._filled[order["id"]] = order["filled_t"]


def _events(response: http.client.HTTPResponse) -> Iterator[StreamEvent]:
    """Yield events as they come, one for each block of lines."""
    found: dict[str, str] = {}
    while line := response.readline():
        text = line.decode().rstrip("\n")
        if text:
            name, _colon, value = text.partition(": ")
            found[name] = value
        else:
            if "event" in found:
                yield StreamEvent(found.get("id", ""), found["event"], json.loads(found.get("data", "{}")))
            found = {}
