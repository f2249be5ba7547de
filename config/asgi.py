"""Live streams only (server-sent events): pages and the API are served by wsgi.py.

No database is touched here: a stream that lives for hours must not hold a connection. What is streamed is what the
executor publishes on Redis after each commit; a client that has missed something sees a gap in `sequence` and reads the
book anew.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import redis.asyncio

HEARTBEAT_SECONDS = 15.0
_PATH = re.compile(r"^/stream/markets/([A-Za-z0-9-]{1,40})$")
_HEADERS = [
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    # What is streamed is public: any page may read it.
    (b"access-control-allow-origin", b"*"),
]

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]


async def application(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Serve /stream/markets/SYMBOL as server-sent events."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    match = _PATH.match(scope.get("path", ""))
    if scope["type"] != "http" or scope["method"] != "GET" or match is None:
        await send({"type": "http.response.start", "status": 404, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": b"Streams are at /stream/markets/SYMBOL.\n"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await _stream(f"market:{match[1]}", receive, send)


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _stream(channel: str, receive: Receive, send: Send) -> None:
    gone = asyncio.ensure_future(_wait_until_gone(receive))
    messages = _messages(channel)
    try:
        await send({"type": "http.response.body", "body": b"retry: 2000\n: connected\n\n", "more_body": True})
        while not gone.done():
            following = asyncio.ensure_future(anext(messages))
            await asyncio.wait({following, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not following.done():
                following.cancel()
                return
            await send({"type": "http.response.body", "body": following.result(), "more_body": True})
    finally:
        gone.cancel()


async def _wait_until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _messages(channel: str) -> AsyncIterator[bytes]:
    """Yield events as they are published, and a heartbeat where nothing is."""
    async with redis.asyncio.Redis.from_url(os.environ["REDIS_URL"]) as client, client.pubsub() as pubsub:
        await pubsub.subscribe(channel)
        while True:
            message = await pubsub.get_message(ignore_subscribe_messages=True, timeout=HEARTBEAT_SECONDS)
            if message is None:
                yield b": heartbeat\n\n"
            else:
                yield b"event: book\ndata: " + message["data"] + b"\n\n"
