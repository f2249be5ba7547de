"""A log is verified over HTTP, from a real server: with an auditor's token, with patience, and without being led elsewhere."""

import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from ledger.transparency.notes import Signer
from ledger.transparency.offline import web
from tests.benchmarks.large_log import ORIGIN, SEED, write_log

TOKEN = "th_auditors-token"
VKEY = Signer(ORIGIN, SEED).vkey


class LogServer(ThreadingHTTPServer):
    """Serves a folder under /log; entries need the token. `stumbles` are answers that come instead, once each."""

    daemon_threads = True

    def __init__(self, folder):
        super().__init__(("127.0.0.1", 0), Handler)
        self.folder = folder
        self.stumbles = []
        self.asked = []

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_port}/log"


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append((self.path, self.headers.get("Authorization")))
        path = self.path.removeprefix("/log/")
        if self.server.stumbles:
            status, headers = self.server.stumbles.pop(0)
            self.answer(status, b"", headers)
        elif path.startswith("tile/entries") and "Authorization" not in self.headers:
            self.answer(401)
        elif path.startswith("tile/entries") and self.headers["Authorization"] != f"Bearer {TOKEN}":
            self.answer(403)
        elif (self.server.folder / path).is_file():
            self.answer(200, (self.server.folder / path).read_bytes())
        else:
            self.answer(404)

    def answer(self, status, content=b"", headers=()):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *arguments):
        pass


@pytest.fixture
def server(tmp_path):
    write_log(tmp_path / "log", 1_100)
    with LogServer(tmp_path / "log") as found:
        thread = threading.Thread(target=partial(found.serve_forever, poll_interval=0.02))
        thread.start()
        yield found
        found.shutdown()
        thread.join()


@pytest.fixture
def token_file(tmp_path):
    path = tmp_path / "token"
    path.write_text(f"{TOKEN}\n")
    return path


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch):
    monkeypatch.setattr(web, "PAUSES_SECONDS", (0.01, 0.01))


def test_a_log_is_verified_over_http(server, run, token_file):
    status, out, errors = run("verify", server.address, "--key", VKEY, "--token-file", token_file)
    assert (status, errors) == (0, "")
    assert out.startswith(f"VERIFIED. The log {ORIGIN} has 1,100 records.")
    assert {path for path, _token in server.asked if "tile/1" in path} == {"/log/tile/1/000.p/4"}


def test_a_slash_at_the_end_of_the_address_is_all_the_same(server, run, token_file):
    assert run("verify", f"{server.address}/", "--key", VKEY, "--token-file", token_file)[0] == 0


def test_entries_need_an_auditors_token(server, run, tmp_path):
    status, out, errors = run("verify", server.address, "--key", VKEY)
    assert (status, out) == (2, "")
    assert errors == (
        "tile/entries/000: The server asks for an auditor's API token, or does not know this one: give its file by --token-file.\n"
    )
    wrong = tmp_path / "wrong"
    wrong.write_text("th_buyers-token")
    status, out, errors = run("verify", server.address, "--key", VKEY, "--token-file", wrong)
    assert (status, out) == (2, "")
    assert errors == (
        "tile/entries/000: The server does not let this token read entries: it takes one of an auditor, by --token-file.\n"
    )


@pytest.mark.parametrize("content", ["", "two words", "ö"])
def test_a_file_without_a_token_is_refused(run, tmp_path, content):
    path = tmp_path / "token"
    path.write_text(content, encoding="utf-8")
    assert run("verify", "http://127.0.0.1:1/log", "--key", VKEY, "--token-file", path) == (
        2,
        "",
        f"{path} does not hold an API token.\n",
    )


def test_a_token_file_that_is_missing_is_said_so(run, tmp_path):
    path = tmp_path / "token"
    assert run("verify", "http://127.0.0.1:1/log", "--key", VKEY, "--token-file", path) == (
        2,
        "",
        f"{path} cannot be read: No such file or directory.\n",
    )


def test_a_server_that_stumbles_is_asked_again(server, run, token_file):
    server.stumbles += [(503, ()), (500, ())]
    assert run("verify", server.address, "--key", VKEY, "--token-file", token_file)[0] == 0


def test_a_server_that_keeps_stumbling_is_given_up(server, run):
    server.stumbles += [(503, ())] * 3
    status, out, errors = run("verify", server.address, "--key", VKEY)
    assert (status, out) == (2, "")
    assert errors == f"{server.address}/checkpoint cannot be read: the server answers with 503.\n"


def test_a_server_that_is_not_there_is_given_up(run):
    status, out, errors = run("verify", "http://127.0.0.1:1/log", "--key", VKEY)
    assert (status, out) == (2, "")
    assert errors == "http://127.0.0.1:1/log/checkpoint cannot be read: [Errno 111] Connection refused.\n"


def test_nobody_is_led_to_another_server(server, run, token_file):
    server.stumbles.append((302, [("Location", "https://elsewhere.example/log/checkpoint")]))
    status, out, errors = run("verify", server.address, "--key", VKEY, "--token-file", token_file)
    assert (status, out) == (2, "")
    assert errors == (
        "The server sends on to https://elsewhere.example/log/checkpoint, which is not followed: give the log's own address.\n"
    )


def test_a_tile_that_is_missing_is_a_fault_of_the_log(server, run, token_file):
    (server.folder / "tile/0/002").unlink()
    status, out, errors = run("verify", server.address, "--key", VKEY, "--token-file", token_file)
    assert (status, errors) == (1, "")
    assert "  The file tile/0/002 is missing.\n" in out


@pytest.mark.parametrize(
    "address", ["ftp://host/log", "http://", "http://user@host/log", "http://host/log?x", "http://[/log"]
)
def test_what_is_no_address_is_said_so(run, address):
    status, out, errors = run("verify", address, "--key", VKEY)
    assert (status, out) == (2, "")
    assert errors.startswith(f"{address} is not an address")
