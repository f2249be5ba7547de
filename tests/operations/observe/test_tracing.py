"""Traces, where they are configured: from the request to its statements, sent to a real receiver."""

import gzip
import os
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.db import connection
from django.db.backends.signals import connection_created
from django.test import Client

from config.operations.observe import tracing
from trading.models import Market


@pytest.fixture
def receiver(monkeypatch):
    """Receive what is exported; nobody else traces meanwhile."""
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    spans = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.headers.get("Content-Encoding") == "gzip":
                body = gzip.decompress(body)
            found = ExportTraceServiceRequest.FromString(body)
            for resource in found.resource_spans:
                for scope in resource.scope_spans:
                    spans.extend(scope.spans)
            self.send_response(200)
            self.send_header("Content-Type", "application/x-protobuf")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv(tracing.ENDPOINT, f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setattr(tracing, "_tracers", {})
    yield spans
    tracing.stop()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.django_db
def test_a_request_its_statements_and_its_id_are_one_trace(receiver):
    client = Client()
    # The middleware sets tracing up where it is made.
    client.handler.load_middleware()
    answer = client.get("/api/v1/markets", headers={"user-agent": "marker-secret", "authorization": "marker-secret"})
    tracing.stop()
    served = [span for span in receiver if span.name == "GET /api/v1/markets"]
    assert len(served) == 1
    attributes = {each.key: each.value for each in served[0].attributes}
    assert attributes["http.response.status_code"].int_value == 200
    assert attributes["tianhui.request_id"].string_value == answer["X-Request-ID"]
    below = [span for span in receiver if span.parent_span_id == served[0].span_id]
    assert {span.name for span in below} == {"SELECT"}
    assert {span.trace_id for span in below} == {served[0].trace_id}
    assert b"marker-secret" not in b"".join(span.SerializeToString() for span in receiver)


def test_what_is_handed_on_carries_the_trace(receiver):
    tracer = tracing.set_up("worker")
    carrier = {}
    with tracer.inside("outer") as outer:
        tracer.hand_on(carrier)
    with tracer.working("task", carrier) as task:
        assert task.trace_id == outer.trace_id
        task.say({"a": 1})
        task.fail()
    tracing.stop()
    assert {span.name for span in receiver} == {"outer", "task"}


@pytest.mark.django_db
def test_what_has_stopped_follows_no_statement_any_more(receiver):
    tracer = tracing.set_up("worker")
    wrappers = list(connection.execute_wrappers)
    tracing.stop()
    assert tracing.tracer() is None
    assert len(connection.execute_wrappers) == len(wrappers) - 1
    connection_created.send(sender=type(connection), connection=connection)
    assert len(connection.execute_wrappers) == len(wrappers) - 1
    with tracer.inside("too late"):
        Market.objects.exists()
    assert receiver == []
    # There is nothing to stop where nothing is traced.
    tracing.stop()


def test_nothing_is_traced_or_imported_where_it_is_not_configured(monkeypatch):
    monkeypatch.delenv(tracing.ENDPOINT, raising=False)
    monkeypatch.setattr(tracing, "_tracers", {})
    assert tracing.set_up("web") is None
    with tracing.inside("x") as span:
        assert span is None
    assert tracing._tracers == {os.getpid(): None}
