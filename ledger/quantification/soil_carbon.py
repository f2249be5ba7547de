"""soc-tier1-1: soil organic carbon of cropland by the IPCC's Tier 1, 0 to 30 cm, over 20 years.

Source: IPCC 2019 Refinement, Vol. 4, Ch. 2, eq. 2.25; factors of Ch. 5.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal
from typing import Any

from ledger.quantification import reading
from ledger.quantification.deductions import conservativeness
from ledger.quantification.factors import Factor, UnknownFactor, factor, keys_of
from ledger.quantification.methodologies import AGRICULTURE, LAND_USE, Equation, Methodology
from ledger.quantification.sheet import CalculationSheet, Result, SheetWriter, whole_tonnes

NAME = "soc-tier1-1"
TRANSITION_YEARS = 20
CO2_PER_C = Decimal(44) / Decimal(12)
PADDY = "paddy_rice_cultivation"


@dataclass(frozen=True, slots=True)
class Land:
    """How a field is used; the factors that apply, by their symbols."""

    factors: dict[str, Factor]

    @property
    def product(self) -> Decimal:
        value = Decimal(1)
        for used in self.factors.values():
            value *= used.value
        return value

    @property
    def squared_percent(self) -> Decimal:
        """The sum of squares of the factors' uncertainties; one that is 1 by definition has none."""
        return sum(((used.u95_percent or Decimal(0)) ** 2 for used in self.factors.values()), Decimal(0))


@dataclass(frozen=True, slots=True)
class Field:
    parcel: str
    area_ha: Decimal
    reference: Factor
    baseline: Land
    project: Land


def quantify(case: Mapping[str, Any]) -> CalculationSheet:
    """Compute a case: the gain of one year of the transition.

    Raises: InvalidInput.
    """
    risk_percent, fields = read(case)
    sheet = SheetWriter()
    gross, uncertainty = Decimal(0), Decimal(0)
    for field in fields:
        gain, percent = _field(field, sheet)
        gross += gain
        uncertainty = max(uncertainty, percent)
    result = _result(gross, uncertainty, risk_percent, sheet)
    return CalculationSheet(NAME, tuple(sheet.lines), result)


def _field(field: Field, sheet: SheetWriter) -> tuple[Decimal, Decimal]:
    """Return a field's gain in t CO2e a year and its uncertainty in percent."""
    before = _stock(field, field.baseline, "baseline", sheet)
    after = _stock(field, field.project, "project", sheet)
    gain = sheet.write(
        "ΔSOC",
        "2.25",
        (after - before) / TRANSITION_YEARS * CO2_PER_C,
        "t CO2e",
        where=(field.parcel, "", "both"),
        inputs={"stock_b": before, "stock_p": after, "D, years": TRANSITION_YEARS},
    )
    if after == before:
        return gain, Decimal(0)
    change = abs(after - before)
    h = (after**2 * field.project.squared_percent + before**2 * field.baseline.squared_percent).sqrt() / change
    u_ref = field.reference.u95_percent or Decimal(0)
    percent = sheet.write(
        "u",
        "√(h² + u_ref²)",
        (h**2 + u_ref**2).sqrt(),
        "%",
        where=(field.parcel, "", "both"),
        inputs={"h": h, "u_ref": u_ref},
    )
    return gain, percent


def _stock(field: Field, land: Land, scenario: str, sheet: SheetWriter) -> Decimal:
    return sheet.write(
        "SOC",
        "2.25",
        field.reference.value * land.product * field.area_ha,
        "t C",
        where=(field.parcel, "", scenario),
        inputs={"area_ha": field.area_ha},
        factors={"SOCref": field.reference, **land.factors},
    )


def _result(gross: Decimal, uncertainty: Decimal, risk_percent: Decimal, sheet: SheetWriter) -> Result:
    band = conservativeness(uncertainty)
    net = sheet.write(
        "net",
        "gross × factor",
        max(gross * band.value, Decimal(0)),
        "t CO2e",
        inputs={"gross": gross, "u, %": uncertainty},
        factors={"factor": band},
    )
    net_t = whole_tonnes(net)
    buffer = (Decimal(net_t) * risk_percent / 100).to_integral_value(rounding=ROUND_CEILING)
    sheet.write(
        "buffer",
        "net × risk %, rounded up",
        buffer,
        "t CO2e",
        inputs={"net": net_t, "risk_percent": risk_percent},
    )
    return Result(
        gross_t_co2e=gross,
        uncertainty_percent=uncertainty,
        uncertainty_factor=band.value,
        net_t=net_t,
        buffer_t=int(buffer),
        issuable_t=net_t - int(buffer),
    )


