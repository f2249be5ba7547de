"""soc-measured-1: the stock of soil carbon, measured by samples before (or beside) and in the project, at equal soil mass.

A plough changes how deep a tonne of soil reaches: stocks down to one depth compare different soils. So carbon is compared in
equal masses of mineral soil (Wendt and Hauser 2013): the reference is the mean mass that the baseline's points have down to
the accounting depth; each point's carbon in that mass is read off its own curve of cumulative carbon (splines.py). A point
whose samples end above the reference is refused, never extrapolated: sample one layer deeper than is accounted for.

Parcels are grouped in strata; the points of a stratum speak for all its parcels. The difference of the two means of a stratum
has a standard error and, by Student's t with Welch's degrees of freedom, a half-width of 95 %; the strata are independent.
Where the half-width is as large as the difference, nothing has been shown and nothing is credited.

Source: Wendt and Hauser (2013), Eur. J. Soil Sci. 64, 58; von Haden et al. (2020), Glob. Change Biol. 26, 3759; IPCC 2019
Refinement, Vol. 1, Ch. 3 (combining uncertainties).
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, Decimal
from typing import Any

from ledger.quantification import components
from ledger.quantification.components import COMPONENTS
from ledger.quantification.deductions import conservativeness
from ledger.quantification.factors import Factor, factor, keys_of
from ledger.quantification.methodologies import AGRICULTURE, LAND_USE, Equation, Methodology
from ledger.quantification.reading import InvalidInput
from ledger.quantification.sheet import CalculationSheet, Result, SheetWriter, whole_tonnes
from ledger.quantification.soil_samples import SCENARIOS, Parcel, Point, Settings, read
from ledger.quantification.splines import interpolate

NAME = "soc-measured-1"
CO2_PER_C = Decimal(44) / Decimal(12)
DAYS_PER_YEAR = Decimal("365.25")
YIELD_FALL_WITHOUT_LEAKAGE = Decimal("0.05")
LEAST_POINTS = 3
LEAST_DAYS = 365
STRATUM = "stratum:"


@dataclass(frozen=True, slots=True)
class Gain:
    """What a stratum gains in a year on a hectare. Units: t C/ha/a."""

    mean: Decimal
    half_width: Decimal
    detectable: Decimal


@dataclass(slots=True)
class Totals:
    """Units: t CO2e a year; the squares are those of the strata's half-widths and detectable differences."""

    gross: Decimal = Decimal(0)
    leakage: Decimal = Decimal(0)
    increase: Decimal = Decimal(0)
    expected: Decimal = Decimal(0)
    squared_half_width: Decimal = Decimal(0)
    squared_detectable: Decimal = Decimal(0)
    areas_ha: dict[str, Decimal] = field(default_factory=dict)


def quantify(case: Mapping[str, Any]) -> CalculationSheet:
    """Compute a case: the gain of one year, of those between the samplings.

    Without any sample of the project it is a forecast: what the parcels expect is written down, and comes to no tonne.

    Raises: InvalidInput.
    """
    settings, parcels = read(case)
    sheet, totals = SheetWriter(), Totals()
    is_forecast = all(parcel.project is None for parcel in parcels)
    gains = {} if is_forecast else _gains(parcels, settings, sheet)
    for parcel in parcels:
        _add_parcel(parcel, gains.get(parcel.stratum), settings, sheet, totals)
    for stratum, gain in gains.items():
        hectares = totals.areas_ha[stratum] * CO2_PER_C
        totals.squared_half_width += (hectares * gain.half_width) ** 2
        totals.squared_detectable += (hectares * gain.detectable) ** 2
    result = _forecast(sheet, totals) if is_forecast else _result(sheet, totals, settings)
    return CalculationSheet(NAME, tuple(sheet.lines), result, cites_by_number=True)


def _gains(parcels: Sequence[Parcel], settings: Settings, sheet: SheetWriter) -> dict[str, Gain]:
    strata: dict[str, list[Parcel]] = {}
    for parcel in parcels:
        strata.setdefault(parcel.stratum, []).append(parcel)
    return {name: _gain(name, members, settings, sheet) for name, members in strata.items()}


