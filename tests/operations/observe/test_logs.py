"""What is logged: one id from the request to the worker, and nothing of a person or a secret."""

import io
import json
import logging
import sys

import pytest
from django.test import Client

from config.celery import app
from config.operations.observe import logs, middleware, work
from config.operations.observe.trails import CURRENT, Trail, current_request_id, is_well_formed, new_id
from ledger.parties.services import issue_token
from tests.callers import Caller
from tests.scenes import People, issue_to_cooperative, market_for, pay_in
from trading.execution.services import execute_market

pytestmark = pytest.mark.django_db


class Written:
    """What was written to the standard error, by the access log and by everything that logs."""

    def __init__(self):
        self._bytes = io.BytesIO()
        self.stream = io.TextIOWrapper(self._bytes, write_through=True)

    @property
    def text(self):
        return self._bytes.getvalue().decode()

    def lines(self, event):
        found = [json.loads(line) for line in self.text.splitlines()]
        return [line for line in found if line["event"] == event]


@pytest.fixture
def written(monkeypatch):
    """Log as in production, all that there is, into memory."""
    found = Written()
    monkeypatch.setattr(sys, "__stderr__", found.stream)
    access = logs.AccessLog()
    access.set_up(level="INFO", as_json=True)
    monkeypatch.setattr(logs.access, "is_on", access.is_on)
    monkeypatch.setattr(logs.access, "_write", access._write)
    settings = logs.settings_for(level="DEBUG", as_json=True)
    formatter = settings["formatters"]["line"]
    handler = logging.StreamHandler(found.stream)
    handler.setFormatter(formatter.pop("()")(**formatter))
    handler.addFilter(logs.RouteAlone())
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield found
    root.removeHandler(handler)
    root.setLevel(before)


@pytest.fixture
def market(who: People):
    market = market_for(who, issue_to_cooperative(who, 1_000))
    pay_in(who, who.buyer, 10_000_000)
    return market


def test_each_answer_names_its_request():
    first, second = Client().get("/"), Client().get("/")
    assert is_well_formed(first["X-Request-ID"])
    assert first["X-Request-ID"] != second["X-Request-ID"]
    assert "X-Request-ID" not in Client().get("/healthz")
    assert current_request_id() == ""


@pytest.mark.parametrize(
    ("given", "proxies", "is_kept"),
    [
        ("0123456789abcdef", 1, True),
        ("7e85c48b-0836-4d14-be58-91e7429f2120", 1, True),
        ("01J9ZQ4V5T6M7N8P9QRSTVWXYZ", 2, True),
        ("0123456789abcdef", 0, False),
        ("short", 1, False),
        ("x" * 65, 1, False),
        ('evil"}\n{"event":"forged', 1, False),
        ("<script>alert(1)</script>", 1, False),
        ("0123456789abcdef\r\nSet-Cookie: a=b", 1, False),
        ("编号编号编号编号", 1, False),
        ("", 1, False),
    ],
)
def test_an_id_is_taken_from_our_proxy_alone_and_only_where_it_is_one(settings, given, proxies, is_kept):
    settings.NUM_PROXIES = proxies
    answer = Client().get("/", headers={"x-request-id": given})
    assert (answer["X-Request-ID"] == given) is is_kept


def test_a_problem_and_a_page_that_failed_name_the_request(who: People, monkeypatch):
    refused = Caller(who.buyer).ask("/markets/NO-SUCH")
    assert refused.json()["request_id"] == refused["X-Request-ID"]

    def fail(*_arguments):
        raise RuntimeError("boom")

    monkeypatch.setattr("ledger.web.guide.render", fail)
    client = Client(raise_request_exception=False)
    answer = client.get("/guide")
    assert answer.status_code == 500
    assert answer["X-Request-ID"] in answer.content.decode()


def test_the_line_of_a_request_says_who_what_and_how_long(who: People, market, written):
    answer = Caller(who.buyer).ask(f"/markets/{market.symbol}")
    (line,) = written.lines("request")
    assert line.pop("ms") >= 0
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "request",
        "level": "info",
        "logger": "tianhui.access",
        "request_id": answer["X-Request-ID"],
        "method": "GET",
        "route": "/api/v1/markets/<code:symbol>",
        "status": 200,
        "symbol": market.symbol,
        "person": str(who.buyer.user.public_id),
        "organisation": str(who.buyer.organisation.public_id),
    }


