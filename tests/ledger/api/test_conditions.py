"""ETags: what has not changed is not sent again, and what somebody else has changed is not written over."""

from typing import Any

import pytest

from ledger.models import Project
from ledger.projects.descriptions import describe_project
from ledger.projects.reports import draft_report
from tests.callers import Caller, is_problem
from tests.factories import MembershipFactory, ParcelFactory, ProjectFactory
from tests.racing import race
from tests.scenes import People, issue_to_cooperative, market_for, report_year
from trading.execution.services import execute_market


def test_what_has_not_changed_is_not_sent_again(who: People) -> None:
    caller = Caller(who.buyer)
    for path in ("/me", "/batches", "/markets", "/methodologies", "/log"):
        first = caller.ask(path)
        tag = first["etag"]
        assert tag.startswith('"'), path
        again = caller.get(f"/api/v1{path}", headers={"if-none-match": f'W/"x", {tag}'})
        assert (again.status_code, again.content, again["etag"]) == (304, b"", tag), path
        assert again["cache-control"] == first["cache-control"]
        other = caller.get(f"/api/v1{path}", headers={"if-none-match": '"x"'})
        assert other.content == first.content


def test_a_list_that_has_grown_has_another_tag(who: People) -> None:
    caller = Caller(who.cooperative)
    before = caller.ask("/households")["etag"]
    caller.send("/households", {"code": "1", "name": "陈家"})
    answer = caller.get("/api/v1/households", headers={"if-none-match": before})
    assert answer.status_code == 200
    assert answer["etag"] != before


def test_head_answers_as_get_without_the_body(who: People) -> None:
    read, head = Caller(who.buyer).ask("/me"), Caller(who.buyer).head("/api/v1/me")
    assert (head.status_code, head["etag"], head.content) == (200, read["etag"], b"")


def test_who_may_keep_what(who: People) -> None:
    market = market_for(who, issue_to_cooperative(who, 10))
    caller = Caller(who.buyer)
    for path in ("", "/book", "/trades", "/candles", "/ticker", "/rules"):
        assert caller.ask(f"/markets/{market.symbol}{path}")["cache-control"] == "public, max-age=1", path
    assert caller.ask("/methodologies")["cache-control"] == "public, max-age=300"
    for path in ("/me", "/orders", "/accounts", "/projects", "/batches"):
        assert caller.ask(path)["cache-control"] == "private, no-cache", path
    assert caller.ask("/orders/1")["cache-control"] == "no-store"
    assert caller.send("/payments/withdrawals", {"amount_fen": 5})["cache-control"] == "no-store"
    assert "Accept-Language" in caller.ask("/me")["vary"]


def _describe(caller: Caller, project: Project, tag: str | None, **changes: Any) -> Any:
    headers = {} if tag is None else {"if-match": tag}
    return caller.send(f"/projects/{project.code}/describe", changes, **headers)


def test_a_draft_that_another_has_changed_is_not_written_over(who: People) -> None:
    project = ProjectFactory(proponent=who.cooperative.organisation, status="draft")
    caller = Caller(who.cooperative)
    tag = caller.ask(f"/projects/{project.code}")["etag"]
    assert _describe(caller, project, tag, name="one").status_code == 200
    assert is_problem(_describe(caller, project, tag, name="two"), 412, "precondition_failed")
    project.refresh_from_db()
    assert project.name == "one"
    newer = caller.ask(f"/projects/{project.code}")["etag"]
    for fitting in (newer, f'"x", {newer}', "*", None):
        assert _describe(caller, project, fitting, name="one").status_code == 200, fitting
    for unfit in ('"x"', f"W/{newer}", "nonsense", ""):
        assert is_problem(_describe(caller, project, unfit, name="three"), 412, "precondition_failed")


@pytest.mark.django_db(transaction=True)
def test_of_two_who_save_at_once_one_is_told(who: People) -> None:
    project = ProjectFactory(proponent=who.cooperative.organisation, status="draft")
    colleague = MembershipFactory(organisation=who.cooperative.organisation)
    callers = [Caller(who.cooperative), Caller(colleague)]
    tag = callers[0].ask(f"/projects/{project.code}")["etag"]
    answers = race(
        lambda: _describe(callers[0], project, tag, name="one"), lambda: _describe(callers[1], project, tag, name="two")
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412]


@pytest.mark.django_db(transaction=True)
def test_without_a_condition_the_second_would_have_written_over_the_first(who: People) -> None:
    """The control: both are taken."""
    project = ProjectFactory(proponent=who.cooperative.organisation, status="draft")
    save = [
        lambda name=name: describe_project(actor=who.cooperative, project_id=project.pk, changes={"name": name})
        for name in ("one", "two")
    ]
    assert not [one for one in race(*save) if isinstance(one, Exception)]


def test_what_was_saved_of_a_report_is_read_and_saved_under_a_condition(who: People) -> None:
    project = ProjectFactory(proponent=who.cooperative.organisation)
    parcel = ParcelFactory(project=project, code="P")
    report = draft_report(actor=who.cooperative, project_id=project.pk, vintage=2022)
    caller, path = Caller(who.cooperative), f"/reports/{report.pk}/practices"
    read = caller.ask(path)
    assert read.json() == {"practices": {}, "saved_at": read.json()["saved_at"]}
    given = {"practices": {"P": parcel.practices}}
    assert caller.send(path, given, **{"if-match": read["etag"]}).status_code == 200
    assert caller.ask(path).json()["practices"].keys() == {"P"}
    assert is_problem(caller.send(path, given, **{"if-match": read["etag"]}), 412, "precondition_failed")
    assert is_problem(Caller(who.buyer).ask(path), 404, "not_found")
    assert is_problem(Caller(who.auditor).ask(path), 404, "not_found")
    report_year(who, project, 2020)
    handed_in = f"/reports/{report_year(who, project, 2021).pk}/practices"
    assert is_problem(Caller(who.verifier).ask(handed_in), 403, "not_allowed")


def test_rules_that_are_others_or_about_to_be_are_not_written_over(who: People) -> None:
    market = market_for(who, issue_to_cooperative(who, 10))
    caller, path = Caller(who.registrar), f"/markets/{market.symbol}/rules"
    tag = caller.ask(path)["etag"]
    assert caller.send(path, {"band_percent": 5, "reason": "calmer"}, **{"if-match": tag}).status_code == 202
    # It waits for a second person: the rules are the old ones still, and no longer to be relied on.
    second = {"band_percent": 7, "reason": "wilder"}
    assert is_problem(caller.send(path, second, **{"if-match": tag}), 412, "precondition_failed")
    change = caller.ask("/market-changes").json()["results"][0]["id"]
    director = MembershipFactory(organisation=who.registrar.organisation, role="owner")
    assert Caller(director).send(f"/market-changes/{change}/confirm").status_code == 200
    # It waits for its turn.
    assert is_problem(caller.send(path, second, **{"if-match": tag}), 412, "precondition_failed")
    execute_market(market.pk)
    assert is_problem(caller.send(path, second, **{"if-match": tag}), 412, "precondition_failed")
    assert caller.send(path, second, **{"if-match": caller.ask(path)["etag"]}).status_code == 202
