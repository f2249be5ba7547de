"""Coordinate systems that files of fields come in: degrees of WGS 84 and CGCS2000, and metres of CGCS2000's zones."""

import re
from typing import Any

from django.utils.translation import gettext as _
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError

from ledger.projects.land.uploads.features import unreadable

MAX_WKT = 10_000
_EPSG = re.compile(r"(?:urn:ogc:def:crs:)?EPSG:[\d.]*:?(\d{4,5})", re.IGNORECASE)
_CRS84 = re.compile(r"urn:ogc:def:crs:OGC:[\d.]*:?CRS84", re.IGNORECASE)
# As EPSG and Esri call the two.
_ACCEPTED = {
    "wgs 84", "wgs84", "wgs_1984", "d_wgs_1984", "gcs_wgs_1984", "world geodetic system 1984",
    "cgcs2000", "china 2000", "china_2000", "d_china_2000", "gcs_china_geodetic_coordinate_system_2000",
    "china geodetic coordinate system 2000", "world geodetic system 1984 ensemble",
}  # fmt: skip


def crs_by_name(file: str, name: str) -> CRS | None:
    """Return a coordinate system by its name in a file; None for one in degrees that needs no conversion.

    Raises: InvalidValue for any but those that are taken, by its name.
    """
    if _CRS84.fullmatch(name.strip()):
        return None
    found = _EPSG.fullmatch(name.strip())
    if found is None:
        raise _not_taken(file, name)
    try:
        return _checked(file, CRS.from_epsg(int(found[1])))
    except CRSError:
        raise _not_taken(file, name) from None


def crs_of_wkt(file: str, wkt: str) -> CRS | None:
    """Return the coordinate system that a .prj describes; None for one in degrees that needs no conversion.

    Raises: InvalidValue for any but those that are taken, by its name.
    """
    if len(wkt) > MAX_WKT:
        raise unreadable(file, _("It is too long for a coordinate system."))
    try:
        return _checked(file, CRS.from_wkt(wkt))
    except CRSError:
        raise unreadable(file, _("It describes no coordinate system that can be read.")) from None


def to_degrees(crs: CRS, x: Any, y: Any) -> tuple[Any, Any]:
    """Return points of a projected system, east and north, as longitude and latitude. Units: metres in, degrees out."""
    transformer = Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
    longitude, latitude = transformer.transform(x, y)
    return longitude, latitude


def _checked(file: str, crs: CRS) -> CRS | None:
    geodetic = crs.geodetic_crs
    names = {crs.name} if geodetic is None else {geodetic.name, geodetic.datum.name if geodetic.datum else ""}
    if not {name.casefold() for name in names} & _ACCEPTED or crs.is_compound or crs.is_bound:
        raise _not_taken(file, crs.name)
    if crs.is_geographic:
        return None
    # Zones of three degrees and of six: transverse Mercator on CGCS2000, at scale one.
    operation = crs.coordinate_operation
    is_gauss_krueger = operation is not None and operation.method_name.casefold() in (
        "transverse mercator",
        "gauss_kruger",
        "gauss kruger",
    )
    is_cgcs = any("2000" in name and "china" in name.casefold() for name in (*names, crs.name)) or "cgcs2000" in (
        name.casefold() for name in names
    )
    if not (crs.is_projected and is_gauss_krueger and is_cgcs):
        raise _not_taken(file, crs.name)
    return crs


def _not_taken(file: str, name: str) -> Exception:
    return unreadable(
        file,
        _(
            "Its coordinates are in “%(name)s”. Taken are degrees of WGS 84 or CGCS2000, and CGCS2000 in zones "
            "(Gauss-Krüger): have it converted by the program that wrote it."
        ),
        name=name[:80],
    )
