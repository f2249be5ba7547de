"""What waits for a verifier: projects to take on and validate, reports to accept and verify, risks and renewals to judge."""

import datetime as dt
from collections.abc import Iterator

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ledger.parties.models import Membership, Organisation
from ledger.projects.deadlines import due_on
from ledger.projects.judgements import DeclaredConflict, Renewal
from ledger.projects.models import MonitoringReport, Project, RiskAssessment
from ledger.projects.selectors import LARGE
from ledger.texts import localized
from ledger.workload.tasks import MOST_OF_A_KIND, OF_REPORTS, Task

Report = MonitoringReport.Status
# What is next for the verifier with a report that is assigned to it.
OF_A_REPORT = {
    Report.SUBMITTED: ("report_to_accept", _("Accept the report, or decline it")),
    Report.IN_VERIFICATION: ("report_to_verify", _("Verify the report")),
    Report.FINDINGS_ANSWERED: ("answers_to_judge", _("Judge the answers to your findings")),
}
VALIDATE = _("Validate the project")
TAKE_ON = _("Take the project on, or leave it to another")
ASSESS = _("Assess whether the project may be renewed")
JUDGE = _("Confirm the risk that carbon is lost again, or refuse it")


def assigned_reports(verifier: Organisation) -> QuerySet[MonitoringReport]:
    """Return the reports that are assigned to a verifier, in any state."""
    return MonitoringReport.objects.filter(verifier=verifier)


def projects_in_hand(verifier: Organisation) -> QuerySet[Project]:
    """Return the projects that a verifier has taken on, the longest in hand first."""
    taken = Project.objects.filter(status=Project.Status.IN_VALIDATION, validator=verifier)
    return taken.defer(*LARGE).order_by("accepted_at", "id")


def projects_to_take_on(verifier: Organisation) -> QuerySet[Project]:
    """Return the projects that any verifier may take on, the longest waiting first; none about which it has a conflict."""
    free = Project.objects.filter(status=Project.Status.SUBMITTED)
    return free.exclude(pk__in=_conflicting(verifier)).defer(*LARGE).order_by("submitted_at", "id")


def renewals_to_assess(verifier: Organisation) -> QuerySet[Renewal]:
    """Return the renewals that any verifier may assess, with their projects; none about which it has a conflict."""
    asked = Renewal.objects.filter(status=Renewal.Status.REQUESTED).exclude(project__in=_conflicting(verifier))
    return asked.select_related("project").defer(*_LARGE_OF_PROJECT).order_by("requested_at", "id")


def risks_to_judge(verifier: Organisation) -> QuerySet[RiskAssessment]:
    """Return the risks that any verifier may judge, with their projects; none about which it has a conflict."""
    stated = RiskAssessment.objects.filter(status=RiskAssessment.Status.STATED)
    free = stated.exclude(project__in=_conflicting(verifier))
    return free.select_related("project").defer(*_LARGE_OF_PROJECT).order_by("stated_at", "id")


def declared_conflicts(verifier: Organisation) -> QuerySet[DeclaredConflict]:
    """Return the conflicts of interest that a verifier has declared and that were not lifted, the newest first."""
    declared = DeclaredConflict.objects.filter(verifier=verifier, lifted_at__isnull=True)
    return declared.select_related("project").defer(*_LARGE_OF_PROJECT).order_by("-id")


def verifier_tasks(reader: Membership) -> Iterator[Task]:
    """Yield what is to be judged: what is assigned to the verifier, and what waits for any. In five queries."""
    yield from _of_reports(reader.organisation)
    yield from _of_projects(reader.organisation)


def _of_reports(verifier: Organisation) -> Iterator[Task]:
    found = assigned_reports(verifier).filter(status__in=list(OF_A_REPORT)).select_related("project").only(*OF_REPORTS)
    for report in found.order_by("status_since", "id")[:MOST_OF_A_KIND]:
        kind, title = OF_A_REPORT[Report(report.status)]
        yield Task(
            kind,
            title,
            f"{localized(report.project, 'name')} · {report.vintage}",
            "report",
            {"code": report.project.code, "report_id": report.pk},
            since=report.status_since,
            due_on=due_on(report),
        )


def _of_projects(verifier: Organisation) -> Iterator[Task]:
    for taken in projects_in_hand(verifier)[:MOST_OF_A_KIND]:
        yield _of_project(taken, "project_to_validate", VALIDATE, since=taken.accepted_at)
    for free in projects_to_take_on(verifier)[:MOST_OF_A_KIND]:
        yield _of_project(free, "project_to_take_on", TAKE_ON, since=free.submitted_at)
    for renewal in renewals_to_assess(verifier)[:MOST_OF_A_KIND]:
        yield _of_project(renewal.project, "renewal_to_assess", ASSESS, since=renewal.requested_at)
    for risk in risks_to_judge(verifier)[:MOST_OF_A_KIND]:
        yield _of_project(risk.project, "risk_to_judge", JUDGE, since=risk.stated_at)


def _of_project(project: Project, kind: str, title: str | Promise, *, since: dt.datetime | None) -> Task:
    return Task(kind, title, localized(project, "name"), "project", {"code": project.code}, since=since)


def _conflicting(verifier: Organisation) -> QuerySet[DeclaredConflict, int]:
    declared = DeclaredConflict.objects.filter(verifier=verifier, lifted_at__isnull=True)
    return declared.values_list("project_id", flat=True)


_LARGE_OF_PROJECT = tuple(f"project__{name}" for name in LARGE)
