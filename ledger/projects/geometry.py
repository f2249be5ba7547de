"""Fields on the map: checked polygons in WGS 84, and their area on the ellipsoid."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from pyproj import Geod
from shapely.geometry import Polygon, mapping
from shapely.geometry.polygon import orient
from shapely.validation import explain_validity

from ledger.errors import InvalidValue

MAX_VERTICES = 5_000
MU_PER_HA = 15
_ELLIPSOID = Geod(ellps="WGS84")
_M2_PER_HA = Decimal(10_000)


def clean_polygon(geojson: Any) -> dict[str, Any]:
    """Return a GeoJSON polygon as it is stored: outline counterclockwise, holes clockwise, and nothing beside.

    Source: RFC 7946 §3.1.6.

    Raises: InvalidValue for what is no polygon, is empty, crosses itself (saying where) or lies off the globe.
    """
    if not isinstance(geojson, dict) or geojson.get("type") != "Polygon":
        raise _invalid(_("The field's shape must be a GeoJSON polygon."))
    _check_coordinates(geojson.get("coordinates"))
    polygon = _polygon(geojson)
    if not polygon.is_valid:
        raise _invalid(_("The polygon is not valid: %(why)s") % {"why": explain_validity(polygon)})
    cleaned = mapping(orient(polygon))
    return {
        "type": "Polygon",
        "coordinates": [[list(point) for point in ring] for ring in cleaned["coordinates"]],
    }


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
            raise _invalid(_("Longitude comes first, within ±180, then latitude, within ±90 degrees."))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def bounds(geojson: dict[str, Any]) -> tuple[float, float, float, float]:
    """Return the westernmost, southernmost, easternmost and northernmost degree of a polygon."""
    west, south, east, north = _polygon(geojson).bounds
    return west, south, east, north


def area_ha(geojson: dict[str, Any]) -> Decimal:
    """Return the area of a polygon on the WGS 84 ellipsoid, its holes not counted.

    Units: hectares. Rounding: half even to four places, a square metre.
    """
    return _ellipsoidal_ha(_polygon(geojson))


def overlap_ha(one: dict[str, Any], other: dict[str, Any]) -> Decimal:
    """Return the area that two polygons share. Units: hectares. Rounding: as `area_ha`."""
    shared = _polygon(one).intersection(_polygon(other))
    # Where they also touch along a line or in a point, that is among the parts.
    parts = getattr(shared, "geoms", [shared])
    return sum((_ellipsoidal_ha(part) for part in parts if isinstance(part, Polygon)), Decimal(0))


def _polygon(geojson: dict[str, Any]) -> Polygon:
    outline, *holes = geojson["coordinates"]
    return Polygon(outline, holes)


def _ellipsoidal_ha(polygon: Polygon) -> Decimal:
    # The areas of rings are signed by their direction: with holes running against the outline, they are taken off.
    area_m2, _perimeter = _ELLIPSOID.geometry_area_perimeter(orient(polygon))
    return (Decimal(repr(abs(area_m2))) / _M2_PER_HA).quantize(Decimal("0.0001"))


def area_mu(hectares: Decimal) -> Decimal:
    """Return an area in mu, of which a hectare has fifteen."""
    return hectares * MU_PER_HA


def _invalid(reason: str) -> InvalidValue:
    return InvalidValue(field="geometry", reason=reason)
