"""Fields in a shapefile, whose parts come in one zip file: .shp, .dbf and .prj, and .cpg where there is one.

Source: Esri, Shapefile Technical Description, 1998.
"""

import codecs
import io
import struct
from collections.abc import Iterator
from typing import Any

import shapefile
from django.utils.translation import gettext as _

from ledger.projects.land.uploads.crs import crs_of_wkt
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
from ledger.projects.land.uploads.zips import Archive

MAX_COLUMNS = 255
MAX_RINGS = 500
HEADER_BYTES = 100
_POLYGONS = (shapefile.POLYGON, shapefile.POLYGONZ, shapefile.POLYGONM)
# What pyshp raises over files that are not what they should be.
_DAMAGED = (
    shapefile.ShapefileException, struct.error, ValueError, IndexError, KeyError, EOFError, OverflowError, TypeError,
    AttributeError, OSError,
)  # fmt: skip
_ENCODINGS = {"936": "gb18030", "gbk": "gb18030", "gb2312": "gb18030", "cp936": "gb18030", "gb18030": "gb18030"}


def read_shapefile(archive: Archive) -> Content:
    """Return the polygons of the one shapefile in an archive, with the coordinate system that its .prj names.

    Raises: InvalidValue, naming the file, the record and what is wrong with it.
    """
    shp = _only(archive)
    crs = crs_of_wkt(_beside(shp, ".prj"), _text(archive, shp, ".prj"))
    shapes = list(_shapes(shp, archive.read(shp)))
    columns = _columns(archive, shp, len(shapes))
    read = Content(crs=crs)
    for number, (shape, row) in enumerate(zip(shapes, columns, strict=True), 1):
        polygons, _left = flatten(shape, read, left=MAX_POINTS)
        if polygons:
            read.features.append(Feature(number, polygons, row))
        else:
            read.left_out += 1
    return read


def _only(archive: Archive) -> str:
    found = archive.ending_in(".shp")
    if len(found) != 1:
        raise unreadable(archive.file, _("It holds several shapefiles: upload one at a time."))
    return found[0]


def _shapes(file: str, content: bytes) -> Iterator[list[Any]]:
    """Yield each record's polygons, with their holes; none for an empty record."""
    # The header tells the length in words of two bytes.
    if len(content) < HEADER_BYTES or struct.unpack(">i", content[24:28])[0] * 2 != len(content):
        raise unreadable(file, _("It is no shapefile, or a damaged one."))
    try:
        with shapefile.Reader(shp=io.BytesIO(content)) as reader:
            if reader.shapeType not in _POLYGONS:
                raise unreadable(file, _("It holds %(kind)s, not polygons."), kind=reader.shapeTypeName.lower())
            left = MAX_POINTS
            for number, shape in enumerate(reader.iterShapes(), 1):
                if number > MAX_FEATURES:
                    raise too_many_features(file)
                left -= len(shape.points)
                if left < 0:
                    raise too_many_points(file)
                if shape.shapeType == shapefile.NULL:
                    yield []
                    continue
                if len(shape.parts) > MAX_RINGS:
                    reason = in_feature(number, _("it has more than %(most)s rings.") % {"most": MAX_RINGS})
                    raise unreadable(file, "%(why)s", why=reason)
                yield _polygons(shape)
    except _DAMAGED:
        raise unreadable(file, _("It is no shapefile, or a damaged one.")) from None


def _polygons(shape: Any) -> list[Any]:
    geojson = shape.__geo_interface__
    polygons = geojson["coordinates"] if geojson["type"] == "MultiPolygon" else [geojson["coordinates"]]
    return [[[list(point) for point in ring] for ring in polygon] for polygon in polygons]


def _columns(archive: Archive, shp: str, count: int) -> list[dict[str, Any]]:
    """Return the columns of each record; nothing of any where there is no .dbf."""
    name = _beside(shp, ".dbf")
    found = _find(archive, name)
    if found is None:
        return [{} for _number in range(count)]
    content = archive.read(found)
    encoding = _declared_encoding(archive, shp) or _likely_encoding(content)
    try:
        with shapefile.Reader(dbf=io.BytesIO(content), encoding=encoding) as reader:
            if len(reader.fields) > MAX_COLUMNS + 1:
                raise unreadable(name, _("It has more than %(most)s columns."), most=MAX_COLUMNS)
            # Told by the header, before any row is read.
            if len(reader) != count:
                raise unreadable(
                    name, _("It has %(rows)s rows, but there are %(count)s shapes."), rows=len(reader), count=count
                )
            rows = [named(record.as_dict()) for record in reader.iterRecords()]
    except _DAMAGED:
        raise unreadable(name, _("It is no dBASE table, or a damaged one.")) from None
    if len(rows) != count:
        raise unreadable(name, _("It is no dBASE table, or a damaged one."))
    return rows


def _likely_encoding(content: bytes) -> str:
    """Return the encoding of a table that no .cpg names: what Chinese programs write is GBK where it is not UTF-8."""
    rows_begin = int.from_bytes(content[8:10], "little")
    try:
        content[rows_begin:].decode("utf-8")
    except UnicodeDecodeError:
        return "gb18030"
    return "utf-8"


def _declared_encoding(archive: Archive, shp: str) -> str:
    found = _find(archive, _beside(shp, ".cpg"))
    if found is None:
        return ""
    text = archive.read(found)[:40].decode("ascii", "replace").strip().lower()
    try:
        return codecs.lookup(_ENCODINGS.get(text, text)).name
    except LookupError:
        raise unreadable(_beside(shp, ".cpg"), _("It names no encoding that is known.")) from None


def _text(archive: Archive, shp: str, ending: str) -> str:
    name = _beside(shp, ending)
    found = _find(archive, name)
    if found is None:
        raise unreadable(
            archive.file, _("There is no %(name)s in it, which says what the coordinates are in."), name=name
        )
    return archive.read(found).decode("utf-8", "replace")


def _find(archive: Archive, name: str) -> str | None:
    return next((each for each in archive.names if each.lower() == name.lower()), None)


def _beside(shp: str, ending: str) -> str:
    return shp[: -len(".shp")] + ending