def read(case: Mapping[str, Any]) -> tuple[Decimal, list[Field]]:
    """Return a case's risk percentage and fields.

    Raises: InvalidInput.
    """
    case = reading.an_object(case, "", {"methodology", "risk_percent", "parcels"}, {"name", "expect", "note"})
    risk_percent = reading.a_decimal(case["risk_percent"], "risk_percent", most=Decimal(100))
    parcels = reading.a_list(case["parcels"], "parcels", reading.MAX_PARCELS, least=1)
    reading.unique_ids(parcels)
    return risk_percent, [_parcel(parcel, f"parcels[{at}]") for at, parcel in enumerate(parcels)]


def _parcel(value: Any, path: str) -> Field:
    parcel = reading.an_object(value, path, {"id", "area_ha", "climate_zone", "soil", "baseline", "project"})
    soil = reading.a_word(parcel["soil"], f"{path}.soil", keys_of("soc_reference"))
    zone = parcel["climate_zone"]
    if not isinstance(zone, str):
        raise reading.InvalidInput(f"{path}.climate_zone", "must be a text")
    return Field(
        parcel=reading.a_name(parcel["id"], f"{path}.id"),
        area_ha=reading.a_decimal(parcel["area_ha"], f"{path}.area_ha", above_zero=True),
        reference=_look_up("soc_reference", soil, zone, f"{path}.climate_zone"),
        baseline=_land(parcel["baseline"], zone, f"{path}.baseline"),
        project=_land(parcel["project"], zone, f"{path}.project"),
    )


def _land(value: Any, zone: str, path: str) -> Land:
    land = reading.an_object(value, path, {"land_use"}, {"tillage", "input"})
    use = reading.a_word(land["land_use"], f"{path}.land_use", keys_of("f_lu"))
    factors = {"FLU": _look_up("f_lu", use, zone, f"{path}.land_use")}
    if use == PADDY:
        # Not used, but a word that nobody knows is refused all the same.
        for table, key in (("f_mg", "tillage"), ("f_i", "input")):
            if key in land:
                reading.a_word(land[key], f"{path}.{key}", keys_of(table))
        return Land(factors)
    for symbol, table, key in (("FMG", "f_mg", "tillage"), ("FI", "f_i", "input")):
        if key not in land:
            raise reading.InvalidInput(f"{path}.{key}", "is missing")
        word = reading.a_word(land[key], f"{path}.{key}", keys_of(table))
        factors[symbol] = _look_up(table, word, zone, f"{path}.{key}")
    return Land(factors)


def _look_up(table: str, key: str, zone: str, path: str) -> Factor:
    for climate_zone in (zone, ""):
        try:
            return factor(table, key, climate_zone)
        except UnknownFactor:
            continue
    raise reading.InvalidInput(path, f"there is no factor of {key} for {zone[:40]!r}")


METHODOLOGY = Methodology(
    id=NAME,
    version=1,
    title="Soil organic carbon of cropland",
    source="IPCC 2019 Refinement, Vol. 4, Ch. 2, eq. 2.25, and Ch. 5 (Tier 1)",
    valid_from=dt.date(2020, 1, 1),
    sector=LAND_USE,
    project_type=AGRICULTURE,
    settings=("risk_percent",),
    equations=(
        Equation("SOC", "IPCC 2019, Vol. 4, Ch. 2, eq. 2.25", "SOCref × FLU × FMG × FI × area"),
        Equation("ΔSOC", "IPCC 2019, Vol. 4, Ch. 2, eq. 2.25", "(stock_p − stock_b) / 20 × 44/12"),
        Equation("u", "IPCC 2019, Vol. 1, Ch. 3", "√(h² + u_ref²), the largest of all parcels"),
        Equation("net", "UNFCCC", "gross × factor, in whole tonnes, rounded down"),
        Equation("buffer", "", "net × risk %, rounded up"),
    ),
    tables=("soc_reference", "f_lu", "f_mg", "f_i", "uncertainty"),
    quantify=quantify,
    is_reversible=True,
    most_years=TRANSITION_YEARS,
)