def _gain(stratum: str, parcels: Sequence[Parcel], settings: Settings, sheet: SheetWriter) -> Gain:
    """Return what a stratum gains a year, by its points in both scenarios."""
    points = {scenario: _points(parcels, scenario) for scenario in SCENARIOS}
    years = _years(parcels, settings)
    where = (STRATUM + stratum, "", "both")
    masses = [point.mass_down_to(settings.depth_cm) for point in points["baseline"]]
    reference = sheet.write(
        "M_ref",
        "mean of M_b",
        sum(masses, Decimal(0)) / len(masses),
        "t/ha",
        where=(STRATUM + stratum, "", "baseline"),
        inputs={"depth, cm": settings.depth_cm, "n_b": len(masses), "M_b, t/ha": _listed(masses)},
    )
    before, after = (
        _spread([_stock(point, reference, scenario, sheet) for point in points[scenario]], stratum, scenario, sheet)
        for scenario in SCENARIOS
    )
    change = settings.baseline_change_t_c_per_ha_year
    mean = sheet.write(
        "ΔSOC/ha",
        "(mean_p − mean_b) / years − baseline's own change",
        (after.mean - before.mean) / years - change,
        "t C/ha/a",
        where=where,
        inputs={"mean_p": after.mean, "mean_b": before.mean, "years": years, "change, t C/ha/a": change},
    )
    return _interval(mean, before, after, years, where, sheet)


def _points(parcels: Sequence[Parcel], scenario: str) -> list[Point]:
    found = [point for parcel in parcels if (one := parcel.campaign(scenario)) for point in one.points]
    _refuse_points_twice(found)
    if len(found) < LEAST_POINTS:
        stratum = parcels[0].stratum
        raise InvalidInput(
            f"{parcels[0].path}.samples.{scenario}",
            f"stratum {stratum} has {len(found)} points of {scenario}, and needs {LEAST_POINTS} at least",
        )
    return found


def _refuse_points_twice(points: Sequence[Point]) -> None:
    """Refuse a name that a stratum's points have twice: one sample handed in for many parcels would look like certainty."""
    names: set[str] = set()
    for point in points:
        if point.name in names:
            raise InvalidInput(f"{point.path}.point", "is used twice in its stratum")
        names.add(point.name)


def _years(parcels: Sequence[Parcel], settings: Settings) -> Decimal:
    """Return over how long the carbon was gained: the longest that the samplings allow, by which a year gains the least."""
    starts = [parcel.baseline.sampled_on for parcel in parcels if parcel.baseline]
    first, latest = settings.began_on or min(starts), settings.began_on or max(starts)
    sampled = [(parcel.path, parcel.project.sampled_on) for parcel in parcels if parcel.project]
    for path, day in sampled:
        if (day - latest).days < LEAST_DAYS:
            raise InvalidInput(f"{path}.samples.project.sampled_on", "must be a year or more after the beginning")
    return Decimal((max(day for _path, day in sampled) - first).days) / DAYS_PER_YEAR


def _stock(point: Point, reference: Decimal, scenario: str, sheet: SheetWriter) -> Decimal:
    """Return a point's carbon in the reference mass."""
    if point.masses[-1] < reference:
        raise InvalidInput(
            f"{point.path}.layers",
            f"do not go down far enough: {point.masses[-1]:.0f} t/ha of mineral soil, where {reference:.0f} are compared",
        )
    return sheet.write(
        "SOC_ref",
        "ESM, cubic spline",
        interpolate(point.masses, point.carbon, reference),
        "t C/ha",
        where=(point.parcel, point.name, scenario),
        inputs={
            "layers, cm": _listed([Decimal(0), *(layer.lower_cm for layer in point.layers)]),
            "BD, g/cm3": _listed([layer.bulk_density_g_per_cm3 for layer in point.layers]),
            "coarse, % of mass": _listed([layer.coarse_fragments_mass_percent for layer in point.layers]),
            "SOC, g/kg": _listed([layer.soc_g_per_kg for layer in point.layers]),
            "M, t/ha": _listed(point.masses),
            "C, t C/ha": _listed(point.carbon),
            "M_ref": reference,
        },
        factors={"SOM/SOC": factor("som_per_soc", "van_bemmelen")},
    )


def _listed(values: Sequence[Decimal]) -> str:
    return "; ".join(f"{value:f}" for value in values)


@dataclass(frozen=True, slots=True)
class _Spread:
    """A mean of points, with the square of its standard error. Units: t C/ha."""

    count: int
    mean: Decimal
    squared_error: Decimal


def _spread(stocks: Sequence[Decimal], stratum: str, scenario: str, sheet: SheetWriter) -> _Spread:
    count = len(stocks)
    mean = sum(stocks, Decimal(0)) / count
    variance = sum(((stock - mean) ** 2 for stock in stocks), Decimal(0)) / (count - 1)
    where = (STRATUM + stratum, "", scenario)
    sheet.write("mean", "Σ SOC_ref / n", mean, "t C/ha", where=where, inputs={"n": count})
    sheet.write(
        "SE", "s / √n", (variance / count).sqrt(), "t C/ha", where=where, inputs={"s": variance.sqrt(), "n": count}
    )
    return _Spread(count, mean, variance / count)


