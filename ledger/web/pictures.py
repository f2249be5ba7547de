"""Draw fields as they lie: no tiles, no script, only the polygons, true to scale at their latitude."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from shapely.geometry import shape

from ledger.projects.models import Parcel

WIDTH = 480
MOST_HEIGHT = 480
LEAST_HEIGHT = 220
MARGIN = 24
FOOT = 34  # room for the scale bar
MOST_PARCELS = 1_000
LABEL_WIDTH_A_LETTER = 7.5
LABEL_HEIGHT = 13
METRES_PER_DEGREE = 6_371_008.8 * math.pi / 180
ROUND_LENGTHS = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Field:
    """A parcel as an SVG path, with a label where it has room for one. Coordinates are written with a point."""

    code: str
    name: str
    area_ha: Decimal
    path: str
    label_x: str
    label_y: str
    has_label: bool


@dataclass(frozen=True, slots=True)
class FieldMap:
    width: int
    height: int
    fields: list[Field]
    scale_y: int
    scale_end: str
    scale_text: str
    not_drawn: int
    # Where something is wrong: land of an overlap, and points.
    fault_paths: list[str]
    fault_points: list[tuple[str, str]]

    @property
    def north_x(self) -> int:
        return self.width - MARGIN

    @property
    def north_y(self) -> int:
        return self.height - FOOT + 2


@dataclass(frozen=True, slots=True)
class _Projection:
    """Degrees to units of the picture, east and north shortened alike at the latitude of the middle."""

    west: float
    north: float
    units_per_degree: float
    shortening: float
    left: float
    top: float

    def at(self, longitude: float, latitude: float) -> tuple[float, float]:
        x = self.left + (longitude - self.west) * self.shortening * self.units_per_degree
        return x, self.top + (self.north - latitude) * self.units_per_degree


def draw_fields(
    parcels: Sequence[Parcel], *, count: int | None = None, faults: Sequence[dict[str, Any]] = ()
) -> FieldMap | None:
    """Return the picture of these parcels, or None where there are none.

    `count`: how many there are, where these are only the first; `faults`: GeoJSON of what is wrong with them.
    """
    if not parcels and not faults:
        return None
    drawn = parcels[:MOST_PARCELS]
    polygons = [shape(parcel.geometry) for parcel in drawn]
    wrong = [shape(fault) for fault in faults[:MOST_PARCELS]]
    projection, height = _fit([*polygons, *wrong])
    metres_per_unit = METRES_PER_DEGREE / projection.units_per_degree
    length = _round_length(WIDTH * metres_per_unit / 4)
    return FieldMap(
        width=WIDTH,
        height=height,
        fields=[_field(parcel, polygon, projection) for parcel, polygon in zip(drawn, polygons, strict=True)],
        scale_y=height - 16,
        scale_end=f"{MARGIN + length / metres_per_unit:.1f}",
        scale_text=_("%(km)g km") % {"km": length / 1000} if length >= 1000 else _("%(m)d m") % {"m": length},
        not_drawn=(len(parcels) if count is None else count) - len(drawn),
        fault_paths=[_path(part, projection) for each in wrong for part in _polygons_of(each)],
        fault_points=[_point(each, projection) for each in wrong if each.geom_type == "Point"],
    )


def _fit(polygons: Sequence[Any]) -> tuple[_Projection, int]:
    bounds = [polygon.bounds for polygon in polygons]
    west, south = min(bound[0] for bound in bounds), min(bound[1] for bound in bounds)
    east, north = max(bound[2] for bound in bounds), max(bound[3] for bound in bounds)
    shortening = max(math.cos(math.radians((south + north) / 2)), 0.01)
    across, up = max((east - west) * shortening, 1e-6), max(north - south, 1e-6)
    room_across, room_up = WIDTH - 2 * MARGIN, MOST_HEIGHT - MARGIN - FOOT
    scale = min(room_across / across, room_up / up)
    height = max(math.ceil(up * scale) + MARGIN + FOOT, LEAST_HEIGHT)
    left = (WIDTH - across * scale) / 2
    top = MARGIN + (height - MARGIN - FOOT - up * scale) / 2
    return _Projection(west, north, scale, shortening, left, top), height


def _field(parcel: Parcel, polygon: Any, projection: _Projection) -> Field:
    west, south, east, north = polygon.bounds
    (left, top), (right, bottom) = projection.at(west, north), projection.at(east, south)
    middle = polygon.representative_point()
    x, y = projection.at(middle.x, middle.y)
    has_room = right - left > LABEL_WIDTH_A_LETTER * len(parcel.code) and bottom - top > LABEL_HEIGHT
    path = _path(polygon, projection)
    return Field(parcel.code, parcel.name, parcel.area_ha, path, f"{x:.1f}", f"{y + 4:.1f}", has_room)


def _polygons_of(found: Any) -> list[Any]:
    return [part for part in getattr(found, "geoms", [found]) if part.geom_type == "Polygon"]


def _point(point: Any, projection: _Projection) -> tuple[str, str]:
    x, y = projection.at(point.x, point.y)
    return f"{x:.1f}", f"{y:.1f}"


def _path(polygon: Any, projection: _Projection) -> str:
    rings = [polygon.exterior.coords, *(ring.coords for ring in polygon.interiors)]
    return "".join(_ring(ring, projection) for ring in rings)


def _ring(points: Iterable[tuple[float, ...]], projection: _Projection) -> str:
    placed = [projection.at(point[0], point[1]) for point in points]
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in placed[:-1]) + "Z"


def _round_length(metres: float) -> int:
    """Return the longest of 1, 2, 5, 10, 20 … metres that is not longer."""
    metres = max(metres, 1.0)
    power = 10 ** math.floor(math.log10(metres))
    return int(max(digit * power for digit in ROUND_LENGTHS if digit * power <= metres))
