"""What is brought onto the fields beside water and straw: nitrogen, lime, urea, fuel. A methodology includes them as a whole.

Each source of each parcel and season counts by its increase over the baseline, and only where there is one. That more lime
falls away than is added elsewhere is never a gain: a project is credited for what its methodology is about, not for having
bought less. Tier 1 throughout. Not counted: nitrogen in crop residues and in mineralised soil, and what is emitted where
fertiliser and lime are made.

Source: IPCC 2019 Refinement, Vol. 4, Ch. 11 (eqs 11.1, 11.9, 11.10, 11.12, 11.13); IPCC 2006 Guidelines, Vol. 2, Ch. 1 to 3.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ledger.quantification import reading
from ledger.quantification.factors import Factor, factor, keys_of
from ledger.quantification.methodologies import Equation
from ledger.quantification.sheet import SheetWriter

KG_PER_T = Decimal(1000)
# Masses of molecules: multiplied first and divided then, so that no digit is lost to a fraction.
N2O, N2 = Decimal(44), Decimal(28)
CO2, C = Decimal(44), Decimal(12)
CLIMATES = ("wet", "dry", "dry_irrigated")
MAX_FUELS = 8
# Beyond what any field gets: whoever passes them has mixed up units.
MOST_N_KG_PER_HA = Decimal(2_000)
MOST_LIME_KG_PER_HA = Decimal(20_000)
MOST_FUEL_PER_HA = Decimal(5_000)

COMPONENTS = ("n2o_direct", "n2o_volatilised", "n2o_leached", "lime", "urea", "fuel")
EQUATIONS = (
    Equation("N2O vol", "IPCC 2019, Vol. 4, Ch. 11, eq. 11.9", "area × (F_SN × FracGASF + F_ON × FracGASM) × EF4 × 44/28 / 1000 × GWP"),
    Equation("N2O leach", "IPCC 2019, Vol. 4, Ch. 11, eq. 11.10", "area × (F_SN + F_ON) × FracLEACH × EF5 × 44/28 / 1000 × GWP"),
    Equation("CO2 lime", "IPCC 2006, Vol. 4, Ch. 11, eq. 11.12", "area × (M_limestone × EF + M_dolomite × EF) × 44/12 / 1000"),
    Equation("CO2 urea", "IPCC 2006, Vol. 4, Ch. 11, eq. 11.13", "area × M × EF × 44/12 / 1000"),
    Equation("fuel", "IPCC 2006, Vol. 2, eqs 2.1 and 3.3.1", "area × GJ × (EF_CO2 + EF_CH4 × GWP + EF_N2O × GWP) / 1000"),
    Equation("increase", "", "Σ max(project − baseline, 0) over the sources"),
)  # fmt: skip
TABLES = (
    "frac_gas",
    "ef4",
    "frac_leach",
    "ef5",
    "ef_lime",
    "ef_urea",
    "n_content",
    "density",
    "ncv",
    "ef_fuel_co2",
    "ef_fuel_ch4",
    "ef_fuel_n2o",
)
DIRECT_EQUATION = Equation("N2O", "IPCC 2019, Vol. 4, Ch. 11, eq. 11.1", "area × (F_SN × EF1 + F_ON × EF1) × 44/28 / 1000 × GWP")  # fmt: skip
DIRECT_TABLES = ("ef1",)


@dataclass(frozen=True, slots=True)
class Fuel:
    """Fuel of one kind, by volume or by energy. Units: litres/ha, or GJ/ha."""

    kind: str
    amount: Decimal
    unit: str


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a hectare gets in a season, or in a year. Units: kg N/ha, kg/ha."""

    synthetic_n_kg_per_ha: Decimal
    organic_n_kg_per_ha: Decimal
    urea_kg_per_ha: Decimal
    limestone_kg_per_ha: Decimal
    dolomite_kg_per_ha: Decimal
    fuel: tuple[Fuel, ...]


@dataclass(frozen=True, slots=True)
class Setting:
    """What holds for a whole project: potentials of which report, and the climate by which soils emit nitrous oxide."""

    gwp: str
    climate: str


@dataclass(frozen=True, slots=True)
class _Emission:
    """What a source emits in one scenario. Units: t CO2e."""

    source: str
    equation: str
    amount_t: Decimal
    inputs: Mapping[str, Any]
    factors: dict[str, Factor]


