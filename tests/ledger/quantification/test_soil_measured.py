"""Stocks by samples at equal soil mass, worked out by hand; too few, too shallow, too uncertain gives nothing."""

import copy
from decimal import Context, Decimal, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.quantification import DIGITS, InvalidInput, quantify
from tests.cases import NOTHING, changed, point, soil

CAMPAIGN = ("parcels", 0, "samples", "project")
POINT = (*CAMPAIGN, "points", 0)
LAYER = (*POINT, "layers", 0)
AT_POINT = "parcels[0].samples.project.points[0]"


def line(sheet, symbol, **where):
    (found,) = [
        one
        for one in sheet.lines
        if one.symbol == symbol and all(getattr(one, name) == value for name, value in where.items())
    ]
    return found


def near(got, wanted, places="1e-15"):
    return abs(got - Decimal(wanted)) <= max(abs(Decimal(wanted)), Decimal(1)) * Decimal(places)


def test_the_reference_is_the_baselines_mean_mineral_mass():
    # 30 cm × 1.25 g/cm3 × 100 = 3750 t/ha of soil; of 15 g C/kg, 1.724 times as much is organic: × (1 - 0.02586).
    sheet = quantify(soil())
    assert line(sheet, "M_ref").result == Decimal("3653.025")


def test_carbon_that_is_spread_evenly_is_read_off_in_proportion():
    # In the project 17 g/kg: of 3653.025 t of mineral soil, each tonne carries 0.017 / (1 - 0.017 × 1.724).
    sheet = quantify(soil())
    with localcontext(Context(prec=DIGITS)):
        wanted = Decimal("3653.025") * Decimal("0.017") / (1 - Decimal("0.017") * Decimal("1.724"))
        assert near(line(sheet, "SOC_ref", season="S2", scenario="project").result, wanted)


def test_soil_that_was_only_loosened_has_gained_nothing():
    """At fixed depth it would have lost a tenth: the same soil reaches deeper."""
    case = soil(gain="0", spread=("0", "0", "0"))
    loose = [point(f"S{at}", ("15",) * 4, density="1.125") for at in range(3)]
    case = changed(case, (*CAMPAIGN, "points"), loose)
    result = quantify(case).result
    assert near(result.gross_t_co2e, 0)
    assert result.net_t == 0


def test_stones_are_no_soil():
    case = soil(spread=("0", "0", "0"))
    for scenario in ("baseline", "project"):
        for one in case["parcels"][0]["samples"][scenario]["points"]:
            for layer in one["layers"]:
                layer["coarse_fragments_mass_percent"] = "20"
    whole, stony = quantify(soil(spread=("0", "0", "0"))).result, quantify(case).result
    assert near(stony.gross_t_co2e, whole.gross_t_co2e * Decimal("0.8"))


def test_the_interval_by_hand():
    # Stocks of 3 points: s from the lines themselves; t(0.975, 3) = 3.1824, t(0.90, 3) = 1.6377.
    sheet = quantify(soil())
    with localcontext(Context(prec=DIGITS)):
        squares, years = Decimal(0), Decimal(1826) / Decimal("365.25")
        for scenario in ("baseline", "project"):
            stocks = [one.result for one in sheet.lines if one.symbol == "SOC_ref" and one.scenario == scenario]
            mean = sum(stocks) / 3
            squares += sum((stock - mean) ** 2 for stock in stocks) / 2 / 3
        assert near(line(sheet, "half-width").result, Decimal("3.1824") * squares.sqrt() / years)
        assert near(line(sheet, "MDD").result, Decimal("4.8201") * squares.sqrt() / years)
        assert near(sheet.result.half_width_t_co2e, Decimal("3.1824") * squares.sqrt() / years * 10 * Decimal(44) / 12)


def test_net_and_buffer_by_hand():
    result = quantify(soil(parcels=2)).result
    with localcontext(Context(prec=DIGITS)):
        assert near(result.uncertainty_percent, result.half_width_t_co2e / result.gross_t_co2e * 100)
    assert result.uncertainty_factor == Decimal("0.82")
    assert result.net_t == int(result.gross_t_co2e * Decimal("0.82")) == 92
    assert (result.buffer_t, result.issuable_t) == (10, 82)


def test_a_difference_that_may_be_nothing_is_credited_with_nothing():
    result = quantify(soil()).result
    assert result.half_width_t_co2e > result.gross_t_co2e > 0
    assert (result.uncertainty_factor, result.net_t, result.buffer_t) == (0, 0, 0)