def test_an_order_is_followed_from_the_request_to_the_batch(who: People, market, written):
    body = {"market": market.symbol, "client_order_id": "1", "side": "buy", "price_fen": 4_000, "quantity_t": 1}
    entered = Caller(who.buyer).send("/orders", body)
    assert entered.status_code == 201
    execute_market(market.pk)
    (request,) = written.lines("request")
    (batch,) = written.lines("batch")
    order_id = entered.json()["id"]
    assert (request["first_order"], request["last_order"], request["orders"]) == (order_id, order_id, 1)
    assert batch["market"] == request["market"] == market.symbol
    assert batch["first_order"] <= order_id <= batch["last_order"]
    assert (batch["instructions"], batch["trades"]) == (1, 0)


def test_a_task_carries_the_id_of_the_request_that_caused_it():
    headers = {}
    token = CURRENT.set(Trail("0123456789abcdef"))
    try:
        work._hand_on(headers=headers)
    finally:
        CURRENT.reset(token)
    assert headers == {"request_id": "0123456789abcdef"}
    seen = []

    @app.task(name="tests.observed", bind=True)
    def observed(_task):
        seen.append(current_request_id())

    observed.apply(headers=headers)
    observed.apply()
    observed.apply(headers={"request_id": 'x"}\n'})
    assert seen[0] == "0123456789abcdef"
    assert all(is_well_formed(each) for each in seen)
    assert len(set(seen)) == 3
    assert current_request_id() == ""
    del app.tasks["tests.observed"]


SECRET = "marker-b3f1c2-secret"


def test_no_secret_reaches_the_log_by_any_door(who: People, market, written, monkeypatch):
    token = issue_token(user=who.buyer.user, name="test")[1]
    client = Client(raise_request_exception=False)
    client.cookies["sessionid"] = SECRET
    client.get(
        f"/?token={SECRET}&q={SECRET}", headers={"authorization": f"Bearer {SECRET}", "x-request-id": SECRET + "\n"}
    )
    client.get(f"/invitations/{SECRET}")
    client.get(f"/nowhere/{SECRET}")
    client.post("/login", {"username": SECRET, "password": SECRET})
    client.post("/api/v1/tokens", {"username": SECRET, "password": SECRET}, content_type="application/json")
    client.post(
        "/api/v1/orders",
        {"market": SECRET, "note": SECRET},
        content_type="application/json",
        headers={"authorization": f"Bearer {token}"},
    )
    client.get(f"/api/v1/markets/{SECRET}/trades", headers={"authorization": f"Bearer {token}"})
    client.get("/", headers={"host": f"{SECRET}.example", "user-agent": SECRET, "referer": f"http://x/?{SECRET}"})

    def fail(*_arguments, **_more):
        raise RuntimeError("boom")

    monkeypatch.setattr("ledger.web.guide.render", fail)
    client.get(f"/guide/visitor?{SECRET}")
    assert len(written.lines("request")) == 9
    logged = "\n".join(line for line in written.text.splitlines() if "DisallowedHost" not in line)
    assert SECRET not in logged
    assert token not in logged
    assert who.buyer.user.username not in logged
    assert who.buyer.organisation.name not in logged


def test_what_the_database_says_of_a_row_is_left_out(written):
    error = 'duplicate key value violates unique constraint "u"\nDETAIL:  Key (email)=(a@b.example) already exists.'
    try:
        raise ValueError(error)
    except ValueError:
        logging.getLogger("test").exception("failed: %s", error)
    assert "a@b.example" not in written.text
    assert "DETAIL: (left out)" in written.text


def test_a_line_is_one_line_whatever_is_in_it(written):
    logging.getLogger("test").warning("first\nsecond %s", '"quoted"')
    (line,) = [json.loads(each) for each in written.text.splitlines()]
    assert line["event"] == 'first\nsecond "quoted"'
    assert (line["level"], line["logger"]) == ("warning", "test")


def test_lines_for_people_are_readable():
    event = {"event": "said", "level": "info", "logger": "x", "timestamp": "t", "request_id": "1"}
    assert logs._as_line(None, "", event) == "t INFO x: said request_id=1"


def test_ids_differ():
    assert len({new_id() for _ in range(10_000)}) == 10_000
    assert middleware.HEADER == "X-Request-ID"