def increase_t(
    area_ha: Decimal,
    baseline: Inputs,
    project: Inputs,
    setting: Setting,
    sheet: SheetWriter,
    *,
    place: tuple[str, str],
    with_direct: bool = True,
) -> Decimal:
    """Write what each source emits before and in the project, and return by how much they rise together.

    Units: t CO2e. `place` is parcel and season. Without `with_direct` where the methodology itself counts the nitrous oxide
    that fields emit directly (flooded rice, by another factor).
    """
    before, after = (_emissions(area_ha, inputs, setting, with_direct) for inputs in (baseline, project))
    rises: dict[str, Decimal] = {}
    for one, other in zip(before, after, strict=True):
        if one.amount_t == 0 and other.amount_t == 0:
            continue
        for scenario, found in (("baseline", one), ("project", other)):
            sheet.write(
                found.source,
                found.equation,
                found.amount_t,
                "t CO2e",
                where=(*place, scenario),
                inputs={"area_ha": area_ha, **found.inputs},
                factors=found.factors,
            )
        rises[one.source] = max(other.amount_t - one.amount_t, Decimal(0))
    if not rises:
        return Decimal(0)
    return sheet.write(
        "increase",
        "Σ max(project − baseline, 0)",
        sum(rises.values(), Decimal(0)),
        "t CO2e",
        where=(*place, "both"),
        inputs=rises,
    )


def _emissions(area_ha: Decimal, given: Inputs, setting: Setting, with_direct: bool) -> Iterator[_Emission]:
    """Yield one after the other, every source in either scenario, so that they can be compared."""
    if with_direct:
        yield _direct(area_ha, given, setting)
    yield _volatilised(area_ha, given, setting)
    yield _leached(area_ha, given, setting)
    yield _lime(area_ha, given)
    yield _urea(area_ha, given)
    yield _fuel(area_ha, given, setting)


def _direct(area_ha: Decimal, given: Inputs, setting: Setting) -> _Emission:
    synthetic, organic = factor("ef1", "synthetic", setting.climate), factor("ef1", "organic", setting.climate)
    n2o_n = given.synthetic_n_kg_per_ha * synthetic.value + given.organic_n_kg_per_ha * organic.value
    factors = {"EF1 F_SN": synthetic, "EF1 F_ON": organic}
    return _nitrous_oxide("N2O", "11.1", area_ha, n2o_n, given, setting, factors)


def _volatilised(area_ha: Decimal, given: Inputs, setting: Setting) -> _Emission:
    gas_f, gas_m = factor("frac_gas", "synthetic"), factor("frac_gas", "organic")
    ef4 = factor("ef4", "volatilised", setting.climate)
    lost = given.synthetic_n_kg_per_ha * gas_f.value + given.organic_n_kg_per_ha * gas_m.value
    factors = {"FracGASF": gas_f, "FracGASM": gas_m, "EF4": ef4}
    return _nitrous_oxide("N2O vol", "11.9", area_ha, lost * ef4.value, given, setting, factors)


def _leached(area_ha: Decimal, given: Inputs, setting: Setting) -> _Emission:
    leach, ef5 = factor("frac_leach", "leached", setting.climate), factor("ef5", "leached")
    lost = (given.synthetic_n_kg_per_ha + given.organic_n_kg_per_ha) * leach.value
    factors = {"FracLEACH": leach, "EF5": ef5}
    return _nitrous_oxide("N2O leach", "11.10", area_ha, lost * ef5.value, given, setting, factors)


def _nitrous_oxide(
    source: str,
    equation: str,
    area_ha: Decimal,
    n2o_n_kg_per_ha: Decimal,
    given: Inputs,
    setting: Setting,
    factors: dict[str, Factor],
) -> _Emission:
    gwp = factor(f"gwp_{setting.gwp}", "n2o")
    return _Emission(
        source,
        equation,
        area_ha * n2o_n_kg_per_ha * N2O / N2 / KG_PER_T * gwp.value,
        {"F_SN, kg N/ha": given.synthetic_n_kg_per_ha, "F_ON, kg N/ha": given.organic_n_kg_per_ha},
        {**factors, "GWP": gwp},
    )


def _lime(area_ha: Decimal, given: Inputs) -> _Emission:
    limestone, dolomite = factor("ef_lime", "limestone"), factor("ef_lime", "dolomite")
    carbon = given.limestone_kg_per_ha * limestone.value + given.dolomite_kg_per_ha * dolomite.value
    return _Emission(
        "CO2 lime",
        "11.12",
        area_ha * carbon * CO2 / C / KG_PER_T,
        {"M_limestone, kg/ha": given.limestone_kg_per_ha, "M_dolomite, kg/ha": given.dolomite_kg_per_ha},
        {"EF_limestone": limestone, "EF_dolomite": dolomite},
    )


