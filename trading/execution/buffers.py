"""What the executor has published lately, kept in Redis, so that whoever was away for a while misses nothing.

Of each market: its head (the newest state, with the number of the last instruction that it knows) and a bounded buffer of
the events that led there. Each event names the number that it follows, so a chain that is broken is seen. Of all markets
together: the events of orders, numbered without gaps; these are private, and the stream's process alone reads them.

Redis may lose any of it. Numbers would then begin anew or go back, so every buffer has a life: a random word that a new
buffer is given. What is as it was is known by the same life, and by numbers that follow each other.
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import redis
from redis.commands.core import Script

EVENTS_KEPT = 2_000
"""Events of a market at most, and entries of orders."""
INSTRUCTIONS_KEPT = 10_000
"""Events of a market reach back over so many instructions: a batch may have thousands, with a trade for each."""

ORDERS_CHANNEL = "orders"
ORDERS_HEAD = "orders:head"
ORDERS_EVENTS = "orders:events"
NONE = "-"
"""What an event follows that is the first of its buffer."""


def new_life() -> str:
    """Return a life that no buffer had before."""
    return secrets.token_hex(4)


def channel_of(symbol: str) -> str:
    """Return the Redis channel of a market."""
    return f"market:{symbol}"


def head_of(symbol: str) -> str:
    """Return the key of a market's head: `life`, `sequence`, and `snapshot`, the state as JSON."""
    return f"market:{symbol}:head"


def events_of(symbol: str) -> str:
    """Return the key of a market's events: a stream whose entries are numbered by their last instruction."""
    return f"market:{symbol}:events"


def entry_id(sequence: int) -> str:
    """Return the number of a stream's entry; 0-0 is none that Redis takes, and a market begins at 0."""
    return f"{sequence}-1"


def sequence_of(entry: bytes) -> int:
    """Return what `entry_id` was given."""
    return int(entry.partition(b"-")[0])


@dataclass(frozen=True, slots=True)
class Head:
    """What Redis knows of a market."""

    sequence: int
    snapshot: bytes


@dataclass(frozen=True, slots=True)
class Publication:
    """A market's next event, the state after it, and the entries of orders that come with it."""

    symbol: str
    previous: int | None
    """The last instruction that the event follows; None for a snapshot, which follows whatever there is."""
    sequence: int
    event: str
    message: bytes
    snapshot: bytes
    orders: Sequence[bytes]
    at_ms: int


def read_head(client: redis.Redis, symbol: str) -> Head | None:
    """Return a market's head, or None where Redis has none.

    Raises: RedisError.
    """
    sequence, snapshot = cast(Sequence[Any], client.hmget(head_of(symbol), "sequence", "snapshot"))
    return None if sequence is None or snapshot is None else Head(int(sequence), snapshot)


# One step for Redis: nobody sees a head without its event, and of two who publish at once the later one is noticed.
_APPEND = """
local function lives(head, buffer)
    local life = redis.call('HGET', head, 'life')
    if not life then
        redis.call('DEL', head, buffer)
        life = ARGV[1]
        redis.call('HSET', head, 'life', life)
    end
    return life
end

local life = lives(KEYS[1], KEYS[2])
local before = redis.call('HGET', KEYS[1], 'sequence')
local previous, sequence = ARGV[3], ARGV[4]
if before and tonumber(before) >= tonumber(sequence) then return 'known' end
local is_first = not before and previous == '0'
if previous ~= '-' and before ~= previous and not is_first then return 'gap' end
redis.call('XADD', KEYS[2], sequence .. '-1', 'previous', before or '-', 'event', ARGV[5], 'data', ARGV[6])
redis.call('XTRIM', KEYS[2], 'MAXLEN', '~', ARGV[8])
redis.call('XTRIM', KEYS[2], 'MINID', '~', ARGV[9])
redis.call('HSET', KEYS[1], 'sequence', sequence, 'snapshot', ARGV[7])
redis.call('PUBLISH', ARGV[2], table.concat({life, before or '-', sequence, ARGV[5]}, ' ') .. '\\n' .. ARGV[6])

if #ARGV > 10 then
    local orders_life = lives(KEYS[3], KEYS[4])
    for i = 11, #ARGV do
        local number = redis.call('HINCRBY', KEYS[3], 'number', 1)
        redis.call('XADD', KEYS[4], string.format('%d-1', number), 'at_ms', ARGV[10], 'data', ARGV[i])
        redis.call('PUBLISH', 'orders', table.concat({orders_life, number, ARGV[10]}, ' ') .. '\\n' .. ARGV[i])
    end
    redis.call('XTRIM', KEYS[4], 'MAXLEN', '~', ARGV[8])
end
return 'added'
"""


class Buffers:
    """Appends to the buffers, by one call a publication."""

    def __init__(self, client: redis.Redis) -> None:
        self.client = client
        self._append: Script = client.register_script(_APPEND)

    def append(self, publication: Publication) -> str:
        """Append an event where it follows: `added`; `known` where Redis knows as much already; `gap` where it lacks some.

        Raises: RedisError.
        """
        symbol = publication.symbol
        keys = [head_of(symbol), events_of(symbol), ORDERS_HEAD, ORDERS_EVENTS]
        arguments = [
            new_life(),
            channel_of(symbol),
            NONE if publication.previous is None else publication.previous,
            publication.sequence,
            publication.event,
            publication.message,
            publication.snapshot,
            EVENTS_KEPT,
            entry_id(max(publication.sequence - INSTRUCTIONS_KEPT, 0)),
            publication.at_ms,
            *publication.orders,
        ]
        return cast(bytes, self._append(keys=keys, args=arguments)).decode()

    def begin_anew(self, symbol: str) -> None:
        """Let a market's buffer have a new life: what it says is not what the database says.

        Raises: RedisError.
        """
        self.client.delete(head_of(symbol), events_of(symbol))
