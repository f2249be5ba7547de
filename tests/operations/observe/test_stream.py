"""The process that streams has the same probes, and counts its readers."""

import asyncio
import json

import pytest

from config.operations.observe import health, metrics
from config.operations.observe.stream import observed
from tests.operations.observe.scrapes import names, read

pytestmark = pytest.mark.django_db


def ask(path, *, method="GET", client="127.0.0.1", headers=(), application=None):
    """Return the status and the body of what the application answers."""
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.disconnect"}

    async def nothing(_scope, _receive, _send):
        raise AssertionError("not to be asked")

    scope = {"type": "http", "path": path, "method": method, "client": (client, 1), "headers": list(headers)}
    asyncio.run(observed(application or nothing)(scope, receive, send))
    return (sent[0]["status"], sent[1]["body"]) if sent else None


def test_it_lives_and_is_ready():
    assert ask("/healthz") == (200, b"ok\n")
    assert ask("/healthz", method="HEAD") == (200, b"")
    assert ask("/healthz", method="POST")[0] == 405
    health.prober._found = None
    status, body = ask("/readyz")
    assert (status, json.loads(body)["checks"]["database"]["state"]) == (200, "ok")


def test_its_metrics_are_for_who_is_near():
    status, body = ask("/metrics")
    assert status == 200
    assert "tianhui_stream_readers" in names(read(body.decode()))
    assert ask("/metrics", client="192.0.2.1")[0] == 403
    assert ask("/metrics", headers=[(b"x-forwarded-for", b"127.0.0.1")])[0] == 403


def test_readers_are_counted_while_they_read():
    seen = []

    async def application(_scope, _receive, _send):
        seen.append(metrics.stream_readers._value.get())
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError):
        ask("/stream/markets/X", application=application)
    assert seen == [1]
    assert metrics.stream_readers._value.get() == 0
