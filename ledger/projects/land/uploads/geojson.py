"""Fields in GeoJSON. Source: RFC 7946, and the `crs` member of its predecessor of 2008."""

from collections.abc import Iterator
from typing import Any

import orjson
from django.utils.translation import gettext as _

from ledger.projects.land.uploads.crs import crs_by_name
from ledger.projects.land.uploads.features import (
    MAX_FEATURES,
    MAX_POINTS,
    Content,
    Feature,
    flatten,
    named,
    too_many_features,
    too_many_points,
    unreadable,
)

# What opens a list or an object takes some sixty bytes of memory.
MAX_BRACKETS = 2 * MAX_POINTS + 10 * MAX_FEATURES
MAX_DEPTH = 32


def read_geojson(file: str, content: bytes) -> Content:
    """Return the features of a GeoJSON file.

    Raises: InvalidValue, naming the file.
    """
    if content.count(b"[") + content.count(b"{") > MAX_BRACKETS:
        raise too_many_points(file)
    try:
        geojson = orjson.loads(_utf8(content))
    except orjson.JSONDecodeError as error:
        raise unreadable(
            file,
            _("It cannot be read as JSON: line %(line)s, column %(column)s."),
            line=error.lineno,
            column=error.colno,
        ) from None
    except UnicodeDecodeError:
        raise unreadable(file, _("Its text is neither UTF-8 nor GBK.")) from None
    read = Content(crs=_crs(file, geojson))
    left = MAX_POINTS
    for number, (shape, columns) in enumerate(_features(file, geojson), 1):
        if number > MAX_FEATURES:
            raise too_many_features(file)
        polygons = list(_polygons(shape, read, MAX_DEPTH))
        polygons, left = flatten(polygons, read, left=left)
        if left < 0:
            raise too_many_points(file)
        if polygons:
            read.features.append(Feature(number, polygons, columns))
    return read


def _utf8(content: bytes) -> bytes:
    content = content.removeprefix(b"\xef\xbb\xbf")
    try:
        content.decode()
    except UnicodeDecodeError:
        return content.decode("gb18030").encode()
    return content


def _features(file: str, geojson: Any) -> Iterator[tuple[Any, dict[str, Any]]]:
    if not isinstance(geojson, dict):
        raise unreadable(file, _("It is no GeoJSON: a FeatureCollection, a Feature or a polygon is expected."))
    if geojson.get("type") != "FeatureCollection":
        yield _feature(geojson)
        return
    features = geojson.get("features")
    if not isinstance(features, list):
        raise unreadable(file, _("It is no GeoJSON: its features are not a list."))
    for feature in features:
        yield _feature(feature)


def _feature(feature: Any) -> tuple[Any, dict[str, Any]]:
    if not isinstance(feature, dict):
        return None, {}
    if feature.get("type") != "Feature":
        return feature, {}
    columns = feature.get("properties")
    found = named(columns) if isinstance(columns, dict) else {}
    if isinstance(feature.get("id"), str | int) and not isinstance(feature["id"], bool):
        found.setdefault("parcel_code", feature["id"])
    return feature.get("geometry"), found


def _polygons(shape: Any, read: Content, depth: int) -> Iterator[Any]:
    """Yield the coordinates of polygons; what is none is counted."""
    kind = shape.get("type") if isinstance(shape, dict) else None
    if kind == "Polygon":
        yield shape.get("coordinates")
    elif kind == "MultiPolygon":
        coordinates = shape.get("coordinates")
        yield from coordinates if isinstance(coordinates, list) and coordinates else [coordinates]
    elif kind == "GeometryCollection" and isinstance(shape.get("geometries"), list) and depth:
        for part in shape["geometries"]:
            yield from _polygons(part, read, depth - 1)
    else:
        read.left_out += 1


def _crs(file: str, geojson: Any) -> Any:
    """Return the coordinate system that a file names, None where it names none, which is WGS 84."""
    crs = geojson.get("crs") if isinstance(geojson, dict) else None
    if crs is None:
        return None
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    if not isinstance(name, str):
        raise unreadable(file, _("Its “crs” does not name a coordinate system."))
    return crs_by_name(file, name)
