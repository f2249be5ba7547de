"""From the shifted coordinates of Chinese web maps back to those of the earth.

GCJ-02 moves each point of WGS 84 by some hundred metres, by a function that is kept secret; BD-09 moves it once more. What is
here is the function that is in use everywhere in the open (it reproduces the public maps to about a metre) and its inverse,
found by iteration. A surveyed outline is better, and it is recorded of each field that it was converted.

No library is used: those on PyPI are either no longer looked after or leave the inverse at its first step, which is off by up
to two metres; what is needed of them are the two formulas.
"""

from collections.abc import Callable
from typing import Any

import numpy

GCJ02, BD09 = "GCJ-02", "BD-09"
ACCURACY_M = 2
"""How far a converted point may be off, in metres: a metre of the public formula, and one for how maps draw."""
_A, _EE = 6378245.0, 0.00669342162296594323
_BAIDU = numpy.pi * 3000.0 / 180.0
# Each step brings the point a thousand times nearer.
_STEPS = 6

Shift = Callable[[Any, Any], tuple[Any, Any]]


def to_wgs84(datum: str, longitude: Any, latitude: Any) -> tuple[Any, Any]:
    """Return points of GCJ-02 or BD-09, given as arrays, in WGS 84.

    Units: degrees. Rounding: to nine places, a tenth of a millimetre.
    Source: the public formula of GCJ-02 on Krasovsky's ellipsoid, as in eviltransform and coordtransform; BD-09 likewise.
    """
    shift = {GCJ02: gcj02_from_wgs84, BD09: bd09_from_wgs84}[datum]
    return _inverse(shift, numpy.asarray(longitude, float), numpy.asarray(latitude, float))


def gcj02_from_wgs84(longitude: Any, latitude: Any) -> tuple[Any, Any]:
    """Return points of WGS 84 as GCJ-02 has them. Units: degrees."""
    x, y = longitude - 105.0, latitude - 35.0
    sine = numpy.sin(numpy.radians(latitude))
    magic = 1 - _EE * sine * sine
    north = _north(x, y) * 180.0 / (_A * (1 - _EE) / (magic * numpy.sqrt(magic)) * numpy.pi)
    east = _east(x, y) * 180.0 / (_A / numpy.sqrt(magic) * numpy.cos(numpy.radians(latitude)) * numpy.pi)
    return longitude + east, latitude + north


def bd09_from_wgs84(longitude: Any, latitude: Any) -> tuple[Any, Any]:
    """Return points of WGS 84 as BD-09 has them. Units: degrees."""
    x, y = gcj02_from_wgs84(longitude, latitude)
    distance = numpy.hypot(x, y) + 0.00002 * numpy.sin(y * _BAIDU)
    angle = numpy.arctan2(y, x) + 0.000003 * numpy.cos(x * _BAIDU)
    return distance * numpy.cos(angle) + 0.0065, distance * numpy.sin(angle) + 0.006


def _inverse(shift: Shift, longitude: Any, latitude: Any) -> tuple[Any, Any]:
    """Return what `shift` would have moved here: each step takes off by how much the last guess misses."""
    x, y = longitude, latitude
    for _step in range(_STEPS):
        east, north = shift(x, y)
        x, y = x - (east - longitude), y - (north - latitude)
    return numpy.round(x, 9), numpy.round(y, 9)


def _waves(value: Any, *pairs: tuple[float, float]) -> Any:
    return sum(size * numpy.sin(value * turns * numpy.pi) for size, turns in pairs) * 2.0 / 3.0


def _north(x: Any, y: Any) -> Any:
    plain = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * numpy.sqrt(numpy.abs(x))
    return (
        plain
        + _waves(x, (20.0, 6.0), (20.0, 2.0))
        + _waves(y, (20.0, 1.0), (40.0, 1 / 3), (160.0, 1 / 12), (320.0, 1 / 30))
    )


def _east(x: Any, y: Any) -> Any:
    plain = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * numpy.sqrt(numpy.abs(x))
    return (
        plain
        + _waves(x, (20.0, 6.0), (20.0, 2.0))
        + _waves(x, (20.0, 1.0), (40.0, 1 / 3), (150.0, 1 / 12), (300.0, 1 / 30))
    )