def test_strata_are_independent_and_speak_for_all_their_parcels():
    one, two = quantify(soil(spread=("-0.1", "0", "0.1"))), soil(parcels=2, spread=("-0.1", "0", "0.1"))
    with localcontext(Context(prec=DIGITS)):
        assert near(quantify(two).result.half_width_t_co2e, one.result.half_width_t_co2e * Decimal(2).sqrt())
    # The second parcel's points are the first one's stratum's now; without any of its own it has the same gain.
    two["parcels"][1] |= {"stratum": "A0", "samples": {}}
    sheet = quantify(two)
    assert [one.result for one in sheet.lines if one.symbol == "ΔSOC"] == [one.result.gross_t_co2e] * 2
    assert near(sheet.result.half_width_t_co2e, one.result.half_width_t_co2e * 2)


def test_a_baseline_that_gains_by_itself_is_taken_off():
    with_trend = changed(soil(), ("baseline_change_t_c_per_ha_year",), "0.3")
    with localcontext(Context(prec=DIGITS)):
        wanted = quantify(soil()).result.gross_t_co2e - 10 * Decimal("0.3") * 44 / 12
    assert near(quantify(with_trend).result.gross_t_co2e, wanted)


def test_beside_a_control_field_the_years_are_those_of_the_practice():
    case = soil() | {"comparison": "control", "began_on": "2015-03-01"}
    del case["baseline_change_t_c_per_ha_year"]
    with localcontext(Context(prec=DIGITS)):
        wanted = quantify(soil()).result.gross_t_co2e * 1826 / 3653
    assert near(quantify(case).result.gross_t_co2e, wanted)


def test_what_is_grown_elsewhere_and_what_the_fields_get_is_taken_off():
    case = soil(spread=("-0.01", "0", "0.01"))
    plain = quantify(case).result
    case["parcels"][0]["yield_t_per_ha"] = {"baseline": "6.00", "project": "5.40"}
    case["parcels"][0]["inputs"]["project"] = NOTHING | {"limestone_kg_per_ha": "500"}
    result = quantify(case).result
    with localcontext(Context(prec=DIGITS)):
        assert near(result.leakage_t_co2e, plain.gross_t_co2e * Decimal("0.1"))
        assert near(result.inputs_increase_t_co2e, "2.2")
        wanted = (result.gross_t_co2e * Decimal("0.9")) * result.uncertainty_factor - Decimal("2.2")
    assert result.net_t == int(wanted)


def test_without_samples_of_the_project_it_is_a_forecast_that_comes_to_no_tonne():
    case = changed(soil(), CAMPAIGN, ...)
    case["parcels"][0]["expected_t_c_per_ha_year"] = "0.5"
    result = quantify(case).result
    # 10 ha × 0.5 × 44/12 = 18.33
    assert (result.net_t, result.issuable_t, result.expected_t) == (0, 0, 18)


