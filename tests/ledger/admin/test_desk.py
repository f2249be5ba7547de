import datetime as dt
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from ledger.admin import desk
from ledger.admin.desk import WitnessState
from ledger.admin.supply import supply_of_all
from ledger.credits.services import retire_credits
from ledger.journal.payments import request_deposit
from ledger.models import Membership, MonitoringReport, Organisation, Project
from ledger.transparency.keys import log_signer
from ledger.transparency.sequencer import sequence_log
from tests.desk import client_of
from tests.factories import OrganisationFactory, ProjectFactory, ReportFactory
from tests.scenes import People, issue_to_cooperative, market_for, pay_in
from trading.execution.runs import run_nightly
from trading.models import Market
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
    assert counts(who.registrar) == counts(who.auditor) == [7, 1, 0, 0, 2, 0, 3, 0, 1, *[0] * 11]


def test_what_nothing_waits_for_takes_no_room(who: People) -> None:
    deposit(who, who.treasurer, "one")
    answer = desk_of(who.second_treasurer)
    said = answer.content.decode()
    assert said.count('<article class="card') == 1
    empty = said.split("Nothing waits here:")[1].split("</ul>")[0]
    assert empty.count("<a ") == len(answer.context["queues"]) - 1
    assert "Payments for a second treasurer" not in empty


def test_own_deposits_do_not_wait_for_the_treasurer_who_entered_them(who: People) -> None:
    deposit(who, who.treasurer, "one")
    deposit(who, who.second_treasurer, "two")
    assert counts(who.treasurer)[8] == counts(who.second_treasurer)[8] == 1
    assert counts(who.registrar)[8] == 2


def test_each_sees_which_queues_are_theirs(who: People) -> None:
    theirs = {
        role: [queue.is_readers for queue in desk_of(getattr(who, role)).context["queues"]]
        for role in ("registrar", "treasurer", "auditor")
    }
    assert theirs == {
        "registrar": [True] * 7 + [False] * 4 + [True] * 9,
        # A freeze is lifted by whoever decides anything.
        "treasurer": [False] * 7 + [True] * 4 + [False] * 2 + [True] + [False] * 6,
        "auditor": [False] * 20,
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
    # Session, person and membership; twenty queues; checkpoint, waiting records and the oldest; markets;
    # runs; supply.
    with django_assert_num_queries(29):
        client.get("/admin/")


def concerns(person: Membership) -> list[tuple[str, str]]:
    return [(str(concern.what), concern.which) for concern in desk_of(person).context["concerns"]]


def test_where_nothing_is_out_of_order_the_desk_says_so(who: People) -> None:
    run_nightly()
    answer = desk_of(who.auditor)
    assert answer.context["concerns"] == []
    assert "nothing has been open for too long" in answer.content.decode()


def test_what_is_to_be_looked_at_is_listed(who: People) -> None:
    assert concerns(who.auditor) == [("The books have never been reconciled", "")]
    run_nightly()
    market = market_for(who, issue_to_cooperative(who, 10))
    pay_in(who, who.buyer, 100_000)
    organisation = OrganisationFactory(status=Organisation.Status.APPLIED)
    place_orders(actor=who.buyer, market_id=market.pk, orders=[NewOrder("b", "buy", 4_000, 1)])
    Market.objects.filter(pk=market.pk).update(state="halted", halt_reason="looked into")
    # Within a minute it is as it should be, but for the halt.
    assert concerns(who.auditor) == [("Halted market", f"{market} · looked into")]
    with time_machine.travel(timezone.now() + dt.timedelta(days=8)):
        waiting = desk_of(who.auditor).context["log"].waiting
        assert concerns(who.auditor) == [
            ("The books were not reconciled last night", ""),
            ("The log stands still: records wait", str(waiting)),
            ("Halted market", f"{market} · looked into"),
            ("The market stands still: instructions wait", str(market)),
            ("Organisations to approve", f"{organisation} · buyer"),
        ]


def test_supply_is_summed_by_vintage_and_over_all(who: People) -> None:
    first, second = issue_to_cooperative(who, 100, buffer_t=10), issue_to_cooperative(who, 50)
    retire_credits(
        actor=who.cooperative, batch_id=first.pk, quantity_t=7, beneficiary_name="我", purpose="own_footprint"
    )
    supply = supply_of_all()
    figures = {
        (row.vintage, row.code): (row.issued, row.held, row.buffer, row.retired, row.cancelled) for row in supply.rows
    }
    assert figures[first.vintage, first.asset.code] == figures[first.vintage, None] == (100, 83, 10, 7, 0)
    assert figures[second.vintage, second.asset.code] == (50, 50, 0, 0, 0)
    total = supply.total
    assert (total.issued, total.held, total.buffer, total.retired) == (150, 133, 10, 7)
    assert (supply.batches, supply.has_more) == (2, False)


def test_of_many_batches_the_newest_are_listed_and_all_are_summed(who: People, django_assert_num_queries: Any) -> None:
    batches = [issue_to_cooperative(who, 10 + at) for at in range(3)]
    with django_assert_num_queries(1):
        supply = supply_of_all(shown=1)
    assert [row.code for row in supply.rows if row.code] == [batches[-1].asset.code]
    assert (supply.total.issued, supply.batches, supply.has_more) == (33, 3, True)


def test_nothing_issued_has_no_supply(who: People) -> None:
    supply = supply_of_all()
    assert (supply.rows, supply.total.issued, supply.batches) == ([], 0, 0)
    assert "Nothing has been issued yet." in desk_of(who.auditor).content.decode()


def test_witnesses_are_shown_and_those_behind_are_to_be_looked_at(who: People, monkeypatch: pytest.MonkeyPatch) -> None:
    pay_in(who, who.buyer, 100)
    size = sequence_log()
    at = timezone.now()
    states = [
        WitnessState("good.example", "https://good.example/", size, at, 0),
        WitnessState("slow.example", "https://slow.example/", size - 2, at, 2),
    ]
    monkeypatch.setattr(desk, "witness_states", lambda: states)
    assert ("A witness is behind", "slow.example") in concerns(who.auditor)
    assert ("A witness is behind", "good.example") not in concerns(who.auditor)
    assert "good.example" in desk_of(who.auditor).content.decode()


def test_the_desk_says_how_to_check_it_without_us(who: People) -> None:
    page = desk_of(who.auditor).content.decode()
    assert f"verify http://testserver/log --key &#x27;{log_signer().vkey}&#x27; --token-file token.txt" in page.replace(
        "'", "&#x27;"
    )
