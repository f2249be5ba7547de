"""rice-water-1: paddy methane avoided by managing water, after AMS-III.AU / CMS-017 with the IPCC's 2019 Tier 1 factors.

Source: IPCC 2019 Refinement, Vol. 4, Ch. 5.5 (eqs 5.1 to 5.3) and Ch. 11 (eq. 11.1). Avoided methane cannot be reversed, so
nothing goes to the buffer pool.
"""

import datetime as dt
import functools
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from decimal import Decimal, getcontext
from typing import Any

from ledger.quantification import reading
from ledger.quantification.components import Inputs
from ledger.quantification.deductions import conservativeness
from ledger.quantification.factors import Factor, factor, keys_of
from ledger.quantification.methodologies import LAND_USE, METHANE_AVOIDANCE, SMALL_SCALE_T, Equation, Methodology
from ledger.quantification.sheet import CalculationSheet, Result, SheetWriter, whole_tonnes

NAME = "rice-water-1"
KG_PER_T = Decimal(1000)
N2O_PER_N2O_N = Decimal(44) / Decimal(28)
YIELD_FALL_WITHOUT_LEAKAGE = Decimal("0.05")
Where = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Practice:
    """How a field is run in one season; `inputs` only where a version of the methodology counts them. Units: kg N/ha, t/ha."""

    water: str
    preseason: str
    amendments: tuple[tuple[str, Decimal], ...]
    n_kg_per_ha: Decimal
    inputs: Inputs | None = None


@dataclass(frozen=True, slots=True)
class Season:
    parcel: str
    name: str
    area_ha: Decimal
    days: int
    baseline: Practice
    project: Practice
    yields_t_per_ha: tuple[Decimal, Decimal] | None


@dataclass(frozen=True, slots=True)
class Settings:
    gwp: str
    region: str


@dataclass(slots=True)
class Totals:
    ch4_baseline_kg: Decimal = Decimal(0)
    ch4_project_kg: Decimal = Decimal(0)
    n2o_increase_t_co2e: Decimal = Decimal(0)
    leakage_t_co2e: Decimal = Decimal(0)
    uncertainty_percent: Decimal = Decimal(0)


def quantify(case: Mapping[str, Any]) -> CalculationSheet:
    """Compute a case.

    Raises: InvalidInput.
    """
    settings, seasons = read(case)
    sheet, totals = SheetWriter(), Totals()
    for season in seasons:
        add_season(season, settings, sheet, totals)
    result = _result(sheet, totals, settings)
    return CalculationSheet(NAME, tuple(sheet.lines), result)


def add_season(season: Season, settings: Settings, sheet: SheetWriter, totals: Totals) -> None:
    """Write a season's lines, and add what they come to."""
    baseline_kg = _methane_kg(season, season.baseline, "baseline", settings, sheet)
    project_kg = _methane_kg(season, season.project, "project", settings, sheet)
    totals.ch4_baseline_kg += baseline_kg
    totals.ch4_project_kg += project_kg
    totals.n2o_increase_t_co2e += _nitrous_oxide_t(season, settings, sheet)
    totals.leakage_t_co2e += _leakage_t(season, baseline_kg - project_kg, settings, sheet)
    percent = _uncertainty_percent(season, settings, sheet)
    totals.uncertainty_percent = max(totals.uncertainty_percent, percent)


def _methane_kg(season: Season, practice: Practice, scenario: str, settings: Settings, sheet: SheetWriter) -> Decimal:
    where = (season.parcel, season.name, scenario)
    sf_o = _organic_amendments(practice, where, sheet)
    ef_c, sf_w = factor("ef_c", settings.region), factor("sf_w", practice.water)
    sf_p = factor("sf_p", practice.preseason)
    ef = sheet.write(
        "EF",
        "5.2",
        ef_c.value * sf_w.value * sf_p.value * sf_o,
        "kg CH4/ha/d",
        where=where,
        inputs={"SFo": sf_o},
        factors={"EFc": ef_c, "SFw": sf_w, "SFp": sf_p},
    )
    return sheet.write(
        "CH4",
        "5.1",
        season.area_ha * season.days * ef,
        "kg CH4",
        where=where,
        inputs={"area_ha": season.area_ha, "days": season.days, "EF": ef},
    )


def _organic_amendments(practice: Practice, where: Where, sheet: SheetWriter) -> Decimal:
    exponent = factor("exponent", "sf_o")
    sum_of_amendments = Decimal(1)
    inputs: dict[str, Decimal] = {}
    factors: dict[str, Factor] = {"exponent": exponent}
    for at, (kind, t_per_ha) in enumerate(practice.amendments, 1):
        cfoa = factor("cfoa", kind)
        sum_of_amendments += t_per_ha * cfoa.value
        inputs[f"ROA{at} {kind}, t/ha"] = t_per_ha
        factors[f"CFOA{at}"] = cfoa
    sf_o = _power(sum_of_amendments, exponent.value, getcontext().prec)
    return sheet.write("SFo", "5.3", sf_o, "1", where=where, inputs=inputs, factors=factors)


