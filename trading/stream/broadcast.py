"""Listens to Redis once, on behalf of all readers of this process, and reads its buffers for those who come back."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import orjson
import redis.asyncio
from redis.asyncio.client import PubSub
from redis.asyncio.connection import BlockingConnectionPool
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from config import peers
from ledger.parties.security.revocations import CHANNEL as REVOKED_CHANNEL
from trading.execution.buffers import ORDERS_CHANNEL, channel_of
from trading.stream.events import (
    Item,
    OrdersMessage,
    Revoked,
    Signal,
    own_events,
    read_market_message,
    read_orders_message,
)
from trading.stream.inbox import Inbox

logger = logging.getLogger(__name__)

HEARTBEAT_SECONDS = 15.0
LEAVE_SECONDS = 0.5
RETRY_SECONDS = 1.0
MARKETS = channel_of("")
# A reader that comes asks once; more at a time than this wait for each other.
CONNECTIONS = 16


class Broadcast:
    """Hands on what Redis publishes: of a market to its readers, of orders to their organisations."""

    def __init__(self, redis_url: str) -> None:
        self.redis_url = redis_url
        self.is_connected = False
        self.orders_at: tuple[str, int, int] | None = None
        """Life, number and time of the newest entry of orders that was heard."""
        self._markets: dict[str, set[Inbox]] = defaultdict(set)
        self._orders: dict[int, set[Inbox]] = defaultdict(set)
        self._tasks: list[asyncio.Task[None]] = []
        self._client: redis.asyncio.Redis | None = None

    @property
    def client(self) -> redis.asyncio.Redis:
        """For single questions; what listens has a connection of its own."""
        if self._client is None:
            pool = BlockingConnectionPool.from_url(
                self.redis_url,
                max_connections=CONNECTIONS,
                timeout=5,
                socket_connect_timeout=5,
                socket_timeout=5,
                retry=Retry(NoBackoff(), 1),
            )
            self._client = redis.asyncio.Redis.from_pool(pool)
        return self._client

    @property
    def readers(self) -> int:
        return sum(len(inboxes) for inboxes in (*self._markets.values(), *self._orders.values()))

    def readers_of(self, organisation_id: int) -> int:
        """Return how many read an organisation's orders."""
        return len(self._orders.get(organisation_id, ()))

    def start(self) -> None:
        """Begin to listen, where that has not begun."""
        if not self._tasks:
            self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._beat())]

    @contextmanager
    def market_reader(self, symbol: str) -> Iterator[Inbox]:
        """Take part as long as the context lasts: what is published of a market comes into the inbox."""
        with self._reader(self._markets, symbol) as inbox:
            yield inbox

    @contextmanager
    def orders_reader(self, organisation_id: int) -> Iterator[Inbox]:
        """Take part as long as the context lasts: what is published of an organisation's orders comes into the inbox."""
        with self._reader(self._orders, organisation_id) as inbox:
            yield inbox

    @contextmanager
    def _reader(self, groups: dict[Any, set[Inbox]], key: Any) -> Iterator[Inbox]:
        self.start()
        inbox = Inbox()
        groups[key].add(inbox)
        try:
            yield inbox
        finally:
            groups[key].discard(inbox)
            if not groups[key]:
                del groups[key]

    async def close(self) -> None:
        """Stop listening, and let every reader's stream end."""
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self._tell_all(Signal.END)
        if self._client is not None:
            # Whoever reads a buffer just now would open a connection anew, which nobody closes.
            with suppress(TimeoutError):
                await asyncio.wait_for(self._readers_gone(), LEAVE_SECONDS)
            await self._client.aclose()

    async def _readers_gone(self) -> None:
        while self.readers:
            await asyncio.sleep(0.01)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_SECONDS)
            self._tell_all(Signal.HEARTBEAT)

    async def _listen(self) -> None:
        while True:
            try:
                async with _subscription(self.redis_url) as subscription:
                    self.is_connected = True
                    # What was published meanwhile is in the buffers, or else it is told that it is not.
                    self.orders_at = None
                    self._tell_all(Signal.RESUMED)
                    await self._hand_on(subscription)
            except (redis.RedisError, OSError) as error:
                logger.warning("Redis is lost, streams wait for it: %s", error)
                if self.is_connected:
                    self._tell_all(Signal.INTERRUPTED)
                self.is_connected = False
            await asyncio.sleep(RETRY_SECONDS)

    async def _hand_on(self, subscription: PubSub) -> None:
        while True:
            message = await subscription.get_message(ignore_subscribe_messages=True, timeout=HEARTBEAT_SECONDS)
            if message is None:
                continue
            channel = message["channel"].decode()
            if channel == ORDERS_CHANNEL:
                self._hand_on_orders(read_orders_message(message["data"]))
            elif channel == REVOKED_CHANNEL:
                for readers in self._orders.values():
                    _tell(readers, Revoked(int(message["data"])))
            elif inboxes := self._markets.get(channel.removeprefix(MARKETS)):
                _tell(inboxes, read_market_message(message["data"]))
            # Many messages may be here already: let readers send before there are too many for them.
            await asyncio.sleep(0)

    def _hand_on_orders(self, message: OrdersMessage) -> None:
        follows = self.orders_at is not None and self.orders_at[:2] == (message.life, message.number - 1)
        self.orders_at = (message.life, message.number, message.at_ms)
        if not self._orders:
            return
        content = orjson.loads(message.data)
        if not follows or content.get("missed"):
            for inboxes in self._orders.values():
                _tell(inboxes, Signal.MISSED)
            return
        for organisation_id, own in own_events(content, self._orders).items():
            _tell(self._orders[organisation_id], message._replace(data=own))

    def _tell_all(self, item: Item) -> None:
        for inboxes in (*self._markets.values(), *self._orders.values()):
            _tell(inboxes, item)


def _tell(inboxes: set[Inbox], item: Item) -> None:
    for inbox in inboxes:
        inbox.put(item)


@asynccontextmanager
async def _subscription(redis_url: str) -> AsyncIterator[PubSub]:
    # A peer that is gone without a word is noticed by the kernel, or by the health check, which get_message makes.
    client = redis.asyncio.Redis.from_url(redis_url, health_check_interval=10, **peers.REDIS)
    async with client, client.pubsub() as subscription:
        await subscription.subscribe(ORDERS_CHANNEL, REVOKED_CHANNEL)
        await subscription.psubscribe(f"{MARKETS}*")
        yield subscription
