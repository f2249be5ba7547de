"""What waits for the reader: one queue for each kind of organisation."""

from collections.abc import Callable
from typing import Any

from django.db.models import F, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ledger.credits.transfers.selectors import open_transfers, transfers_of
from ledger.journal.models import Account, Asset, Payment
from ledger.journal.selectors import cash_account
from ledger.parties.models import Membership, Organisation
from ledger.projects.models import MonitoringReport, Project
from ledger.projects.selectors import LARGE, projects_seen_by, reports_with_results
from ledger.web.assigned import verifier_queue
from ledger.web.doors import for_members
from ledger.web.progress import progress_of
from ledger.web.rights import may_prepare
from ledger.web.steps import project_steps, report_steps
from ledger.workload.selectors import tasks_of

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
MOST_REPORTS = 200
# Drafts are gone on with by cards of their own.
RESUMED = ("project_draft", "report_draft")
OPEN_PROJECTS = (Project.Status.SUBMITTED, Project.Status.IN_VALIDATION, Project.Status.VALIDATED)


@require_safe
@for_members
def work(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Show what waits for the reader, and what the reader waits for."""
    kind = membership.organisation.kind
    if kind == Organisation.Kind.VERIFIER:
        return verifier_queue(request, membership)
    waiting = WAITING[Organisation.Kind(kind)](membership)
    return render(request, f"ledger/workspace/{kind}.html", {"organisation": membership.organisation, **waiting})


def _for_cooperative(membership: Membership) -> dict[str, Any]:
    own = projects_seen_by(membership).filter(proponent=membership.organisation).defer(*LARGE).order_by("-number")
    projects = list(own[:MOST_SHOWN])
    reports = list(
        reports_with_results(membership)
        .filter(project__proponent=membership.organisation)
        .order_by("-id")[:MOST_REPORTS]
    )
    drafts = _in(projects, Project.Status.DRAFT)
    return {
        "tasks": [task for task in tasks_of(membership) if task.kind not in RESUMED],
        "drafts": progress_of(drafts),
        "draft_reports": _in(reports, Report.DRAFT),
        "rejected_reports": _not_reported_again(reports),
        "open_projects": [(project, project_steps(project)) for project in _in(projects, *OPEN_PROJECTS)],
        "open_reports": [
            (each, report_steps(each, None))
            for each in _in(reports, *OPEN_REPORTS)
            if each.status != Report.SUBMITTED or each.verifier_id
        ],
        "farmed": _in(projects, Project.Status.REGISTERED),
        "may_prepare": may_prepare(membership),
        "to_sell_t": _to_sell_t(membership.organisation),
        **_money(membership),
    }


def _in(found: list[Any], *statuses: str) -> list[Any]:
    return [each for each in found if each.status in statuses]


def _to_sell_t(organisation: Organisation) -> int:
    credits = Account.objects.filter(
        organisation=organisation, asset__kind=Asset.Kind.CREDIT, purpose=Account.Purpose.HOLDING
    )
    return credits.aggregate(sum=Sum(F("balance") - F("held")))["sum"] or 0


def _not_reported_again(reports: list[MonitoringReport]) -> list[MonitoringReport]:
    standing = {(each.project_id, each.vintage) for each in reports if each.status != MonitoringReport.Status.REJECTED}
    rejected = _in(reports, MonitoringReport.Status.REJECTED)
    return [report for report in rejected if (report.project_id, report.vintage) not in standing]


def _for_buyer(membership: Membership) -> dict[str, Any]:
    return _money(membership)


def _money(membership: Membership) -> dict[str, Any]:
    payments = Payment.objects.filter(organisation=membership.organisation, status=Payment.Status.REQUESTED)
    return {
        "payments": payments.order_by("-id"),
        "cash": cash_account(membership.organisation),
        "transfers": open_transfers(transfers_of(membership.organisation))[:MOST_SHOWN],
    }


def _for_staff(membership: Membership) -> dict[str, Any]:
    return {}


WAITING: dict[str, Callable[[Membership], dict[str, Any]]] = {
    Organisation.Kind.COOPERATIVE: _for_cooperative,
    Organisation.Kind.BUYER: _for_buyer,
    Organisation.Kind.OPERATOR: _for_staff,
    Organisation.Kind.AUDITOR: _for_staff,
}
