"""Issuing the credits of a report: once, whole tonnes, with serial numbers that nobody else has."""

import orjson
import pytest

from ledger.credits.selectors import Supply, batch_by_code, batches, serial_numbers, supply_of
from ledger.credits.services import issue_credits
from ledger.errors import AlreadyIssued, InvalidValue, NotAllowed, NotFound, WrongState
from ledger.journal.selectors import system_account
from ledger.models import Account, Batch, MonitoringReport, Record, SerialBlock, Transfer
from tests.factories import ProjectFactory, ReportFactory
from tests.scenes import issue_to_cooperative


def issue(who, report):
    return issue_credits(actor=who.registrar, report_id=report.pk)


def test_credits_go_to_the_cooperative_and_a_share_to_the_buffer(who):
    report = ReportFactory(project__proponent=who.cooperative.organisation, vintage=2022, net_t=1_000, buffer_t=150)
    batch = issue(who, report)
    assert batch.asset.code == f"{report.project.code}-2022"
    assert (batch.quantity_t, batch.buffer_t) == (1_000, 150)
    first = batch.serials.lower
    assert batch.serials.upper == first + 1_000
    holder = Account.objects.get(organisation=who.cooperative.organisation, asset=batch.asset)
    buffer = system_account(batch.asset, Account.Purpose.BUFFER)
    assert (holder.balance, buffer.balance) == (850, 150)
    runs = SerialBlock.objects.filter(asset=batch.asset).order_by("serials").values_list("account", "serials")
    assert [(account, run.lower, run.upper) for account, run in runs] == [
        (holder.pk, first, first + 850),
        (buffer.pk, first + 850, first + 1_000),
    ]
    assert supply_of([batch]) == {batch.pk: Supply(issued=1_000, held=850, buffer=150, retired=0, cancelled=0)}
    report.refresh_from_db()
    assert report.status == MonitoringReport.Status.ISSUED


def test_all_may_go_to_the_buffer(who):
    batch = issue_to_cooperative(who, 10, buffer_t=10)
    assert supply_of([batch])[batch.pk] == Supply(issued=10, held=0, buffer=10, retired=0, cancelled=0)


def test_the_record_names_the_serial_numbers_as_text(who):
    batch = issue_to_cooperative(who, 10)
    body = orjson.loads(Record.objects.get(kind="batch_issued").entry)["body"]
    assert (body["first_serial"], body["last_serial"]) == (str(batch.serials.lower), str(batch.serials.upper - 1))
    assert body["transaction"] == str(batch.transaction_id)


def test_a_report_is_issued_once(who):
    report = ReportFactory()
    issue(who, report)
    with pytest.raises(AlreadyIssued):
        issue(who, report)
    assert Batch.objects.count() == 1
    assert Transfer.objects.count() == 1


@pytest.mark.parametrize("status", ["submitted", "verified", "rejected"])
def test_only_approved_reports_are_issued(who, status):
    report = ReportFactory(status=status)
    with pytest.raises(WrongState):
        issue(who, report)


def test_a_report_of_no_tonne_is_not_issued(who):
    report = ReportFactory(net_t=0)
    with pytest.raises(InvalidValue) as refusal:
        issue(who, report)
    assert refusal.value.field == "report"
    assert not Batch.objects.exists()


@pytest.mark.parametrize("stranger", ["cooperative", "buyer", "verifier", "treasurer", "auditor"])
def test_only_registrars_issue(who, stranger):
    report = ReportFactory()
    with pytest.raises(NotAllowed):
        issue_credits(actor=getattr(who, stranger), report_id=report.pk)


def test_a_report_that_is_not_there_is_not_found(who):
    with pytest.raises(NotFound):
        issue_credits(actor=who.registrar, report_id=2**62)


def test_batches_follow_one_another_without_gaps(who):
    one, two = issue_to_cooperative(who, 7), issue_to_cooperative(who, 5)
    assert two.serials.lower == one.serials.upper


def test_a_batch_that_was_taken_back_leaves_no_gap(who):
    one = issue_to_cooperative(who, 7)
    refused = ReportFactory(net_t=0)
    with pytest.raises(InvalidValue):
        issue(who, refused)
    assert issue_to_cooperative(who, 1).serials.lower == one.serials.upper


def test_a_batch_is_found_by_its_code(who):
    batch = issue_to_cooperative(who, 2_300, project=ProjectFactory(number=17, proponent=who.cooperative.organisation))
    assert batch_by_code(batch.asset.code) == batch
    assert serial_numbers(batch, 1, 2_300) == f"TH-35-000017-{batch.vintage}-000000000001-000000002300"
    for code in ("", "TH-35-000017", "CNY", "TH\x00", "\ud800"):
        with pytest.raises(NotFound):
            batch_by_code(code)


def test_lists_of_batches_and_their_supply_are_a_query_each(who, django_assert_num_queries):
    for tonnes in (1, 2, 3):
        issue_to_cooperative(who, tonnes)
    with django_assert_num_queries(2):
        found = list(batches())
        assert [batch.project.proponent.name for batch in found]
        assert [supply.issued for supply in supply_of(found).values()] == [3, 2, 1]
