from typing import Any

from ledger.journal.payments import request_deposit
from ledger.models import Membership, MonitoringReport, Organisation, Project
from ledger.transparency.sequencer import sequence_log
from tests.desk import client_of
from tests.factories import OrganisationFactory, ProjectFactory, ReportFactory
from tests.scenes import People, issue_to_cooperative, market_for, pay_in
from trading.orders.services import NewOrder, place_orders


def desk_of(person: Membership) -> Any:
    return client_of(person).get("/admin/")


def counts(person: Membership) -> list[int]:
    return [queue.count for queue in desk_of(person).context["queues"]]


def deposit(who: People, treasurer: Membership, reference: str) -> None:
    request_deposit(actor=treasurer, organisation=who.buyer.organisation, amount_fen=100, bank_reference=reference)


def test_the_desk_counts_what_waits(who: People) -> None:
    OrganisationFactory.create_batch(7, status=Organisation.Status.APPLIED)
    ProjectFactory(status=Project.Status.VALIDATED)
    ReportFactory.create_batch(2, status=MonitoringReport.Status.VERIFIED, approved_by=None)
    ReportFactory.create_batch(3)
    deposit(who, who.treasurer, "one")
    assert counts(who.registrar) == counts(who.auditor) == [7, 1, 2, 3, 1, 0]


def test_own_deposits_do_not_wait_for_the_treasurer_who_entered_them(who: People) -> None:
    deposit(who, who.treasurer, "one")
    deposit(who, who.second_treasurer, "two")
    assert counts(who.treasurer)[4] == counts(who.second_treasurer)[4] == 1
    assert counts(who.registrar)[4] == 2


def test_each_sees_which_queues_are_theirs(who: People) -> None:
    theirs = {
        role: [queue.is_readers for queue in desk_of(getattr(who, role)).context["queues"]]
        for role in ("registrar", "treasurer", "auditor")
    }
    assert theirs == {
        "registrar": [True, True, True, True, False, False],
        "treasurer": [False, False, False, False, True, True],
        "auditor": [False] * 6,
    }


def test_queues_lead_to_what_waits_and_to_all_of_it(who: People) -> None:
    OrganisationFactory.create_batch(7, status=Organisation.Status.APPLIED)
    client = client_of(who.registrar)
    queue = client.get("/admin/").context["queues"][0]
    assert len(queue.oldest) == 5
    assert client.get(queue.oldest[0].url).status_code == 200
    assert client.get(queue.all_url).context["cl"].result_count == 7


def test_the_desk_shows_the_log(who: People) -> None:
    issue_to_cooperative(who, 10)
    before = desk_of(who.auditor).context["log"]
    assert before.checkpoint is None
    assert before.waiting > 0
    sequence_log()
    after = desk_of(who.auditor).context["log"]
    assert (after.checkpoint.tree_size, after.waiting) == (before.waiting, 0)


def test_the_desk_shows_the_markets_and_what_waits_for_them(who: People) -> None:
    pay_in(who, who.buyer, 100_000)
    market = market_for(who, issue_to_cooperative(who, 10))
    place_orders(actor=who.buyer, market_id=market.pk, orders=[NewOrder(f"b{n}", "buy", 4_000, 1) for n in range(2)])
    [shown] = desk_of(who.auditor).context["markets"]
    assert (shown, shown.waiting) == (market, 2)
    assert shown.oldest_waiting_at is not None


def test_the_desk_reads_as_often_however_much_waits(who: People, django_assert_num_queries: Any) -> None:
    client = client_of(who.registrar)
    OrganisationFactory.create_batch(3, status=Organisation.Status.APPLIED)
    ReportFactory.create_batch(3)
    # Session, person and membership; six queues; checkpoint and waiting records; markets; runs; supply.
    with django_assert_num_queries(14):
        client.get("/admin/")
