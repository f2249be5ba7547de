from decimal import Decimal

import pytest

from ledger.models import Parcel
from ledger.web.pictures import draw_fields


def parcel(west, south, east, north, code="A01"):
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return Parcel(code=code, area_ha=Decimal(1), geometry={"type": "Polygon", "coordinates": [ring]})


def corners(field):
    points = [point.split() for point in field.path.strip("MZ").split("L")]
    xs, ys = zip(*((float(x), float(y)) for x, y in points), strict=True)
    return max(xs) - min(xs), max(ys) - min(ys)


def test_nothing_is_drawn_of_nothing():
    assert draw_fields([]) is None


@pytest.mark.parametrize(("latitude", "shortening"), [(0, 1.0), (24.6, 0.909), (60, 0.5)])
def test_a_field_is_true_to_scale_at_its_latitude(latitude, shortening):
    picture = draw_fields([parcel(117, latitude - 0.005, 117.01, latitude + 0.005)])
    width, height = corners(picture.fields[0])
    assert width / height == pytest.approx(shortening, rel=0.01)


def test_the_scale_bar_is_a_round_length_that_fits():
    picture = draw_fields([parcel(117, 24, 117.01, 24.01)])
    width, _height = corners(picture.fields[0])
    bar = float(picture.scale_end) - 24
    assert picture.scale_text in ("200 m", "200 米")
    assert 1_017 * bar / width == pytest.approx(200, rel=0.01)


def test_a_label_is_left_out_where_it_has_no_room():
    large, small = draw_fields([parcel(117, 24, 117.1, 24.1), parcel(117.2, 24, 117.201, 24.001, "B-0001")]).fields
    assert (large.has_label, small.has_label) == (True, False)


def test_what_is_too_much_to_draw_is_counted(monkeypatch):
    monkeypatch.setattr("ledger.web.pictures.MOST_PARCELS", 2)
    fields = [parcel(117 + at, 24, 117.5 + at, 24.5, f"P{at}") for at in range(5)]
    picture = draw_fields(fields)
    assert (len(picture.fields), picture.not_drawn) == (2, 3)
