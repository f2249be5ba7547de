"""Possible debundling: one large project split into small ones, so that each keeps within a small-scale methodology.

Projects of one proponent and methodology that begin within two years of each other, and whose boundaries lie within a
kilometre, are looked at together; the operator decides with a reason before such a project is registered.

Source: CDM tool 20, Assessment of debundling for small-scale project activities, §§ 8 to 10.
"""

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import BooleanField
from django.db.models.expressions import RawSQL
from django.utils import timezone
from django.utils.translation import gettext as _
from pyproj import Geod
from shapely import STRtree, total_bounds
from shapely.affinity import scale
from shapely.geometry import box, shape
from shapely.geometry.base import BaseGeometry
from shapely.ops import nearest_points

from ledger.errors import InvalidValue, SamePerson
from ledger.parties.access import log_name, require_registrar
from ledger.parties.models import Membership
from ledger.projects import entries
from ledger.projects.access import lock_in
from ledger.projects.claims import check_reason
from ledger.projects.judgements import DebundlingDecision
from ledger.projects.models import Parcel, Project
from ledger.quantification import METHODOLOGIES
from ledger.transparency.services import append_record

NEAR_M = 1_000
YEARS_APART = 2
STANDING = (
    Project.Status.SUBMITTED,
    Project.Status.IN_VALIDATION,
    Project.Status.VALIDATED,
    Project.Status.REGISTERED,
    Project.Status.SUSPENDED,
    Project.Status.COMPLETED,
)
"""States in which a project counts beside another one."""
_ELLIPSOID = Geod(ellps="WGS84")
# A degree of latitude is longer than this everywhere, so that a kilometre is never more degrees than reckoned here.
_SHORTEST_DEGREE_M = 110_500


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A project that may be a part of the same one, how far off its nearest field is, and what it expects in a year."""

    project: Project
    distance_m: int
    expected_t: int


def neighbours_of(project: Project, parcels: Sequence[Parcel] | None = None) -> list[Neighbour]:
    """Return the projects that may be parts of one with this project, oldest first; distances are of fields to fields.

    `parcels`: the project's fields, where they are at hand. Others' fields are read only of projects that have one in the box
    around all of these, which an index finds.
    """
    own = [shape(parcel.geometry) for parcel in (project.parcels.all() if parcels is None else parcels)]
    candidates = list(_candidates(project, own)) if own else []
    if not candidates:
        return []
    fields = _shapes_by_project([each.pk for each in candidates])
    found = ((each, _distance_m(own, fields.get(each.pk, []))) for each in candidates)
    return [
        Neighbour(each, round(distance), expected_t(each))
        for each, distance in found
        if distance is not None and distance <= NEAR_M
    ]


def expected_t(project: Project) -> int:
    """Return the tonnes that a project's forecast expects in a year, 0 where it has none."""
    return int(project.forecast["result"]["net_t"]) if project.forecast else 0


def began_on(project: Project) -> dt.date:
    """Return when a project's practices began, as it says, or else its crediting period."""
    return project.starts_on or project.crediting_starts_on


def _candidates(project: Project, own: Sequence[BaseGeometry]) -> Iterable[Project]:
    near = RawSQL(
        "geojson_box(ledger_parcel.geometry) && box(point(%s, %s), point(%s, %s))",
        _around(box(*total_bounds(own))).bounds,
        output_field=BooleanField(),
    )
    found = Parcel.objects.filter(
        near,
        project__proponent=project.proponent_id,
        project__methodology=project.methodology,
        project__status__in=STANDING,
    ).exclude(project=project)
    others = set(found.values_list("project_id", flat=True).order_by().distinct())
    if not others:
        return
    began = began_on(project)
    for other in Project.objects.filter(pk__in=others).order_by("number"):
        earlier, later = sorted((began, began_on(other)))
        if later <= _years_later(earlier, YEARS_APART):
            yield other


def _years_later(day: dt.date, years: int) -> dt.date:
    # The 29th of February has no birthday two years on: the day after the 28th is the 1st of March.
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return dt.date(day.year + years, 3, 1)


def _shapes_by_project(project_ids: Sequence[int]) -> dict[int, list[BaseGeometry]]:
    found: dict[int, list[BaseGeometry]] = {}
    fields = Parcel.objects.filter(project__in=project_ids).values_list("project_id", "geometry")
    for project_id, geometry in fields.iterator():
        found.setdefault(project_id, []).append(shape(geometry))
    return found


