"""The Python client against the real server, and the examples of docs/api.md, each of which is run."""

import datetime as dt
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from config.run import BASE_DIR
from ledger.api.client.tianhui_client import BadSignature, Client, Problem, Unreachable, read_webhook
from ledger.models import Household
from ledger.parties.services import issue_token
from ledger.webhooks.sealing import new_secret
from tests.files import pdf
from tests.running import running
from tests.scenes import People, issue_to_cooperative, market_for, pay_in, sell

CLIENT = BASE_DIR / "ledger" / "api" / "client"
BLOCK = re.compile(r"^```(sh|python)\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.django_db(transaction=True)
def test_the_client_speaks_to_the_real_server(who: People, tmp_path: Path) -> None:
    pay_in(who, who.buyer, 1_000_000)
    market = market_for(who, issue_to_cooperative(who, 100))
    sell(who, market, 1)
    tokens = {name: issue_token(user=getattr(who, name).user, name="c")[1] for name in ("buyer", "cooperative")}
    with running("web", "stream") as (_processes, environment):
        base = f"http://127.0.0.1:{environment['WEB_PORT']}"
        _wait_for(base)
        client = Client(base, token=tokens["cooperative"])
        _reads(client)
        _writes_once(client)
        _refuses(base, client)
        _uploads(client, tmp_path, market.asset.batch.project.code)
        _streams(Client(base), f"http://127.0.0.1:{environment['STREAM_PORT']}/stream/markets/{market.symbol}")
        _run_the_docs(base, tokens["buyer"], market.symbol)


def _wait_for(base: str) -> None:
    assert Client(base, tries=12, wait_seconds=0.2).get("/log")["origin"]


def _reads(client: Client) -> None:
    assert client.get("/me")["organisation"]["kind"] == "cooperative"
    first = client.send("GET", "/me")
    assert client.send("GET", "/me", if_none_match=first.etag).status == 304
    for number in range(5):
        client.post("/households", {"code": f"1-{number}", "name": "家"})
    codes = [one["code"] for one in client.pages("/households", page_size=2, order="oldest")]
    assert codes == [f"1-{number}" for number in range(5)]
    assert list(client.pages("/trades", from_="2999-01-01T00:00:00Z")) == []


def _writes_once(client: Client) -> None:
    body = {"code": "3-017", "name": "陈家"}
    first = client.send("POST", "/households", body=body, key="k-1")
    again = client.send("POST", "/households", body=body, key="k-1")
    assert (first.is_replayed, again.is_replayed) == (False, True)
    assert first.content == again.content
    assert Household.objects.filter(code="3-017").count() == 1


def _refuses(base: str, client: Client) -> None:
    with pytest.raises(Problem) as refused:
        client.post("/payments/withdrawals", {"amount_fen": "5"})
    assert (refused.value.status, refused.value.code) == (400, "invalid_input")
    assert [fault.pointer for fault in refused.value.faults] == ["/amount_fen"]
    assert refused.value.type.endswith("/api/problems/invalid_input")
    with pytest.raises(Problem) as unknown:
        Client(base, token="th_wrong").get("/me")
    assert unknown.value.code == "authentication_failed"


def _uploads(client: Client, folder: Path, code: str) -> None:
    file = folder / '合同 "1".pdf'
    file.write_bytes(pdf())
    for key in ("u-1", "u-1"):
        stored = client.upload(f"/projects/{code}/documents", file, kind="contract", title="合同", key=key)
        assert (stored["kind"], stored["title"]) == ("contract", "合同")
    assert client.get(f"/documents/{stored['id']}/content") == pdf()


def _streams(client: Client, address: str) -> None:
    event = next(client.stream(address, seconds=10))
    assert event.content is not None


def _run_the_docs(base: str, token: str, symbol: str) -> None:
    text = (BASE_DIR / "docs" / "api.md").read_text(encoding="utf-8")
    blocks = BLOCK.findall(text)
    assert len(blocks) >= 8
    environment = os.environ | {
        "TIANHUI": base,
        "TIANHUI_TOKEN": token,
        "PYTHONPATH": str(CLIENT),
        "MARKET": symbol,
    }
    for language, block in blocks:
        command = [sys.executable, "-c", block] if language == "python" else ["bash", "-euo", "pipefail", "-c", block]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"


class Flaky(BaseHTTPRequestHandler):
    """A server that fails in the ways of the network before it answers."""

    answers: list[tuple[int, dict[str, str], bytes]] = []
    asked: list[dict[str, str]] = []

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        self.asked.append(dict(self.headers.items()))
        status, headers, content = self.answers.pop(0)
        if status == 0:
            self.connection.close()
            return
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_arguments: Any) -> None:
        """Say nothing."""


@pytest.fixture
def flaky() -> Iterator[Client]:
    Flaky.answers, Flaky.asked = [], []
    server = HTTPServer(("127.0.0.1", 0), Flaky)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield Client(f"http://127.0.0.1:{server.server_port}", wait_seconds=0.01, tries=3)
    server.shutdown()
    thread.join()
    server.server_close()


GOOD = (201, {"Content-Type": "application/json"}, b'{"id":1}')


