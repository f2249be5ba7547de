"""What waits for a cooperative: projects and reports that are to be begun, mended, answered or handed in."""

from collections.abc import Iterable, Iterator, Sequence

from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.parties.models import Membership
from ledger.projects.deadlines import due_on
from ledger.projects.judgements import Renewal
from ledger.projects.models import Finding, MonitoringReport, Project
from ledger.projects.renewals import is_renewable
from ledger.projects.selectors import LARGE, open_vintages
from ledger.texts import localized
from ledger.workload.tasks import MOST_OF_A_KIND, OF_REPORTS, Task

Report = MonitoringReport.Status
MOST_PROJECTS = 200
"""A cooperative has a few; of more than these the newest are looked at."""
OF_A_REPORT = {
    Report.DRAFT: ("report_draft", _("Finish the report and hand it in"), "report_edit"),
    Report.FINDINGS_OPEN: ("findings_to_answer", _("Answer the verifier's findings"), "report"),
    Report.SUBMITTED: ("verifier_to_name", _("Name another verifier"), "report"),
}


def project_tasks(reader: Membership) -> Iterator[Task]:
    """Yield what is to be done with the cooperative's projects and their reports. In four queries at most."""
    found = Project.objects.filter(proponent=reader.organisation).exclude(status=Project.Status.WITHDRAWN)
    projects = list(found.defer(*LARGE).order_by("-number")[:MOST_PROJECTS])
    yield from _of_reports(reader)
    yield from _of_projects(projects)
    yield from _to_report([project for project in projects if project.status == Project.Status.REGISTERED])
    yield from _to_renew(projects)


def _of_projects(projects: Iterable[Project]) -> Iterator[Task]:
    for project in projects:
        if project.status == Project.Status.DRAFT:
            yield Task(
                "project_draft",
                _("Finish the project and hand it in"),
                localized(project, "name"),
                "draft_part",
                {"code": project.code, "part": "what"},
                since=project.created_at,
            )
        elif project.status == Project.Status.SUSPENDED:
            yield Task(
                "project_suspended",
                _("Settle why the project is suspended"),
                localized(project, "name"),
                "project",
                {"code": project.code},
                since=project.suspended_at,
            )


def _of_reports(reader: Membership) -> Iterator[Task]:
    """Yield a task for each report that waits for the cooperative, with how many findings are to be answered."""
    own = MonitoringReport.objects.filter(project__proponent=reader.organisation)
    waiting = own.filter(
        Q(status__in=(Report.DRAFT, Report.FINDINGS_OPEN)) | Q(status=Report.SUBMITTED, verifier__isnull=True)
    )
    open_findings = Count("findings", filter=Q(findings__status=Finding.Status.OPEN))
    reports = waiting.select_related("project").only(*OF_REPORTS).annotate(asked=open_findings)
    for report in reports.order_by("status_since", "id")[:MOST_OF_A_KIND]:
        kind, title, page = OF_A_REPORT[Report(report.status)]
        yield Task(
            kind,
            title,
            f"{localized(report.project, 'name')} · {report.vintage}",
            page,
            {"code": report.project.code, "report_id": report.pk},
            since=report.status_since or report.saved_at,
            due_on=due_on(report),
            count=max(report.asked, 1) if report.status == Report.FINDINGS_OPEN else 1,
        )


def _to_report(projects: Sequence[Project]) -> Iterator[Task]:
    rows = MonitoringReport.objects.filter(project__in=projects).only("project_id", "vintage", "status")
    of_project: dict[int, list[MonitoringReport]] = {}
    for report in rows:
        of_project.setdefault(report.project_id, []).append(report)
    for project in projects:
        vintages = open_vintages(project, of_project.get(project.pk, ()))
        if vintages:
            yield Task(
                "vintage_to_report",
                _("Report the vintages that are over"),
                f"{localized(project, 'name')} · {', '.join(map(str, vintages))}",
                "report_new",
                {"code": project.code},
                count=len(vintages),
            )


def _to_renew(projects: Iterable[Project]) -> Iterator[Task]:
    today = timezone.localdate()
    ending = [project for project in projects if is_renewable(project, today)]
    if not ending:
        return
    asked = set(
        Renewal.objects.filter(project__in=ending, status__in=Renewal.OPEN).values_list("project_id", flat=True)
    )
    for project in ending:
        if project.pk not in asked:
            yield Task(
                "renewal_to_ask",
                pgettext_lazy("task", "Ask for more crediting years, or let the period end"),
                localized(project, "name"),
                "project",
                {"code": project.code},
                due_on=project.crediting_ends_on if project.crediting_ends_on >= today else None,
            )
