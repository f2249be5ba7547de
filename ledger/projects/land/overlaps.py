"""Land that two claim: found among any number of fields by one query for the boxes around them, then exactly, all at once.

Which other projects count: those credited in years of this project's crediting period. A rejected project claims nothing,
nor does one that was withdrawn before it was registered, since neither ever gets a credit for its land. One that was
withdrawn after its registration keeps its years to the end of the one of the withdrawal: credits may have been issued for
them, and vintages are calendar years.

What is claimed is claimed by handing in: a draft of somebody else's claims nothing, or whoever drew all the fields of a county
would keep them from their farmers, unseen. A draft that was handed in and sent back keeps its claim for a while (RETURNED_FOR),
so that nobody loses land over a correction. One's own drafts count: it is told early that two of them have the same field.
Whether the land is still free is looked at again when a project is handed in.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy
import orjson
import shapely
from django.db import connection
from django.utils import timezone
from django.utils.translation import gettext as _
from shapely.geometry import MultiPolygon, mapping

from ledger.errors import InvalidValue
from ledger.projects import geometry
from ledger.projects.models import Project
from ledger.rows import array_of

PART = 64
MAX_PAIRS = 200_000
"""How many pairs of fields are compared: ten thousand fields with twenty neighbours each."""
RETURNED_FOR = dt.timedelta(days=180)
"""For how long after it was handed in last a draft that was sent back claims its land. Source: ours, docs/decisions.md."""
MAX_FOUND = 200
"""How many overlaps are told."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Land that a new field, by its place in the list, shares with a field there is, or with `twin`, another new one."""

    place: int
    area_ha: Decimal
    shape: dict[str, Any]
    twin: int | None = None
    parcel: str = ""
    project: str = ""
    is_same_project: bool = False
    # Whether whoever asks may be told which field and project it is.
    is_to_be_named: bool = False


@dataclass(frozen=True, slots=True)
class _Claim:
    parcel: str
    project_id: int
    project: str
    is_to_be_named: bool
    polygon: Any


def overlaps(shapes: Sequence[dict[str, Any]], project: Project, *, without: Collection[int] = ()) -> list[Overlap]:
    """Return where fields of a project overlap those of others credited in the same years, or fields it has already.

    `without`: parcels, by id, that do not count, such as the one that is being changed.

    Raises: InvalidValue for more pairs than can be compared.
    """
    polygons = _polygons(shapes)
    near = _near(polygons, without)
    if not near:
        return []
    claims = _claims({parcel_id for __, parcel_id in near}, project)
    pairs = [(place, parcel_id) for place, parcel_id in near if parcel_id in claims]
    if not pairs:
        return []
    ours = polygons[[place for place, __ in pairs]]
    theirs = numpy.array([claims[parcel_id].polygon for _place, parcel_id in pairs], dtype=object)
    found: list[Overlap] = []
    for at, area_ha, shape in _shared(ours, theirs):
        place, parcel_id = pairs[at]
        claim = claims[parcel_id]
        found.append(
            Overlap(
                place,
                area_ha,
                shape,
                parcel=claim.parcel,
                project=claim.project,
                is_same_project=claim.project_id == project.pk,
                is_to_be_named=claim.is_to_be_named,
            )
        )
    return found


def overlaps_among(shapes: Sequence[dict[str, Any]]) -> list[Overlap]:
    """Return where fields overlap one another, each pair once, at the later of the two.

    Raises: InvalidValue for more pairs than can be compared.
    """
    polygons = _polygons(shapes)
    if len(polygons) < 2:
        return []
    tree, found, pairs = shapely.STRtree(polygons), list[Overlap](), 0
    # Part by part: a file may hold one field ten thousand times, and enough is soon found then.
    for start in range(0, len(polygons), PART):
        one, other = tree.query(polygons[start : start + PART], predicate="intersects")
        one = one + start
        later = one > other
        one, other = one[later], other[later]
        pairs += len(one)
        if pairs > MAX_PAIRS:
            raise _too_many_pairs()
        found += [
            Overlap(int(one[at]), area_ha, shape, twin=int(other[at]))
            for at, area_ha, shape in _shared(polygons[one], polygons[other])
        ]
        if len(found) >= MAX_FOUND:
            break
    return found[:MAX_FOUND]


def _too_many_pairs() -> InvalidValue:
    return InvalidValue(
        field="parcels",
        reason=_(
            "So many fields lie side by side or over one another that they cannot be compared: add fewer at once."
        ),
    )


