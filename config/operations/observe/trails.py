"""What is being worked on in this thread: a request, or a task that a request has caused. Its id is in every log line."""

import random
import re
from contextvars import ContextVar
from typing import Any

_WELL_FORMED = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{7,63}")


class Trail:
    """A request's id, what is worth saying of it in the log, and the trace that it is part of, where it is traced."""

    __slots__ = ("request_id", "said", "trace_id")

    def __init__(self, request_id: str) -> None:
        self.request_id = request_id
        self.said: dict[str, Any] = {}
        self.trace_id = ""


CURRENT: ContextVar[Trail | None] = ContextVar("tianhui_trail", default=None)


def new_id() -> str:
    """Return an id: 80 bits, so short that somebody can read it out over the telephone. It guards nothing."""
    return f"{random.getrandbits(80):020x}"


def is_well_formed(request_id: object) -> bool:
    """Return whether an id that somebody else has made can stand in a log as it is."""
    return isinstance(request_id, str) and _WELL_FORMED.fullmatch(request_id) is not None


def current_request_id() -> str:
    """Return the id of the request that this thread works on, or for; empty where there is none."""
    trail = CURRENT.get()
    return "" if trail is None else trail.request_id


def say(**said: Any) -> None:
    """Have the request's line in the log say this, too: ids and figures, never names, addresses or secrets."""
    trail = CURRENT.get()
    if trail is not None:
        trail.said.update(said)
