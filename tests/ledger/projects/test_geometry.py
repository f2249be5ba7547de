"""What is taken for a field, and how large it is."""

import math
from decimal import Decimal

import pytest
from django.utils import translation
from pyproj import Geod

from ledger.errors import InvalidValue
from ledger.projects.geometry import area_ha, area_mu, bounds, clean_polygon, overlap_ha


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


def polygon(*rings):
    return {"type": "Polygon", "coordinates": [[list(point) for point in ring] for ring in rings]}


def rectangle(west, south, east, north):
    return [(west, south), (east, south), (east, north), (west, north), (west, south)]


FIELD = rectangle(117.0, 24.0, 117.01, 24.01)


@pytest.mark.parametrize(
    ("geometry", "why"),
    [
        (None, "GeoJSON polygon"),
        ([], "GeoJSON polygon"),
        ({"type": "Point", "coordinates": [117, 24]}, "GeoJSON polygon"),
        ({"type": "MultiPolygon", "coordinates": [[FIELD]]}, "GeoJSON polygon"),
        ({"type": "Polygon"}, "empty"),
        ({"type": "Polygon", "coordinates": []}, "empty"),
        ({"type": "Polygon", "coordinates": [7]}, "empty"),
        ({"type": "Polygon", "coordinates": {"0": FIELD}}, "empty"),
        (polygon([]), "four points"),
        (polygon([(117, 24), (118, 24), (117, 24)]), "four points"),
        (polygon([(117, 24), (118, 24), (118, 25), (117, 25)]), "the last like the first"),
        (polygon([(117, 24, 5)] * 4), "longitude and latitude"),
        (polygon([("117", "24")] * 4), "longitude and latitude"),
        (polygon([(True, False)] * 4), "longitude and latitude"),
        ({"type": "Polygon", "coordinates": [[117.0, 24.0, 117.0, 117.0]]}, "longitude and latitude"),
        (polygon([(24.0, 117.0)] * 4), "Longitude comes first"),
        (polygon([(float("nan"), 24.0)] * 4), "Longitude comes first"),
        (polygon([(117.0, float("inf"))] * 4), "Longitude comes first"),
        (polygon([(10**400, 24)] * 4), "Longitude comes first"),
        (polygon([(117.0, 24.0), (117.5, 24.5), (118.0, 25.0), (117.0, 24.0)]), "crosses itself"),
        (polygon(FIELD, rectangle(118.0, 24.0, 118.01, 24.01)), "outside"),
    ],
)
def test_what_is_no_field_is_refused(geometry, why):
    with pytest.raises(InvalidValue, match=why) as refusal:
        clean_polygon(geometry)
    assert refusal.value.field == "geometry"


def test_an_outline_that_crosses_itself_is_refused_and_says_where():
    bow_tie = polygon([(117.0, 24.0), (117.02, 24.02), (117.02, 24.0), (117.0, 24.02), (117.0, 24.0)])
    with pytest.raises(InvalidValue, match=r"117\.010000 24\.010000"):
        clean_polygon(bow_tie)


def test_an_outline_has_five_thousand_points_at_most():
    steps = [(117.0 + step / 100_000, 24.0) for step in range(4_997)]
    shape = [*steps, (117.05, 24.05), (117.0, 24.05), (117.0, 24.0)]
    assert len(shape) == 5_000
    assert clean_polygon(polygon(shape))
    with pytest.raises(InvalidValue, match="5000 points"):
        clean_polygon(polygon([*shape[:1], (117.0000001, 24.0), *shape[1:]]))


def test_a_field_is_kept_without_what_does_not_belong_to_it():
    kept = clean_polygon(polygon(FIELD) | {"bbox": [1, 2, 3, 4], "properties": {"owner": "somebody"}})
    assert kept == {"type": "Polygon", "coordinates": [[list(point) for point in FIELD]]}


