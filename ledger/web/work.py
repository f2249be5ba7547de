"""What waits for the reader: one queue for each kind of organisation."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from ledger.journal.models import Payment
from ledger.journal.selectors import cash_account
from ledger.parties.models import Membership, Organisation
from ledger.projects.judgements import Renewal
from ledger.projects.models import MonitoringReport, Project
from ledger.projects.renewals import is_renewable
from ledger.projects.selectors import LARGE, open_vintages, projects_seen_by, reports_with_results
from ledger.web.doors import for_members

MOST_SHOWN = 50
Report = MonitoringReport.Status
# Where a cooperative waits for others.
OPEN_REPORTS = (
    Report.SUBMITTED,
    Report.IN_VERIFICATION,
    Report.FINDINGS_ANSWERED,
    Report.VERIFIED,
    Report.APPROVED,
)
OPEN_PROJECTS = (Project.Status.SUBMITTED, Project.Status.IN_VALIDATION, Project.Status.VALIDATED)


@require_safe
@for_members
def work(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Show what waits for the reader, and what the reader waits for."""
    kind = membership.organisation.kind
    waiting = WAITING[Organisation.Kind(kind)](membership)
    return render(request, f"ledger/workspace/{kind}.html", {"organisation": membership.organisation, **waiting})


def _for_cooperative(membership: Membership) -> dict[str, Any]:
    own = projects_seen_by(membership).filter(proponent=membership.organisation).defer("forecast").order_by("-number")
    projects = list(own[:MOST_SHOWN])
    reports = list(reports_with_results(membership).filter(project__proponent=membership.organisation).order_by("-id"))
    return {
        "drafts": _in(projects, Project.Status.DRAFT),
        "rejected_projects": _in(projects, Project.Status.REJECTED),
        "open_projects": _in(projects, *OPEN_PROJECTS),
        "suspended_projects": _in(projects, Project.Status.SUSPENDED),
        "renewable_projects": _renewable(projects),
        "to_report": _to_report(_in(projects, Project.Status.REGISTERED), reports),
        "rejected_reports": _not_reported_again(reports),
        "draft_reports": _in(reports, Report.DRAFT),
        "reports_to_answer": _in(reports, Report.FINDINGS_OPEN),
        "reports_without_verifier": [each for each in _in(reports, Report.SUBMITTED) if each.verifier_id is None],
        "open_reports": [
            each for each in _in(reports, *OPEN_REPORTS) if each.status != Report.SUBMITTED or each.verifier_id
        ],
        **_money(membership),
    }


def _in(found: list[Any], *statuses: str) -> list[Any]:
    return [each for each in found if each.status in statuses]


def _renewable(projects: list[Project]) -> list[Project]:
    today = timezone.localdate()
    ending = [project for project in projects if is_renewable(project, today)]
    asked = Renewal.objects.filter(project__in=ending, status__in=Renewal.OPEN).values_list("project_id", flat=True)
    waiting = set(asked) if ending else set()
    return [project for project in ending if project.pk not in waiting]


def _to_report(projects: list[Project], reports: list[MonitoringReport]) -> list[tuple[Project, list[int]]]:
    by_project: dict[int, list[MonitoringReport]] = {}
    for report in reports:
        by_project.setdefault(report.project_id, []).append(report)
    pairs = [(project, open_vintages(project, by_project.get(project.pk, []))) for project in projects]
    return [(project, vintages) for project, vintages in pairs if vintages]


def _not_reported_again(reports: list[MonitoringReport]) -> list[MonitoringReport]:
    standing = {(each.project_id, each.vintage) for each in reports if each.status != MonitoringReport.Status.REJECTED}
    rejected = _in(reports, MonitoringReport.Status.REJECTED)
    return [report for report in rejected if (report.project_id, report.vintage) not in standing]


def _for_verifier(membership: Membership) -> dict[str, Any]:
    seen = projects_seen_by(membership).defer(*LARGE).order_by("submitted_at")
    waiting = Renewal.objects.filter(status=Renewal.Status.REQUESTED).values("project")
    assigned = reports_with_results(membership).filter(verifier=membership.organisation)
    in_hand = assigned.filter(status__in=(Report.SUBMITTED, *MonitoringReport.EXAMINED))
    reports = list(in_hand.order_by("status_since", "id")[:MOST_SHOWN])
    return {
        "projects": seen.filter(status=Project.Status.SUBMITTED)[:MOST_SHOWN],
        "taken": seen.filter(status=Project.Status.IN_VALIDATION, validator=membership.organisation)[:MOST_SHOWN],
        "renewing": seen.filter(pk__in=waiting)[:MOST_SHOWN],
        "reports_to_accept": _in(reports, Report.SUBMITTED),
        "reports": _in(reports, Report.IN_VERIFICATION, Report.FINDINGS_ANSWERED),
        "reports_waiting": _in(reports, Report.FINDINGS_OPEN),
        "verified": assigned.filter(verified_at__isnull=False).order_by("-verified_at")[:10],
    }


def _for_buyer(membership: Membership) -> dict[str, Any]:
    return _money(membership)


def _money(membership: Membership) -> dict[str, Any]:
    payments = Payment.objects.filter(organisation=membership.organisation, status=Payment.Status.REQUESTED)
    return {"payments": payments.order_by("-id"), "cash": cash_account(membership.organisation)}


def _for_staff(membership: Membership) -> dict[str, Any]:
    return {}


WAITING = {
    Organisation.Kind.COOPERATIVE: _for_cooperative,
    Organisation.Kind.VERIFIER: _for_verifier,
    Organisation.Kind.BUYER: _for_buyer,
    Organisation.Kind.OPERATOR: _for_staff,
    Organisation.Kind.AUDITOR: _for_staff,
}
