"""What everybody is told of how the house stands: on a page and by the API, whatever does not work."""

import datetime as dt
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from ledger.freezes import Scope
from ledger.incidents.services import ask_for_lift
from ledger.models import ReconciliationRun
from ledger.transparency.sequencer import sequence_log
from tests.desk import client_of
from tests.scenes import People, issue_to_cooperative, market_for, pay_in
from trading.execution.runs import run_nightly
from trading.execution.services import execute_market
from trading.incidents import selectors
from trading.incidents.services import confirm_lift, freeze
from trading.models import Market
from trading.orders.phases import halt_market
from trading.orders.services import NewOrder, place_orders

pytestmark = pytest.mark.django_db


def page(language: str = "en") -> str:
    answer = Client(headers={"accept-language": language}).get("/status")
    assert answer.status_code == 200
    return answer.content.decode()


def told() -> dict[str, Any]:
    answer = Client().get("/api/v1/status")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_before_anything_has_happened_it_says_so() -> None:
    assert "No market is open yet" in page()
    assert page().count("not yet") == 3
    assert page("zh-hans")
    found = told()
    assert (found["trading"], found["markets"]) == ("none", {"open": 0, "auction": 0, "closed": 0, "halted": 0})
    assert [found[name] for name in ("signed_at", "witnessed_at", "reconciled_at", "books_hold")] == [None] * 4


def test_a_market_that_trades_and_proofs_that_were_made(who: People) -> None:
    market_for(who, issue_to_cooperative(who, 10))
    sequence_log()
    run_nightly()
    said, found = page(), told()
    assert "Trading is open" in said
    assert "every rule held" in said
    assert (found["trading"], found["markets"]["open"], found["books_hold"]) == ("open", 1, True)
    assert found["signed_at"] is not None
    assert found["reconciled_at"] is not None


def test_what_is_frozen_is_said_in_plain_words_and_since_when(who: People) -> None:
    market_for(who, issue_to_cooperative(who, 10))
    incident = freeze(actor=who.registrar, scope=Scope.TRADING, reason="Odd orders since noon.")
    said, found = page(), told()
    since = timezone.localtime(incident.begun_at).strftime("%Y-%m-%d %H:%M")
    assert "Trading is frozen" in said
    assert said.count("Odd orders since noon.") >= 2, "in the banner, and in the page itself"
    assert f"since {since}" in said
    assert (found["trading"], found["is_trading_open"]) == ("frozen", False)
    ask_for_lift(actor=who.registrar, incident_id=incident.pk, reason="Found.")
    assert "a second one is to confirm" in page().split("What is frozen")[1]
    confirm_lift(actor=who.treasurer, incident_id=incident.pk)
    assert "Nothing: orders are taken" in page()


def test_withdrawals_that_are_frozen_do_not_stop_trading(who: People) -> None:
    market_for(who, issue_to_cooperative(who, 10))
    freeze(actor=who.registrar, scope=Scope.WITHDRAWALS, reason="Odd withdrawals.")
    said = page()
    assert "Trading is open" in said
    assert "Odd withdrawals." in said.split("What is frozen")[1]


def test_a_market_that_is_halted_says_why_and_the_others_trade_on(who: People) -> None:
    first, _second = (market_for(who, issue_to_cooperative(who, 10, vintage=year)) for year in (2024, 2025))
    halt_market(actor=who.registrar, market_id=first.pk, reason="A typhoon.")
    execute_market(first.pk)
    said, found = page(), told()
    assert "Trading is open" in said
    assert "A typhoon." in said
    assert f"/markets/{first.symbol}" in said
    assert (found["trading"], found["markets"]["halted"]) == ("open", 1)
    Market.objects.update(state=Market.State.HALTED)
    assert "Every market is halted" in page()
    Market.objects.update(state=Market.State.CLOSED)
    assert "closed by their hours" in page()


def test_orders_that_are_not_executed_are_a_delay(who: People) -> None:
    pay_in(who, who.buyer, 100_000)
    market = market_for(who, issue_to_cooperative(who, 10))
    place_orders(actor=who.buyer, market_id=market.pk, orders=[NewOrder("b", "buy", 4_000, 1)])
    assert told()["trading"] == "open"
    with time_machine.travel(timezone.now() + dt.timedelta(seconds=31)):
        assert "Trading is delayed" in page()
        assert told()["waiting_since"] is not None
    execute_market(market.pk)
    assert told()["waiting_since"] is None


def test_books_that_do_not_agree_are_not_hidden() -> None:
    now = timezone.now()
    ReconciliationRun.objects.create(
        started_at=now, finished_at=now, triggered_by="beat", tree_size=0, results=[], holds=False
    )
    assert "a rule did not hold" in page()
    assert told()["books_hold"] is False


def test_it_is_read_in_few_queries_and_once_for_whoever_asks_within_seconds(
    who: People, django_assert_num_queries: Any, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for year in (2023, 2024, 2025):
        market_for(who, issue_to_cooperative(who, 10, vintage=year))
    with django_assert_num_queries(5):
        page()
    with django_assert_num_queries(5):
        told()
    # As it is in service: it costs nothing to ask often, and somebody who is logged in is read the same.
    settings.PUBLIC_PAGES_SECONDS = 30
    monkeypatch.setattr(selectors, "_kept", None)
    told()
    with django_assert_num_queries(0):
        told()
    client = client_of(who.buyer)
    # Session, person, and what the frame of each page says of its reader.
    with django_assert_num_queries(3):
        client.get("/status")
    monkeypatch.setattr(selectors, "_kept", None)


def test_it_is_linked_from_every_page() -> None:
    assert 'href="/status"' in Client().get("/").content.decode()
