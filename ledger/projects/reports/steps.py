"""What the steps of a report have in common: who may take them, from which states, and what the log says of them."""

import datetime as dt
from typing import Any

from django.db.models import QuerySet

from ledger.errors import NotAssigned, NotFound, WrongState
from ledger.parties.access import log_name
from ledger.parties.models import Membership
from ledger.projects.access import require_verifier
from ledger.projects.digests import sheet_sha256
from ledger.projects.lifecycle import require_reporting, require_running
from ledger.projects.locks import lock_report
from ledger.projects.models import Finding, MonitoringReport, Project
from ledger.projects.selectors import quantification_case
from ledger.projects.services import compute
from ledger.transparency.services import append_record

Status = MonitoringReport.Status
# Projects whose reports go on: what is suspended or withdrawn gets no credits, what is completed may finish.
LIVE = (Project.Status.REGISTERED, Project.Status.COMPLETED)


def require_live(project: Project) -> None:
    """Refuse a project that is not registered, or is suspended or withdrawn.

    Raises: WrongState.
    """
    require_running(project.pk)


def require_open(project: Project) -> None:
    """Refuse a project that takes no new reports.

    Raises: WrongState.
    """
    require_reporting(project.pk)


def lock_in(report_id: int, *statuses: str) -> MonitoringReport:
    """Lock a report, and its project before it.

    Raises: NotFound, WrongState where it is in another state.
    """
    report = lock_report(report_id)
    if report.status not in statuses:
        raise WrongState(state=report.get_status_display())
    return report


def lock_own(actor: Membership, report_id: int, *statuses: str) -> MonitoringReport:
    """Lock a report of the actor's cooperative.

    Raises: NotFound, also where it is another's; WrongState.
    """
    report = lock_report(report_id)
    if report.project.proponent_id != actor.organisation_id:
        raise NotFound()
    if report.status not in statuses:
        raise WrongState(state=report.get_status_display())
    return report


def require_assigned(actor: Membership, report: MonitoringReport) -> None:
    """Refuse everyone but people of the verifier that the report is assigned to.

    Raises: NotAllowed, OrganisationNotApproved, NotAssigned.
    """
    require_verifier(actor)
    if report.verifier_id != actor.organisation_id:
        raise NotAssigned()


def calculate(report: MonitoringReport) -> None:
    """Compute a report from what was entered, and put case, sheet and result into it.

    Raises: InvalidValue, naming the field of the case that the methodology refuses.
    """
    sheet = compute(report.project, report.practices)
    result = sheet.result
    report.case = quantification_case(report.project, report.practices)
    report.sheet = sheet.as_dict()
    report.sheet_sha256 = sheet_sha256(report.sheet)
    report.net_t, report.buffer_t, report.issuable_t = result.net_t, result.buffer_t, result.issuable_t


def move(report: MonitoringReport, status: str, at: dt.datetime) -> None:
    """Put a report into a state; the time that the next step may take begins where it is another one."""
    if report.status != status:
        report.status, report.status_since = status, at


def blocking_findings(report: MonitoringReport) -> QuerySet[Finding]:
    """Return the findings that keep a report from being verified."""
    return report.findings.filter(kind__in=Finding.BLOCKING).exclude(status=Finding.Status.CLOSED)


def status_by_findings(report: MonitoringReport) -> str:
    """Return how far the examination of an accepted report has come, as its findings say."""
    statuses = set(blocking_findings(report).values_list("status", flat=True))
    if Finding.Status.OPEN in statuses:
        return Status.FINDINGS_OPEN
    return Status.FINDINGS_ANSWERED if statuses else Status.IN_VERIFICATION


def name_of(report: MonitoringReport) -> dict[str, Any]:
    """Return what every record of a report says first."""
    return {"report": str(report.pk), "project": report.project.code, "vintage": report.vintage}


def record_step(kind: str, report: MonitoringReport, actor: Membership, at: dt.datetime, **more: Any) -> None:
    """Record a step of a report."""
    append_record(kind=kind, body=name_of(report) | more, actor=log_name(actor), at=at)
