"""Spans, made with OpenTelemetry's SDK. Imported only where something is traced (tracing.py)."""

import os
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any

from django.db import connections
from django.db.backends.signals import connection_created
from opentelemetry import context, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from config.operations.observe.metrics import VERSION

MOST_OF_A_STATEMENT = 1_000


class _Span:
    def __init__(self, span: trace.Span) -> None:
        self._span = span
        self.trace_id = trace.format_trace_id(span.get_span_context().trace_id)

    def name(self, name: str) -> None:
        self._span.update_name(name)

    def say(self, said: Mapping[str, str | int]) -> None:
        self._span.set_attributes(said)

    def fail(self) -> None:
        self._span.set_status(Status(StatusCode.ERROR))


class OpenTelemetry:
    """A tracer that sends what it has to where the OTEL_… variables say, from a thread of its own."""

    def __init__(self, part: str) -> None:
        named = {"service.name": os.environ.get("OTEL_SERVICE_NAME", f"tianhui-{part}"), "service.version": VERSION}
        self.provider = TracerProvider(resource=Resource.create(named))
        self.provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self._tracer = self.provider.get_tracer("tianhui", VERSION)
        self._context = TraceContextTextMapPropagator()
        connection_created.connect(self._follow_statements, weak=False)
        # Whoever sets this up may have asked the database something already.
        for connection in connections.all(initialized_only=True):
            self._follow_statements(connection=connection)

    def stop(self) -> None:
        """Send what there is to be sent, and follow nothing any more: no later connection, and none that this thread has."""
        connection_created.disconnect(self._follow_statements)
        for connection in connections.all(initialized_only=True):
            if self._execute in connection.execute_wrappers:
                connection.execute_wrappers.remove(self._execute)
        self.provider.shutdown()

    @contextmanager
    def serving(self, name: str, carrier: Mapping[str, str]) -> Iterator[_Span]:
        """Make the span of a request."""
        with self._span(name, SpanKind.SERVER, carrier) as span:
            yield span

    @contextmanager
    def working(self, name: str, carrier: Mapping[str, str]) -> Iterator[_Span]:
        """Make the span of a task, in the trace of whoever has sent it."""
        with self._span(name, SpanKind.CONSUMER, carrier) as span:
            yield span

    @contextmanager
    def inside(self, name: str) -> Iterator[_Span]:
        """Make a span within the one that is under way."""
        with self._tracer.start_as_current_span(name, record_exception=False, set_status_on_exception=True) as span:
            yield _Span(span)

    def hand_on(self, carrier: MutableMapping[str, Any]) -> None:
        """Write the span that is under way into what is sent to another process."""
        self._context.inject(carrier)

    @contextmanager
    def _span(self, name: str, kind: SpanKind, carrier: Mapping[str, str]) -> Iterator[_Span]:
        # Each begins on its own: a thread may have a span left of something before.
        above = self._context.extract(carrier, context.Context())
        with self._tracer.start_as_current_span(
            name, context=above, kind=kind, record_exception=False, set_status_on_exception=True
        ) as span:
            yield _Span(span)

    def _follow_statements(self, *, connection: Any, **_more: Any) -> None:
        if self._execute not in connection.execute_wrappers:
            connection.execute_wrappers.append(self._execute)

    def _execute(self, execute: Callable[..., Any], statement: Any, parameters: Any, many: bool, seen: Any) -> Any:
        if not trace.get_current_span().get_span_context().is_valid:
            return execute(statement, parameters, many, seen)
        text = str(statement)
        word = text.split(None, 1)[0].upper() if text.strip() else "SQL"
        with self._tracer.start_as_current_span(
            word, kind=SpanKind.CLIENT, record_exception=False, set_status_on_exception=True
        ) as span:
            span.set_attributes({"db.system.name": "postgresql", "db.query.text": text[:MOST_OF_A_STATEMENT]})
            return execute(statement, parameters, many, seen)
