"""Alerts, rules and relations over the API: for the operator and auditors, to be read."""

from typing import Any

import pytest

from tests.callers import Caller, is_problem, statuses
from tests.scenes import People
from tests.watched import Day, day_of, round_trip, self_trades
from trading.models import Alert
from trading.surveillance.services import close_alert, declare_relation

READ = {
    "cooperative": 403,
    "buyer": 403,
    "verifier": 403,
    "registrar": 200,
    "treasurer": 200,
    "auditor": 200,
    "stranger": 401,
}


@pytest.fixture
def day(who: People) -> Day:
    return day_of(who)


@pytest.fixture
def alert(day: Day) -> Alert:
    round_trip(day)
    return day.judge("round_trip")[0]


@pytest.fixture
def self_trade(day: Day) -> Alert:
    self_trades(day)
    return day.judge("self_trade")[0]


def name_of(organisation: Any) -> dict[str, str]:
    return {"id": str(organisation.public_id), "name": organisation.name, "name_en": organisation.name_en}


@pytest.mark.parametrize("path", ["/surveillance/alerts", "/surveillance/rules", "/surveillance/relations"])
def test_lists_are_for_the_operator_and_auditors(path: str, who: People) -> None:
    assert statuses(who, "GET", path) == READ


def test_an_alert_is_read_with_its_evidence_and_its_steps(
    alert: Alert, day: Day, who: People, django_assert_num_queries: Any
) -> None:
    path = f"/surveillance/alerts/{alert.pk}"
    assert statuses(who, "GET", path) == READ
    close_alert(actor=who.registrar, alert_id=alert.pk, reason="Market makers.")
    caller = Caller(who.auditor)
    # Who asks, the alert, its organisations, its steps.
    with django_assert_num_queries(4):
        shown = caller.ask(path).json()
    organisations = {member.organisation_id: member.organisation for member in (who.buyer, who.cooperative)}
    [step] = shown.pop("steps")
    assert step == {
        "number": 1,
        "state": "unfounded",
        "reason": "Market makers.",
        "taken_by": str(who.registrar.user.public_id),
        "taken_at": step["taken_at"],
    }
    assert shown.pop("sentence").startswith(
        "Within an hour and the 60 minutes before it, one organisation sold another"
    )
    assert shown == {
        "id": alert.pk,
        "rule": "round_trip",
        "severity": "low",
        "state": "unfounded",
        "market": day.market.symbol,
        "organisations": [name_of(organisations[number]) for number in alert.organisations],
        "window_starts_at": "2026-12-01T02:00:00Z",
        "window_ends_at": "2026-12-01T03:00:00Z",
        "opened_at": "2026-12-01T04:02:00Z",
        "evidence": alert.evidence,
    }


def test_alerts_are_listed_newest_first_and_found_by_what_they_are_about(
    alert: Alert, self_trade: Alert, day: Day, who: People, django_assert_num_queries: Any
) -> None:
    caller = Caller(who.auditor)

    def found(**query: Any) -> list[int]:
        return [each["id"] for each in caller.ask("/surveillance/alerts", **query).json()["results"]]

    # Who asks, the alerts, their organisations.
    with django_assert_num_queries(3):
        assert found() == [self_trade.pk, alert.pk]
    close_alert(actor=who.registrar, alert_id=alert.pk, reason="Market makers.")
    assert found(rule="round_trip") == [alert.pk]
    assert found(state="open") == [self_trade.pk]
    assert found(state="unfounded") == [alert.pk]
    assert found(severity="high") == []
    assert found(market=day.market.symbol) == [self_trade.pk, alert.pk]
    assert found(market="NOWHERE") == []
    assert found(organisation=str(who.buyer.organisation.public_id)) == [alert.pk]
    assert found(organisation=str(who.verifier.user.public_id)) == []
    assert found(page_size=1) == [self_trade.pk]


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ({"rule": "astrology"}, "/rule"),
        ({"state": "closed"}, "/state"),
        ({"severity": "1"}, "/severity"),
        ({"market": "x" * 41}, "/market"),
        ({"organisation": "7"}, "/organisation"),
        ({"page_size": "0"}, "/page_size"),
        ({"colour": "red"}, "/colour"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(query: dict[str, str], pointer: str, who: People) -> None:
    answer = Caller(who.auditor).ask("/surveillance/alerts", **query)
    assert is_problem(answer, 400, "invalid_input", pointer)


def test_what_is_not_there_is_not_found(who: People) -> None:
    assert is_problem(Caller(who.auditor).ask("/surveillance/alerts/1"), 404, "not_found")
    assert is_problem(Caller(who.buyer).ask("/surveillance/alerts/1"), 403, "not_allowed")


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_nothing_is_changed_here(method: str, alert: Alert, who: People) -> None:
    for path in ("alerts", f"alerts/{alert.pk}", "rules", "relations"):
        answer = getattr(Caller(who.registrar), method)(f"/api/v1/surveillance/{path}")
        assert answer.status_code == 405


def test_rules_say_what_they_look_for_and_their_thresholds(
    who: People, day: Day, django_assert_num_queries: Any
) -> None:
    day.set("holding", percent=30)
    caller = Caller(who.auditor)
    with django_assert_num_queries(2):
        rules = caller.ask("/surveillance/rules").json()["rules"]
    assert len(rules) == 8
    [holding] = [rule for rule in rules if rule["rule"] == "holding"]
    assert holding["thresholds"] == {"percent": 30, "least_t": 1_000}
    assert holding["sentence"].startswith("One organisation holds more than 30 % of what circulates")
    assert holding["changed_at"] is not None
    assert is_problem(caller.ask("/surveillance/rules", x="1"), 400, "invalid_input", "/x")


def test_relations_are_read_with_how_they_are_known(who: People, django_assert_num_queries: Any) -> None:
    relation = declare_relation(
        actor=who.registrar,
        one=who.cooperative.organisation,
        other=who.buyer.organisation,
        kind="shareholder",
        reason="Company register.",
    )
    caller = Caller(who.auditor)
    with django_assert_num_queries(2):
        [shown] = caller.ask("/surveillance/relations").json()["results"]
    assert shown == {
        "id": relation.pk,
        "one": name_of(relation.one),
        "other": name_of(relation.other),
        "kind": "shareholder",
        "reason": "Company register.",
        "declared_at": shown["declared_at"],
        "ended_at": None,
        "end_reason": "",
    }
