"""Whether each queue is worked on: beat sends every queue a small task, and whoever takes it says so here.

A worker can be alive and take nothing, after Redis was away. That a pulse came through means that beat, broker and worker all do their
work. It stands in Redis: where that is emptied, the next pulse is there within seconds.
"""

import socket
import time
from dataclasses import dataclass
from functools import cache

import redis
from django.conf import settings

from config.hints import hint_client

SECONDS = 10.0
"""How often beat sends one."""
_KEY = "pulses"


@dataclass(frozen=True, slots=True)
class Pulse:
    """When a queue was last worked on, and on which host. Units: s."""

    age_seconds: float
    host: str


def note_pulse(queue: str) -> None:
    """Say that a queue is worked on.

    Raises: RedisError.
    """
    _redis().hset(_KEY, queue, f"{time.time():.3f} {socket.gethostname()}")


def read_pulses() -> dict[str, Pulse]:
    """Return when the queues in use were last worked on; one that never was, or not since Redis was emptied, has none.

    Raises: RedisError.
    """
    found: dict[bytes, bytes] = _redis().hgetall(_KEY)  # type: ignore[assignment]
    kept = {name.decode(): _read(said) for name, said in found.items()}
    return {name: kept[name] for name in settings.QUEUES if name in kept}


def late_pulse(queue: str, most_seconds: float) -> str:
    """Say since when no pulse came through a queue; nothing where one did, or where nobody can say whom to blame.

    Where Redis is away, or was emptied just now, nothing can be said; where no queue has a pulse, beat has stopped.
    """
    try:
        pulses = read_pulses()
    except redis.RedisError:
        return ""
    pulse = pulses.get(queue)
    if pulse is None or pulse.age_seconds <= most_seconds:
        return ""
    if all(other.age_seconds > most_seconds for other in pulses.values()):
        return ""
    return f"{queue} was last worked on {pulse.age_seconds:.0f} s ago"


def _read(said: bytes) -> Pulse:
    at, _space, host = said.decode().partition(" ")
    return Pulse(max(time.time() - float(at), 0.0), host)


@cache
def _redis() -> redis.Redis:
    return hint_client()
