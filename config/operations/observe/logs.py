"""What the programs write: a line of JSON for each event in production, lines for people in the demo and in tests.

Everything that the house and its libraries log goes through the same end (`settings_for`). What is said of each request does not go
through the logging package, which would cost it more than all else that is observed of it.
No line holds a name, an address, a token, a body or a query: requests are named by the pattern of their address, people and
organisations by their public ids.
"""

import logging
import re
import sys
from collections.abc import Callable, MutableMapping
from typing import Any
from uuid import UUID

import orjson
import structlog
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from config.operations.observe.tally import Answered
from config.operations.observe.trails import CURRENT, Trail

Event = MutableMapping[str, Any]
"""What structlog hands from one processor to the next."""

# What PostgreSQL says of a row that it refuses holds the row.
_DETAIL = re.compile(r"^(DETAIL|CONTEXT|HINT):.*$", re.MULTILINE)
# Parts of addresses that name things; what else stands in an address may be a secret.
_NAMING = ("code", "symbol")
_DJANGO_REQUEST = "django.request"


def add_trail(_logger: Any, _name: str, event: Event) -> Event:
    """Add the id of the request that this thread works on."""
    trail = CURRENT.get()
    if trail is not None:
        event["request_id"] = trail.request_id
        if trail.trace_id:
            event["trace_id"] = trail.trace_id
    return event


def leave_rows_out(_logger: Any, _name: str, event: Event) -> Event:
    """Leave out what an error of the database says of the rows that were at fault."""
    for key in ("event", "exception"):
        text = event.get(key)
        if isinstance(text, str) and ("DETAIL:" in text or "CONTEXT:" in text):
            event[key] = _DETAIL.sub(r"\1: (left out)", text)
    return event


class RouteAlone(logging.Filter):
    """Has what Django says of a request name the pattern of its address: the address itself may hold a secret."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        match = getattr(request, "resolver_match", None)
        if request is not None and record.args:
            route = "an unknown address" if match is None else "/" + match.route
            paths = {getattr(request, "path", None), getattr(request, "path_info", None)}
            arguments = record.args if isinstance(record.args, tuple) else (record.args,)
            record.args = tuple(route if _is_in(each, paths) else each for each in arguments)
        return True


def _is_in(argument: object, paths: set[str | None]) -> bool:
    return isinstance(argument, str) and argument in paths


def settings_for(*, level: str, as_json: bool) -> dict[str, Any]:
    """Return Django's LOGGING: everything goes to the standard error, each event as one line."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": structlog.stdlib.ProcessorFormatter, **_processors(as_json=as_json)}},
        "filters": {"route alone": {"()": RouteAlone}},
        "handlers": {
            "console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["route alone"]},
        },
        "root": {"handlers": ["console"], "level": level},
        # What a caller did wrong is told to the caller.
        "loggers": {_DJANGO_REQUEST: {"level": "ERROR"}},
    }


def _processors(*, as_json: bool) -> dict[str, Any]:
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_trail,
    ]
    ends: list[Any] = [structlog.stdlib.ProcessorFormatter.remove_processors_meta]
    if as_json:
        ends += [structlog.processors.format_exc_info, leave_rows_out, structlog.processors.JSONRenderer(_as_text)]
    else:
        ends += [structlog.processors.format_exc_info, leave_rows_out, _as_line]
    return {"foreign_pre_chain": shared, "processors": ends}


def _as_text(event: Any, **_options: Any) -> str:
    return orjson.dumps(event, default=str).decode()


def _as_line(_logger: Any, _name: str, event: Event) -> str:
    """Return a line for people, as they were before there was JSON."""
    at, level = event.pop("timestamp", ""), str(event.pop("level", "")).upper()
    name, said = event.pop("logger", ""), event.pop("event", "")
    exception = event.pop("exception", "")
    rest = "".join(f" {key}={value}" for key, value in event.items())
    return f"{at} {level} {name}: {said}{rest}" + (f"\n{exception}" if exception else "")


class AccessLog:
    """One line for each request that is answered; off where the level is above INFO."""

    def __init__(self) -> None:
        self.is_on = False
        self._write: Callable[[Event], None] = _write_json

    def set_up(self, *, level: str, as_json: bool) -> None:
        """Begin, or cease, to write."""
        self.is_on = logging.getLevelNamesMapping().get(level, logging.INFO) <= logging.INFO
        self._write = _write_json if as_json else _write_line

    def note(self, request: HttpRequest, trail: Trail, status: int, seconds: float) -> None:
        """Write the line of a request."""
        match = request.resolver_match
        answered = Answered(None if match is None else match.route, request.method, status, seconds)
        event: Event = {
            "event": "request",
            "level": "info",
            "logger": "tianhui.access",
            "timestamp": _now(),
            "request_id": trail.request_id,
            "method": answered.known_method,
            "route": answered.route,
            "status": status,
            "ms": round(seconds * 1_000, 1),
        }
        if trail.trace_id:
            event["trace_id"] = trail.trace_id
        # What was not found, or refused, may be anything that somebody has typed.
        if match is not None and match.kwargs and status < 400:
            event.update(_named(match.kwargs))
        event.update(_who(request))
        event.update(trail.said)
        self._write(event)

    def say(self, said: str, **more: Any) -> None:
        """Write a line of a worker's: what it has done."""
        event = {"event": said, "level": "info", "logger": "tianhui.work", "timestamp": _now(), **more}
        self._write(add_trail(None, "", event))


def _named(parts: dict[str, Any]) -> dict[str, Any]:
    """Return the parts of an address that name what was asked for."""
    return {
        name: str(value) if isinstance(value, UUID) else value
        for name, value in parts.items()
        if isinstance(value, int | UUID) or (name in _NAMING and isinstance(value, str))
    }


def _who(request: HttpRequest) -> dict[str, str]:
    """Return who asked, as far as it is known already: nothing is read for it."""
    user = getattr(request, "user", None)
    if isinstance(user, SimpleLazyObject):
        user = request.__dict__.get("_cached_user")
    public_id = getattr(user, "public_id", None)
    if public_id is None:
        return {}
    found = {"person": str(public_id)}
    membership = getattr(user, "membership_at_hand", None)
    if membership is not None:
        found["organisation"] = str(membership.organisation.public_id)
    return found


_timestamper = structlog.processors.TimeStamper(fmt="iso", utc=True)


def _now() -> str:
    return str(_timestamper(None, "", {})["timestamp"])


def _write_json(event: Event) -> None:
    _out(orjson.dumps(event, default=str) + b"\n")


def _write_line(event: Event) -> None:
    _out(_as_line(None, "", event).encode() + b"\n")


def _out(line: bytes) -> None:
    """Write a whole line at once, so that lines of threads do not mingle. Celery puts something else in the place of stderr."""
    stream = sys.__stderr__
    if stream is not None:
        stream.buffer.write(line)
        stream.buffer.flush()


access = AccessLog()
