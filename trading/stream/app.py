"""The streams' own ASGI application: server-sent events of markets, which are public, and of orders, which are not."""

import asyncio
import ipaddress
import re
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast
from urllib.parse import parse_qs

import redis
from django.db import DatabaseError

from config import env
from config.codes import CODE
from ledger.errors import AddressNotAllowed, InsufficientScope, OrganisationSuspended
from ledger.parties.addresses import caller_address, network_of
from trading.marketdata.access import MAX_TICKET_CHARACTERS, Grant, grant_of_token, read_grant, ticket_key
from trading.stream.broadcast import Broadcast
from trading.stream.database import Database
from trading.stream.markets import MarketReader
from trading.stream.orders import OrdersReader
from trading.stream.reader import Reader, Refusal

MAX_READERS = 10_000
MAX_READERS_OF_AN_ORGANISATION = 32
MAX_READERS_OF_AN_ADDRESS = 256
"""A whole office may come from one address; nobody takes all the places there are."""
SEND_SECONDS = 30.0
"""Who takes nothing for so long is gone, or as good as."""

_MARKET = re.compile(rf"/stream/markets/({CODE})")
_ORDERS = "/stream/orders"
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
    # Markets are public, and a ticket is all that opens the rest: no cookie is looked at, so any page may read.
    (b"access-control-allow-origin", b"*"),
]

Scope = dict[str, Any]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]

_readers_from: Counter[str] = Counter()
broadcast = Broadcast(env.text("REDIS_URL"))
database = Database()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Serve /stream/markets/SYMBOL and /stream/orders as server-sent events."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
        return
    assert scope["type"] == "http", "WebSockets are not served."
    try:
        await _route(scope, receive, send)
    except Refusal as refusal:
        await _refuse(send, refusal)


async def _route(scope: Scope, receive: Receive, send: Send) -> None:
    match = _MARKET.fullmatch(scope["path"])
    if match is None and scope["path"] != _ORDERS:
        raise Refusal(404, b"Streams are at /stream/markets/SYMBOL and /stream/orders.\n")
    if scope["method"] != "GET":
        raise Refusal(405, b"A stream can only be read.\n", (b"allow", b"GET"))
    if broadcast.readers >= MAX_READERS:
        raise Refusal(503, b"Too many read already: poll, or try again.\n", (b"retry-after", b"30"))
    asked = Asked(scope)
    with _place_of(asked.address):
        await _let_in(asked, match, receive, send)


async def _let_in(asked: "Asked", match: re.Match[str] | None, receive: Receive, send: Send) -> None:
    if match is not None:
        with broadcast.market_reader(match[1]) as inbox:
            await _serve(MarketReader(broadcast, database, inbox, match[1], asked.last_event_id), receive, send)
        return
    grant = await _grant(asked)
    if broadcast.readers_of(grant.organisation_id) >= MAX_READERS_OF_AN_ORGANISATION:
        raise Refusal(429, b"Your organisation has too many streams open.\n", (b"retry-after", b"30"))
    with broadcast.orders_reader(grant.organisation_id) as inbox:
        await _serve(OrdersReader(broadcast, database, inbox, grant, asked.last_event_id), receive, send)


@contextmanager
def _place_of(address: str) -> Iterator[None]:
    """Take one of the places that an address has, as long as the context lasts. Who comes from this very machine is not counted.

    Raises: Refusal.
    """
    network = network_of(address)
    if _readers_from[network] >= MAX_READERS_OF_AN_ADDRESS and not _is_loopback(address):
        raise Refusal(429, b"Too many streams are open from your address.\n", (b"retry-after", b"30"))
    _readers_from[network] += 1
    try:
        yield
    finally:
        _readers_from[network] -= 1
        if not _readers_from[network]:
            del _readers_from[network]


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


class Asked:
    """What a request says beside its path: in headers, or in the query where a client cannot set headers."""

    def __init__(self, scope: Scope) -> None:
        self._remote: str = (scope.get("client") or ("",))[0]
        self._headers: dict[bytes, bytes] = {name.lower(): value for name, value in scope.get("headers", ())}
        # Unlike in a form, a plus is itself here.
        query: str = scope.get("query_string", b"").decode("latin-1").replace("+", "%2B")
        self._query: dict[str, list[str]] = parse_qs(query)

    @property
    def last_event_id(self) -> str:
        return self._header(b"last-event-id") or self._query.get("last_event_id", [""])[0]

    @property
    def ticket(self) -> str:
        return self._query.get("ticket", [""])[0]

    @property
    def token(self) -> str:
        scheme, _space, secret = self._header(b"authorization").partition(" ")
        return secret.strip() if scheme.lower() == "bearer" else ""

    @property
    def address(self) -> str:
        return caller_address(remote=self._remote, forwarded=self._header(b"x-forwarded-for"))

    def _header(self, name: bytes) -> str:
        return self._headers.get(name, b"").decode("latin-1")


async def _grant(asked: Asked) -> Grant:
    """Return what the caller may read.

    Raises: Refusal.
    """
    try:
        found = await (_redeem(asked.ticket) if asked.ticket else _grant_of_token(asked))
    except (redis.RedisError, DatabaseError):
        raise Refusal(503, b"Who you are cannot be told now: try again.\n", (b"retry-after", b"5")) from None
    if found is None:
        text = b"Send a token as Authorization: Bearer, or a fresh ticket as ?ticket=.\n"
        raise Refusal(401, text, (b"www-authenticate", b"Bearer"))
    return found


async def _grant_of_token(asked: Asked) -> Grant | None:
    if not asked.token:
        return None
    try:
        return await database.ask(grant_of_token, asked.token, asked.address)
    except (AddressNotAllowed, InsufficientScope, OrganisationSuspended) as error:
        raise Refusal(error.status, f"{error}\n".encode()) from None


async def _redeem(ticket: str) -> Grant | None:
    """Return what a ticket grants, once: it is gone with that. What it rests on may have ended meanwhile."""
    if len(ticket) > MAX_TICKET_CHARACTERS:
        return None
    kept = cast(bytes | None, await broadcast.client.getdel(ticket_key(ticket)))
    if kept is None:
        return None
    grant = read_grant(kept)
    return grant if await database.ask(lambda: grant.still_holds) else None


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            broadcast.start()
        else:
            await broadcast.close()
            await database.close()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


async def _refuse(send: Send, refusal: Refusal) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *refusal.headers]
    await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
    await send({"type": "http.response.body", "body": refusal.text})


async def _serve(reader: Reader, receive: Receive, send: Send) -> None:
    """Stream until the reader is gone or too slow, or the process ends.

    Raises: Refusal, before anything is sent.
    """
    events = reader.events()
    first = await anext(events)
    streaming = asyncio.create_task(_stream(first, events, send))
    gone = asyncio.create_task(_wait_until_gone(receive))
    try:
        await asyncio.wait({streaming, gone}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        gone.cancel()
        streaming.cancel()
    # A stream that failed because its reader is gone, or takes nothing, has nothing more to say.
    with suppress(asyncio.CancelledError, OSError, TimeoutError):
        await streaming
    await events.aclose()


async def _stream(first: bytes, events: AsyncIterator[bytes], send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await _send(first, send)
    async for chunk in events:
        if chunk:
            await _send(chunk, send)
    await send({"type": "http.response.body", "body": b""})


async def _send(chunk: bytes, send: Send) -> None:
    async with asyncio.timeout(SEND_SECONDS):
        await send({"type": "http.response.body", "body": chunk, "more_body": True})


async def _wait_until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
