"""Read projects and reports, and say what they come to in the terms of their methodology."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from django.db.models import BigIntegerField, Count, F, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce
from django.utils import timezone

from ledger.errors import NotFound
from ledger.parties.access import reads_everything
from ledger.parties.models import Membership, Organisation
from ledger.projects.judgements import DeclaredConflict, Renewal
from ledger.projects.models import MonitoringReport, Parcel, Project

# What everybody may see: what is or has been registered, with the state that it is in.
PUBLIC = Q(status__in=(Project.Status.REGISTERED, Project.Status.SUSPENDED, Project.Status.COMPLETED)) | Q(
    status=Project.Status.WITHDRAWN, registered_at__isnull=False
)
# What a list does not show.
LARGE = (
    "forecast",
    "settings",
    "description",
    "description_en",
    "ndc_information",
    "labels",
    "related_projects",
    "estimations",
    "other_listings",
    "validation_statement",
)
_CODE = re.compile(r"TH-([0-9]{2})-([0-9]{6,9})")


def projects_seen_by(membership: Membership | None) -> QuerySet[Project]:
    """Return the projects that one may see: those once registered everybody; what was handed in verifiers too; drafts
    their proponent, the operator and auditors."""
    # By subqueries, so that a page of a list counts its own fields alone, not those of the whole country.
    parcels = Parcel.objects.filter(project=OuterRef("pk")).order_by().values("project")
    projects = Project.objects.select_related("proponent", "validator").annotate(
        parcel_count=Coalesce(Subquery(parcels.annotate(count=Count("pk")).values("count")), 0),
        total_area_ha=Coalesce(Subquery(parcels.annotate(area=Sum("area_ha")).values("area")), Decimal("0.0000")),
    )
    if membership is None:
        return projects.filter(PUBLIC)
    if reads_everything(membership):
        return projects
    if membership.organisation.kind == Organisation.Kind.VERIFIER and membership.organisation.is_approved:
        return projects.exclude(Q(status=Project.Status.DRAFT) | Q(submitted_at__isnull=True))
    return projects.filter(PUBLIC | Q(proponent=membership.organisation))


def projects_listed_for(membership: Membership | None) -> QuerySet[Project]:
    """Return the projects that one may see, newest first, without what a list does not show and is large."""
    return projects_seen_by(membership).defer(*LARGE).order_by("-id")


def parcels_of(project: Project) -> QuerySet[Parcel]:
    """Return a project's fields, newest first."""
    return Parcel.objects.filter(project=project).order_by("-id")


def access_project_by_code(*, code: str, membership: Membership | None) -> Project:
    """Return a project by its permanent name, such as TH-35-000001.

    Raises: NotFound, also where it is not to be seen.
    """
    match = _CODE.fullmatch(code)
    if match is None:
        raise NotFound()
    project = projects_seen_by(membership).filter(province_code=match[1], number=int(match[2])).first()
    if project is None or project.code != code:
        raise NotFound()
    return project


def renewals_of(project: Project) -> QuerySet[Renewal]:
    """Return a project's renewals, newest first."""
    return Renewal.objects.filter(project=project).select_related("verifier").order_by("-id")


def access_renewal_by_id(*, renewal_id: int, membership: Membership | None) -> Renewal:
    """Return a renewal.

    Raises: NotFound, also where its project is not to be seen.
    """
    seen = projects_seen_by(membership).values("pk")
    renewal = Renewal.objects.select_related("project").filter(pk=renewal_id, project__in=seen).first()
    if renewal is None:
        raise NotFound()
    return renewal


def conflicts_seen_by(membership: Membership | None, project: Project) -> QuerySet[DeclaredConflict]:
    """Return the declared conflicts of a project that one may see: the operator and auditors all, a verifier its own."""
    found = DeclaredConflict.objects.filter(project=project).select_related("verifier").order_by("-id")
    if membership is None:
        return found.none()
    return found if reads_everything(membership) else found.filter(verifier=membership.organisation)


def registered_projects() -> QuerySet[Project]:
    """Return the registered projects, oldest first, each with the tonnes that its forecast expects a year (`expected_t`)."""
    expected = Cast(KT("forecast__result__net_t"), BigIntegerField())
    return Project.objects.filter(status=Project.Status.REGISTERED).annotate(expected_t=expected).order_by("number")


def expected_t() -> int:
    """Return the tonnes that all registered projects expect a year."""
    return registered_projects().aggregate(total=Sum("expected_t"))["total"] or 0


def reports_seen_by(membership: Membership | None) -> QuerySet[MonitoringReport]:
    """Return the reports of the projects that one may see."""
    return MonitoringReport.objects.select_related("project", "project__proponent", "verifier").filter(
        project__in=projects_seen_by(membership).values("pk")
    )


def reports_of(project: Project) -> QuerySet[MonitoringReport]:
    """Return a project's reports, newest first, without their calculations, which are large."""
    return (
        MonitoringReport.objects.filter(project=project)
        .select_related("project", "verifier")
        .defer("case", "sheet")
        .order_by("-id")
    )


def access_report_by_id(
    *, report_id: int, membership: Membership | None, project: Project | None = None
) -> MonitoringReport:
    """Return a report; of one project where that is named.

    Raises: NotFound, also where its project is not to be seen.
    """
    found = reports_seen_by(membership).filter(pk=report_id)
    report = (found if project is None else found.filter(project=project)).first()
    if report is None:
        raise NotFound()
    return report


def reports_with_results(membership: Membership | None) -> QuerySet[MonitoringReport]:
    """Return the reports that one may see, without their long calculations, but with what each comes to as `result`."""
    return reports_seen_by(membership).defer("case", "sheet").annotate(result=F("sheet__result"))


def open_vintages(project: Project, reports: Iterable[MonitoringReport]) -> list[int]:
    """Return the years that are over, within the crediting period and not reported yet, oldest first."""
    taken = {report.vintage for report in reports if report.status != MonitoringReport.Status.REJECTED}
    last_day = project.crediting_ends_on
    today = timezone.localdate()
    last = last_day.year if last_day < today else today.year - 1
    return [year for year in range(project.crediting_starts_on.year, last + 1) if year not in taken]


def quantification_case(
    project: Project, practices: Mapping[str, Mapping[str, Any]], parcels: Iterable[Parcel] | None = None
) -> dict[str, Any]:
    """Return the case that `ledger.quantification` computes: each parcel with its area and these practices.

    What the registry has measured and registered comes last, so that no practice or setting can say otherwise. Who has read
    the project's parcels already, by their ids, hands them over.
    """
    found = [
        {**practices.get(parcel.code, parcel.practices), "id": parcel.code, "area_ha": str(parcel.area_ha)}
        for parcel in (project.parcels.order_by("id") if parcels is None else parcels)
    ]
    return {**project.settings, "methodology": project.methodology, "parcels": found}
