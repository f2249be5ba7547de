"""Findings: opened by the verifier, answered by the cooperative, closed; what they do to the report, and corrections."""

import orjson
import pytest

from ledger.errors import FindingsOpen, InvalidValue, NotAllowed, NotAssigned, NotFound, WrongState
from ledger.models import Finding, MonitoringReport, Record
from ledger.projects.digests import sheet_sha256
from ledger.projects.reports import (
    answer_finding,
    close_finding,
    correct_report,
    open_finding,
    reopen_finding,
    save_practices,
    verify_report,
)
from ledger.projects.selectors import findings_seen_by, forward_actions_before
from tests.factories import PRACTICES, MembershipFactory, ParcelFactory, ProjectFactory
from tests.scenes import accepted, answer, close, find, report_year, verified
from trading.execution.reconciliation import reconcile

Status = MonitoringReport.Status
SHORT = {"seasons": [PRACTICES["seasons"][0] | {"days": 56}]}


@pytest.fixture
def project(who):
    project = ProjectFactory(proponent=who.cooperative.organisation)
    ParcelFactory(project=project, code="P1")
    return project


@pytest.fixture
def report(who, project):
    return accepted(who, report_year(who, project))


def status_of(report):
    return MonitoringReport.objects.get(pk=report.pk).status


def broken():
    return [result for result in reconcile() if not result.holds]


def verify(who, report):
    return verify_report(actor=who.verifier, report_id=report.pk, statement="Seen.")


def test_a_finding_goes_from_open_to_answered_to_closed_and_the_report_with_it(who, report):
    finding = find(who, report)
    assert (finding.number, finding.status, status_of(report)) == (1, "open", Status.FINDINGS_OPEN)
    with pytest.raises(FindingsOpen):
        verify(who, report)
    assert broken() == []
    answer(who, finding)
    assert status_of(report) == Status.FINDINGS_ANSWERED
    with pytest.raises(FindingsOpen):
        verify(who, report)
    assert broken() == []
    close(who, finding)
    assert status_of(report) == Status.IN_VERIFICATION
    assert verify(who, report).status == Status.VERIFIED
    assert broken() == []


def test_the_last_one_decides_where_the_report_stands(who, report):
    one, two = find(who, report), find(who, report, kind="clarification")
    answer(who, one)
    assert status_of(report) == Status.FINDINGS_OPEN
    answer(who, two)
    assert status_of(report) == Status.FINDINGS_ANSWERED
    close(who, one)
    assert status_of(report) == Status.FINDINGS_ANSWERED
    reopen_finding(actor=who.verifier, finding_id=one.pk, reason="July is missing too.")
    assert status_of(report) == Status.FINDINGS_OPEN
    assert broken() == []
    answer(who, one, "Both added.")
    for finding in (one, two):
        close(who, finding)
    assert status_of(report) == Status.IN_VERIFICATION
    one.refresh_from_db()
    assert (one.answer, one.reopening_reason) == ("Both added.", "July is missing too.")
    assert broken() == []


def test_texts_are_in_the_log_by_their_hash_alone(who, report):
    answer(who, find(who, report, text="张三 was not there."), "李四 was.")
    entries = [
        bytes(entry).decode()
        for entry in Record.objects.filter(kind__startswith="finding_").values_list("entry", flat=True)
    ]
    assert len(entries) == 2
    assert not any("张三" in entry or "李四" in entry for entry in entries)


def test_a_forward_action_stays_for_the_next_report(who, project, report):
    forward = find(who, report, kind="forward_action", text="Weigh the harvest.")
    assert status_of(report) == Status.IN_VERIFICATION
    verify(who, report)
    following = report_year(who, project, 2021)
    assert list(forward_actions_before(following)) == [forward]
    with pytest.raises(NotAssigned):
        close(who, forward)
    accepted(who, following)
    answer(who, forward, "Weighed.")
    close(who, forward)
    assert list(forward_actions_before(following)) == []
    assert (status_of(report), status_of(following)) == (Status.VERIFIED, Status.IN_VERIFICATION)
    assert broken() == []


def test_a_finding_is_not_opened_answered_or_closed_once_the_report_is_verified(who, report):
    finding = find(who, report)
    close(who, finding)
    verify(who, report)
    for step in (
        lambda: find(who, report),
        lambda: close(who, finding),
        lambda: reopen_finding(actor=who.verifier, finding_id=finding.pk, reason="Again."),
        lambda: answer(who, finding),
    ):
        with pytest.raises(WrongState):
            step()


STEPS = {
    "open": lambda actor, report, finding: open_finding(
        actor=actor, report_id=report, kind="clarification", text="Why?"
    ),
    "answer": lambda actor, report, finding: answer_finding(actor=actor, finding_id=finding, answer="So."),
    "close": lambda actor, report, finding: close_finding(actor=actor, finding_id=finding, note="Good."),
    "reopen": lambda actor, report, finding: reopen_finding(actor=actor, finding_id=finding, reason="Not good."),
    "correct": lambda actor, report, finding: correct_report(actor=actor, report_id=report, practices={"P1": SHORT}),
}


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    "name", ["buyer", "registrar", "treasurer", "auditor", "viewer", "strange cooperative", "strange verifier"]
)
def test_nobody_else_takes_part(who, report, step, name):
    finding = find(who, report)
    strangers = {
        "viewer": MembershipFactory(organisation=who.cooperative.organisation, role="viewer"),
        "strange cooperative": MembershipFactory(organisation__kind="cooperative"),
        "strange verifier": MembershipFactory(organisation__kind="verifier"),
    }
    actor = strangers.get(name) or getattr(who, name)
    with pytest.raises((NotAllowed, NotAssigned, NotFound)):
        STEPS[step](actor, report.pk, finding.pk)
    assert Finding.objects.get().status == "open"


