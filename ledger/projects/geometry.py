"""Fields on the map: checked polygons in WGS 84, and their area on the ellipsoid."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from pyproj import Geod
from shapely import get_coordinates, make_valid
from shapely.geometry import Polygon
from shapely.geometry.polygon import orient
from shapely.validation import explain_validity

from ledger.errors import InvalidValue

MAX_VERTICES = 5_000
MU_PER_HA = 15
CHINA = (73.0, 3.0, 136.0, 54.0)
"""The degrees between which all of China lies, with its islands: west, south, east, north."""
REPAIR_TOLERANCE = Decimal("0.001")
"""The share of its area by which repairing an outline that crosses itself may change it. Source: ours, docs/decisions.md."""
_ELLIPSOID = Geod(ellps="WGS84")
_M2_PER_HA = Decimal(10_000)


@dataclass(frozen=True, slots=True)
class Outline:
    """A polygon as it is stored, and as shapely has it. `repaired_at`: where it crossed itself as it was drawn."""

    geometry: dict[str, Any]
    polygon: Polygon
    repaired_at: tuple[float, float] | None = None


def clean_polygon(geojson: Any) -> dict[str, Any]:
    """Return a GeoJSON polygon as it is stored: outline counterclockwise, holes clockwise, and nothing beside.

    Source: RFC 7946 §3.1.6.

    Raises: InvalidValue for what is no polygon, is empty, crosses itself (saying where) or lies off the globe.
    """
    polygon = _drawn(geojson)
    if not polygon.is_valid:
        raise _not_valid(polygon)
    return _stored(polygon)


def mend_polygon(geojson: Any) -> Outline:
    """Return a polygon as `clean_polygon` does; one that crosses itself is repaired where next to nothing of it changes.

    That is where one polygon comes out of it, and the area changes by no more than `REPAIR_TOLERANCE`: a hand that slipped
    at a corner. A figure of eight is refused, for nobody knows which field was meant.

    Raises: InvalidValue as `clean_polygon`, with the `place` where the outline crosses itself.
    """
    polygon = _drawn(geojson)
    if polygon.is_valid:
        return Outline(_stored(polygon), polygon)
    mended = _mended(polygon)
    if mended is None:
        raise _not_valid(polygon)
    return Outline(_stored(mended), mended, _place_in(explain_validity(polygon)))


def _drawn(geojson: Any) -> Polygon:
    if not isinstance(geojson, dict) or geojson.get("type") != "Polygon":
        raise _invalid(_("The field's shape must be a GeoJSON polygon."))
    _check_coordinates(geojson.get("coordinates"))
    polygon = polygon_of(geojson)
    if looks_swapped(polygon.exterior.coords):
        raise _swapped()
    return polygon


def _stored(polygon: Polygon) -> dict[str, Any]:
    cleaned = orient(polygon)
    rings = [cleaned.exterior, *cleaned.interiors]
    return {"type": "Polygon", "coordinates": [get_coordinates(ring).tolist() for ring in rings]}


def _mended(polygon: Polygon) -> Polygon | None:
    repaired = make_valid(polygon)
    parts = [part for part in getattr(repaired, "geoms", [repaired]) if isinstance(part, Polygon)]
    if not parts or polygon.area <= 0:
        return None
    largest = max(parts, key=lambda part: part.area)
    changed = abs(polygon.area - largest.area) + sum(part.area for part in parts) - largest.area
    return largest if changed <= float(REPAIR_TOLERANCE) * polygon.area else None


def looks_swapped(points: Iterable[Any]) -> bool:
    """Return whether points lie outside China as they are written, and inside with latitude and longitude swapped."""
    points = list(points)
    return not all(_in_china(x, y) for x, y, *_z in points) and all(_in_china(y, x) for x, y, *_z in points)


def _in_china(longitude: float, latitude: float) -> bool:
    west, south, east, north = CHINA
    return west <= longitude <= east and south <= latitude <= north


# What GEOS finds wrong with a polygon.
_FAULTS = {
    "Self-intersection": gettext_lazy("The outline crosses itself at %(place)s."),
    "Ring Self-intersection": gettext_lazy("The outline touches itself at %(place)s."),
    "Hole lies outside shell": gettext_lazy("A hole lies outside the outline, at %(place)s."),
    "Holes are nested": gettext_lazy("A hole lies inside another one, at %(place)s."),
    "Interior is disconnected": gettext_lazy("Holes cut the field into pieces, at %(place)s."),
    "Too few points in geometry component": gettext_lazy("A ring of the outline has no area, at %(place)s."),
}


def _not_valid(polygon: Polygon) -> InvalidValue:
    said = explain_validity(polygon)
    fault, place = said.partition("[")[0], _place_in(said)
    if place is None or fault not in _FAULTS:
        return _invalid(_("The polygon is not valid: %(why)s") % {"why": said})
    reason = str(_FAULTS[fault]) % {"place": f"{place[0]:.6f} {place[1]:.6f}"}
    return _invalid(reason, problem="outline_not_valid", place=place)


def _place_in(said: str) -> tuple[float, float] | None:
    found = re.search(r"\[(\S+) (\S+?)\]", said)
    return (float(found[1]), float(found[2])) if found else None


def _swapped() -> InvalidValue:
    reason = _(
        "Longitude comes first. As written, the field lies outside China, with latitude and longitude swapped it lies "
        "inside: have them swapped."
    )
    return _invalid(reason, problem="coordinates_swapped")


def _check_coordinates(rings: Any) -> None:
    if not isinstance(rings, list) or not rings or not all(isinstance(ring, list) for ring in rings):
        raise _invalid(_("The polygon is empty."))
    points = [point for ring in rings for point in ring]
    if len(points) > MAX_VERTICES:
        raise _invalid(_("The polygon has more than %(count)s points.") % {"count": MAX_VERTICES})
    if any(len(ring) < 4 or ring[0] != ring[-1] for ring in rings):
        raise _invalid(_("A ring of a polygon has four points at least, the last like the first."))
    for point in points:
        if not isinstance(point, list) or len(point) != 2 or not all(_is_number(value) for value in point):
            raise _invalid(_("A point is longitude and latitude in degrees."))
        # Neither infinity nor what is no number passes this comparison.
        if not (-180 <= point[0] <= 180 and -90 <= point[1] <= 90):
            if looks_swapped(points):
                raise _swapped()
            raise _invalid(_("Longitude comes first, within ±180, then latitude, within ±90 degrees."))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def bounds(geojson: dict[str, Any]) -> tuple[float, float, float, float]:
    """Return the westernmost, southernmost, easternmost and northernmost degree of a polygon."""
    west, south, east, north = polygon_of(geojson).bounds
    return west, south, east, north


def area_ha(geojson: dict[str, Any]) -> Decimal:
    """Return the area of a polygon on the WGS 84 ellipsoid, its holes not counted.

    Units: hectares. Rounding: half even to four places, a square metre.
    """
    return ellipsoidal_ha(polygon_of(geojson))


def overlap_ha(one: dict[str, Any], other: dict[str, Any]) -> Decimal:
    """Return the area that two polygons share. Units: hectares. Rounding: as `area_ha`."""
    return shared_ha(polygon_of(one).intersection(polygon_of(other)))


def shared_ha(shared: Any) -> Decimal:
    """Return the area of what two polygons share, a shape of shapely's. Units: hectares. Rounding: as `area_ha`."""
    return sum((ellipsoidal_ha(part) for part in polygons_in(shared)), Decimal(0))


def polygons_in(shared: Any) -> list[Polygon]:
    """Return the polygons among the parts of a shape: where two also touch along a line, that is one of the parts."""
    return [part for part in getattr(shared, "geoms", [shared]) if isinstance(part, Polygon) and not part.is_empty]


def polygon_of(geojson: dict[str, Any]) -> Polygon:
    """Return a stored polygon as shapely has it."""
    outline, *holes = geojson["coordinates"]
    return Polygon(outline, holes)


def ellipsoidal_ha(polygon: Polygon) -> Decimal:
    """Return the area of a shape of shapely's. Units: hectares. Rounding: as `area_ha`."""
    # The areas of rings are signed by their direction: with holes running against the outline, they are taken off.
    area_m2, _perimeter = _ELLIPSOID.geometry_area_perimeter(orient(polygon))
    return (Decimal(repr(abs(area_m2))) / _M2_PER_HA).quantize(Decimal("0.0001"))


def area_mu(hectares: Decimal) -> Decimal:
    """Return an area in mu, of which a hectare has fifteen."""
    return hectares * MU_PER_HA


def _invalid(reason: str, **more: Any) -> InvalidValue:
    return InvalidValue(field="geometry", reason=reason, **more)
