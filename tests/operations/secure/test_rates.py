"""A limit at every door: each refuses who asks too often, says for how long, and lets others in."""

import asyncio
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from tests.callers import Caller, is_problem
from tests.desk import client_of
from trading.stream import app
from trading.stream.reader import Refusal

ELSEWHERE = {"REMOTE_ADDR": "198.51.100.9"}


@pytest.fixture
def narrow(settings):
    """Return what sets one budget to two in a minute."""

    def set_to(name: str, quota: int = 2) -> None:
        settings.RATE_LIMITS = settings.RATE_LIMITS | {name: (quota, 60)}

    return set_to


def refused(answer: Any) -> bool:
    return answer.status_code == 429 and int(answer["Retry-After"]) >= 1


def test_what_a_person_sends_by_pages(who, narrow):
    narrow("writes")
    client, other = client_of(who.buyer), client_of(who.other_buyer)
    answers = [client.post(reverse("notices_read")) for _time in range(3)]
    assert [refused(each) for each in answers] == [False, False, True]
    assert not refused(other.post(reverse("notices_read")))
    assert not refused(client.get(reverse("home")))


def test_what_the_operator_sends_at_the_desk(who, narrow):
    narrow("writes")
    client = client_of(who.registrar)
    address = reverse("admin:ledger_incident_freeze")
    answers = [client.post(address, {"scope": "trading", "reason": ""}) for _time in range(3)]
    assert [refused(each) for each in answers] == [False, False, True]


def test_what_a_visitor_sends(db, narrow):
    narrow("writes")
    client = Client()
    answers = [client.post(reverse("sign_up")) for _time in range(3)]
    assert refused(answers[2])
    assert not refused(Client(**ELSEWHERE).post(reverse("sign_up")))


def test_files_that_are_sent(who, narrow):
    narrow("uploads")
    caller = Caller(who.cooperative)
    for at in range(3):
        file = SimpleUploadedFile("a.pdf", b"%PDF-1.7")
        answer = caller.post("/api/v1/projects/none/documents", {"file": file})
        assert refused(answer) == (at == 2)
    assert is_problem(answer, 429, "rate_limited")
    client = client_of(who.treasurer)
    for at in range(3):
        answer = client.post(reverse("admin:ledger_bankstatement_import"), {"file": SimpleUploadedFile("a.csv", b"x")})
        assert refused(answer) == (at == 2)


@pytest.mark.parametrize(
    ("budget", "path"), [("visitors", "/status"), ("visitors", "/markets"), ("visitors", "/log/inclusion?record=1")]
)
def test_what_visitors_read_by_the_api(budget, path, db, narrow):
    narrow(budget)
    answers = [Caller().get(f"/api/v1{path}") for _time in range(3)]
    assert refused(answers[2])


def test_what_searches_and_downloads(db, narrow):
    narrow("searches")
    narrow("downloads")
    for address in ("/projects?q=a", "/downloads/cad-trust/projects.csv"):
        answers = [Client().get(address) for _time in range(3)]
        assert [refused(each) for each in answers] == [False, False, True], address


class _Served(Exception):
    """The stream was let in."""


def ask(address: str) -> str:
    """Return what becomes of somebody who wants to follow a market from an address."""
    scope = {"type": "http", "method": "GET", "path": "/stream/markets/TH-1", "client": (address, 1), "headers": []}

    async def serve(*_given: Any) -> None:
        raise _Served

    app_let_in, app._let_in = app._let_in, serve
    try:
        asyncio.run(app._route(scope, None, None))
    except _Served:
        return "served"
    except Refusal as refusal:
        return str(refusal.status)
    finally:
        app._let_in = app_let_in
    return "ended"


def test_streams_that_are_open_from_one_address(monkeypatch):
    monkeypatch.setattr(app, "MAX_READERS_OF_AN_ADDRESS", 1)
    with app._place_of("203.0.113.5"):
        assert ask("203.0.113.5") == "429"
        assert ask("203.0.113.6") == "served"
    assert ask("203.0.113.5") == "served"
    # One network of IPv6 is one address; this machine itself is not counted.
    with app._place_of("2001:db8::1"), app._place_of("127.0.0.1"):
        assert ask("2001:db8::2") == "429"
        assert ask("127.0.0.1") == "served"
    assert not app._readers_from
