"""The stream of a market: a snapshot, then every change; who comes back gets what was missed.

A reader knows the number of the last instruction that it was told of. An event that follows that one is handed on as it is;
where one does not, the reader asks Redis for what lies between, and where Redis has not kept it, gets a new snapshot with the
trades that were missed. So no gap goes unseen, however it came about.
"""

import re
from collections.abc import AsyncIterator
from typing import Any, NamedTuple

import orjson
import redis
from django.db import DatabaseError

from trading.execution.buffers import entry_id, events_of, head_of, sequence_of
from trading.execution.publishing import TRADES
from trading.marketdata.missed import is_market, trades_between
from trading.stream.broadcast import Broadcast
from trading.stream.database import Database
from trading.stream.events import MarketMessage, event, market_message
from trading.stream.inbox import Inbox
from trading.stream.reader import Reader, Refusal

ENTRIES_A_TIME = 100
_ID = re.compile(r"([0-9a-f]{8})-([0-9]{1,18})")


class Position(NamedTuple):
    """Up to which instruction a reader knows a market, and in which life of the buffer it was told."""

    life: str
    sequence: int


class Found(NamedTuple):
    """What Redis has of a market: its newest state, and the events after a reader's position."""

    head: Position
    snapshot: bytes
    events: list[MarketMessage]


class MarketReader(Reader):
    def __init__(self, broadcast: Broadcast, database: Database, inbox: Inbox, symbol: str, last_event_id: str) -> None:
        super().__init__(broadcast, database, inbox)
        self.symbol = symbol
        match = _ID.fullmatch(last_event_id)
        self.position = Position(match[1], int(match[2])) if match else None

    async def check(self) -> None:
        """Refuse a market that there is not.

        Raises: Refusal.
        """
        try:
            if await self.broadcast.client.exists(head_of(self.symbol)):
                return
            exists = await self.database.ask(is_market, self.symbol)
        except redis.RedisError:
            # Whether there is such a market is told when Redis is back.
            return
        except DatabaseError:
            raise Refusal(503, b"The database is away: try again.\n") from None
        if not exists:
            raise Refusal(404, b"There is no such market.\n")

    async def look(self) -> None:
        """A market is public, and stays."""

    def heartbeat(self) -> bytes:
        return event("heartbeat")

    async def catch_up(self) -> AsyncIterator[bytes]:
        """Yield what lies between the reader's position and the newest event.

        Raises: RedisError.
        """
        while (found := await self._find()) is not None and self.position != found.head:
            following = self._following(found)
            if not following:
                yield await self._snapshot(found)
                return
            yield b"".join(message.wire for message in following)

    def follow(self, item: Any) -> bytes | None:
        """Return how an event is written that follows, nothing of one that is known; None where something lies between."""
        assert isinstance(item, MarketMessage)
        if self.position is None or item.life != self.position.life:
            return None
        if item.sequence <= self.position.sequence:
            return b""
        if item.previous != self.position.sequence:
            return None
        self.position = Position(item.life, item.sequence)
        return item.wire

    def _following(self, found: Found) -> list[MarketMessage]:
        """Return the events that follow the reader's position one after the other, and move it to the last of them."""
        return [message for message in found.events if self.follow(message)]

    async def _find(self) -> Found | None:
        client = self.broadcast.client
        async with client.pipeline(transaction=True) as pipeline:
            pipeline.hmget(head_of(self.symbol), "life", "sequence", "snapshot")
            if self.position is not None:
                after = entry_id(self.position.sequence + 1)
                pipeline.xrange(events_of(self.symbol), after, "+", count=ENTRIES_A_TIME)
            (life, sequence, snapshot), *entries = await pipeline.execute()
        if life is None or sequence is None or snapshot is None:
            return None
        head = Position(life.decode(), int(sequence))
        events = [_message_of(head.life, number, fields) for number, fields in (entries[0] if entries else ())]
        return Found(head, snapshot, events)

    async def _snapshot(self, found: Found) -> bytes:
        content = found.snapshot if self.position is None else await self._missed(self.position, found)
        self.position = found.head
        return event("snapshot", content, f"{found.head.life}-{found.head.sequence}")

    async def _missed(self, known: Position, found: Found) -> bytes:
        """Return the snapshot for somebody who was away: why it is one, and the trades since, all of them or as many as fit."""
        snapshot = orjson.loads(found.snapshot)
        snapshot["reason"] = "missed" if known.life == found.head.life else "reset"
        trades = [trade for trade in snapshot["trades"] if trade["sequence"] > known.sequence]
        if len(trades) == TRADES:
            try:
                trades, snapshot["trades_complete"] = await self.database.ask(
                    trades_between, self.symbol, known.sequence, found.head.sequence
                )
            except DatabaseError:
                snapshot["trades_complete"] = False
        return orjson.dumps(snapshot | {"trades": trades})


def _message_of(life: str, number: bytes, fields: dict[bytes, bytes]) -> MarketMessage:
    sequence = str(sequence_of(number))
    return market_message(life, fields[b"previous"].decode(), sequence, fields[b"event"].decode(), fields[b"data"])
