"""Fields in KML, as Google Earth and the map programs of phones write it. Source: OGC KML 2.3.

Nothing that it refers to is fetched.
"""

import math
import re
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

from django.utils.translation import gettext as _

from ledger import safe_xml
from ledger.projects.land.uploads.features import (
    MAX_FEATURES,
    MAX_POINTS,
    Content,
    Feature,
    flatten,
    in_feature,
    named,
    too_many_features,
    too_many_points,
    unreadable,
)

MAX_ELEMENTS = 400_000
MAX_DEPTH = 60
MAX_COMMAS = 3 * MAX_POINTS
_OTHERS = ("Point", "LineString", "Track", "MultiTrack", "Model")


def read_kml(file: str, content: bytes) -> Content:
    """Return the placemarks of a KML file that have an area.

    Raises: InvalidValue, naming the file, the placemark and the place.
    """
    # What a point is written with; counted before any of them is read.
    if content.count(b",") > MAX_COMMAS:
        raise too_many_points(file)
    root = _parse(file, content)
    if root.tag != "kml":
        raise unreadable(file, _("It is XML, but no KML: it begins with “%(tag)s”."), tag=root.tag[:40])
    read, left = Content(), MAX_POINTS
    for number, placemark in enumerate(root.iter("Placemark"), 1):
        if number > MAX_FEATURES:
            raise too_many_features(file)
        polygons = [_polygon(file, number, polygon) for polygon in placemark.iter("Polygon")]
        polygons, left = flatten(polygons, read, left=left)
        if left < 0:
            raise too_many_points(file)
        if polygons:
            read.features.append(Feature(number, polygons, _columns(placemark)))
        elif any(placemark.find(f".//{tag}") is not None for tag in _OTHERS):
            read.left_out += 1
    return read


def _parse(file: str, content: bytes) -> Element:
    try:
        return safe_xml.parse_xml(content, max_elements=MAX_ELEMENTS, max_depth=MAX_DEPTH)
    except safe_xml.TooLarge:
        raise unreadable(file, _("It has far more in it than a map of fields has.")) from None
    except safe_xml.Declares:
        raise unreadable(file, _("It declares a document type or entities, which a map never does.")) from None
    except safe_xml.Malformed as error:
        raise unreadable(file, _("It cannot be read as XML: %(error)s."), error=error) from None


def _polygon(file: str, number: int, polygon: Element) -> list[Any]:
    outline = polygon.find("./outerBoundaryIs/LinearRing/coordinates")
    holes = polygon.iterfind("./innerBoundaryIs/LinearRing/coordinates")
    rings = [_ring(file, number, ring) for ring in (outline, *holes)]
    return [ring for ring in rings if ring] if rings[0] else []


def _ring(file: str, number: int, coordinates: Element | None) -> list[list[float]]:
    text = "" if coordinates is None else coordinates.text or ""
    # Some programs put spaces behind the commas, though they separate the points.
    points = [list(_numbers(file, number, point)) for point in re.sub(r"\s*,\s*", ",", text).split()]
    if points and points[0] != points[-1] and points[0][:2] == points[-1][:2]:
        points[-1] = points[0]
    return points


def _numbers(file: str, number: int, point: str) -> Iterator[float]:
    values = point.split(",")
    if not 2 <= len(values) <= 3:
        raise _no_point(file, number, point)
    for value in values:
        try:
            found = float(value or 0)
        except ValueError:
            raise _no_point(file, number, point) from None
        if not math.isfinite(found):
            raise _no_point(file, number, point)
        yield found


def _no_point(file: str, number: int, point: str) -> Exception:
    reason = _("“%(point)s” is no point: longitude,latitude is expected.") % {"point": point[:40]}
    return unreadable(file, "%(why)s", why=in_feature(number, reason))


def _columns(placemark: Element) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for each in placemark.iter("SimpleData"):
        found[each.get("name", "")] = (each.text or "").strip()
    for each in placemark.iterfind("./ExtendedData/Data"):
        found[each.get("name", "")] = (each.findtext("value") or "").strip()
    columns = named(found)
    name = placemark.findtext("name")
    if name and name.strip():
        columns.setdefault("name", name.strip())
    return columns
