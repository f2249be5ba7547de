"""What soc-measured-1 is given: settings, and parcels with their sampled points, read strictly; each point's curve of carbon.

The curve is cumulative carbon over cumulative mineral mass, from the surface down (soil_measured.py says why masses).
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ledger.quantification import components, reading
from ledger.quantification.components import Inputs, Setting
from ledger.quantification.factors import factor
from ledger.quantification.reading import InvalidInput

# g/cm3 × cm = 100 t/ha.
T_PER_HA = Decimal(100)
SCENARIOS = ("baseline", "project")
# Beside a field that is farmed as before, at one time; or the same field, sampled again.
COMPARISONS = ("control", "resampled")
MAX_POINTS = 200
MAX_LAYERS = 12
LEAST_DEPTH_CM, MOST_DEPTH_CM = Decimal(30), Decimal(200)
# Beyond what mineral soils have: whoever passes them has mixed up units (kg/m3, percent, organic matter).
LEAST_DENSITY, MOST_DENSITY = Decimal("0.3"), Decimal("2.2")
MOST_SOC_G_PER_KG = Decimal(200)
MOST_COARSE_PERCENT = Decimal(90)
MOST_CHANGE_T_C = Decimal(10)


@dataclass(frozen=True, slots=True)
class Layer:
    """A sample. Units: cm; g/cm3 of the whole dry soil; percent of its mass that is coarser than 2 mm; g/kg of the fine soil."""

    upper_cm: Decimal
    lower_cm: Decimal
    bulk_density_g_per_cm3: Decimal
    coarse_fragments_mass_percent: Decimal
    soc_g_per_kg: Decimal


@dataclass(frozen=True, slots=True)
class Point:
    """A place that was sampled, with its cumulative mineral mass and carbon from the surface down. Units: t/ha, t C/ha."""

    path: str
    name: str
    parcel: str
    layers: tuple[Layer, ...]
    masses: tuple[Decimal, ...]
    carbon: tuple[Decimal, ...]

    def mass_down_to(self, depth_cm: Decimal) -> Decimal:
        """Return the mineral mass down to a depth at which a layer ends.

        Raises: InvalidInput where none does.
        """
        for layer, mass in zip(self.layers, self.masses[1:], strict=True):
            if layer.lower_cm == depth_cm:
                return mass
        raise InvalidInput(
            f"{self.path}.layers", f"no layer ends at {depth_cm} cm, to which the stock is accounted for"
        )


@dataclass(frozen=True, slots=True)
class Campaign:
    sampled_on: dt.date
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class Parcel:
    path: str
    name: str
    area_ha: Decimal
    stratum: str
    baseline: Campaign | None
    project: Campaign | None
    expected_t_c_per_ha_year: Decimal | None
    inputs: tuple[Inputs, Inputs]
    yields_t_per_ha: tuple[Decimal, Decimal] | None

    def campaign(self, scenario: str) -> Campaign | None:
        return self.baseline if scenario == "baseline" else self.project


@dataclass(frozen=True, slots=True)
class Settings:
    setting: Setting
    risk_percent: Decimal
    depth_cm: Decimal
    comparison: str
    began_on: dt.date | None
    baseline_change_t_c_per_ha_year: Decimal


def read(case: Mapping[str, Any]) -> tuple[Settings, list[Parcel]]:
    """Return a case's settings and parcels.

    Raises: InvalidInput.
    """
    required = {"methodology", "gwp", "climate", "risk_percent", "depth_cm", "comparison", "parcels"}
    optional = {"name", "expect", "note", "began_on", "baseline_change_t_c_per_ha_year"}
    case = reading.an_object(case, "", required, optional)
    settings = _settings(case)
    given = reading.a_list(case["parcels"], "parcels", reading.MAX_PARCELS, least=1)
    reading.unique_ids(given)
    return settings, [_parcel(parcel, f"parcels[{at}]") for at, parcel in enumerate(given)]


def _settings(case: Mapping[str, Any]) -> Settings:
    depth_cm = reading.a_decimal(case["depth_cm"], "depth_cm", most=MOST_DEPTH_CM)
    if depth_cm < LEAST_DEPTH_CM:
        raise InvalidInput("depth_cm", f"must be {LEAST_DEPTH_CM} or more")
    comparison = reading.a_word(case["comparison"], "comparison", COMPARISONS)
    needed, not_needed = "began_on", "baseline_change_t_c_per_ha_year"
    if comparison == "resampled":
        needed, not_needed = not_needed, needed
    if needed not in case:
        raise InvalidInput(needed, "is missing")
    if not_needed in case:
        raise InvalidInput(not_needed, f"is not known where the comparison is {comparison}")
    return Settings(
        setting=Setting(
            reading.a_word(case["gwp"], "gwp", ("AR5", "AR6")),
            reading.a_word(case["climate"], "climate", components.CLIMATES),
        ),
        risk_percent=reading.a_decimal(case["risk_percent"], "risk_percent", most=Decimal(100)),
        depth_cm=depth_cm,
        comparison=comparison,
        began_on=reading.a_date(case["began_on"], "began_on") if comparison == "control" else None,
        baseline_change_t_c_per_ha_year=(
            Decimal(0) if comparison == "control" else reading.a_decimal(case[needed], needed, most=MOST_CHANGE_T_C)
        ),
    )


def _parcel(value: Any, path: str) -> Parcel:
    required = {"id", "area_ha", "stratum", "samples", "inputs"}
    parcel = reading.an_object(value, path, required, {"yield_t_per_ha", "expected_t_c_per_ha_year"})
    name = reading.a_name(parcel["id"], f"{path}.id")
    samples = reading.an_object(parcel["samples"], f"{path}.samples", (), SCENARIOS)
    inputs = reading.an_object(parcel["inputs"], f"{path}.inputs", SCENARIOS)
    campaigns = {
        scenario: _campaign(samples[scenario], f"{path}.samples.{scenario}", name) if scenario in samples else None
        for scenario in SCENARIOS
    }
    expected = parcel.get("expected_t_c_per_ha_year")
    return Parcel(
        path=path,
        name=name,
        area_ha=reading.a_decimal(parcel["area_ha"], f"{path}.area_ha", above_zero=True),
        stratum=reading.a_name(parcel["stratum"], f"{path}.stratum"),
        baseline=campaigns["baseline"],
        project=campaigns["project"],
        expected_t_c_per_ha_year=None
        if expected is None
        else reading.a_decimal(expected, f"{path}.expected_t_c_per_ha_year", most=MOST_CHANGE_T_C),
        inputs=(
            components.read_inputs(inputs["baseline"], f"{path}.inputs.baseline"),
            components.read_inputs(inputs["project"], f"{path}.inputs.project"),
        ),
        yields_t_per_ha=reading.yields(parcel.get("yield_t_per_ha"), f"{path}.yield_t_per_ha"),
    )


def _campaign(value: Any, path: str, parcel: str) -> Campaign:
    campaign = reading.an_object(value, path, {"sampled_on", "points"})
    points = read_points(campaign["points"], f"{path}.points", parcel)
    return Campaign(reading.a_date(campaign["sampled_on"], f"{path}.sampled_on"), points)


def read_points(value: Any, path: str, parcel: str = "") -> tuple[Point, ...]:
    """Return sampling points, each with its layers from the surface down.

    Raises: InvalidInput.
    """
    points = reading.a_list(value, path, MAX_POINTS, least=1)
    return tuple(_point(point, f"{path}[{at}]", parcel) for at, point in enumerate(points))


def _point(value: Any, path: str, parcel: str) -> Point:
    point = reading.an_object(value, path, {"point", "layers"})
    given = reading.a_list(point["layers"], f"{path}.layers", MAX_LAYERS, least=1)
    layers = tuple(_layer(layer, f"{path}.layers[{at}]") for at, layer in enumerate(given))
    reached_cm = Decimal(0)
    for at, layer in enumerate(layers):
        if layer.upper_cm != reached_cm:
            raise InvalidInput(f"{path}.layers[{at}].upper_cm", f"must be {reached_cm}, where the layer above ends")
        reached_cm = layer.lower_cm
    masses, carbon = _cumulative(layers)
    return Point(path, reading.a_name(point["point"], f"{path}.point"), parcel, layers, masses, carbon)


def _layer(value: Any, path: str) -> Layer:
    names = ("upper_cm", "lower_cm", "bulk_density_g_per_cm3", "coarse_fragments_mass_percent", "soc_g_per_kg")
    given = reading.an_object(value, path, names)
    most = {
        "bulk_density_g_per_cm3": MOST_DENSITY,
        "coarse_fragments_mass_percent": MOST_COARSE_PERCENT,
        "soc_g_per_kg": MOST_SOC_G_PER_KG,
    }
    layer = Layer(**{name: reading.a_decimal(given[name], f"{path}.{name}", most=most.get(name, MOST_DEPTH_CM)) for name in names})  # fmt: skip
    if layer.lower_cm <= layer.upper_cm:
        raise InvalidInput(f"{path}.lower_cm", "must be more than upper_cm")
    if layer.bulk_density_g_per_cm3 < LEAST_DENSITY:
        raise InvalidInput(f"{path}.bulk_density_g_per_cm3", f"must not be less than {LEAST_DENSITY}")
    return layer


def _cumulative(layers: Sequence[Layer]) -> tuple[tuple[Decimal, ...], tuple[Decimal, ...]]:
    """Return the mineral mass and the carbon from the surface down to each layer's end, beginning with nothing.

    Units: t/ha, t C/ha. Stones and organic matter are no mineral soil: organic matter comes and goes with the carbon itself.
    """
    matter = factor("som_per_soc", "van_bemmelen").value
    masses, carbon = [Decimal(0)], [Decimal(0)]
    for layer in layers:
        whole = layer.bulk_density_g_per_cm3 * (layer.lower_cm - layer.upper_cm) * T_PER_HA
        fine = whole * (1 - layer.coarse_fragments_mass_percent / 100)
        share = layer.soc_g_per_kg / 1000
        masses.append(masses[-1] + fine * (1 - share * matter))
        carbon.append(carbon[-1] + fine * share)
    return tuple(masses), tuple(carbon)