def _distance_m(own: list[BaseGeometry], others: list[BaseGeometry]) -> float | None:
    """Return the shortest way from a field of one to a field of the other, None where it is longer than counts."""
    if not own or not others:
        return None
    tree = STRtree(others)
    nearest: float | None = None
    for field in own:
        for place in tree.query(_around(field)):
            way = _way_m(field, others[place])
            nearest = way if nearest is None else min(nearest, way)
            if nearest == 0:
                return 0.0
    return nearest


def _around(field: BaseGeometry) -> BaseGeometry:
    """Return a box that holds all that lies within a kilometre of a field."""
    west, south, east, north = field.bounds
    up = NEAR_M / _SHORTEST_DEGREE_M
    aside = up / max(math.cos(math.radians(max(abs(south), abs(north)) + up)), 0.01)
    return box(west - aside, south - up, east + aside, north + up)


def _way_m(one: BaseGeometry, other: BaseGeometry) -> float:
    # In a plane where both degrees are as long as each other here, the nearest points are those on the ground.
    shrink = math.cos(math.radians(one.centroid.y))
    points = nearest_points(*(scale(each, xfact=shrink, yfact=1, origin=(0, 0)) for each in (one, other)))
    (west, south), (east, north) = ((point.x / shrink, point.y) for point in points)
    _there, _back, way = _ELLIPSOID.inv(west, south, east, north)
    return float(way)


def latest_decision(project: Project) -> DebundlingDecision | None:
    """Return what the operator decided last of a project and its neighbours."""
    return project.debundling_decisions.order_by("-id").first()


@transaction.atomic
def decide_debundling(*, actor: Membership, project_id: int, is_one_with_them: bool, reason: str) -> DebundlingDecision:
    """Decide whether a project is a part of one with its neighbours.

    Locks: the project.
    Raises: NotAllowed, NotFound, WrongState, SamePerson, InvalidValue (no reason; no neighbours).
    """
    require_registrar(actor)
    project = lock_in(project_id, Project.Status.SUBMITTED, Project.Status.IN_VALIDATION, Project.Status.VALIDATED)
    if actor.user_id == project.created_by_id:
        raise SamePerson()
    check_reason(reason)
    others = [each.project.code for each in neighbours_of(project)]
    if not others:
        raise InvalidValue(field="reason", reason=_("No other project lies near this one: there is nothing to decide."))
    decision = DebundlingDecision.objects.create(
        project=project,
        others=others,
        is_one_with_them=is_one_with_them,
        reason=reason.strip(),
        decided_by=actor.user,
        decided_at=timezone.now(),
    )
    body = entries.debundling_decided(decision)
    append_record(kind="project_debundling_decided", body=body, actor=log_name(actor), at=decision.decided_at)
    return decision


def is_decided(project: Project, neighbours: Sequence[Neighbour]) -> bool:
    """Return whether the operator has looked at a project together with all of these neighbours."""
    if not neighbours:
        return True
    decision = latest_decision(project)
    return decision is not None and {each.project.code for each in neighbours} <= set(decision.others)


def require_decided(project: Project) -> None:
    """Refuse to register a project whose neighbours nobody has decided about, or that is too large as one with them.

    Raises: InvalidValue.
    """
    neighbours = neighbours_of(project)
    if not is_decided(project, neighbours):
        codes = ", ".join(each.project.code for each in neighbours)
        reason = _("Decide first whether the project is a part of one with %(projects)s.") % {"projects": codes}
        raise InvalidValue(field="debundling", reason=reason)
    decision = latest_decision(project)
    most_t = METHODOLOGIES[project.methodology].small_scale_limit_t
    if not neighbours or decision is None or not decision.is_one_with_them or most_t is None:
        return
    together_t = expected_t(project) + sum(each.expected_t for each in neighbours)
    if together_t > most_t:
        reason = _(
            "Together with its neighbours the project expects %(net)s t CO₂e a year; as one small-scale project it has %(most)s t at most."
        ) % {"net": f"{together_t:,}", "most": f"{most_t:,}"}
        raise InvalidValue(field="debundling", reason=reason)