def _interval(
    mean: Decimal, before: _Spread, after: _Spread, years: Decimal, where: tuple[str, str, str], sheet: SheetWriter
) -> Gain:
    """Return a stratum's gain with its half-width and with the smallest difference that so many points would show."""
    squared = before.squared_error + after.squared_error
    error, freedom = squared.sqrt(), _degrees_of_freedom(before, after)
    t, power = (_quantile(table, freedom) for table in ("student_t_95", "student_t_power_90"))
    inputs = {"SE_b": before.squared_error.sqrt(), "SE_p": after.squared_error.sqrt(), "df": freedom, "years": years}
    half_width = sheet.write(
        "half-width",
        "t × √(SE_b² + SE_p²) / years",
        t.value * error / years,
        "t C/ha/a",
        where=where,
        inputs=inputs,
        factors={"t": t},
    )
    detectable = sheet.write(
        "MDD",
        "(t + t_power) × √(SE_b² + SE_p²) / years",
        (t.value + power.value) * error / years,
        "t C/ha/a",
        where=where,
        inputs=inputs,
        factors={"t": t, "t_power": power},
    )
    return Gain(mean, half_width, detectable)


def _degrees_of_freedom(before: _Spread, after: _Spread) -> int:
    """Return Welch's degrees of freedom. Rounding: down, which makes t larger."""
    parts = [(spread.squared_error, spread.count - 1) for spread in (before, after)]
    total = sum((error for error, _freedom in parts), Decimal(0))
    if total == 0:
        return min(freedom for _error, freedom in parts)
    return whole_tonnes(total**2 / sum((error**2 / freedom for error, freedom in parts), Decimal(0)))


def _quantile(table: str, freedom: int) -> Factor:
    """Return the value of the largest number of degrees in the table that is not above this one."""
    return factor(table, str(max(int(key) for key in keys_of(table) if int(key) <= max(freedom, 1))))


def _add_parcel(parcel: Parcel, gain: Gain | None, settings: Settings, sheet: SheetWriter, totals: Totals) -> None:
    totals.areas_ha[parcel.stratum] = totals.areas_ha.get(parcel.stratum, Decimal(0)) + parcel.area_ha
    if gain is None:
        totals.expected += _expected_t(parcel, sheet)
    else:
        taken_up = sheet.write(
            "ΔSOC",
            "area × ΔSOC/ha × 44/12",
            parcel.area_ha * gain.mean * CO2_PER_C,
            "t CO2e",
            where=(parcel.name, "", "both"),
            inputs={"area_ha": parcel.area_ha, "ΔSOC/ha": gain.mean, "stratum": parcel.stratum},
        )
        totals.gross += taken_up
        totals.leakage += _leakage_t(parcel, taken_up, sheet)
    totals.increase += components.increase_t(
        parcel.area_ha, *parcel.inputs, settings.setting, sheet, place=(parcel.name, "")
    )


def _expected_t(parcel: Parcel, sheet: SheetWriter) -> Decimal:
    if parcel.expected_t_c_per_ha_year is None:
        return Decimal(0)
    return sheet.write(
        "expected",
        "area × expected × 44/12",
        parcel.area_ha * parcel.expected_t_c_per_ha_year * CO2_PER_C,
        "t CO2e",
        where=(parcel.name, "", "project"),
        inputs={"area_ha": parcel.area_ha, "expected, t C/ha/a": parcel.expected_t_c_per_ha_year},
    )


def _leakage_t(parcel: Parcel, taken_up_t: Decimal, sheet: SheetWriter) -> Decimal:
    """Return what is grown elsewhere instead, where the yield falls by more than 5 %."""
    if parcel.yields_t_per_ha is None or taken_up_t <= 0:
        return Decimal(0)
    baseline, project = parcel.yields_t_per_ha
    fall = 1 - project / baseline
    if fall <= YIELD_FALL_WITHOUT_LEAKAGE:
        return Decimal(0)
    return sheet.write(
        "leakage",
        "ΔSOC × (1 − Y_p/Y_b)",
        taken_up_t * fall,
        "t CO2e",
        where=(parcel.name, "", "both"),
        inputs={"ΔSOC": taken_up_t, "Y_b": baseline, "Y_p": project},
    )


def _forecast(sheet: SheetWriter, totals: Totals) -> Result:
    expected = sheet.write(
        "forecast",
        "Σ expected − increase: no samples of the project, no tonne",
        max(totals.expected - totals.increase, Decimal(0)),
        "t CO2e",
        inputs={"expected": totals.expected, "increase": totals.increase, "vintages": 1},
    )
    nothing = Decimal(0)
    return Result(
        gross_t_co2e=nothing,
        uncertainty_percent=nothing,
        uncertainty_factor=nothing,
        net_t=0,
        buffer_t=0,
        issuable_t=0,
        leakage_t_co2e=nothing,
        inputs_increase_t_co2e=totals.increase,
        expected_t=whole_tonnes(expected),
    )


