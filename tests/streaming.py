"""Clients of the streams' application, in this process: what they are sent, and a way to leave."""

import asyncio
import contextlib
import os
from dataclasses import dataclass

import orjson
import redis

from trading.execution.buffers import Buffers, Publication
from trading.stream import app
from trading.stream.broadcast import Broadcast
from trading.stream.database import Database

REDIS_URL = os.environ["REDIS_URL"]


@dataclass(frozen=True)
class Event:
    """An event as a client reads it."""

    name: str
    id: str | None
    data: dict


class Client:
    """A client of the application. It has left where `left` is set, and takes nothing while `reads` is not."""

    def __init__(self, path="/stream/markets/TH-1", method="GET", *, last_event_id="", token="", query="", reads=True):
        headers = [(b"last-event-id", last_event_id.encode())] if last_event_id else []
        if token:
            headers.append((b"authorization", f"Bearer {token}".encode()))
        self.scope = {
            "type": "http",
            "path": path,
            "method": method,
            "headers": headers,
            "query_string": query.encode(),
        }
        self.sent = []
        self.left = asyncio.Event()
        self.reads = asyncio.Event()
        if reads:
            self.reads.set()

    async def receive(self):
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message):
        await self.reads.wait()
        self.sent.append(message)

    def run(self):
        return asyncio.create_task(app.application(self.scope, self.receive, self.send))

    @property
    def status(self):
        return self.sent[0]["status"]

    @property
    def text(self):
        return b"".join(message.get("body", b"") for message in self.sent).decode()

    @property
    def events(self):
        return [_event(block) for block in self.text.split("\n\n") if "event: " in block]

    def named(self, *names):
        return [event for event in self.events if event.name in names]

    @property
    def last_id(self):
        return [event.id for event in self.events if event.id is not None][-1]

    async def sees(self, what, seconds=30.0):
        """Wait until a text is sent, or a function of this client is true."""
        is_so = what if callable(what) else lambda client: what in client.text
        try:
            async with asyncio.timeout(seconds):
                while not is_so(self):
                    await asyncio.sleep(0.01)
        except TimeoutError:
            raise AssertionError(f"was not sent {what}, but: {self.text[-2_000:]}") from None
        return self

    async def leaves(self, stream):
        self.left.set()
        await stream


def _event(block):
    fields = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith("retry"))
    return Event(fields["event"], fields.get("id"), orjson.loads(fields["data"]))


@contextlib.asynccontextmanager
async def listening(monkeypatch, url=REDIS_URL):
    """Replace the process's broadcast and database threads by those of this event loop, connected to the real Redis."""
    broadcast, database = Broadcast(url), Database()
    monkeypatch.setattr(app, "broadcast", broadcast)
    monkeypatch.setattr(app, "database", database)
    broadcast.start()
    if url == REDIS_URL:
        async with asyncio.timeout(30):
            while not broadcast.is_connected:
                await asyncio.sleep(0.01)
    try:
        yield broadcast
    finally:
        await broadcast.close()
        await database.close()


def publish(symbol, sequence, *, previous=None, event=None, trades=(), orders=(), url=REDIS_URL):
    """Publish as the executor does: a difference to the one before, or where there is none a snapshot."""
    content = {"market": symbol, "sequence": sequence, "trades": list(trades), "trades_complete": True}
    with redis.Redis.from_url(url) as client:
        return Buffers(client).append(
            Publication(
                symbol=symbol,
                previous=previous,
                sequence=sequence,
                event=event or ("snapshot" if previous is None else "delta"),
                message=orjson.dumps(content),
                snapshot=orjson.dumps(content | {"reason": "connected"}),
                orders=[orjson.dumps(entry) for entry in orders],
                at_ms=1_700_000_000_000 + sequence,
            )
        )


def order_entry(*organisation_ids, market="TH-1", order_id=1):
    """Return an entry of the events of orders: one new order of each organisation."""
    rows = [[each, order_id, f"c{each}", "buy", 4_000, 5, 0, 5, "new", "", False] for each in organisation_ids]
    return {"market": market, "executed_at": "2024-07-01T02:00:00+00:00", "orders": rows, "trades": []}
