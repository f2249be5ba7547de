"""Shifted coordinates, there and back."""

import numpy
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from ledger.projects.land.datum import bd09_from_wgs84, gcj02_from_wgs84, to_wgs84

GEOD = Geod(ellps="WGS84")


def metres(one, other):
    return GEOD.inv(*one, *other)[2]


def test_the_shift_is_that_of_the_public_formula():
    # coordtransform's own example.
    found = gcj02_from_wgs84(numpy.float64(116.404), numpy.float64(39.915))
    assert metres(found, (116.41024449916938, 39.91640428150164)) < 0.001


def test_bd09_is_shifted_once_more():
    found = bd09_from_wgs84(numpy.float64(116.404), numpy.float64(39.915))
    # GCJ-02 116.404, 39.915 is BD-09 116.4103695, 39.9213399 (coordtransform's own example).
    gcj = to_wgs84("GCJ-02", 116.404, 39.915)
    assert metres(bd09_from_wgs84(*gcj), (116.41036949371029, 39.92133699351021)) < 0.01
    assert 500 < metres(found, (116.404, 39.915)) < 2_000


@settings(max_examples=200, deadline=None)
@given(st.floats(74, 134), st.floats(18, 53), st.sampled_from(["GCJ-02", "BD-09"]))
def test_there_and_back_is_the_same_place(longitude, latitude, datum):
    shift = {"GCJ-02": gcj02_from_wgs84, "BD-09": bd09_from_wgs84}[datum]
    shifted = shift(numpy.float64(longitude), numpy.float64(latitude))
    # To a centimetre.
    assert metres(to_wgs84(datum, *shifted), (longitude, latitude)) < 0.01
