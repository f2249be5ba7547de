"""Files of fields: what they are by their content, and the fields that they hold, in degrees of WGS 84."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

import numpy
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ledger.errors import InvalidValue
from ledger.projects.land import datum as datums
from ledger.projects.land.examine import NewParcel
from ledger.projects.land.uploads.crs import to_degrees
from ledger.projects.land.uploads.features import (
    MAX_FEATURES,
    Content,
    Feature,
    code_of,
    declared_area_of,
    household_of,
    is_well_formed,
    name_of,
    too_many_features,
    unreadable,
)
from ledger.projects.land.uploads.geojson import read_geojson
from ledger.projects.land.uploads.kml import read_kml
from ledger.projects.land.uploads.shapefile import read_shapefile
from ledger.projects.land.uploads.zips import Archive, is_zip

MAX_BYTES = 20 * 1024 * 1024
JSON, XML, ZIP = "JSON", "XML", "ZIP"
_SUFFIXES = {".geojson": JSON, ".json": JSON, ".kml": XML, ".kmz": ZIP, ".zip": ZIP}
WGS84, CGCS2000, GCJ02, BD09 = "WGS84", "CGCS2000", datums.GCJ02, datums.BD09
DATUMS = (WGS84, CGCS2000, GCJ02, BD09)


@dataclass(frozen=True, slots=True)
class Reading:
    """What who hands a file in says of it. `swaps`: latitude comes first in it; `converts`: have it converted to WGS 84."""

    datum: str
    swaps: bool = False
    converts: bool = False


@dataclass(frozen=True, slots=True)
class Upload:
    """The fields of a file, and what is to be said of the file as a whole."""

    parcels: list[NewParcel]
    notices: list[str]


def read_upload(file: str, content: bytes, reading: Reading, *, practices: Mapping[str, Any]) -> Upload:
    """Return the fields of a GeoJSON, KML, KMZ or zipped shapefile, all with the same practices.

    Raises: InvalidValue for a file that cannot be read, naming it, or a datum that is not taken as it is.
    """
    check_reading(reading)
    if len(content) > MAX_BYTES:
        raise unreadable(file, _("It is larger than %(most)s MB."), most=MAX_BYTES // 1024 // 1024)
    read = _read(file, content)
    if not read.features:
        raise unreadable(file, _("There is no polygon in it."))
    parcels = [parcel for feature in read.features for parcel in _parcels(feature, read, reading, practices)]
    if len(parcels) > MAX_FEATURES:
        raise too_many_features(file)
    return Upload(parcels, _notices(read, reading))


def check_reading(reading: Reading) -> None:
    """Refuse a datum that is not known, and one that is shifted unless it is to be converted.

    Raises: InvalidValue.
    """
    if reading.datum not in DATUMS:
        raise InvalidValue(field="datum", reason=_("Say which datum the coordinates are in."))
    if reading.datum in (GCJ02, BD09) and not reading.converts:
        reason = _(
            "%(datum)s is shifted by some hundred metres. Have it converted to WGS 84, which is exact to about "
            "%(metres)s m and is recorded, or use an outline in WGS 84 or CGCS2000."
        )
        raise InvalidValue(field="converts", reason=reason % {"datum": reading.datum, "metres": datums.ACCURACY_M})


def place_polygon(coordinates: Any, reading: Reading, crs: Any = None) -> Any:
    """Return the rings of a polygon in degrees of WGS 84, longitude first. What is malformed is left as it is."""
    if not is_well_formed(coordinates):
        return coordinates
    return [_place_ring(ring, reading, crs) for ring in coordinates]


def _place_ring(ring: list[list[float]], reading: Reading, crs: Any) -> list[list[float]]:
    is_as_it_should_be = crs is None and not reading.swaps and reading.datum in (WGS84, CGCS2000)
    if is_as_it_should_be:
        return ring
    x, y = numpy.asarray(ring, dtype=float).T
    if crs is not None:
        x, y = to_degrees(crs, x, y)
    if reading.swaps:
        x, y = y, x
    if reading.datum in (GCJ02, BD09):
        x, y = datums.to_wgs84(reading.datum, x, y)
    return [[float(east), float(north)] for east, north in zip(x, y, strict=True)]


def _read(file: str, content: bytes) -> Content:
    kind = _kind(content)
    said = _SUFFIXES.get(PurePath(file).suffix.lower())
    if kind is None:
        raise unreadable(file, _("It is none of GeoJSON, KML, KMZ and a zipped shapefile."))
    if said is not None and said != kind:
        raise unreadable(file, _("By its name it is %(said)s, by its content %(kind)s."), said=said, kind=kind)
    if kind == JSON:
        return read_geojson(file, content)
    return read_kml(file, content) if kind == XML else _read_archive(file, content)


def _kind(content: bytes) -> str | None:
    if is_zip(content):
        return ZIP
    start = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    return {b"{": JSON, b"[": JSON, b"<": XML}.get(start)


def _read_archive(file: str, content: bytes) -> Content:
    archive = Archive(file, content)
    if archive.ending_in(".shp"):
        return read_shapefile(archive)
    maps = archive.ending_in(".kml")
    if len(maps) == 1 or "doc.kml" in maps:
        name = "doc.kml" if "doc.kml" in maps else maps[0]
        return read_kml(name, archive.read(name))
    raise unreadable(file, _("There is no shapefile in it, and no KML."))


def _parcels(feature: Feature, read: Content, reading: Reading, practices: Mapping[str, Any]) -> list[NewParcel]:
    """Return a feature as one field, or as several where it lies in pieces; of these, none has a declared area."""
    code, name = code_of(feature), name_of(feature)
    code = code or (name if 0 < len(name) <= 32 else f"{feature.number:04d}")
    is_whole = len(feature.polygons) == 1
    return [
        NewParcel(
            code=code if is_whole else f"{code}-{part}",
            name=name,
            geometry={"type": "Polygon", "coordinates": place_polygon(polygon, reading, read.crs)},
            practices=practices,
            household_code=household_of(feature),
            declared_area_ha=declared_area_of(feature) if is_whole else None,
            converted_from=reading.datum if reading.datum in (GCJ02, BD09) else "",
            number=feature.number,
        )
        for part, polygon in enumerate(feature.polygons, 1)
    ]


def _notices(read: Content, reading: Reading) -> list[str]:
    found = []
    if reading.datum in (GCJ02, BD09):
        converted = _("The outlines were converted from %(datum)s, to about %(metres)s m; that is recorded.")
        found.append(converted % {"datum": reading.datum, "metres": datums.ACCURACY_M})
    if read.crs is not None:
        found.append(_("The outlines were converted from %(crs)s.") % {"crs": read.crs.name[:80]})
    if read.left_out:
        left_out = ngettext(
            "%(count)s point or line in the file is no field and is left out.",
            "%(count)s points or lines in the file are no fields and are left out.",
            read.left_out,
        )
        found.append(left_out % {"count": read.left_out})
    if read.has_heights:
        found.append(_("Heights in the file are not kept."))
    if any(len(feature.polygons) > 1 for feature in read.features):
        found.append(_("A field that lies in pieces is kept as several: its code with -1, -2 and so on."))
    if any(not code_of(feature) and not name_of(feature) for feature in read.features):
        found.append(_("Fields without a code are numbered by their place in the file."))
    return found
