"""Nitrogen, lime, urea and fuel, each worked out by hand; what they add counts, what they save does not."""

from decimal import Context, Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.quantification import DIGITS, InvalidInput, quantify
from ledger.quantification.components import Setting, increase_t, read_inputs
from ledger.quantification.sheet import SheetWriter
from tests.cases import NOTHING, NOTHING_BESIDE, changed, rice


def lines_of(given, *, climate="wet", gwp="AR5", before=NOTHING, area_ha="10"):
    """Return the lines of the project by symbol, and the increase."""
    sheet = SheetWriter()
    with localcontext(Context(prec=DIGITS)):
        rise = increase_t(
            Decimal(area_ha),
            read_inputs(NOTHING | before, "baseline"),
            read_inputs(NOTHING | given, "project"),
            Setting(gwp, climate),
            sheet,
            place=("P", "early"),
        )
    return {line.symbol: line.result for line in sheet.lines if line.scenario == "project"}, rise


def near(got, wanted):
    return abs(got - Decimal(wanted)) <= abs(Decimal(wanted)) * Decimal("1e-20")


# 44/28 = 11/7; 10 ha; GWP of nitrous oxide in AR5: 265.
@pytest.mark.parametrize(
    ("climate", "given", "symbol", "wanted"),
    [
        # 11.1: 10 × (100 × 0.016 + 50 × 0.006) × 11/7 / 1000 × 265 = 10 × 1.9 × 11/7 × 0.265
        ("wet", {"synthetic_n_kg_per_ha": "100", "organic_n_kg_per_ha": "50"}, "N2O", Decimal("5.035") * 11 / 7),
        # dry: 10 × 150 × 0.005 × 11/7 × 0.265
        ("dry", {"synthetic_n_kg_per_ha": "100", "organic_n_kg_per_ha": "50"}, "N2O", Decimal("1.9875") * 11 / 7),
        # 11.9: 10 × (100 × 0.11 + 50 × 0.21) × 0.014 × 11/7 × 0.265 = 10 × 21.5 × 0.014 × 0.265 × 11/7
        ("wet", {"synthetic_n_kg_per_ha": "100", "organic_n_kg_per_ha": "50"}, "N2O vol", Decimal("0.79765") * 11 / 7),
        # 11.10: 10 × 150 × 0.24 × 0.011 × 0.265 × 11/7
        ("wet", {"synthetic_n_kg_per_ha": "100", "organic_n_kg_per_ha": "50"}, "N2O leach", Decimal("1.0494") * 11 / 7),
        ("dry_irrigated", {"synthetic_n_kg_per_ha": "150"}, "N2O leach", Decimal("1.0494") * 11 / 7),
        ("dry", {"synthetic_n_kg_per_ha": "150"}, "N2O leach", Decimal(0)),
        # 11.12: 10 × (1000 × 0.12 + 500 × 0.13) × 44/12 / 1000 = 1.85 × 44/12
        ("wet", {"limestone_kg_per_ha": "1000", "dolomite_kg_per_ha": "500"}, "CO2 lime", Decimal("1.85") * 44 / 12),
        # 11.13: 10 × 200 × 0.20 × 44/12 / 1000 = 0.4 × 44/12
        ("wet", {"synthetic_n_kg_per_ha": "92", "urea_kg_per_ha": "200"}, "CO2 urea", Decimal("0.4") * 44 / 12),
        # 10 × 50 l × 0.84 × 43.0 / 1000 = 18.06 GJ; × (74.1 + 0.00415 × 28 + 0.0286 × 265) = 81.7952 kg/GJ
        ("wet", {"fuel": [{"kind": "diesel_off_road", "litres_per_ha": "50"}]}, "fuel", "1.477221312"),
        # 10 × 2 GJ × (74.1 + 0.010 × 28 + 0.0006 × 265) = 20 × 74.539
        ("wet", {"fuel": [{"kind": "diesel_stationary", "gj_per_ha": "2"}]}, "fuel", "1.49078"),
    ],
)  # fmt: skip
def test_a_source_by_hand(climate, given, symbol, wanted):
    found, rise = lines_of(given, climate=climate)
    assert near(found.get(symbol, Decimal(0)), wanted)
    assert near(rise, sum(found.values()))


def test_the_other_report_has_other_potentials():
    # 10 × 100 × 0.016 × 11/7 / 1000 × 273 = 4.368 × 11/7
    found, _rise = lines_of({"synthetic_n_kg_per_ha": "100"}, gwp="AR6")
    assert near(found["N2O"], Decimal("4.368") * 11 / 7)


