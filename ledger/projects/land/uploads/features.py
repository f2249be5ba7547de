"""What a file of fields holds, whatever format it came in, and how its columns are called."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _

from ledger.errors import InvalidValue

MAX_FEATURES = 10_000
MAX_POINTS = 500_000
MU_PER_HA, M2_PER_HA = 15, 10_000
# By the names of this registry, by what people write, and as the land contract registration names them (NY/T 2539).
CODE = ("code", "parcel", "parcel_code", "地块编号", "地块编码", "地块代码", "编号", "dkbm")
NAME = ("name", "parcel_name", "地块名称", "名称", "dkmc")
HOUSEHOLD = ("household", "household_code", "农户编号", "农户代码", "承包方编码", "承包方代码", "cbfbm")
AREAS = {
    1: ("declared_area_ha", "area_ha", "面积公顷", "面积(公顷)", "申报面积公顷"),
    MU_PER_HA: ("declared_area_mu", "area_mu", "面积亩", "面积(亩)", "合同面积亩", "申报面积亩", "htmjm", "scmjm"),
    M2_PER_HA: ("declared_area_m2", "area_m2", "面积平方米", "htmj", "scmj"),
}
"""Names of a declared area by its unit: how many of it a hectare has."""


@dataclass(frozen=True, slots=True)
class Feature:
    """One thing on the map: its place in the file, its polygons (coordinates as GeoJSON has them), and its columns."""

    number: int
    polygons: list[Any]
    columns: Mapping[str, Any]


@dataclass(slots=True)
class Content:
    """A whole file. `left_out`: points and lines, which are no fields. `crs`: a coordinate system that it names itself."""

    features: list[Feature] = field(default_factory=list)
    left_out: int = 0
    has_heights: bool = False
    crs: Any = None


def unreadable(file: str, reason: str | Promise, **params: Any) -> InvalidValue:
    """Return the refusal of a file, which it names."""
    said = _("%(file)s: %(reason)s") % {"file": file[:80], "reason": str(reason) % params}
    return InvalidValue(field="file", reason=said, problem="file_unreadable")


def in_feature(number: int, reason: str | Promise) -> str:
    """Return a sentence about one feature of a file."""
    return _("feature %(number)s: %(reason)s") % {"number": number, "reason": reason}


def too_many_features(file: str) -> InvalidValue:
    """Return the refusal of a file with more fields than a project has."""
    return unreadable(file, _("It has more than 10,000 features."))


def too_many_points(file: str) -> InvalidValue:
    """Return the refusal of a file with more points than are kept of all its fields together."""
    return unreadable(file, _("It has more than %(most)s points."), most=f"{MAX_POINTS:,}")


def flatten(polygons: list[Any], content: Content, *, left: int) -> tuple[list[Any], int]:
    """Return polygons without heights, and how many points may still come. What is malformed is left as it is: it is refused
    where shapes are checked, in the words of its own feature.
    """
    flat = []
    for rings in polygons:
        kept = []
        for ring in rings if isinstance(rings, list) else []:
            points = ring if isinstance(ring, list) else []
            left -= len(points)
            if any(isinstance(point, list) and len(point) > 2 for point in points):
                content.has_heights = True
                ring = [point[:2] if isinstance(point, list) else point for point in points]
            kept.append(ring)
        flat.append(kept if isinstance(rings, list) else rings)
    return flat, left


def is_well_formed(rings: Any) -> bool:
    """Return whether the rings of a polygon are lists of points of two finite numbers."""
    return isinstance(rings, list) and all(
        isinstance(ring, list) and ring and all(_is_point(point) for point in ring) for ring in rings
    )


def code_of(feature: Feature) -> str:
    """Return the code that a feature gives itself, empty where it has none."""
    return _text(_first(feature.columns, CODE))


def name_of(feature: Feature) -> str:
    """Return what people call it, empty where nothing is said."""
    return _text(_first(feature.columns, NAME))


def household_of(feature: Feature) -> str:
    """Return the code of the household that works it, empty where none is named."""
    return _text(_first(feature.columns, HOUSEHOLD))


def declared_area_of(feature: Feature) -> Any:
    """Return the area that is declared of it, in hectares; as it is written where that is no number; None where none is."""
    for per_ha, names in AREAS.items():
        given = _first(feature.columns, names)
        if given is None:
            continue
        try:
            return Decimal(str(given)) / per_ha
        except InvalidOperation:
            return str(given)
    return None


def _first(columns: Mapping[str, Any], names: Iterable[str]) -> Any:
    for name in names:
        value = columns.get(name)
        if value is not None and value != "":
            return value
    return None


def named(columns: Mapping[Any, Any]) -> dict[str, Any]:
    """Return the columns of a feature by names that are written one way: small letters, no spaces."""
    return {"".join(str(name).split()).casefold(): value for name, value in columns.items()}


def _text(value: Any) -> str:
    if value is None or isinstance(value, dict | list | bool):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def _is_point(point: Any) -> bool:
    return isinstance(point, list) and len(point) == 2 and all(_is_number(value) for value in point)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