@pytest.mark.parametrize(
    ("way", "value", "named"),
    [
        (("gwp",), "AR3", "gwp"),
        (("climate",), "tropical", "climate"),
        (("risk_percent",), "101", "risk_percent"),
        (("depth_cm",), "20", "depth_cm"),
        (("depth_cm",), "201", "depth_cm"),
        (("depth_cm",), "25.5", "depth_cm"),
        (("depth_cm",), "35", "parcels[0].samples.baseline.points[0].layers"),
        (("depth_cm",), "40", "parcels[0].samples.baseline.points[2].layers"),
        (("comparison",), "guess", "comparison"),
        (("comparison",), "control", "began_on"),
        (("began_on",), "2015-01-01", "began_on"),
        (("baseline_change_t_c_per_ha_year",), ..., "baseline_change_t_c_per_ha_year"),
        (("baseline_change_t_c_per_ha_year",), "-1", "baseline_change_t_c_per_ha_year"),
        (("parcels", 0, "area_mu"), "1", "parcels[0].area_mu"),
        (("parcels", 0, "stratum"), "", "parcels[0].stratum"),
        (("parcels", 0, "samples"), ..., "parcels[0].samples"),
        (("parcels", 0, "samples", "baseline"), ..., "parcels[0].samples.baseline"),
        (("parcels", 0, "samples", "later"), {}, "parcels[0].samples.later"),
        (("parcels", 0, "expected_t_c_per_ha_year"), "11", "parcels[0].expected_t_c_per_ha_year"),
        (("parcels", 0, "inputs", "project"), ..., "parcels[0].inputs.project"),
        (("parcels", 0, "yield_t_per_ha"), {"baseline": "0", "project": "1"}, "parcels[0].yield_t_per_ha.baseline"),
        ((*CAMPAIGN, "sampled_on"), "2020-12-01", "parcels[0].samples.project.sampled_on"),
        ((*CAMPAIGN, "sampled_on"), "1 March", "parcels[0].samples.project.sampled_on"),
        ((*CAMPAIGN, "sampled_on"), "2025-02-30", "parcels[0].samples.project.sampled_on"),
        ((*CAMPAIGN, "points"), [], "parcels[0].samples.project.points"),
        ((*CAMPAIGN, "points", 2), ..., "parcels[0].samples.project"),
        ((*POINT, "point"), "S2", "parcels[0].samples.project.points[1].point"),
        ((*POINT, "layers"), [], f"{AT_POINT}.layers"),
        ((*POINT, "layers", 3), ..., f"{AT_POINT}.layers"),
        ((*POINT, "layers", 1, "upper_cm"), "12", f"{AT_POINT}.layers[1].upper_cm"),
        ((*LAYER, "upper_cm"), "5", f"{AT_POINT}.layers[0].upper_cm"),
        ((*LAYER, "lower_cm"), "0", f"{AT_POINT}.layers[0].lower_cm"),
        ((*LAYER, "bulk_density_g_per_cm3"), "1250", f"{AT_POINT}.layers[0].bulk_density_g_per_cm3"),
        ((*LAYER, "bulk_density_g_per_cm3"), "0.2", f"{AT_POINT}.layers[0].bulk_density_g_per_cm3"),
        ((*LAYER, "bulk_density_g_per_cm3"), ..., f"{AT_POINT}.layers[0].bulk_density_g_per_cm3"),
        ((*LAYER, "coarse_fragments_mass_percent"), "91", f"{AT_POINT}.layers[0].coarse_fragments_mass_percent"),
        ((*LAYER, "soc_g_per_kg"), "201", f"{AT_POINT}.layers[0].soc_g_per_kg"),
        ((*LAYER, "soc_g_per_kg"), "-0.1", f"{AT_POINT}.layers[0].soc_g_per_kg"),
        ((*LAYER, "soc_percent"), "1.5", f"{AT_POINT}.layers[0].soc_percent"),
    ],
)  # fmt: skip
def test_samples_that_are_not_as_they_should_be_are_refused_with_the_path(way, value, named):
    with pytest.raises(InvalidInput) as refusal:
        quantify(changed(soil(), way, value))
    assert refusal.value.path == named


def test_a_point_that_ends_above_the_reference_is_refused_and_not_extrapolated():
    shallow = changed(soil(), (*CAMPAIGN, "points", 1), point("S2", ("17",) * 3, density="1.1"))
    with pytest.raises(InvalidInput) as refusal:
        quantify(shallow)
    assert refusal.value.path == "parcels[0].samples.project.points[1].layers"
    assert "far enough" in refusal.value.message


AREAS = st.lists(st.decimals("0.01", "500", places=2), min_size=2, max_size=4)


@settings(max_examples=25)
@given(AREAS, st.randoms())
def test_parcels_in_any_order_come_to_the_same(areas, random):
    case = soil(parcels=len(areas))
    for parcel, area in zip(case["parcels"], areas, strict=True):
        parcel["area_ha"] = str(area)
    shuffled = copy.deepcopy(case)
    random.shuffle(shuffled["parcels"])
    one, other = quantify(case).result, quantify(shuffled).result
    assert near(one.gross_t_co2e, other.gross_t_co2e, "1e-40")
    assert (one.net_t, one.buffer_t) == (other.net_t, other.buffer_t)


@settings(max_examples=25)
@given(AREAS)
def test_gross_is_the_sum_over_the_parcels_and_rises_with_the_area(areas):
    def gross(*sizes):
        case = soil(parcels=len(sizes))
        for parcel, area in zip(case["parcels"], sizes, strict=True):
            parcel["area_ha"] = str(area)
        return quantify(case).result.gross_t_co2e

    singly = [gross(area) for area in areas]
    with localcontext(Context(prec=DIGITS)):
        assert near(gross(*areas), sum(singly), "1e-40")
    assert [area for _gross, area in sorted(zip(singly, areas, strict=True))] == sorted(areas)


@settings(max_examples=25)
@given(st.decimals("0.01", "3", places=2), st.decimals("0.01", "3", places=2))
def test_points_further_apart_never_give_more(one, other):
    narrow, wide = sorted((one, other))

    def net(width):
        # Wide apart on a straight profile leaves the means where they are but for a thousandth.
        return quantify(soil(area_ha="1000", gain="4", spread=(f"-{width}", "0", f"{width}"))).result

    assert net(wide).uncertainty_factor <= net(narrow).uncertainty_factor
    assert net(wide).uncertainty_percent >= net(narrow).uncertainty_percent
