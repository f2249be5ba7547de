"""A client's connection knows since when it has been idle: what ended it meanwhile is no fault of whoever answers next."""

import http.server
import threading
from time import monotonic

import pytest

from tests.soak.line import KEPT_SECONDS, Line
from tests.waiting import wait_until


class Keeping(http.server.BaseHTTPRequestHandler):
    """Answers, and keeps connections."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.connections.add(self.connection)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_words):
        """Say nothing."""


@pytest.fixture
def tries():
    return []


@pytest.fixture
def line(server, tries):
    line = Line(server.server_port, "", tries.append)
    yield line
    line.close()


@pytest.fixture
def server():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Keeping) as server:
        server.connections = set()
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_request_on_a_kept_connection_says_how_long_it_was_idle(server, line, tries):
    assert line.ask_once("GET", "/markets").status == 200
    line._used_at -= 5.0
    assert line.ask_once("GET", "/markets").status == 200
    assert len(server.connections) == 1
    line._used_at -= KEPT_SECONDS + 1
    assert line.ask_once("GET", "/markets").status == 200
    assert len(server.connections) == 2
    first, kept, anew = tries
    assert first.idle_seconds == anew.idle_seconds == 0.0
    assert 5.0 <= kept.idle_seconds < KEPT_SECONDS


def test_what_ended_a_kept_connection_is_dated_to_when_it_may_have_been(server, line, tries):
    before = monotonic()
    assert line.ask_once("GET", "/markets").status == 200
    for each in server.connections:
        each.shutdown(2)
    wait_until(lambda: line.ask_once("GET", "/markets") is None, "the connection is still there")
    (failed,) = [each for each in tries if each.status == 0]
    assert failed.idle_seconds > 0.0
    assert failed.began_at - failed.idle_seconds >= before