def test_what_is_saved_of_one_source_is_no_gain_and_pays_for_no_other():
    more_lime = {"limestone_kg_per_ha": "1000"}
    _found, alone = lines_of(more_lime)
    _found, beside = lines_of(more_lime, before={"fuel": [{"kind": "diesel_off_road", "litres_per_ha": "500"}]})
    assert alone == beside
    assert near(alone, Decimal("4.4"))
    _found, none = lines_of({}, before={"synthetic_n_kg_per_ha": "300"})
    assert none == 0


def test_what_nobody_uses_has_no_line():
    found, rise = lines_of({"limestone_kg_per_ha": "10"})
    assert list(found) == ["CO2 lime"]
    assert lines_of({}) == ({}, 0)
    assert rise > 0


def inputs(**given):
    return rice(inputs=NOTHING_BESIDE | given)


PROJECT = "parcels[0].seasons[0].project"


@pytest.mark.parametrize(
    ("case", "named"),
    [
        (changed(rice(), ("climate",), ...), "climate"),
        (changed(rice(), ("climate",), "moist"), "climate"),
        (changed(rice(), ("parcels", 0, "seasons", 0, "project", "inputs"), ...), f"{PROJECT}.inputs"),
        (rice(n_kg_per_ha="2001"), f"{PROJECT}.n_kg_per_ha"),
        (rice(inputs={}), f"{PROJECT}.inputs.dolomite_kg_per_ha"),
        (inputs(lime_t="1"), f"{PROJECT}.inputs.lime_t"),
        (inputs(synthetic_n_kg_per_ha="1"), f"{PROJECT}.inputs.synthetic_n_kg_per_ha"),
        (inputs(organic_n_kg_per_ha="-1"), f"{PROJECT}.inputs.organic_n_kg_per_ha"),
        (inputs(organic_n_kg_per_ha=1), f"{PROJECT}.inputs.organic_n_kg_per_ha"),
        (inputs(limestone_kg_per_ha="20001"), f"{PROJECT}.inputs.limestone_kg_per_ha"),
        (inputs(dolomite_kg_per_ha="NaN"), f"{PROJECT}.inputs.dolomite_kg_per_ha"),
        (inputs(urea_kg_per_ha="400"), f"{PROJECT}.inputs.urea_kg_per_ha"),
        (inputs(fuel="60"), f"{PROJECT}.inputs.fuel"),
        (inputs(fuel=[{"kind": "coal", "gj_per_ha": "1"}]), f"{PROJECT}.inputs.fuel[0].kind"),
        (inputs(fuel=[{"kind": "diesel_off_road"}]), f"{PROJECT}.inputs.fuel[0]"),
        (inputs(fuel=[{"kind": "diesel_off_road", "gj_per_ha": "1", "litres_per_ha": "1"}]), f"{PROJECT}.inputs.fuel[0]"),
        (inputs(fuel=[{"kind": "diesel_off_road", "litres_per_ha": "5001"}]), f"{PROJECT}.inputs.fuel[0].litres_per_ha"),
        (inputs(fuel=[{"kind": "diesel_off_road", "litres": "5"}]), f"{PROJECT}.inputs.fuel[0].litres"),
    ],
)  # fmt: skip
def test_inputs_that_are_not_as_they_should_be_are_refused_with_the_path(case, named):
    with pytest.raises(InvalidInput) as refusal:
        quantify(case)
    assert refusal.value.path == named


def test_with_no_more_of_anything_the_second_version_comes_to_what_the_first_does():
    first, second = quantify(rice(version=1)).result, quantify(rice()).result
    assert second.inputs_increase_t_co2e == 0
    assert second.as_dict() | {"inputs_increase_t_co2e": None} == first.as_dict() | {"inputs_increase_t_co2e": None}


def test_what_the_inputs_add_is_taken_off_whole():
    # 100 ha × 500 kg of limestone × 0.12 × 44/12 / 1000 = 22 t.
    without, with_lime = quantify(rice()), quantify(inputs(limestone_kg_per_ha="500"))
    assert near(with_lime.result.inputs_increase_t_co2e, 22)
    assert with_lime.result.net_t == without.result.net_t - 22


def test_manure_counts_in_the_field_as_mineral_nitrogen_does():
    # 100 ha × (150 + 40) × 0.005 × 11/7 / 1000 × 265, less 100 × 150 × 0.003 × 11/7 / 1000 × 265
    found = quantify(inputs(organic_n_kg_per_ha="40")).result.n2o_increase_t_co2e
    assert near(found, Decimal("13.25") * 11 / 7)


AMOUNTS = st.decimals("0", "1000", places=2).map(str)


@given(AMOUNTS, AMOUNTS, AMOUNTS)
def test_inputs_never_give_a_tonne_more(lime, manure, litres):
    more = inputs(
        limestone_kg_per_ha=lime,
        organic_n_kg_per_ha=manure,
        fuel=[{"kind": "gasoline_off_road", "litres_per_ha": litres}],
    )
    assert quantify(more).result.net_t <= quantify(rice(version=1)).result.net_t