@pytest.mark.parametrize(
    ("name", "steps"), [("cooperative", ("open", "close", "reopen")), ("verifier", ("answer", "correct"))]
)
def test_neither_side_takes_the_others_steps(who, report, name, steps):
    finding = find(who, report)
    for step in steps:
        with pytest.raises(NotAllowed):
            STEPS[step](getattr(who, name), report.pk, finding.pk)


@pytest.mark.parametrize(
    ("status", "refused"), [("open", {"reopen"}), ("answered", {"answer"}), ("closed", {"answer", "close"})]
)
def test_each_step_is_taken_from_its_own_states_alone(who, report, status, refused):
    acting = {"answer": who.cooperative, "close": who.verifier, "reopen": who.verifier}
    for step in acting:
        finding = find(who, report)
        if status != "open":
            answer(who, finding)
        if status == "closed":
            close(who, finding)
        if step in refused:
            with pytest.raises(WrongState):
                STEPS[step](acting[step], report.pk, finding.pk)
        else:
            STEPS[step](acting[step], report.pk, finding.pk)


@pytest.mark.parametrize(
    ("kind", "text", "field"),
    [
        ("complaint", "x", "kind"),
        ("clarification", " ", "text"),
        ("clarification", "x" * 20_001, "text"),
        ("clarification", "a\x00", "text"),
    ],
)
def test_a_finding_that_says_nothing_is_refused(who, report, kind, text, field):
    with pytest.raises(InvalidValue) as refusal:
        find(who, report, kind=kind, text=text)
    assert refusal.value.field == field
    assert status_of(report) == Status.IN_VERIFICATION


def test_findings_are_public_once_the_report_is_verified(who, report):
    finding = find(who, report)
    other = MembershipFactory(organisation__kind="verifier")
    for reader in (who.cooperative, who.verifier, who.registrar, who.auditor):
        assert list(findings_seen_by(reader, report)) == [finding]
    for reader in (None, who.buyer, other):
        assert list(findings_seen_by(reader, report)) == []
    close(who, finding)
    assert list(findings_seen_by(None, verify(who, report))) == [finding]


# Corrections


def test_a_correction_is_computed_again_and_what_it_replaces_is_kept(who, report):
    before = MonitoringReport.objects.get(pk=report.pk)
    finding = find(who, report)
    save_practices(actor=who.cooperative, report_id=report.pk, practices={"P1": SHORT})
    assert MonitoringReport.objects.get(pk=report.pk).sheet_sha256 == before.sheet_sha256
    after = correct_report(actor=who.cooperative, report_id=report.pk)
    assert after.net_t < before.net_t
    assert after.sheet_sha256 == sheet_sha256(after.sheet) != before.sheet_sha256
    version = after.versions.get()
    assert (version.number, version.sheet_sha256, version.net_t) == (1, before.sheet_sha256, before.net_t)
    assert version.sheet == before.sheet
    body = orjson.loads(Record.objects.get(kind="report_corrected").entry)["body"]
    assert (body["sheet_sha256"], body["replaces_sheet_sha256"]) == (after.sheet_sha256, before.sheet_sha256)
    assert broken() == []
    correct_report(actor=who.cooperative, report_id=report.pk, practices={"P1": None})
    assert [each.number for each in report.versions.order_by("number")] == [1, 2]
    answer(who, finding)
    close(who, finding)
    verify(who, report)
    assert broken() == []


def test_a_correction_that_changes_nothing_is_refused(who, report):
    find(who, report)
    with pytest.raises(InvalidValue) as refusal:
        correct_report(actor=who.cooperative, report_id=report.pk)
    assert refusal.value.field == "practices"
    assert not report.versions.exists()


def test_a_correction_that_the_methodology_refuses_leaves_everything_as_it_was(who, report):
    find(who, report)
    with pytest.raises(InvalidValue):
        correct_report(actor=who.cooperative, report_id=report.pk, practices={"P1": {"seasons": []}})
    stored = MonitoringReport.objects.get(pk=report.pk)
    assert (stored.practices, stored.sheet_sha256) == ({}, report.sheet_sha256)


def test_corrections_are_made_while_findings_are_open_alone(who, project, report):
    def correct():
        return correct_report(actor=who.cooperative, report_id=report.pk, practices={"P1": SHORT})

    with pytest.raises(WrongState):
        correct()
    finding = find(who, report)
    answer(who, finding)
    with pytest.raises(WrongState):
        correct()
    close(who, finding)
    verify(who, report)
    with pytest.raises(WrongState):
        correct()


def test_a_version_is_never_changed(who, report):
    from django.db import DatabaseError, transaction

    find(who, report)
    correct_report(actor=who.cooperative, report_id=report.pk, practices={"P1": SHORT})
    version = report.versions.get()
    with pytest.raises(DatabaseError), transaction.atomic():
        report.versions.update(net_t=1)
    with pytest.raises(DatabaseError), transaction.atomic():
        version.delete()


def test_a_second_report_does_not_take_up_the_findings_of_the_first(who, project, report):
    find(who, report)
    assert verified(who, report_year(who, project, 2021)).status == Status.VERIFIED
