"""Where public projects lie: their places, computed once, and how many lie near each other, for a map of the whole country."""

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import Avg, Count, F, Max, Min, QuerySet, Sum
from django.db.models.functions import Floor
from django.utils import timezone

from ledger.projects.models import Project
from ledger.registry.models import ProjectPlace, Refreshed
from ledger.registry.selectors import public_project_ids, refreshed, state_of_the_log

_LOCK = 0x7469_616E_6875_6922
CELLS_ACROSS = 24
SMALLEST_CELL = 1 / 1024
WHOLE = (-180.0, -90.0, 180.0, 90.0)
# Drafts have no place: nothing of them is public. Others that are not public are kept out where places are read.
_REFRESH = """
INSERT INTO ledger_projectplace AS known (project_id, longitude, latitude, parcel_count, area_ha)
SELECT parcel.project_id, (min(low[0]) + max(high[0])) / 2, (min(low[1]) + max(high[1])) / 2, count(*), sum(area_ha)
  FROM ledger_project project
  JOIN ledger_parcel parcel ON parcel.project_id = project.id
 CROSS JOIN LATERAL (SELECT geojson_box(parcel.geometry) AS around OFFSET 0) AS computed
 CROSS JOIN LATERAL (SELECT around[0] AS high, around[1] AS low) AS corners
 WHERE project.status <> 'draft'
   AND (%(since)s::timestamptz IS NULL OR greatest(submitted_at, validated_at, registered_at) >= %(since)s
        OR NOT EXISTS (SELECT FROM ledger_projectplace there WHERE there.project_id = project.id))
 GROUP BY parcel.project_id
    ON CONFLICT (project_id) DO UPDATE
   SET longitude = excluded.longitude, latitude = excluded.latitude, parcel_count = excluded.parcel_count,
       area_ha = excluded.area_ha
 WHERE (known.longitude, known.latitude, known.parcel_count, known.area_ha)
       IS DISTINCT FROM (excluded.longitude, excluded.latitude, excluded.parcel_count, excluded.area_ha)
"""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Projects that lie in one cell of a grid: how many, in the middle of them, and which one where it is the only one."""

    longitude: float
    latitude: float
    count: int
    area_ha: Decimal
    project: Project | None


@dataclass(frozen=True, slots=True)
class Region:
    """The public projects of a province or a county."""

    code: str
    count: int
    area_ha: Decimal


@transaction.atomic
def refresh_places(*, whole: bool = False) -> int:
    """Compute where projects lie that were handed in, or moved on, since this was done last; return how many changed.

    Fields change in drafts alone, so that what has not moved on lies where it lay.

    Locks: an advisory lock, so that two do not compute at once.
    """
    before, log = refreshed(Refreshed.What.PLACES), state_of_the_log()
    now, size = timezone.now(), log.tree_size if log else 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return 0
        # A minute more than needed: what was begun before, and committed after, the last time.
        since = None if whole or before is None else before.at - dt.timedelta(minutes=1)
        cursor.execute(_REFRESH, {"since": since})
        changed: int = cursor.rowcount
    Refreshed.objects.update_or_create(what=Refreshed.What.PLACES, defaults={"at": now, "tree_size": size})
    return changed


def public_places() -> QuerySet[ProjectPlace]:
    """Return the places of the projects that everybody may see."""
    return ProjectPlace.objects.filter(project__in=public_project_ids())


def cell_for(west: float, east: float) -> float:
    """Return the width of the cells, in degrees, in which so much of a map is counted: a power of two."""
    wanted = max(east - west, SMALLEST_CELL) / CELLS_ACROSS
    return max(2.0 ** math.ceil(math.log2(wanted)), SMALLEST_CELL)


def clusters(box: tuple[float, float, float, float]) -> list[Cluster]:
    """Return the public projects in a box (west, south, east, north) by the cells of a grid."""
    west, south, east, north = box
    cell = cell_for(west, east)
    cells = list(
        public_places()
        .filter(longitude__range=(west, east), latitude__range=(south, north))
        .annotate(column=Floor(F("longitude") / cell), row=Floor(F("latitude") / cell))
        .order_by()
        .values("column", "row")
        .annotate(
            x=Avg("longitude"), y=Avg("latitude"), count=Count("pk"), area=Sum("area_ha"), first=Min("project_id")
        )
        .order_by("column", "row")
    )
    alone = Project.objects.defer("forecast", "settings").in_bulk(
        [each["first"] for each in cells if each["count"] == 1]
    )
    return [
        Cluster(
            each["x"], each["y"], each["count"], each["area"], alone.get(each["first"]) if each["count"] == 1 else None
        )
        for each in cells
    ]


def extent() -> tuple[float, float, float, float] | None:
    """Return the box around all public projects (west, south, east, north), None where there are none."""
    found = public_places().aggregate(
        west=Min("longitude"), south=Min("latitude"), east=Max("longitude"), north=Max("latitude")
    )
    if found["west"] is None:
        return None
    return found["west"], found["south"], found["east"], found["north"]


def provinces() -> Sequence[Region]:
    """Return how many public projects each province has."""
    return _regions("project__province_code", public_places())


def counties_of(province: str) -> Sequence[Region]:
    """Return how many public projects each county of a province has; those that name none under an empty code."""
    return _regions("project__county_code", public_places().filter(project__province_code=province))


def _regions(code: str, places: QuerySet[ProjectPlace]) -> list[Region]:
    rows = places.order_by().values(code).annotate(count=Count("pk"), area=Sum("area_ha")).order_by(code)
    return [Region(row[code], row["count"], row["area"]) for row in rows]
