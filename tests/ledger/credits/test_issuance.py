"""Issuing the credits of a report: once, whole tonnes, with serial numbers that nobody else has."""

import orjson
import pytest
from django.db import IntegrityError, transaction
from psycopg.types.range import Int8Range

from ledger.credits.reading import find_serial
from ledger.credits.selectors import Supply, batch_by_code, batches, serial_numbers, supply_of
from ledger.credits.services import issue_credits, retire_credits
from ledger.credits.trace import trace
from ledger.errors import AlreadyIssued, InvalidValue, NotAllowed, NotFound, SerialNumberElsewhere, WrongState
from ledger.journal.selectors import system_account
from ledger.journal.services import open_asset
from ledger.models import Account, Batch, MonitoringReport, Project, Record, SerialBlock, Transfer
from tests.factories import ProjectFactory, ReportFactory
from tests.scenes import issue_to_cooperative, market_for
from trading.execution.reconciliation import reconcile


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


# In parts


def issue_part(who, report, quantity_t=None):
    return issue_credits(actor=who.registrar, report_id=report.pk, quantity_t=quantity_t)


def test_a_report_is_issued_in_parts_each_a_batch_of_its_own(who):
    report = ReportFactory(project__proponent=who.cooperative.organisation, vintage=2022, net_t=1_000, buffer_t=101)
    one = issue_part(who, report, 333)
    report.refresh_from_db()
    assert (report.status, report.issued_t, report.left_t) == ("approved", 333, 667)
    two, three = issue_part(who, report, 1), issue_part(who, report)
    code = f"{report.project.code}-2022"
    assert [batch.asset.code for batch in (one, two, three)] == [code, f"{code}-2", f"{code}-3"]
    assert [batch.tranche for batch in (one, two, three)] == [1, 2, 3]
    assert [batch.quantity_t for batch in (one, two, three)] == [333, 1, 666]
    assert [batch.buffer_t for batch in (one, two, three)] == [34, 0, 67]
    report.refresh_from_db()
    assert (report.status, report.issued_t, report.left_t) == ("issued", 1_000, 0)
    with pytest.raises(AlreadyIssued):
        issue_part(who, report)
    assert [result for result in reconcile() if not result.holds] == []


@pytest.mark.parametrize(("net_t", "buffer_t"), [(7, 3), (100, 100), (100, 0), (1_000, 1), (97, 13)])
def test_the_shares_of_the_buffer_sum_to_the_reports_however_it_is_cut(who, net_t, buffer_t):
    report = ReportFactory(net_t=net_t, buffer_t=buffer_t)
    sizes = [1, 2, 3]
    while sum(sizes) < net_t:
        sizes.append(min(17, net_t - sum(sizes)))
    batches = [issue_part(who, report, size) for size in sizes]
    assert sum(batch.buffer_t for batch in batches) == buffer_t
    assert all(0 <= batch.buffer_t <= batch.quantity_t for batch in batches)


def test_serial_numbers_are_written_without_the_number_of_the_part(who):
    project = ProjectFactory(number=17, proponent=who.cooperative.organisation)
    report = ReportFactory(project=project, vintage=2022, net_t=10)
    one, two = issue_part(who, report, 4), issue_part(who, report)
    first = two.serials.lower
    assert first == one.serials.upper
    assert serial_numbers(two, first, first + 5) == f"TH-35-000017-2022-{first:012d}-{first + 5:012d}"
    for written in (f"TH-35-000017-2022-{first:012d}", f"TH-35-000017-2022-2-{first:012d}", str(first)):
        assert find_serial(written) == first
    with pytest.raises(SerialNumberElsewhere):
        find_serial(f"TH-35-000018-2022-{first:012d}")
    seen = trace(first)
    assert (seen.batch, seen.written) == (two, f"TH-35-000017-2022-{first:012d}")
    places = {step.place.record_id for tonne in (first, one.serials.lower) for step in trace(tonne).steps[-1:]}
    assert len(places) == 2


@pytest.mark.parametrize("quantity_t", [0, -1, 8, 2**62])
def test_no_more_is_issued_than_is_left(who, quantity_t):
    report = ReportFactory(net_t=10)
    issue_part(who, report, 3)
    with pytest.raises(InvalidValue) as refusal:
        issue_part(who, report, quantity_t)
    assert refusal.value.field == "quantity_t"
    assert Batch.objects.count() == 1


def test_the_database_refuses_more_than_the_report_comes_to(who):
    report = ReportFactory(net_t=10)
    batch = issue_part(who, report, 6)
    copy = Batch(
        project=batch.project,
        report=report,
        asset=open_asset(code="TH-35-000001-2099", kind="credit"),
        vintage=batch.vintage,
        tranche=2,
        serials=Int8Range(10**9, 10**9 + 5),
        quantity_t=5,
        buffer_t=0,
        transaction_id=2**40,
        issued_by=who.registrar.user,
        issued_at=batch.issued_at,
    )
    with pytest.raises(IntegrityError, match="report_issues_no_more_than_it_has"), transaction.atomic():
        copy.save()


@pytest.mark.parametrize("status", ["suspended", "withdrawn"])
def test_nothing_is_issued_while_the_project_is_suspended_or_withdrawn(who, status):
    report = ReportFactory(net_t=10)
    issue_part(who, report, 3)
    Project.objects.update(status=status)
    with pytest.raises(WrongState):
        issue_part(who, report)
    Project.objects.update(status="completed")
    assert issue_part(who, report).quantity_t == 7


def test_each_part_can_have_a_market_and_be_retired(who):
    report = ReportFactory(project__proponent=who.cooperative.organisation, net_t=10)
    one, two = issue_part(who, report, 4), issue_part(who, report)
    assert {market_for(who, batch).symbol for batch in (one, two)} == {one.asset.code, two.asset.code}
    retirement = retire_credits(
        actor=who.cooperative, batch_id=two.pk, quantity_t=6, beneficiary_name="甲", purpose="own_footprint"
    )
    assert retirement.batch == two
    assert supply_of([one, two])[two.pk].retired == 6