def _result(sheet: SheetWriter, totals: Totals, settings: Settings) -> Result:
    half_width, detectable = totals.squared_half_width.sqrt(), totals.squared_detectable.sqrt()
    gross = sheet.write("gross", "Σ ΔSOC", totals.gross, "t CO2e")
    percent = sheet.write(
        "u",
        "√Σ (area × half-width × 44/12)² / gross",
        half_width / abs(gross) * 100 if gross else Decimal(0),
        "%",
        inputs={"half-width, t CO2e": half_width, "gross": gross, "MDD, t CO2e": detectable},
    )
    band = conservativeness(percent)
    # An interval of 95 % that reaches down to nothing shows no gain.
    share = Decimal(0) if half_width >= gross else band.value
    net = sheet.write(
        "net",
        "(gross − leakage) × factor − increase; 0 where the half-width is not below gross",
        max((gross - totals.leakage) * share - totals.increase, Decimal(0)),
        "t CO2e",
        inputs={
            "gross": gross,
            "leakage": totals.leakage,
            "increase": totals.increase,
            "half-width, t CO2e": half_width,
            "share": share,
            "vintages": 1,
        },
        factors={"factor": band},
    )
    net_t = whole_tonnes(net)
    buffer = (Decimal(net_t) * settings.risk_percent / 100).to_integral_value(rounding=ROUND_CEILING)
    inputs = {"net": net_t, "risk_percent": settings.risk_percent}
    sheet.write("buffer", "net × risk %, rounded up", buffer, "t CO2e", inputs=inputs)
    return Result(
        gross_t_co2e=gross,
        uncertainty_percent=percent,
        uncertainty_factor=share,
        net_t=net_t,
        buffer_t=int(buffer),
        issuable_t=net_t - int(buffer),
        leakage_t_co2e=totals.leakage,
        inputs_increase_t_co2e=totals.increase,
        half_width_t_co2e=half_width,
        detectable_t_co2e=detectable,
    )


METHODOLOGY = Methodology(
    id=NAME,
    version=1,
    title="Soil organic carbon, measured by samples",
    source="Wendt and Hauser (2013); von Haden, Yang and DeLucia (2020); IPCC 2019 Refinement, Vol. 1, Ch. 3, and Vol. 4, Ch. 11",
    valid_from=dt.date(2026, 1, 1),
    sector=LAND_USE,
    project_type=AGRICULTURE,
    settings=(
        "gwp",
        "climate",
        "risk_percent",
        "depth_cm",
        "comparison",
        "began_on",
        "baseline_change_t_c_per_ha_year",
    ),
    equations=(
        Equation("M_ref", "Wendt and Hauser (2013)", "mean over the baseline's points of Σ BD × thickness × 100 × (1 − coarse) × (1 − SOM)"),
        Equation("SOC_ref", "Wendt and Hauser (2013); von Haden et al. (2020)", "cumulative C over cumulative mineral mass, monotone cubic spline (Hyman), at M_ref"),
        Equation("SE", "IPCC 2019, Vol. 1, Ch. 3", "s / √n"),
        Equation("ΔSOC/ha", "IPCC 2019, Vol. 4, Ch. 2, eq. 2.25", "(mean_p − mean_b) / years − baseline's own change"),
        Equation("half-width", "Student; Welch (1947)", "t(0.975, df) × √(SE_b² + SE_p²) / years"),
        Equation("MDD", "Student; Welch (1947)", "(t(0.975, df) + t(0.90, df)) × √(SE_b² + SE_p²) / years"),
        Equation("ΔSOC", "", "area × ΔSOC/ha × 44/12"),
        Equation("leakage", "", "ΔSOC × (1 − Y_p/Y_b), where the yield falls by more than 5 %"),
        components.DIRECT_EQUATION,
        *components.EQUATIONS,
        Equation("u", "IPCC 2019, Vol. 1, Ch. 3, eq. 3.2", "√Σ (area × half-width × 44/12)² / gross"),
        Equation("net", "UNFCCC", "(gross − leakage) × factor − increase, in whole tonnes, rounded down; 0 where the half-width is not below gross"),
        Equation("buffer", "", "net × risk %, rounded up"),
    ),
    tables=(
        "som_per_soc",
        *components.DIRECT_TABLES,
        *components.TABLES,
        "gwp_AR5",
        "gwp_AR6",
        "student_t_95",
        "student_t_power_90",
        "uncertainty",
    ),
    quantify=quantify,
    components=COMPONENTS,
    is_reversible=True,
)  # fmt: skip