@functools.lru_cache(maxsize=4096)
def _power(base: Decimal, exponent: Decimal, _digits: int) -> Decimal:
    """Return a power in the digits at hand. Kept: it takes longer than the rest of a line, and fields are much alike."""
    return base**exponent


def _nitrous_oxide_t(season: Season, settings: Settings, sheet: SheetWriter) -> Decimal:
    """Return the increase where there is one: a decrease is never a gain."""
    gwp = factor(f"gwp_{settings.gwp}", "n2o")
    amounts = []
    for scenario, practice in (("baseline", season.baseline), ("project", season.project)):
        ef1 = factor("ef1_fr", practice.water)
        amount = season.area_ha * practice.n_kg_per_ha * ef1.value * N2O_PER_N2O_N / KG_PER_T * gwp.value
        sheet.write(
            "N2O",
            "11.1",
            amount,
            "t CO2e",
            where=(season.parcel, season.name, scenario),
            inputs={"area_ha": season.area_ha, "N, kg/ha": practice.n_kg_per_ha},
            factors={"EF1FR": ef1, "GWP": gwp},
        )
        amounts.append(amount)
    return max(amounts[1] - amounts[0], Decimal(0))


def _leakage_t(season: Season, reduction_kg: Decimal, settings: Settings, sheet: SheetWriter) -> Decimal:
    if season.yields_t_per_ha is None or reduction_kg <= 0:
        return Decimal(0)
    baseline, project = season.yields_t_per_ha
    fall = 1 - project / baseline
    if fall <= YIELD_FALL_WITHOUT_LEAKAGE:
        return Decimal(0)
    gwp = factor(f"gwp_{settings.gwp}", "ch4")
    return sheet.write(
        "leakage",
        "reduction × (1 − Y_p/Y_b)",
        reduction_kg / KG_PER_T * gwp.value * fall,
        "t CO2e",
        where=(season.parcel, season.name, "both"),
        inputs={"reduction_kg": reduction_kg, "Y_b": baseline, "Y_p": project},
        factors={"GWP": gwp},
    )


def _uncertainty_percent(season: Season, settings: Settings, sheet: SheetWriter) -> Decimal:
    ef_c = factor("ef_c", settings.region)
    before, after = factor("sf_w", season.baseline.water), factor("sf_w", season.project.water)
    u1 = ef_c.half_width / ef_c.value * 100
    u2 = Decimal(0)
    if before.value != after.value:
        u2 = (before.half_width**2 + after.half_width**2).sqrt() / abs(before.value - after.value) * 100
    return sheet.write(
        "u",
        "√(u1² + u2²)",
        (u1**2 + u2**2).sqrt(),
        "%",
        where=(season.parcel, season.name, "both"),
        inputs={"u1": u1, "u2": u2},
        factors={"EFc": ef_c, "SFw_b": before, "SFw_p": after},
    )


def write_gross(sheet: SheetWriter, totals: Totals, settings: Settings) -> Decimal:
    """Write the line of the reduction before deductions, and return it in t CO2e."""
    gwp = factor(f"gwp_{settings.gwp}", "ch4")
    reduction_kg = totals.ch4_baseline_kg - totals.ch4_project_kg
    return sheet.write(
        "gross",
        "Σ (CH4_b − CH4_p) / 1000 × GWP",
        reduction_kg / KG_PER_T * gwp.value,
        "t CO2e",
        inputs={"CH4_b": totals.ch4_baseline_kg, "CH4_p": totals.ch4_project_kg},
        factors={"GWP": gwp},
    )


