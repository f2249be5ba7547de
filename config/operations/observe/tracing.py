"""Tracing by OpenTelemetry, where OTEL_EXPORTER_OTLP_ENDPOINT is set and the packages of the extra `tracing` are installed.

Nothing of it is imported otherwise. Spans are made at our doors alone: requests, tasks, batches of a market, statements. They say
routes, names and figures, and of a statement its text without what was put into it.
"""

import logging
import os
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

logger = logging.getLogger(__name__)

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


class Span(Protocol):
    """What is being done, as a trace shows it."""

    trace_id: str

    def name(self, name: str) -> None: ...

    def say(self, said: Mapping[str, str | int]) -> None: ...

    def fail(self) -> None: ...


class Tracer(Protocol):
    """Where spans are made; `carrier` is what carries a trace from one process to the next (W3C Trace Context)."""

    def serving(self, name: str, carrier: Mapping[str, str]) -> AbstractContextManager[Span]: ...

    def working(self, name: str, carrier: Mapping[str, str]) -> AbstractContextManager[Span]: ...

    def inside(self, name: str) -> AbstractContextManager[Span]: ...

    def hand_on(self, carrier: MutableMapping[str, Any]) -> None: ...

    def stop(self) -> None: ...


_tracers: dict[int, Tracer | None] = {}


def set_up(part: str) -> Tracer | None:
    """Return this process's tracer, made at the first call; None where nothing is traced."""
    pid = os.getpid()
    if pid not in _tracers:
        _tracers[pid] = _made(part)
    return _tracers[pid]


def tracer() -> Tracer | None:
    """Return this process's tracer; None where nothing is traced, or nothing was set up yet."""
    return _tracers.get(os.getpid())


def stop() -> None:
    """Let this process trace nothing any more, until it is set up again; what there is to be sent is sent."""
    found = _tracers.pop(os.getpid(), None)
    if found is not None:
        found.stop()


def _made(part: str) -> Tracer | None:
    if not os.environ.get(ENDPOINT):
        return None
    try:
        from config.operations.observe.spans import OpenTelemetry
    except ImportError as error:
        logger.warning("%s is set, but nothing is traced: install tianhui[tracing] (%s)", ENDPOINT, error)
        return None
    return OpenTelemetry(part)


@contextmanager
def inside(name: str) -> Iterator[Span | None]:
    """Make a span of what is done inside of the context, where something is traced."""
    found = tracer()
    if found is None:
        yield None
        return
    with found.inside(name) as span:
        yield span
