"""What every reader of a stream has in common: it is greeted, catches up, follows, and is dropped where it is too slow."""

from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator
from time import monotonic
from typing import Any

import orjson
import redis

from trading.stream.broadcast import Broadcast
from trading.stream.database import Database
from trading.stream.events import RETRY, Item, Revoked, Signal, event
from trading.stream.inbox import Inbox

MAX_OVERRUNS = 3
"""A reader that falls behind more often than that between two heartbeats is dropped, and may come back with its last id."""
LOOK_SECONDS = 15.0
"""So often at least it is looked whether the stream may go on, however much there is to send."""


class Refusal(Exception):
    """A stream that is not begun: the status, a sentence, and headers."""

    def __init__(self, status: int, text: bytes, *headers: tuple[bytes, bytes]) -> None:
        super().__init__(status)
        self.status, self.text, self.headers = status, text, headers


class Ended(Exception):
    """A stream that the server ends, and the reason that it gives."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Reader(ABC):
    """One client's stream. It knows up to where it was told, and takes nothing that does not follow that."""

    def __init__(self, broadcast: Broadcast, database: Database, inbox: Inbox) -> None:
        self.broadcast, self.database, self.inbox = broadcast, database, inbox
        self._must_catch_up = False
        self._looked_at = monotonic()

    @abstractmethod
    async def check(self) -> None:
        """Refuse what cannot be streamed, before anything is.

        Raises: Refusal.
        """

    @abstractmethod
    async def look(self) -> None:
        """Look whether the stream may go on, with every heartbeat and at least every LOOK_SECONDS of sending.

        Raises: Ended.
        """

    def is_of(self, user_id: int) -> bool:
        """Return whether the stream rests on what a person may do."""
        return False

    @abstractmethod
    def heartbeat(self) -> bytes:
        """Return what is sent where nothing has happened."""

    @abstractmethod
    def catch_up(self) -> AsyncIterator[bytes]:
        """Yield what lies between what the reader knows and the newest.

        Raises: RedisError.
        """

    @abstractmethod
    def follow(self, item: Any) -> bytes | None:
        """Return how a message is written that follows, nothing of one that is known; None where something lies between."""

    async def events(self) -> AsyncGenerator[bytes]:
        """Yield what is sent, until the stream ends.

        Raises: Refusal, before anything is yielded.
        """
        await self.check()
        yield RETRY + event("resumed" if self.broadcast.is_connected else "interrupted")
        try:
            async for chunk in self._catch_up():
                yield chunk
            while True:
                items = await self.inbox.take()
                if self.inbox.overruns > MAX_OVERRUNS:
                    yield event("too_slow")
                    return
                await self._look_if_due()
                async for chunk in self._chunks(items):
                    yield chunk
        except Ended as ended:
            if ended.reason:
                yield event("ended", orjson.dumps({"reason": ended.reason}))

    async def _chunks(self, items: list[Item]) -> AsyncIterator[bytes]:
        """Yield what came together at once where nothing lies between."""
        ready: list[bytes] = []
        for item in items:
            written = await self._take(item)
            if written is None or self._must_catch_up:
                yield b"".join([*ready, written or b""])
                ready = []
                async for chunk in self._catch_up():
                    yield chunk
            else:
                ready.append(written)
        yield b"".join(ready)

    async def _take(self, item: Item) -> bytes | None:
        match item:
            case Signal.HEARTBEAT:
                await self._look()
                return self.heartbeat()
            case Signal.INTERRUPTED:
                return event("interrupted")
            case Signal.RESUMED:
                self._must_catch_up = True
                return event("resumed")
            case Signal.MISSED:
                return None
            case Signal.END:
                raise Ended("")
            case Revoked(user_id=user_id):
                if self.is_of(user_id):
                    await self._look()
                return b""
        return self.follow(item)

    async def _look_if_due(self) -> None:
        # There is no heartbeat where there is always something to send.
        if monotonic() - self._looked_at >= LOOK_SECONDS:
            await self._look()

    async def _look(self) -> None:
        self._looked_at = monotonic()
        await self.look()

    async def _catch_up(self) -> AsyncIterator[bytes]:
        self._must_catch_up = False
        try:
            # And once more for what comes between the last question and the end of the pause.
            for is_paused in (True, False):
                self.inbox.is_paused = is_paused
                async for chunk in self.catch_up():
                    await self._look_if_due()
                    yield chunk
        except redis.RedisError:
            # Asked again with the next heartbeat, or when Redis is back.
            self._must_catch_up = True
            self.inbox.is_paused = False
            yield event("interrupted")
