"""All that waits at the desk: the oldest first, for whom, and each with its steps."""

from typing import Any

import pytest
import time_machine

from ledger.journal.payments import request_deposit
from ledger.models import MonitoringReport, Organisation, Payment, Project
from tests.desk import client_of
from tests.factories import OrganisationFactory, ProjectFactory, ReportFactory
from tests.scenes import People, issue_to_cooperative, market_for, report_loss
from trading.execution.services import execute_market
from trading.orders.phases import halt_market


def rows_of(person: Any, **query: str) -> list[Any]:
    return list(client_of(person).get("/admin/queue/", query).context["rows"])


def deposit(who: People, reference: str = "one") -> Payment:
    return request_deposit(
        actor=who.treasurer, organisation=who.buyer.organisation, amount_fen=100, bank_reference=reference
    )


def test_what_one_entered_waits_for_another_and_says_so(who: People) -> None:
    payment = deposit(who)
    (own,) = rows_of(who.treasurer)
    assert (own.whose, own.steps, own.maker) == ("another", [], who.treasurer.user)
    (theirs,) = rows_of(who.second_treasurer)
    assert theirs.whose == "mine"
    address = f"/admin/ledger/payment/{payment.pk}"
    assert [url for _action, url in theirs.steps] == [f"{address}/confirm-deposit/", f"{address}/refuse/"]
    assert [row.whose for row in rows_of(who.registrar)] == ["others"]
    assert [row.whose for row in rows_of(who.auditor)] == ["others"]
    client = client_of(who.second_treasurer)
    page = client.get(theirs.steps[0][1]).content.decode()
    assert str(who.treasurer.user) in page.split("Two people decide this")[1].split("</p>")[0]
    assert str(who.second_treasurer.user) in page.split("Two people decide this")[1].split("</p>")[0]


def test_the_oldest_comes_first_whatever_it_is(who: People) -> None:
    with time_machine.travel("2026-01-03"):
        OrganisationFactory(status=Organisation.Status.APPLIED)
    with time_machine.travel("2026-01-01"):
        ProjectFactory(status=Project.Status.VALIDATED)
    with time_machine.travel("2026-01-02"):
        ReportFactory(status=MonitoringReport.Status.VERIFIED, approved_by=None)
    with time_machine.travel("2026-01-04"):
        rows = rows_of(who.registrar)
    assert [str(row.area) for row in rows] == ["Projects", "Reports", "Organisations"]
    assert {row.whose for row in rows} == {"mine"}
    assert all(row.is_late for row in rows_of(who.registrar))


def test_areas_and_whose_are_filters_that_count(who: People) -> None:
    deposit(who)
    batch = issue_to_cooperative(who, 100, buffer_t=10)
    report_loss(who.registrar, batch.project, 5)
    client = client_of(who.registrar)
    page = client.get("/admin/queue/")
    counts = {name: count for name, _label, count in page.context["whose_choices"]}
    assert counts == {"": 2, "mine": 0, "another": 1, "others": 1}
    assert [str(row.area) for row in rows_of(who.registrar, whose="another")] == ["Reversals"]
    assert [str(row.area) for row in rows_of(who.registrar, area="Payments")] == ["Payments"]
    for hostile in ("x", "'", "mine&", "9" * 99):
        assert len(rows_of(who.registrar, whose=hostile, area=hostile)) == 2


def test_a_halted_market_waits_to_be_resumed(who: People) -> None:
    market = market_for(who, issue_to_cooperative(who, 10))
    halt_market(actor=who.registrar, market_id=market.pk, reason="a typhoon")
    execute_market(market.pk)
    (row,) = rows_of(who.registrar, area="Markets")
    assert ("a typhoon" in row.text, [action.name for action, _url in row.steps]) == (True, ["resume"])
    page = client_of(who.registrar).get("/admin/queue/").content.decode()
    assert "Halted market" in page


def test_it_is_read_by_the_operator_and_auditors_alone_and_writes_nothing(who: People) -> None:
    for person in (who.registrar, who.treasurer, who.auditor):
        client = client_of(person)
        assert client.get("/admin/queue/").status_code == 200
        assert client.post("/admin/queue/").status_code == 403
    for person in (who.cooperative, who.buyer, who.verifier):
        assert client_of(person).get("/admin/queue/").status_code == 403


def test_more_that_waits_asks_the_database_no_more(who: People, django_assert_num_queries: Any) -> None:
    client = client_of(who.treasurer)
    client.get("/admin/queue/")
    for number in range(4):
        deposit(who, f"r{number}")
    OrganisationFactory.create_batch(30, status=Organisation.Status.APPLIED)
    # Session, person and membership; twenty lines; log, markets and runs.
    with django_assert_num_queries(29):
        page = client.get("/admin/queue/")
    organisations = next(each for each in page.context["areas"] if str(each.name) == "Organisations")
    assert (len(organisations.rows), len(organisations.more)) == (25, 1)


@pytest.mark.parametrize("name", ["auditor", "registrar"])
def test_an_auditor_begins_with_what_to_check(who: People, name: str) -> None:
    page = client_of(getattr(who, name)).get("/admin/").content.decode()
    assert ('id="checks"' in page) == (name == "auditor")
