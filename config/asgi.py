"""Live streams only (server-sent events): pages and the API are served by wsgi.py.

No database is touched here: a stream that lives for hours must not hold a connection. What is streamed is what the
executor publishes on Redis after each commit, so an unknown market is not told from a quiet one.

A process listens to Redis once, on behalf of all its readers. Events:

- `book`: what a batch has made of the market; a reader that sees a gap in `sequence` reads the market anew;
- `interrupted`, `resumed`: Redis was lost, and found again; what was published between is lost;
- `heartbeat`: nothing happened; a reader that hears nothing for longer than that connects anew.
"""

import asyncio
import logging
import re
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import redis.asyncio
from redis.asyncio.client import PubSub

from config import env
from config.codes import CODE

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 15.0
RETRY_SECONDS = 1.0
MAX_READERS = 10_000
# What a slow reader may be behind: each message holds the whole book, so an older one may be dropped for a newer.
MAX_BACKLOG = 16

_PATH = re.compile(rf"/stream/markets/({CODE})")
_CHANNELS = "market:"
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    # What is streamed is public: any page may read it.
    (b"access-control-allow-origin", b"*"),
]

Scope = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Inbox = asyncio.Queue[bytes | None]


class Broadcast:
    """Hands on what Redis publishes of the markets to every reader of this process."""

    def __init__(self, redis_url: str) -> None:
        self.redis_url = redis_url
        self.is_connected = False
        self._inboxes: dict[str, set[Inbox]] = defaultdict(set)
        self._listening: asyncio.Task[None] | None = None

    @property
    def readers(self) -> int:
        return sum(len(inboxes) for inboxes in self._inboxes.values())

    def start(self) -> None:
        """Begin to listen, where that has not begun."""
        if self._listening is None:
            self._listening = asyncio.create_task(self._listen())

    @contextmanager
    def reader(self, symbol: str) -> Iterator[Inbox]:
        """Take part as long as the context lasts: what is published of a market comes into the inbox, None at the end."""
        self.start()
        inbox: Inbox = asyncio.Queue(MAX_BACKLOG)
        self._inboxes[symbol].add(inbox)
        try:
            yield inbox
        finally:
            self._inboxes[symbol].discard(inbox)
            if not self._inboxes[symbol]:
                del self._inboxes[symbol]

    async def close(self) -> None:
        """Stop listening, and let every reader's stream end."""
        if self._listening is not None:
            self._listening.cancel()
            with suppress(asyncio.CancelledError):
                await self._listening
        self._tell_all(None)

    async def _listen(self) -> None:
        while True:
            try:
                async with _subscription(self.redis_url) as subscription:
                    self._tell_all(_event("resumed"))
                    self.is_connected = True
                    await self._hand_on(subscription)
            except (redis.RedisError, OSError) as error:
                logger.warning("Redis is lost, streams wait for it: %s", error)
                if self.is_connected:
                    self._tell_all(_event("interrupted"))
                self.is_connected = False
            await asyncio.sleep(RETRY_SECONDS)

    async def _hand_on(self, subscription: PubSub) -> None:
        while True:
            message = await subscription.get_message(ignore_subscribe_messages=True, timeout=HEARTBEAT_SECONDS)
            if message is not None:
                symbol = message["channel"].decode().removeprefix(_CHANNELS)
                self._tell(self._inboxes.get(symbol, set()), _event("book", message["data"]))

    def _tell_all(self, event: bytes | None) -> None:
        for inboxes in self._inboxes.values():
            self._tell(inboxes, event)

    def _tell(self, inboxes: set[Inbox], event: bytes | None) -> None:
        for inbox in inboxes:
            if inbox.full():
                inbox.get_nowait()
            inbox.put_nowait(event)


@asynccontextmanager
async def _subscription(redis_url: str) -> AsyncIterator[PubSub]:
    # A peer that is gone without a word is noticed by the health check, which get_message makes.
    client = redis.asyncio.Redis.from_url(
        redis_url, socket_connect_timeout=5, socket_keepalive=True, health_check_interval=10
    )
    async with client, client.pubsub() as subscription:
        await subscription.psubscribe(f"{_CHANNELS}*")
        yield subscription


def _event(name: str, data: bytes = b"{}") -> bytes:
    return b"event: %b\ndata: %b\n\n" % (name.encode(), data)


broadcast = Broadcast(env.text("REDIS_URL"))


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve /stream/markets/SYMBOL as server-sent events."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    assert scope["type"] == "http", "WebSockets are not served."
    match = _PATH.fullmatch(scope["path"])
    if match is None:
        await _refuse(send, 404, b"Streams are at /stream/markets/SYMBOL.\n")
    elif scope["method"] != "GET":
        await _refuse(send, 405, b"A stream can only be read.\n", (b"allow", b"GET"))
    elif broadcast.readers >= MAX_READERS:
        await _refuse(send, 503, b"Too many read already: poll, or try again.\n", (b"retry-after", b"30"))
    else:
        await _serve(match[1], receive, send)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            broadcast.start()
        else:
            await broadcast.close()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _refuse(send: Send, status: int, text: bytes, *headers: tuple[bytes, bytes]) -> None:
    start = {"type": "http.response.start", "status": status}
    await send(start | {"headers": [(b"content-type", b"text/plain; charset=utf-8"), *headers]})
    await send({"type": "http.response.body", "body": text})


async def _serve(symbol: str, receive: Receive, send: Send) -> None:
    """Stream until the reader is gone or the process ends."""
    with broadcast.reader(symbol) as inbox:
        streaming = asyncio.create_task(_stream(inbox, send))
        gone = asyncio.create_task(_wait_until_gone(receive))
        try:
            await asyncio.wait({streaming, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            streaming.cancel()
    # A stream that failed because its reader is gone has nothing more to say.
    with suppress(asyncio.CancelledError, OSError):
        await streaming


async def _stream(inbox: Inbox, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    event: bytes | None = b"retry: 2000\n\n" + _event("resumed" if broadcast.is_connected else "interrupted")
    while event is not None:
        await send({"type": "http.response.body", "body": event, "more_body": True})
        event = await _next(inbox)
    await send({"type": "http.response.body", "body": b""})


async def _next(inbox: Inbox) -> bytes | None:
    try:
        return await asyncio.wait_for(inbox.get(), HEARTBEAT_SECONDS)
    except TimeoutError:
        return _event("heartbeat")


async def _wait_until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