def test_what_passes_is_tried_again_with_the_same_key(flaky: Client) -> None:
    Flaky.answers = [(0, {}, b""), (503, {"Retry-After": "0"}, b"{}"), GOOD]
    assert flaky.post("/orders", {"a": 1}) == {"id": 1}
    assert len({asked["Idempotency-Key"] for asked in Flaky.asked}) == 1
    assert len(Flaky.asked) == 3


def test_it_waits_for_as_long_as_the_server_says(flaky: Client) -> None:
    Flaky.answers = [(429, {"Retry-After": "1"}, b'{"code":"too_many_attempts"}'), GOOD]
    begun = time.monotonic()
    assert flaky.post("/orders") == {"id": 1}
    assert time.monotonic() - begun >= 1


def test_a_refusal_is_not_tried_again(flaky: Client) -> None:
    Flaky.answers = [(422, {}, b'{"code":"off_tick","detail":"no"}')]
    with pytest.raises(Problem, match="off_tick"):
        flaky.post("/orders")
    assert len(Flaky.asked) == 1


def test_what_is_refused_in_plain_words_keeps_them(flaky: Client) -> None:
    Flaky.answers = [(404, {"Content-Type": "text/plain; charset=utf-8"}, b"There is no such market.\n")]
    with pytest.raises(Problem, match="There is no such market") as refused:
        flaky.post("/orders")
    assert refused.value.code == "http_404"


def test_it_gives_up_after_so_many_tries(flaky: Client) -> None:
    Flaky.answers = [(503, {}, b"<html>")] * 3
    with pytest.raises(Problem) as refused:
        flaky.post("/orders")
    assert refused.value.code == "http_503"
    assert Flaky.answers == []
    with pytest.raises(Unreachable):
        Client("http://127.0.0.1:9", tries=2, wait_seconds=0.01).get("/me")


def test_a_wait_that_is_too_long_is_the_callers_to_decide(flaky: Client) -> None:
    Flaky.answers = [(429, {"Retry-After": "3600"}, b'{"code":"too_many_attempts"}')]
    with pytest.raises(Problem) as refused:
        flaky.post("/orders")
    assert refused.value.retry_after == 3600


def test_a_redirect_is_not_followed_with_the_token(flaky: Client) -> None:
    Flaky.answers = [(302, {"Location": "http://127.0.0.1:9/"}, b"")]
    with pytest.raises(Problem) as refused:
        flaky.post("/orders")
    assert refused.value.status == 302


def test_the_client_needs_nothing_but_the_standard_library() -> None:
    code = "import sys; sys.modules['django'] = None; import tianhui_client; print(tianhui_client.VERSION)"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env={"PYTHONPATH": str(CLIENT)},
        cwd=Path("/"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.fullmatch(r"\d+\.\d+\.\d+\n", done.stdout)


BODY = '{"data":{"name":"陈家"},"timestamp":"2026-11-30T04:00:00.000000Z","type":"credits.retired"}'.encode()


def signed(secret: str, at: dt.datetime, body: bytes = BODY) -> dict[str, str]:
    """Return the headers of a delivery, as a library of the standard's own signs it."""
    signature = Webhook(secret).sign("msg_1", at, body.decode())
    return {"Webhook-Id": "msg_1", "Webhook-Timestamp": str(int(at.timestamp())), "Webhook-Signature": signature}


def test_what_a_webhook_is_told_is_read_when_its_secret_has_signed_it() -> None:
    secret, at = new_secret(), dt.datetime.now(dt.UTC)
    headers = signed(secret, at)
    event = read_webhook(secret, headers, BODY)
    assert (event.id, event.type, event.data) == ("msg_1", "credits.retired", {"name": "陈家"})
    # While the secret is being changed, the one before signs, too.
    both = headers | {"Webhook-Signature": f"v1,AAAA {headers['Webhook-Signature']}"}
    assert read_webhook(secret, both, BODY) == event


@pytest.mark.parametrize(
    "change",
    [
        {"Webhook-Signature": ""},
        {"Webhook-Signature": "v1,签名"},
        {"Webhook-Signature": "v1a,AAAA v1,AAAA"},
        {"Webhook-Id": "msg_2"},
        {"Webhook-Timestamp": ""},
        {"Webhook-Timestamp": "٣"},
        {"Webhook-Timestamp": "0"},
        {"Webhook-Timestamp": "9" * 30},
    ],
    ids=str,
)
def test_what_another_has_signed_or_nobody_is_refused(change: dict[str, str]) -> None:
    secret, at = new_secret(), dt.datetime.now(dt.UTC)
    with pytest.raises(BadSignature):
        read_webhook(secret, signed(secret, at) | change, BODY)


def test_another_body_another_secret_and_another_day_are_refused() -> None:
    secret, at = new_secret(), dt.datetime.now(dt.UTC)
    headers = signed(secret, at)
    for arguments in ((secret, headers, BODY + b" "), (new_secret(), headers, BODY)):
        with pytest.raises(BadSignature):
            read_webhook(*arguments)
    for seconds in (-301, 302):
        with pytest.raises(BadSignature, match="clock"):
            read_webhook(secret, headers, BODY, now=at.timestamp() + seconds)
    with pytest.raises(ValueError, match="whsec_"):
        read_webhook("not a secret", headers, BODY)


@pytest.mark.parametrize("base", ["ftp://x", "tianhui.example", "file:///etc/passwd"])
def test_a_base_that_is_none_is_refused(base: str) -> None:
    with pytest.raises(ValueError, match="https://"):
        Client(base)