def test_outlines_run_counterclockwise_and_holes_clockwise_however_they_were_drawn():
    hole = rectangle(117.002, 24.002, 117.004, 24.004)
    drawn = [polygon(one, other) for one in (FIELD, FIELD[::-1]) for other in (hole, hole[::-1])]
    kept = [clean_polygon(geometry) for geometry in drawn]
    assert len({area_ha(geometry) for geometry in kept}) == 1
    assert kept[0] == kept[1]


def cell_ha(south, north, width):
    """Return the area of WGS 84 between two parallels and two meridians, by the closed formula, in hectares."""
    b, e = 6_356_752.314245, math.sqrt(0.00669437999014)

    def quadrature(latitude):
        sine = math.sin(math.radians(latitude))
        return sine / (1 - (e * sine) ** 2) + math.atanh(e * sine) / e

    return b**2 / 2 * math.radians(width) * (quadrature(north) - quadrature(south)) / 10_000


def test_the_area_is_that_on_the_ellipsoid():
    assert float(area_ha(polygon(FIELD))) == pytest.approx(cell_ha(24.0, 24.01, 0.01), rel=1e-6)
    assert float(area_ha(polygon(rectangle(0, 0, 1, 1)))) == pytest.approx(cell_ha(0, 1, 1), rel=1e-4)
    # A hundred metres by a hundred metres, measured along the ground.
    geod = Geod(ellps="WGS84")
    east, _, _ = geod.fwd(117.0, 24.0, 90, 100)
    _, north, _ = geod.fwd(117.0, 24.0, 0, 100)
    assert area_ha(polygon(rectangle(117.0, 24.0, east, north))) == pytest.approx(Decimal(1), abs=Decimal("0.0001"))


@pytest.mark.parametrize("turn", [1, -1])
def test_a_hole_is_taken_off_the_area_whichever_way_it_was_drawn(turn):
    hole = rectangle(117.002, 24.002, 117.004, 24.004)
    whole, missing = area_ha(polygon(FIELD)), area_ha(polygon(hole))
    assert missing > 4
    assert area_ha(polygon(FIELD, hole[::turn])) == pytest.approx(whole - missing, abs=Decimal("0.0002"))
    assert area_ha(polygon(FIELD[::-1], hole[::turn])) == pytest.approx(whole - missing, abs=Decimal("0.0002"))


def test_a_hectare_is_fifteen_mu():
    assert area_mu(Decimal("2.5000")) == Decimal("37.5")


def test_fields_share_what_lies_in_both():
    east_half = rectangle(117.005, 24.0, 117.015, 24.01)
    assert overlap_ha(polygon(FIELD), polygon(east_half)) == pytest.approx(
        area_ha(polygon(rectangle(117.005, 24.0, 117.01, 24.01))), abs=Decimal("0.001")
    )


def test_neighbours_share_nothing():
    assert overlap_ha(polygon(FIELD), polygon(rectangle(117.01, 24.0, 117.02, 24.01))) == 0
    assert overlap_ha(polygon(FIELD), polygon(rectangle(117.01, 24.01, 117.02, 24.02))) == 0
    assert overlap_ha(polygon(FIELD), polygon(rectangle(118.0, 24.0, 118.01, 24.01))) == 0


def test_a_field_in_the_hole_of_another_shares_nothing_with_it():
    hole = rectangle(117.002, 24.002, 117.004, 24.004)
    assert overlap_ha(polygon(FIELD, hole), polygon(hole)) == 0


def test_a_line_along_which_fields_also_touch_adds_no_area():
    # Below, it overlaps the field; to the east it runs along the border, round a corner.
    around = [
        (117.0, 23.99), (117.02, 23.99), (117.02, 24.02), (117.0, 24.02), (117.0, 24.01), (117.01, 24.01),
        (117.01, 24.001), (117.0, 24.001), (117.0, 23.99),
    ]  # fmt: skip
    strip = area_ha(polygon(rectangle(117.0, 24.0, 117.01, 24.001)))
    assert overlap_ha(polygon(FIELD), polygon(around)) == pytest.approx(strip, abs=Decimal("0.001"))


def test_bounds_are_west_south_east_north():
    assert bounds(polygon(FIELD)) == (117.0, 24.0, 117.01, 24.01)
