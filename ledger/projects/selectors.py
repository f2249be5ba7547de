"""Read projects and reports, and say what they come to in the terms of their methodology."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from django.db.models import BooleanField, Q, QuerySet, Sum
from django.db.models.expressions import RawSQL

from ledger.errors import NotFound
from ledger.parties.access import reads_everything
from ledger.parties.models import Membership, Organisation
from ledger.projects import geometry
from ledger.projects.models import MonitoringReport, Parcel, Project

_CODE = re.compile(r"TH-([0-9]{2})-([0-9]{6,9})")


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
    match = _CODE.fullmatch(code)
    if match is None:
        raise NotFound()
    project = projects_seen_by(membership).filter(province_code=match[1], number=int(match[2])).first()
    if project is None or project.code != code:
        raise NotFound()
    return project


def reports_seen_by(membership: Membership | None) -> QuerySet[MonitoringReport]:
    """Return the reports of the projects that one may see."""
    return MonitoringReport.objects.select_related("project", "project__proponent", "verifier").filter(
        project__in=projects_seen_by(membership).values("pk")
    )


def quantification_case(project: Project, practices: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return the case that `ledger.quantification` computes: each parcel with its area and these practices.

    What the registry has measured and registered comes last, so that no practice or setting can say otherwise.
    """
    parcels = [
        {**practices.get(parcel.code, parcel.practices), "id": parcel.code, "area_ha": str(parcel.area_ha)}
        for parcel in project.parcels.order_by("id")
    ]
    return {**project.settings, "methodology": project.methodology, "parcels": parcels}


def parcels_near(parcel: Parcel) -> Iterator[Parcel]:
    """Yield the parcels, of projects that are credited in the same years, whose bounding boxes touch that of a parcel.

    An index on the boxes (migrations/sql/parcel_boxes.sql) finds them, however many parcels there are.
    """
    west, south, east, north = geometry.bounds(parcel.geometry)
    near = RawSQL(
        "geojson_box(ledger_parcel.geometry) && box(point(%s, %s), point(%s, %s))",
        (west, south, east, north),
        output_field=BooleanField(),
    )
    project = parcel.project
    return (
        Parcel.objects.exclude(project__status=Project.Status.REJECTED)
        .filter(
            near,
            project__crediting_starts_on__lte=project.crediting_ends_on,
            project__crediting_ends_on__gte=project.crediting_starts_on,
        )
        .select_related("project")
        .iterator()
    )
