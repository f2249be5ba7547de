"""Rules that hold for any field: how its ring is written changes nothing, and who overlaps whom is mutual."""

from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.projects.geometry import area_ha, clean_polygon, mend_polygon, overlap_ha
from ledger.projects.land.overlaps import overlaps_among

DEGREES = st.integers(0, 2_000).map(lambda steps: steps / 100_000)


@st.composite
def fields(draw):
    """Return a star-shaped field around a point, with three to twelve corners in order of their direction."""
    import math

    count = draw(st.integers(3, 12))
    x, y = 118 + draw(DEGREES), 25 + draw(DEGREES)
    turns = sorted(draw(st.sets(st.integers(0, 359), min_size=count, max_size=count)))
    # No gap of half a turn or more, so that the middle lies inside and no side crosses another.
    if any((b - a) % 360 >= 175 for a, b in zip(turns, turns[1:] + turns[:1], strict=True)):
        turns = [at * 360 // count for at in range(count)]
    reach = [draw(st.integers(50, 1_000)) / 100_000 for _turn in turns]
    ring = [
        [x + far * math.cos(math.radians(turn)), y + far * math.sin(math.radians(turn))]
        for turn, far in zip(turns, reach, strict=True)
    ]
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


def turned(field, by, backwards):
    ring = field["coordinates"][0][:-1]
    ring = ring[by % len(ring) :] + ring[: by % len(ring)]
    ring = ring[::-1] if backwards else ring
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


@settings(max_examples=100, deadline=None)
@given(fields(), st.integers(0, 11), st.booleans())
def test_the_area_does_not_depend_on_where_a_ring_begins_and_which_way_it_runs(field, by, backwards):
    assert abs(area_ha(clean_polygon(turned(field, by, backwards))) - area_ha(clean_polygon(field))) <= Decimal(
        "0.0001"
    )


@settings(max_examples=100, deadline=None)
@given(fields(), fields())
def test_an_overlap_is_mutual_and_no_larger_than_either(one, other):
    shared = overlap_ha(one, other)
    assert abs(shared - overlap_ha(other, one)) <= Decimal("0.0001")
    assert shared <= min(area_ha(one), area_ha(other)) + Decimal("0.0001")
    found = overlaps_among([one, other])
    assert [overlap.area_ha for overlap in found] == [
        overlap.area_ha for overlap in overlaps_among([other, one])
    ] or not shared
    assert bool(found) == (overlap_ha(other, one) > 0)


@settings(max_examples=100, deadline=None)
@given(fields())
def test_what_is_valid_is_mended_to_itself(field):
    assert mend_polygon(field).geometry == clean_polygon(field)
    assert mend_polygon(field).repaired_at is None
    assert overlap_ha(field, field) == area_ha(clean_polygon(field))