def _result(sheet: SheetWriter, totals: Totals, settings: Settings) -> Result:
    gross = write_gross(sheet, totals, settings)
    band = conservativeness(totals.uncertainty_percent)
    net = sheet.write(
        "net",
        "(gross − N2O − leakage) × factor",
        max((gross - totals.n2o_increase_t_co2e - totals.leakage_t_co2e) * band.value, Decimal(0)),
        "t CO2e",
        inputs={
            "gross": gross,
            "N2O": totals.n2o_increase_t_co2e,
            "leakage": totals.leakage_t_co2e,
            "u, %": totals.uncertainty_percent,
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
    )


def read(
    case: Mapping[str, Any],
    *,
    more_settings: Collection[str] = (),
    read_practice: Callable[[Any, str], Practice] | None = None,
) -> tuple[Settings, list[Season]]:
    """Return a case's settings and seasons; a later version says which settings it has beside, and reads practices itself.

    Raises: InvalidInput.
    """
    required = {"methodology", "gwp", "region", "parcels", *more_settings}
    case = reading.an_object(case, "", required, {"name", "expect", "note"})
    settings = Settings(
        reading.a_word(case["gwp"], "gwp", ("AR5", "AR6")),
        reading.a_word(case["region"], "region", keys_of("ef_c")),
    )
    parcels = reading.a_list(case["parcels"], "parcels", reading.MAX_PARCELS, least=1)
    reading.unique_ids(parcels)
    practice = read_practice or a_practice
    return settings, [
        season for at, parcel in enumerate(parcels) for season in _parcel(parcel, f"parcels[{at}]", practice)
    ]


def _parcel(value: Any, path: str, read_practice: Callable[[Any, str], Practice]) -> list[Season]:
    parcel = reading.an_object(value, path, {"id", "area_ha", "seasons"})
    name = reading.a_name(parcel["id"], f"{path}.id")
    area_ha = reading.a_decimal(parcel["area_ha"], f"{path}.area_ha", above_zero=True)
    seasons = reading.a_list(parcel["seasons"], f"{path}.seasons", reading.MAX_SEASONS, least=1)
    return [_season(season, f"{path}.seasons[{at}]", name, area_ha, read_practice) for at, season in enumerate(seasons)]


def _season(
    value: Any, path: str, parcel: str, area_ha: Decimal, read_practice: Callable[[Any, str], Practice]
) -> Season:
    season = reading.an_object(value, path, {"name", "days", "baseline", "project"}, {"yield_t_per_ha"})
    return Season(
        parcel=parcel,
        name=reading.a_name(season["name"], f"{path}.name"),
        area_ha=area_ha,
        days=reading.whole_days(season["days"], f"{path}.days"),
        baseline=read_practice(season["baseline"], f"{path}.baseline"),
        project=read_practice(season["project"], f"{path}.project"),
        yields_t_per_ha=reading.yields(season.get("yield_t_per_ha"), f"{path}.yield_t_per_ha"),
    )


def a_practice(value: Any, path: str, more: Collection[str] = ()) -> Practice:
    """Return how a field is run; `more` names what a later version reads of it beside.

    Raises: InvalidInput.
    """
    practice = reading.an_object(value, path, {"water", "preseason", "amendments", "n_kg_per_ha", *more})
    amendments = reading.a_list(practice["amendments"], f"{path}.amendments", reading.MAX_AMENDMENTS)
    return Practice(
        water=reading.a_word(practice["water"], f"{path}.water", keys_of("sf_w") & keys_of("ef1_fr")),
        preseason=reading.a_word(practice["preseason"], f"{path}.preseason", keys_of("sf_p")),
        amendments=tuple(_amendment(row, f"{path}.amendments[{at}]") for at, row in enumerate(amendments)),
        n_kg_per_ha=reading.a_decimal(practice["n_kg_per_ha"], f"{path}.n_kg_per_ha"),
    )


def _amendment(value: Any, path: str) -> tuple[str, Decimal]:
    amendment = reading.an_object(value, path, {"kind", "t_per_ha"})
    kind = reading.a_word(amendment["kind"], f"{path}.kind", keys_of("cfoa"))
    return kind, reading.a_decimal(amendment["t_per_ha"], f"{path}.t_per_ha")


EQUATIONS = (
    Equation("SFo", "IPCC 2019, Vol. 4, Ch. 5, eq. 5.3", "(1 + Σ ROA × CFOA)^0.59"),
    Equation("EF", "IPCC 2019, Vol. 4, Ch. 5, eq. 5.2", "EFc × SFw × SFp × SFo"),
    Equation("CH4", "IPCC 2019, Vol. 4, Ch. 5, eq. 5.1", "area × days × EF"),
    Equation("N2O", "IPCC 2019, Vol. 4, Ch. 11, eq. 11.1", "area × N × EF1FR × 44/28 / 1000 × GWP"),
    Equation("leakage", "AMS-III.AU", "reduction × (1 − Y_p/Y_b), where the yield falls by more than 5 %"),
    Equation("u", "IPCC 2019, Vol. 1, Ch. 3", "√(u1² + u2²), the largest of all parcels and seasons"),
    Equation("gross", "AMS-III.AU", "Σ (CH4_b − CH4_p) / 1000 × GWP"),
    Equation("net", "AMS-III.AU", "(gross − N2O − leakage) × factor, in whole tonnes, rounded down"),
)
TABLES = ("ef_c", "sf_w", "sf_p", "cfoa", "exponent", "ef1_fr", "gwp_AR5", "gwp_AR6", "uncertainty")
METHODOLOGY = Methodology(
    id=NAME,
    version=1,
    title="Paddy methane avoided by managing water",
    source="CMS-017-V01, after AMS-III.AU; IPCC 2019 Refinement, Vol. 4, Ch. 5.5 and 11",
    valid_from=dt.date(2020, 1, 1),
    superseded_by="rice-water-2",
    sector=LAND_USE,
    project_type=METHANE_AVOIDANCE,
    settings=("region", "gwp"),
    equations=EQUATIONS,
    tables=TABLES,
    quantify=quantify,
    small_scale_limit_t=SMALL_SCALE_T,
)
