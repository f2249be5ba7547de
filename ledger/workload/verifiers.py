"""What waits for a verifier: projects to take on and validate, reports to accept and verify, risks and renewals to judge."""

import datetime as dt
from collections.abc import Iterator

from django.db.models import QuerySet
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ledger.parties.models import Membership
from ledger.projects.deadlines import due_on
from ledger.projects.judgements import DeclaredConflict, Renewal
from ledger.projects.models import MonitoringReport, Project, RiskAssessment
from ledger.projects.selectors import LARGE
from ledger.texts import localized
from ledger.workload.tasks import MOST_OF_A_KIND, OF_REPORTS, Task

Report = MonitoringReport.Status
OF_A_REPORT = {
    Report.SUBMITTED: ("report_to_accept", _("Accept the report, or decline it")),
    Report.IN_VERIFICATION: ("report_to_verify", _("Verify the report")),
    Report.FINDINGS_ANSWERED: ("answers_to_judge", _("Judge the answers to your findings")),
}


def verifier_tasks(reader: Membership) -> Iterator[Task]:
    """Yield what is to be judged: what is assigned to the verifier, and what waits for any. In five queries.

    What it has declared a conflict of interest about waits for others.
    """
    yield from _reports(reader)
    yield from _taken(reader)
    yield from _for_any(reader)


def _reports(reader: Membership) -> Iterator[Task]:
    found = (
        MonitoringReport.objects.filter(verifier=reader.organisation, status__in=list(OF_A_REPORT))
        .select_related("project")
        .only(*OF_REPORTS)
        .order_by("status_since", "id")[:MOST_OF_A_KIND]
    )
    for report in found:
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


def _taken(reader: Membership) -> Iterator[Task]:
    found = Project.objects.filter(status=Project.Status.IN_VALIDATION, validator=reader.organisation)
    for project in found.defer(*LARGE).order_by("accepted_at", "id")[:MOST_OF_A_KIND]:
        yield _of_project(project, "project_to_validate", _("Validate the project"), since=project.accepted_at)


def _for_any(reader: Membership) -> Iterator[Task]:
    ours = Project.objects.exclude(pk__in=_conflicting(reader)).defer(*LARGE)
    for project in ours.filter(status=Project.Status.SUBMITTED).order_by("submitted_at", "id")[:MOST_OF_A_KIND]:
        title = _("Take the project on, or leave it to another")
        yield _of_project(project, "project_to_take_on", title, since=project.submitted_at)
    asked = Renewal.objects.filter(status=Renewal.Status.REQUESTED).exclude(project__in=_conflicting(reader))
    for renewal in asked.select_related("project").order_by("requested_at", "id")[:MOST_OF_A_KIND]:
        title = _("Assess whether the project may be renewed")
        yield _of_project(renewal.project, "renewal_to_assess", title, since=renewal.requested_at)
    stated = RiskAssessment.objects.filter(status=RiskAssessment.Status.STATED).exclude(
        project__in=_conflicting(reader)
    )
    for risk in stated.select_related("project").order_by("stated_at", "id")[:MOST_OF_A_KIND]:
        title = _("Confirm the risk that carbon is lost again, or refuse it")
        yield _of_project(risk.project, "risk_to_judge", title, since=risk.stated_at)


def _conflicting(reader: Membership) -> QuerySet[DeclaredConflict, int]:
    declared = DeclaredConflict.objects.filter(verifier=reader.organisation, lifted_at__isnull=True)
    return declared.values_list("project_id", flat=True)


def _of_project(project: Project, kind: str, title: str | Promise, *, since: dt.datetime | None) -> Task:
    return Task(kind, title, localized(project, "name"), "project", {"code": project.code}, since=since)
