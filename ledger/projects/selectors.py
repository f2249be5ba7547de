"""Read projects and reports, and say what they come to in the terms of their methodology."""

from collections.abc import Mapping
from typing import Any

from django.db.models import BigIntegerField, Q, QuerySet, Sum
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from ledger.errors import NotFound
from ledger.parties.models import Membership, Organisation
from ledger.projects.models import MonitoringReport, Project


def projects_seen_by(membership: Membership | None) -> QuerySet[Project]:
    """Return the projects that one may see: registered ones everybody; drafts their proponent, verifiers, operator, auditors."""
    projects = Project.objects.select_related("proponent").annotate(total_area_ha=Sum("parcels__area_ha"))
    public = Q(status=Project.Status.REGISTERED)
    if membership is None:
        return projects.filter(public)
    kind = membership.organisation.kind
    if kind in (Organisation.Kind.OPERATOR, Organisation.Kind.AUDITOR):
        return projects
    if kind == Organisation.Kind.VERIFIER:
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


def registered_projects() -> QuerySet[Project]:
    """Return the registered projects, oldest first, each with the tonnes that its forecast expects a year (`expected_t`)."""
    expected = Cast(KT("forecast__result__net_t"), BigIntegerField())
    return Project.objects.filter(status=Project.Status.REGISTERED).annotate(expected_t=expected).order_by("number")


def expected_t() -> int:
    """Return the tonnes that all registered projects expect a year."""
    return registered_projects().aggregate(total=Sum("expected_t"))["total"] or 0


def quantification_case(project: Project, practices: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the case that `ledger.quantification` computes: each parcel with its area and these practices."""
    parcels = [
        {"id": parcel.code, "area_ha": str(parcel.area_ha), **practices.get(parcel.code, parcel.practices)}
        for parcel in project.parcels.order_by("id")
    ]
    return {"methodology": project.methodology, **project.settings, "parcels": parcels}
