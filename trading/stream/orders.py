"""The private stream of an organisation: its own orders and trades, and nobody else's.

Entries of the buffer are numbered without gaps in one life. A reader whose next number is there is told what is in it of its
organisation; another one gets its open orders, and what has ended and was traded since, from the database.
"""

import datetime as dt
import re
from collections.abc import AsyncIterator
from time import time
from typing import Any, NamedTuple, cast

import orjson
from django.db import DatabaseError

from trading.execution.buffers import ORDERS_EVENTS, ORDERS_HEAD, entry_id, new_life, sequence_of
from trading.marketdata.access import Grant
from trading.marketdata.missed import own_state
from trading.stream.broadcast import Broadcast
from trading.stream.database import Database
from trading.stream.events import OrdersMessage, event, own_events
from trading.stream.inbox import Inbox
from trading.stream.reader import Ended, Reader

ENTRIES_A_TIME = 50
TICKET_STREAM_SECONDS = 15 * 60
"""What a ticket has opened ends after this: who is still logged in gets another one."""
_ID = re.compile(r"([0-9a-f]{8})\.([0-9]{1,15})\.([0-9]{1,13})")


class Position(NamedTuple):
    """Up to which entry of the buffer a reader knows its orders, and when that was."""

    life: str
    number: int
    at_ms: int

    @property
    def event_id(self) -> str:
        return f"{self.life}.{self.number}.{self.at_ms}"


class OrdersReader(Reader):
    def __init__(
        self, broadcast: Broadcast, database: Database, inbox: Inbox, grant: Grant, last_event_id: str
    ) -> None:
        super().__init__(broadcast, database, inbox)
        self.grant = grant
        self.began_at = time()
        match = _ID.fullmatch(last_event_id)
        self.position = Position(match[1], int(match[2]), int(match[3])) if match else None

    async def check(self) -> None:
        """Whose orders these are was asked before."""

    async def look(self) -> None:
        """End the stream of somebody who may not read it any more, or has done so for long by one ticket.

        Raises: Ended.
        """
        if self.grant.is_ticket and time() - self.began_at > TICKET_STREAM_SECONDS:
            raise Ended("ticket_over")
        try:
            holds = await self.database.ask(lambda: self.grant.still_holds)
        except DatabaseError:
            raise Ended("database_away") from None
        if not holds:
            raise Ended("not_allowed")

    def is_of(self, user_id: int) -> bool:
        return self.grant.user_id == user_id

    def heartbeat(self) -> bytes:
        # Others' entries are passed over in silence: the id says how far, so that whoever comes back need not ask for them.
        newest = self.broadcast.orders_at
        if newest and self.position and newest[0] == self.position.life and newest[1] > self.position.number:
            self.position = Position(*newest)
        return event("heartbeat", event_id=self.position.event_id if self.position else None)

    async def catch_up(self) -> AsyncIterator[bytes]:
        """Yield what lies between the reader's position and the newest entry.

        Raises: RedisError.
        """
        while True:
            newest = await self._newest()
            if self.position is not None and self.position[:2] == newest[:2]:
                return
            entries = await self._entries_after(newest)
            if not entries or any("missed" in content for content in entries.values()):
                yield await self._snapshot(newest)
                return
            yield b"".join(self._own(position, content) for position, content in entries.items())

    def follow(self, item: Any) -> bytes | None:
        """Return how an entry is written that has not been told yet; the broadcast has seen that none is left out."""
        assert isinstance(item, OrdersMessage)
        if self.position is None or item.life != self.position.life:
            return None
        if item.number <= self.position.number:
            return b""
        self.position = Position(item.life, item.number, item.at_ms)
        return event("orders", item.data, self.position.event_id)

    async def _newest(self) -> Position:
        """Return where the buffer is; one that has no life yet is given one, so that its first entry follows something."""
        async with self.broadcast.client.pipeline(transaction=True) as pipeline:
            pipeline.hsetnx(ORDERS_HEAD, "life", new_life())
            pipeline.hmget(ORDERS_HEAD, "life", "number")
            _is_new, (life, number) = await pipeline.execute()
        return Position(life.decode(), int(number or 0), 0)

    async def _entries_after(self, newest: Position) -> dict[Position, dict[str, Any]]:
        """Return the next entries, none where the buffer does not begin with the one that is next."""
        if self.position is None or newest.life != self.position.life or self.position.number > newest.number:
            return {}
        first = self.position.number + 1
        entries = cast(
            list[Any],
            await self.broadcast.client.xrange(ORDERS_EVENTS, entry_id(first), "+", count=ENTRIES_A_TIME),
        )
        if not entries or sequence_of(entries[0][0]) != first:
            return {}
        return {
            Position(newest.life, sequence_of(number), int(fields[b"at_ms"])): orjson.loads(fields[b"data"])
            for number, fields in entries
        }

    def _own(self, position: Position, content: dict[str, Any]) -> bytes:
        self.position = position
        own = own_events(content, [self.grant.organisation_id]).get(self.grant.organisation_id)
        return b"" if own is None else event("orders", own, position.event_id)

    async def _snapshot(self, newest: Position) -> bytes:
        """Return the state that the database has; what is published of it later says the same again."""
        known = self.position
        since = None if known is None else dt.datetime.fromtimestamp(known.at_ms / 1000, dt.UTC)
        reached_at_ms = int(time() * 1000)
        try:
            content = await self.database.ask(own_state, self.grant.organisation_id, since)
        except DatabaseError:
            raise Ended("database_away") from None
        self.position = Position(newest.life, newest.number, reached_at_ms)
        reason = "connected" if known is None else "missed"
        return event("snapshot", orjson.dumps({"reason": reason} | content), self.position.event_id)
