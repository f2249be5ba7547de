"""Read projects and reports, and say what they come to in the terms of their methodology."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.db.models import F, Q, QuerySet, Sum
from django.utils import timezone

from ledger.errors import NotFound
from ledger.parties.access import reads_everything
from ledger.parties.models import Membership, Organisation
from ledger.projects.models import MonitoringReport, Project


def projects_seen_by(membership: Membership | None) -> QuerySet[Project]:
    """Return the projects that one may see: registered ones everybody; drafts their proponent, verifiers, operator, auditors."""
    projects = Project.objects.select_related("proponent").annotate(total_area_ha=Sum("parcels__area_ha"))
    public = Q(status=Project.Status.REGISTERED)
    if membership is None:
        return projects.filter(public)
    if reads_everything(membership):
        return projects
    if membership.organisation.kind == Organisation.Kind.VERIFIER and membership.organisation.is_approved:
        return projects.exclude(status=Project.Status.DRAFT)
    return projects.filter(public | Q(proponent=membership.organisation))


def access_project_by_code(*, code: str, membership: Membership | None) -> Project:
    """Return a project by its permanent name, such as TH-35-000001.

    Raises: NotFound, also where it is not to be seen.
    """
    parts = code.split("-")
    if len(parts) != 3 or parts[0] != "TH" or not parts[2].isascii() or not parts[2].isdigit() or len(parts[2]) > 9:
        raise NotFound()
    project = projects_seen_by(membership).filter(province_code=parts[1], number=int(parts[2])).first()
    if project is None or project.code != code:
        raise NotFound()
    return project


def reports_seen_by(membership: Membership | None) -> QuerySet[MonitoringReport]:
    """Return the reports of the projects that one may see."""
    return MonitoringReport.objects.select_related("project", "project__proponent", "verifier").filter(
        project__in=projects_seen_by(membership).values("pk")
    )


def reports_with_results(membership: Membership | None) -> QuerySet[MonitoringReport]:
    """Return the same without their long calculations, but with what each comes to as `result`."""
    return reports_seen_by(membership).defer("case", "sheet").annotate(result=F("sheet__result"))


def access_report(*, project: Project, report_id: int, membership: Membership | None) -> MonitoringReport:
    """Return a report of a project.

    Raises: NotFound, also where it is not to be seen.
    """
    report = reports_seen_by(membership).filter(project=project, pk=report_id).first()
    if report is None:
        raise NotFound()
    return report


def open_vintages(project: Project, reports: Iterable[MonitoringReport]) -> list[int]:
    """Return the years that are over, within the crediting period and not reported yet, oldest first."""
    taken = {report.vintage for report in reports if report.status != MonitoringReport.Status.REJECTED}
    last_day = project.crediting_ends_on
    today = timezone.localdate()
    last = last_day.year if last_day < today else today.year - 1
    return [year for year in range(project.crediting_starts_on.year, last + 1) if year not in taken]


def quantification_case(project: Project, practices: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the case that `ledger.quantification` computes: each parcel with its area and these practices."""
    parcels = [
        {"id": parcel.code, "area_ha": str(parcel.area_ha), **practices.get(parcel.code, parcel.practices)}
        for parcel in project.parcels.order_by("id")
    ]
    return {"methodology": project.methodology, **project.settings, "parcels": parcels}