def _urea(area_ha: Decimal, given: Inputs) -> _Emission:
    ef = factor("ef_urea", "urea")
    return _Emission(
        "CO2 urea",
        "11.13",
        area_ha * given.urea_kg_per_ha * ef.value * CO2 / C / KG_PER_T,
        {"M, kg/ha": given.urea_kg_per_ha},
        {"EF_urea": ef},
    )


def _fuel(area_ha: Decimal, given: Inputs, setting: Setting) -> _Emission:
    inputs: dict[str, Decimal] = {}
    factors: dict[str, Factor] = {}
    total_kg = Decimal(0)
    for at, fuel in enumerate(given.fuel, 1):
        gj, used = _energy(fuel, at)
        co2, ch4, n2o = (factor(f"ef_fuel_{gas}", fuel.kind) for gas in ("co2", "ch4", "n2o"))
        gwp_ch4, gwp_n2o = (factor(f"gwp_{setting.gwp}", gas) for gas in ("ch4", "n2o"))
        total_kg += gj * (co2.value + ch4.value * gwp_ch4.value + n2o.value * gwp_n2o.value)
        inputs[f"{fuel.kind} {at}, {fuel.unit}/ha"] = fuel.amount
        factors |= used | {f"EF_CO2 {at}": co2, f"EF_CH4 {at}": ch4, f"EF_N2O {at}": n2o}
        factors |= {"GWP CH4": gwp_ch4, "GWP N2O": gwp_n2o}
    return _Emission("fuel", "2.1, 3.3.1", area_ha * total_kg / KG_PER_T, inputs, factors)


def _energy(fuel: Fuel, at: int) -> tuple[Decimal, dict[str, Factor]]:
    """Return the energy of a fuel in GJ, and the factors by which it was found. Litres × kg/l × MJ/kg / 1000."""
    if fuel.unit == "GJ":
        return fuel.amount, {}
    density, ncv = factor("density", fuel.kind), factor("ncv", fuel.kind)
    return fuel.amount * density.value * ncv.value / 1000, {f"density {at}": density, f"NCV {at}": ncv}


def read_inputs(value: Any, path: str, *, synthetic_n_kg_per_ha: Decimal | None = None) -> Inputs:
    """Return what a field gets. Every amount is asked for, 0 where there is none, so that none is forgotten.

    The mineral nitrogen is part of it unless it has been read elsewhere already.

    Raises: InvalidInput.
    """
    asked = {"organic_n_kg_per_ha", "urea_kg_per_ha", "limestone_kg_per_ha", "dolomite_kg_per_ha", "fuel"}
    if synthetic_n_kg_per_ha is None:
        asked.add("synthetic_n_kg_per_ha")
    given = reading.an_object(value, path, asked)
    most = {"organic_n_kg_per_ha": MOST_N_KG_PER_HA, "synthetic_n_kg_per_ha": MOST_N_KG_PER_HA}
    amounts = {
        name: reading.a_decimal(given[name], f"{path}.{name}", most=most.get(name, MOST_LIME_KG_PER_HA))
        for name in sorted(asked - {"fuel"})
    }
    if synthetic_n_kg_per_ha is not None:
        amounts["synthetic_n_kg_per_ha"] = synthetic_n_kg_per_ha
    fuel = reading.a_list(given["fuel"], f"{path}.fuel", MAX_FUELS)
    inputs = Inputs(**amounts, fuel=tuple(_read_fuel(one, f"{path}.fuel[{at}]") for at, one in enumerate(fuel)))
    _refuse_more_urea_than_nitrogen(inputs, path)
    return inputs


def _read_fuel(value: Any, path: str) -> Fuel:
    given = reading.an_object(value, path, {"kind"}, {"litres_per_ha", "gj_per_ha"})
    kind = reading.a_word(given["kind"], f"{path}.kind", keys_of("ef_fuel_co2"))
    if ("litres_per_ha" in given) == ("gj_per_ha" in given):
        raise reading.InvalidInput(path, "give litres_per_ha or gj_per_ha")
    key, unit = ("litres_per_ha", "l") if "litres_per_ha" in given else ("gj_per_ha", "GJ")
    return Fuel(kind, reading.a_decimal(given[key], f"{path}.{key}", most=MOST_FUEL_PER_HA), unit)


def _refuse_more_urea_than_nitrogen(inputs: Inputs, path: str) -> None:
    content = factor("n_content", "urea")
    least = inputs.urea_kg_per_ha * (content.low or content.value)
    if least > inputs.synthetic_n_kg_per_ha:
        raise reading.InvalidInput(
            f"{path}.urea_kg_per_ha", f"holds {least.normalize():f} kg N/ha, more than the field gets in fertiliser"
        )
