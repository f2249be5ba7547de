"""Two at the same moment with one report; and a process that is killed while it issues."""

import os
from collections import Counter

import psycopg
import pytest
from django.db import OperationalError, connection

from ledger.credits.services import issue_credits
from ledger.errors import AlreadyIssued, InvalidValue, WrongState
from ledger.models import Batch, Finding, Membership, MonitoringReport, Record, SerialCounter
from ledger.projects.lifecycle import suspend_project
from ledger.projects.reports import (
    accept_report,
    answer_finding,
    close_finding,
    draft_report,
    hand_in_report,
    open_finding,
    verify_report,
)
from tests.factories import MembershipFactory, ParcelFactory, ProjectFactory, ReportFactory
from tests.faults.standing import locked
from tests.racing import race
from tests.scenes import accepted, answer, find, report_year
from tests.waiting import wait_until
from trading.execution.reconciliation import reconcile

pytestmark = pytest.mark.django_db(transaction=True)


def kinds(outcomes):
    return Counter(type(outcome) for outcome in outcomes)


def broken():
    return [result for result in reconcile() if not result.holds]


@pytest.fixture
def project(who):
    project = ProjectFactory(proponent=who.cooperative.organisation)
    ParcelFactory(project=project, code="P1")
    return project


def test_a_report_is_accepted_by_one_of_two_people(who, project):
    report = report_year(who, project)
    second = MembershipFactory(organisation=who.verifier.organisation)
    outcomes = race(
        *[lambda actor=actor: accept_report(actor=actor, report_id=report.pk) for actor in (who.verifier, second)]
    )
    assert kinds(outcomes) == {MonitoringReport: 1, WrongState: 1}
    assert Record.objects.filter(kind="report_accepted").count() == 1
    assert broken() == []


def test_a_draft_is_handed_in_once(who, project):
    draft = draft_report(actor=who.cooperative, project_id=project.pk, vintage=2020)
    verifier = who.verifier.organisation.public_id
    outcomes = race(
        *[lambda: hand_in_report(actor=who.cooperative, report_id=draft.pk, verifier=verifier) for _ in range(3)]
    )
    assert kinds(outcomes) == {MonitoringReport: 1, WrongState: 2}
    assert broken() == []


def test_a_year_is_drafted_once(who, project):
    outcomes = race(
        *[lambda: draft_report(actor=who.cooperative, project_id=project.pk, vintage=2020) for _ in range(3)]
    )
    assert kinds(outcomes) == {MonitoringReport: 1, InvalidValue: 2}


def test_a_finding_that_is_answered_and_closed_at_once_ends_closed_or_is_answered_too_late(who, project):
    report = accepted(who, report_year(who, project))
    finding = find(who, report)
    outcomes = race(
        lambda: answer_finding(actor=who.cooperative, finding_id=finding.pk, answer="So."),
        lambda: close_finding(actor=who.verifier, finding_id=finding.pk, note="Good."),
    )
    assert kinds(outcomes) in ({Finding: 2}, {Finding: 1, WrongState: 1})
    assert Finding.objects.get().status == "closed"
    assert MonitoringReport.objects.get().status == "in_verification"
    assert broken() == []


def test_a_report_is_not_verified_while_a_finding_is_opened(who, project):
    report = accepted(who, report_year(who, project))
    second = MembershipFactory(organisation=who.verifier.organisation)
    race(
        lambda: verify_report(actor=who.verifier, report_id=report.pk, statement="Seen."),
        lambda: open_finding(actor=second, report_id=report.pk, kind="clarification", text="Why?"),
    )
    report.refresh_from_db()
    assert (report.status, Finding.objects.count()) in (("verified", 0), ("findings_open", 1))
    assert broken() == []


def test_findings_that_are_answered_at_once_leave_the_report_answered(who, project):
    report = accepted(who, report_year(who, project))
    findings = [find(who, report) for _ in range(3)]
    outcomes = race(*[lambda finding=finding: answer(who, finding) for finding in findings])
    assert kinds(outcomes) == {Finding: 3}
    report.refresh_from_db()
    assert report.status == "findings_answered"
    assert broken() == []


def test_parts_that_are_issued_at_once_are_never_more_than_the_report(who):
    second = MembershipFactory(organisation=who.registrar.organisation, role=Membership.Role.REGISTRAR)
    report = ReportFactory(net_t=10, buffer_t=3)
    outcomes = race(
        *[
            lambda actor=actor: issue_credits(actor=actor, report_id=report.pk, quantity_t=4)
            for actor in (who.registrar, second, who.registrar, second)
        ]
    )
    assert kinds(outcomes) == {Batch: 2, InvalidValue: 2}
    assert sorted(Batch.objects.values_list("tranche", flat=True)) == [1, 2]
    outcomes = race(*[lambda: issue_credits(actor=who.registrar, report_id=report.pk) for _ in range(2)])
    assert kinds(outcomes) == {Batch: 1, AlreadyIssued: 1}
    assert sum(Batch.objects.values_list("buffer_t", flat=True)) == 3
    assert broken() == []


def test_nothing_is_issued_after_a_suspension_that_came_first(who, project):
    report = ReportFactory(project=project, net_t=10)
    issued, suspended = race(
        lambda: issue_credits(actor=who.registrar, report_id=report.pk),
        lambda: suspend_project(actor=who.registrar, project_id=project.pk, reason="Drained wrongly."),
    )
    assert not isinstance(suspended, Exception)
    assert isinstance(issued, Batch | WrongState)
    assert Batch.objects.count() == isinstance(issued, Batch)
    assert broken() == []


def kill_who_waits():
    """End the session that comes to wait for a lock, as if its process were killed; only the owner sees who waits."""
    kill = """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid() AND wait_event_type = 'Lock'
    """
    with psycopg.connect(_owner_url(), autocommit=True) as session:
        wait_until(lambda: session.execute(kill).rowcount == 1)


def _owner_url():
    return os.environ["DATABASE_URL"].rpartition("/")[0] + "/" + connection.settings_dict["NAME"]


def test_a_process_that_is_killed_while_it_issues_leaves_nothing_of_it(who):
    report = ReportFactory(net_t=10, buffer_t=3)
    issue_credits(actor=who.registrar, report_id=report.pk, quantity_t=4)
    before = SerialCounter.objects.get().next_serial

    with locked("SELECT 1 FROM ledger_serialcounter FOR UPDATE"):
        outcome, _killed = race(lambda: issue_credits(actor=who.registrar, report_id=report.pk), kill_who_waits)
    assert isinstance(outcome, OperationalError)
    report.refresh_from_db()
    assert (report.status, report.issued_t, Batch.objects.count()) == ("approved", 4, 1)
    assert SerialCounter.objects.get().next_serial == before
    assert broken() == []
    assert issue_credits(actor=who.registrar, report_id=report.pk).quantity_t == 6
    assert broken() == []
