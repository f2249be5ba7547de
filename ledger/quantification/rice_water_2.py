"""rice-water-2: rice-water-1, and beside it what the fields get: nitrogen's indirect emissions, lime, urea, fuel.

What they add is taken off whole, after the deduction for uncertainty: a factor below one must never make a deduction smaller.
With no more of anything than before, a case comes to what it comes to under rice-water-1.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from ledger.quantification import components, reading, rice_water
from ledger.quantification.components import COMPONENTS, Inputs, Setting
from ledger.quantification.deductions import conservativeness
from ledger.quantification.methodologies import LAND_USE, METHANE_AVOIDANCE, SMALL_SCALE_T, Equation, Methodology
from ledger.quantification.rice_water import Practice, Season, Settings, Totals
from ledger.quantification.sheet import CalculationSheet, Result, SheetWriter, whole_tonnes

NAME = "rice-water-2"
# Paddies are irrigated: nitrogen is washed out of them wherever they lie.
CLIMATES = ("wet", "dry_irrigated")


def quantify(case: Mapping[str, Any]) -> CalculationSheet:
    """Compute a case.

    Raises: InvalidInput.
    """
    settings, seasons = rice_water.read(case, more_settings=("climate",), read_practice=_practice)
    setting = Setting(settings.gwp, reading.a_word(case["climate"], "climate", CLIMATES))
    sheet, totals, increase = SheetWriter(), Totals(), Decimal(0)
    for season in seasons:
        rice_water.add_season(season, settings, sheet, totals)
        increase += _increase_t(season, setting, sheet)
    result = _result(sheet, totals, settings, increase)
    return CalculationSheet(NAME, tuple(sheet.lines), result, cites_by_number=True)


def _increase_t(season: Season, setting: Setting, sheet: SheetWriter) -> Decimal:
    """Return what the season's inputs add, without the nitrous oxide of the flooded field itself, which is counted there."""
    place = (season.parcel, season.name)
    before, after = _inputs(season.baseline), _inputs(season.project)
    return components.increase_t(season.area_ha, before, after, setting, sheet, place=place, with_direct=False)


def _inputs(practice: Practice) -> Inputs:
    assert practice.inputs is not None
    return practice.inputs


def _result(sheet: SheetWriter, totals: Totals, settings: Settings, increase_t: Decimal) -> Result:
    gross = rice_water.write_gross(sheet, totals, settings)
    band = conservativeness(totals.uncertainty_percent)
    deducted = (gross - totals.n2o_increase_t_co2e - totals.leakage_t_co2e) * band.value
    net = sheet.write(
        "net",
        "(gross − N2O − leakage) × factor − increase",
        max(deducted - increase_t, Decimal(0)),
        "t CO2e",
        inputs={
            "gross": gross,
            "N2O": totals.n2o_increase_t_co2e,
            "leakage": totals.leakage_t_co2e,
            "increase": increase_t,
            "u, %": totals.uncertainty_percent,
            "vintages": 1,
        },
        factors={"factor": band},
    )
    net_t = whole_tonnes(net)
    return Result(
        gross_t_co2e=gross,
        uncertainty_percent=totals.uncertainty_percent,
        uncertainty_factor=band.value,
        net_t=net_t,
        buffer_t=0,
        issuable_t=net_t,
        ch4_baseline_kg=totals.ch4_baseline_kg,
        ch4_project_kg=totals.ch4_project_kg,
        n2o_increase_t_co2e=totals.n2o_increase_t_co2e,
        leakage_t_co2e=totals.leakage_t_co2e,
        inputs_increase_t_co2e=increase_t,
    )


def _practice(value: Any, path: str) -> Practice:
    """Return how a field is run, and what it gets; manure's nitrogen counts in the field's nitrous oxide, too."""
    practice = rice_water.a_practice(value, path, more=("inputs",))
    if practice.n_kg_per_ha > components.MOST_N_KG_PER_HA:
        raise reading.InvalidInput(f"{path}.n_kg_per_ha", f"must not be more than {components.MOST_N_KG_PER_HA}")
    inputs = components.read_inputs(value["inputs"], f"{path}.inputs", synthetic_n_kg_per_ha=practice.n_kg_per_ha)
    return replace(practice, n_kg_per_ha=practice.n_kg_per_ha + inputs.organic_n_kg_per_ha, inputs=inputs)


METHODOLOGY = Methodology(
    id=NAME,
    version=2,
    title="Paddy methane avoided by managing water, with inputs and fuel",
    source="rice-water-1, with IPCC 2019 Refinement, Vol. 4, Ch. 11, and IPCC 2006 Guidelines, Vol. 2, Ch. 3",
    valid_from=dt.date(2026, 1, 1),
    sector=LAND_USE,
    project_type=METHANE_AVOIDANCE,
    settings=("region", "gwp", "climate"),
    equations=(
        *(equation for equation in rice_water.EQUATIONS if equation.symbol != "net"),
        *components.EQUATIONS,
        Equation("net", "AMS-III.AU", "(gross − N2O − leakage) × factor − increase, in whole tonnes, rounded down"),
    ),
    tables=(*rice_water.TABLES, *components.TABLES),
    quantify=quantify,
    components=tuple(name for name in COMPONENTS if name != "n2o_direct"),
    small_scale_limit_t=SMALL_SCALE_T,
)
