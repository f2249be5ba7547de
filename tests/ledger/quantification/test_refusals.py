"""What a case may not say, and where it says so; and what its sheet shows."""

import copy
import json
from decimal import Context, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.quantification import DIGITS, InvalidInput, quantify
from tests.cases import rice

PRACTICE = {
    "water": "continuous",
    "preseason": "non_flooded_under_180_days",
    "amendments": [{"kind": "straw_under_30_days", "t_per_ha": "3.00"}],
    "n_kg_per_ha": "150",
}
RICE = {
    "methodology": "rice-water-1",
    "gwp": "AR5",
    "region": "east_asia",
    "parcels": [
        {
            "id": "p1",
            "area_ha": "12.5000",
            "seasons": [
                {
                    "name": "early",
                    "days": 112,
                    "baseline": PRACTICE,
                    "project": PRACTICE | {"water": "multiple_drainage"},
                }
            ],
        }
    ],
}


def changed(path, value):
    """Return the rice case with one value changed, or, for `...`, taken away."""
    case = copy.deepcopy(RICE)
    *way, last = path
    place = case
    for key in way:
        place = place[key]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return case


SEASON = ("parcels", 0, "seasons", 0)


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("methodology",), "rice-water-9", "methodology"),
        (("methodology",), ["rice-water-1"], "methodology"),
        (("gwp",), "AR3", "gwp"),
        (("region",), ..., "region"),
        (("region",), "atlantis", "region"),
        (("bonus",), "1", "bonus"),
        (("parcels",), [], "parcels"),
        (("parcels",), {}, "parcels"),
        (("parcels", 0), "p1", "parcels[0]"),
        (("parcels", 0, "id"), "", "parcels[0].id"),
        (("parcels", 0, "area_ha"), "0", "parcels[0].area_ha"),
        (("parcels", 0, "area_ha"), "-1", "parcels[0].area_ha"),
        (("parcels", 0, "area_ha"), 12.5, "parcels[0].area_ha"),
        (("parcels", 0, "area_ha"), "1e999", "parcels[0].area_ha"),
        (("parcels", 0, "area_ha"), "NaN", "parcels[0].area_ha"),
        (("parcels", 0, "area_ha"), "Infinity", "parcels[0].area_ha"),
        (("parcels", 0, "area_ha"), "1_000", "parcels[0].area_ha"),
        (("parcels", 0, "area_ha"), " 1", "parcels[0].area_ha"),
        (("parcels", 0, "area_ha"), "１", "parcels[0].area_ha"),
        (("parcels", 0, "seasons"), [], "parcels[0].seasons"),
        ((*SEASON, "days"), 0, "parcels[0].seasons[0].days"),
        ((*SEASON, "days"), 367, "parcels[0].seasons[0].days"),
        ((*SEASON, "days"), True, "parcels[0].seasons[0].days"),
        ((*SEASON, "days"), "112", "parcels[0].seasons[0].days"),
        ((*SEASON, "project", "water"), "none", "parcels[0].seasons[0].project.water"),
        ((*SEASON, "project", "preseason"), ..., "parcels[0].seasons[0].project.preseason"),
        ((*SEASON, "baseline", "n_kg_per_ha"), "-1", "parcels[0].seasons[0].baseline.n_kg_per_ha"),
        ((*SEASON, "baseline", "amendments"), [{"kind": "gold", "t_per_ha": "1"}], "parcels[0].seasons[0].baseline.amendments[0].kind"),
    ],
)  # fmt: skip
def test_a_case_that_is_not_as_it_should_be_is_refused_with_the_path(path, value, named):
    with pytest.raises(InvalidInput) as refusal:
        quantify(changed(path, value))
    assert refusal.value.path == named


@pytest.mark.parametrize("case", [None, [], "rice", 7])
def test_what_is_no_case_is_refused(case):
    with pytest.raises(InvalidInput):
        quantify(case)


def test_two_parcels_of_one_name_are_refused():
    case = copy.deepcopy(RICE)
    case["parcels"] *= 2
    with pytest.raises(InvalidInput) as refusal:
        quantify(case)
    assert refusal.value.path == "parcels[1].id"


def test_each_line_of_a_sheet_can_be_done_again():
    sheet = quantify(RICE)
    assert [line.number for line in sheet.lines] == list(range(1, len(sheet.lines) + 1))
    (baseline, _project) = [line for line in sheet.lines if line.symbol == "CH4"]
    with localcontext(Context(prec=DIGITS)):
        assert baseline.result == Decimal("12.5000") * 112 * Decimal(baseline.inputs["EF"])
    assert all(line.equation and line.unit for line in sheet.lines)
    assert all(factor["source"] for line in sheet.lines for factor in line.factors.values())


def test_the_same_case_gives_the_same_bytes():
    text = json.dumps(quantify(RICE).as_dict(), sort_keys=True)
    assert text == json.dumps(quantify(json.loads(json.dumps(RICE))).as_dict(), sort_keys=True)


@given(st.decimals("0.0001", "100000", places=4), st.decimals("0.0001", "100000", places=4))
def test_two_fields_come_to_what_both_come_to_within_a_tonne(one, other):
    def net(*areas):
        case = copy.deepcopy(RICE)
        case["parcels"] = [RICE["parcels"][0] | {"id": str(at), "area_ha": str(area)} for at, area in enumerate(areas)]
        return quantify(case).result.net_t

    assert net(one) + net(other) <= net(one, other) <= net(one) + net(other) + 1


AREAS = st.lists(st.decimals("0.0001", "1000", places=4), min_size=2, max_size=5)


def of_areas(version, *areas):
    case = rice(parcels=len(areas), version=version)
    for parcel, area in zip(case["parcels"], areas, strict=True):
        parcel["area_ha"] = str(area)
    return quantify(case).result


@pytest.mark.parametrize("version", [1, 2])
@given(areas=AREAS)
def test_gross_is_the_sum_over_the_parcels_in_any_order_and_rises_with_the_area(version, areas):
    whole, singly = of_areas(version, *areas), [of_areas(version, area).gross_t_co2e for area in areas]
    with localcontext(Context(prec=DIGITS)):
        assert abs(whole.gross_t_co2e - sum(singly)) < Decimal("1e-35")
        assert abs(whole.gross_t_co2e - of_areas(version, *reversed(areas)).gross_t_co2e) < Decimal("1e-35")
    assert whole.net_t == of_areas(version, *sorted(areas)).net_t
    assert [area for _gross, area in sorted(zip(singly, areas, strict=True))] == sorted(areas)
    assert max(of_areas(version, area).net_t for area in areas) <= whole.net_t


@pytest.mark.parametrize("land", [{"land_use": "paddy_rice_cultivation", "tillage": "deep"}])
def test_a_word_that_nobody_knows_is_refused_even_where_it_is_not_used(land):
    parcel = {"id": "p", "area_ha": "1", "climate_zone": "warm_temperate_moist", "soil": "sandy_soils"}
    case = {
        "methodology": "soc-tier1-1",
        "risk_percent": "10",
        "parcels": [{**parcel, "baseline": land, "project": land}],
    }
    with pytest.raises(InvalidInput) as refusal:
        quantify(case)
    assert refusal.value.path == "parcels[0].baseline.tillage"


def test_more_methane_than_before_is_no_tonne():
    case = changed((*SEASON, "baseline"), PRACTICE | {"water": "multiple_drainage"})
    case["parcels"][0]["seasons"][0]["project"] = PRACTICE
    result = quantify(case).result
    assert result.gross_t_co2e < 0
    assert (result.net_t, result.buffer_t, result.issuable_t) == (0, 0, 0)