def _polygons(shapes: Sequence[dict[str, Any]]) -> Any:
    """Return stored polygons as shapely has them, those without holes made all at once."""
    found = numpy.empty(len(shapes), dtype=object)
    plain = [at for at, shape in enumerate(shapes) if len(shape["coordinates"]) == 1]
    if plain:
        rings = [shapes[at]["coordinates"][0] for at in plain]
        of_ring = numpy.repeat(numpy.arange(len(rings)), [len(ring) for ring in rings])
        found[plain] = shapely.polygons(shapely.linearrings(numpy.concatenate(rings), indices=of_ring))
    for at in set(range(len(shapes))) - set(plain):
        found[at] = geometry.polygon_of(shapes[at])
    return found


def _shared(ours: Any, theirs: Any) -> Iterator[tuple[int, Decimal, dict[str, Any]]]:
    """Yield what the pairs share that is as large as a square metre, until there is enough: place, area and shape."""
    touching = numpy.flatnonzero(shapely.intersects(ours, theirs))
    left = MAX_FOUND
    for start in range(0, len(touching), MAX_FOUND):
        part = touching[start : start + MAX_FOUND]
        for at, shape in zip(part, shapely.intersection(ours[part], theirs[part]), strict=True):
            # Neighbours share a border, which has no area.
            if shape.area > 0 and (area_ha := geometry.shared_ha(shape)) > 0:
                yield int(at), area_ha, mapping(MultiPolygon(geometry.polygons_in(shape)))
                left -= 1
                if not left:
                    return


def _near(polygons: Any, without: Collection[int]) -> list[tuple[int, int]]:
    """Return pairs of a shape's place and the id of a parcel whose bounding boxes touch.

    An index on the boxes (migrations/sql/parcel_boxes.sql) finds them, however many parcels there are.
    """
    west, south, east, north = (list(map(float, side)) for side in shapely.bounds(polygons).T)
    with connection.cursor() as cursor:
        cursor.execute(_NEAR, [west, south, east, north, array_of(without), MAX_PAIRS + 1])
        if cursor.rowcount > MAX_PAIRS:
            raise _too_many_pairs()
        return [(place, parcel_id) for place, parcel_id in cursor.fetchall()]


def _claims(parcel_ids: Collection[int], project: Project) -> dict[int, _Claim]:
    """Return those of the parcels whose land is credited in the years of a project."""
    with connection.cursor() as cursor:
        cursor.execute(
            _CLAIMS,
            {
                "parcels": array_of(parcel_ids),
                "project": project.pk,
                "proponent": project.proponent_id,
                "starts_on": project.crediting_starts_on,
                "ends_on": project.crediting_ends_on,
                "returned_since": timezone.now() - RETURNED_FOR,
            },
        )
        return {
            row[0]: _Claim(
                parcel=row[1],
                project_id=row[2],
                project=Project(province_code=row[3], number=row[4]).code,
                is_to_be_named=row[5] is not None or row[6] == project.proponent_id,
                polygon=geometry.polygon_of(orjson.loads(row[7])),
            )
            for row in cursor.fetchall()
        }


# Each box looks into the index by itself.
_NEAR = """
SELECT wanted.place::int - 1, near.id
  FROM unnest(%s::float8[], %s::float8[], %s::float8[], %s::float8[])
       WITH ORDINALITY AS wanted (west, south, east, north, place)
 CROSS JOIN LATERAL (SELECT parcel.id
                       FROM ledger_parcel parcel
                      WHERE geojson_box(parcel.geometry) && box(point(west, south), point(east, north))
                     OFFSET 0) near
 WHERE near.id <> ALL(%s::bigint[])
 LIMIT %s
"""
_CLAIMS = """
SELECT parcel.id, parcel.code, project.id, project.province_code, project.number, project.registered_at,
       project.proponent_id, parcel.geometry::text
  FROM unnest(%(parcels)s::bigint[]) AS near (id)
  JOIN ledger_parcel parcel ON parcel.id = near.id
  JOIN ledger_project project ON project.id = parcel.project_id
 WHERE project.id = %(project)s
    OR (CASE project.status
             WHEN 'rejected' THEN false
             WHEN 'withdrawn' THEN project.registered_at IS NOT NULL
             WHEN 'draft' THEN project.proponent_id = %(proponent)s OR project.submitted_at > %(returned_since)s
             ELSE true END
        AND project.crediting_starts_on <= %(ends_on)s
        AND least(project.crediting_ends_on,
                  make_date(extract(year FROM project.withdrawn_at AT TIME ZONE 'Asia/Shanghai')::int, 12, 31))
            >= %(starts_on)s)
 ORDER BY parcel.id
"""
