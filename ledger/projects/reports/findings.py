"""Findings: opened by the verifier, answered by the cooperative, closed or opened again by the verifier.

A corrective action or a clarification must be closed before the report is verified. A forward action stays, and is
answered and closed in the course of a later report.
"""

import datetime as dt

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from ledger.errors import InvalidValue, NotAssigned, NotFound, WrongState
from ledger.parties.access import log_name
from ledger.parties.models import Membership
from ledger.projects.access import require_proponent, require_verifier
from ledger.projects.claims import MAX_STATEMENT
from ledger.projects.digests import text_sha256
from ledger.projects.locks import lock_report
from ledger.projects.models import Finding, MonitoringReport
from ledger.projects.reports.steps import (
    Status,
    lock_in,
    move,
    require_assigned,
    require_live,
    status_by_findings,
)
from ledger.texts import check_text
from ledger.transparency.services import append_record

MAX_FINDINGS = 200


@transaction.atomic
def open_finding(*, actor: Membership, report_id: int, kind: str, text: str) -> Finding:
    """Say, as the verifier that has accepted a report, what is to be mended, explained or looked after.

    Locks: the project, the report.
    Raises: NotAllowed, OrganisationNotApproved, NotAssigned, NotFound, WrongState, InvalidValue.
    """
    require_verifier(actor)
    report = lock_in(report_id, *MonitoringReport.EXAMINED)
    require_assigned(actor, report)
    require_live(report.project)
    if kind not in Finding.Kind.values:
        raise InvalidValue(field="kind", reason=_("Choose a kind from the list."))
    number = report.findings.count() + 1
    if number > MAX_FINDINGS:
        raise InvalidValue(field="text", reason=_("A report has 200 findings at most."))
    now = timezone.now()
    finding = Finding.objects.create(
        report=report, number=number, kind=kind, text=_said(text, "text"), opened_by=actor.user, opened_at=now
    )
    _record("finding_opened", finding, actor, now, kind=kind, text_sha256=text_sha256(finding.text))
    _follow(report, now)
    return finding


@transaction.atomic
def answer_finding(*, actor: Membership, finding_id: int, answer: str) -> Finding:
    """Answer an open finding, as the project's cooperative.

    Locks: the project, the report.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, WrongState, InvalidValue.
    """
    require_proponent(actor)
    finding = _lock_finding(finding_id)
    if finding.report.project.proponent_id != actor.organisation_id:
        raise NotFound()
    require_live(finding.report.project)
    _require_open_to_answers(finding)
    _require_status(finding, Finding.Status.OPEN)
    finding.answer, finding.answered_by, finding.answered_at = _said(answer, "answer"), actor.user, timezone.now()
    finding.status = Finding.Status.ANSWERED
    finding.save()
    _record("finding_answered", finding, actor, finding.answered_at, answer_sha256=text_sha256(finding.answer))
    _follow(finding.report, finding.answered_at)
    return finding


@transaction.atomic
def close_finding(*, actor: Membership, finding_id: int, note: str) -> Finding:
    """Close a finding, as the verifier that examines the report, or for a forward action a later one.

    Locks: the project, the report.
    Raises: NotAllowed, OrganisationNotApproved, NotAssigned, NotFound, WrongState, InvalidValue.
    """
    finding = _lock_for_verifier(actor, finding_id)
    _require_status(finding, Finding.Status.OPEN, Finding.Status.ANSWERED)
    finding.closing_note, finding.closed_by, finding.closed_at = _said(note, "note"), actor.user, timezone.now()
    finding.status = Finding.Status.CLOSED
    finding.save()
    _record("finding_closed", finding, actor, finding.closed_at, note_sha256=text_sha256(finding.closing_note))
    _follow(finding.report, finding.closed_at)
    return finding


@transaction.atomic
def reopen_finding(*, actor: Membership, finding_id: int, reason: str) -> Finding:
    """Open a finding again whose answer does not do, or that was closed too early.

    Locks: the project, the report.
    Raises: NotAllowed, OrganisationNotApproved, NotAssigned, NotFound, WrongState, InvalidValue.
    """
    finding = _lock_for_verifier(actor, finding_id)
    _require_status(finding, Finding.Status.ANSWERED, Finding.Status.CLOSED)
    finding.reopening_reason, finding.reopened_by = _said(reason, "reason"), actor.user
    finding.reopened_at = timezone.now()
    finding.closing_note, finding.closed_by, finding.closed_at = "", None, None
    finding.status = Finding.Status.OPEN
    finding.save()
    reason_sha256 = text_sha256(finding.reopening_reason)
    _record("finding_reopened", finding, actor, finding.reopened_at, reason_sha256=reason_sha256)
    _follow(finding.report, finding.reopened_at)
    return finding


def _lock_finding(finding_id: int) -> Finding:
    """Lock the report of a finding, and read the finding after that: every change of it takes this lock."""
    report_id = Finding.objects.filter(pk=finding_id).values_list("report_id", flat=True).first()
    if report_id is None:
        raise NotFound()
    report = lock_report(report_id)
    finding = Finding.objects.get(pk=finding_id)
    finding.report = report
    return finding


def _lock_for_verifier(actor: Membership, finding_id: int) -> Finding:
    require_verifier(actor)
    finding = _lock_finding(finding_id)
    report = finding.report
    require_live(report.project)
    if finding.kind == Finding.Kind.FORWARD_ACTION and report.status not in MonitoringReport.EXAMINED:
        if not _examines_a_later_one(actor, report):
            raise NotAssigned()
        return finding
    if report.status not in MonitoringReport.EXAMINED:
        raise WrongState(state=report.get_status_display())
    require_assigned(actor, report)
    return finding


def _examines_a_later_one(actor: Membership, report: MonitoringReport) -> bool:
    return MonitoringReport.objects.filter(
        project=report.project,
        vintage__gt=report.vintage,
        verifier=actor.organisation,
        status__in=MonitoringReport.EXAMINED,
    ).exists()


def _require_open_to_answers(finding: Finding) -> None:
    status = finding.report.status
    is_forward = finding.kind == Finding.Kind.FORWARD_ACTION
    if status == Status.REJECTED or (not is_forward and status not in MonitoringReport.EXAMINED):
        raise WrongState(state=finding.report.get_status_display())


def _require_status(finding: Finding, *statuses: str) -> None:
    if finding.status not in statuses:
        raise WrongState(state=finding.get_status_display())


def _said(text: str, field: str) -> str:
    if not text.strip():
        raise InvalidValue(field=field, reason=_("Write what is to be said."))
    check_text(text, field=field, most=MAX_STATEMENT)
    return text.strip()


def _follow(report: MonitoringReport, at: dt.datetime) -> None:
    """Put a report that is examined into the state that its findings make."""
    if report.status in MonitoringReport.EXAMINED:
        move(report, status_by_findings(report), at)
        report.save(update_fields=["status", "status_since"])


def _record(step: str, /, finding: Finding, actor: Membership, at: dt.datetime, **more: str) -> None:
    body = {
        "finding": str(finding.pk),
        "report": str(finding.report_id),
        "project": finding.report.project.code,
        "number": finding.number,
        **more,
    }
    append_record(kind=step, body=body, actor=log_name(actor), at=at)
