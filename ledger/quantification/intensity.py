"""Emission intensity: what is emitted for a tonne of grain, before and in the project, beside what a case comes to.

It is read off the lines of the sheet, for the parcels and seasons whose yields the case gives; those without count in neither
sum. What soil takes up is no emission, and stays apart.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ledger.quantification.factors import factor

KG_PER_T = Decimal(1000)
SCENARIOS = ("baseline", "project")
# The lines that say what is emitted in one scenario, in t CO2e; methane's are in kg of it.
IN_T_CO2E = frozenset({"N2O", "N2O vol", "N2O leach", "CO2 lime", "CO2 urea", "fuel"})


@dataclass(frozen=True, slots=True)
class Intensity:
    """Units: kg CO2e/t grain; None where there was no harvest at all."""

    baseline: Decimal
    project: Decimal | None


def intensity_of(case: Mapping[str, Any], sheet: Mapping[str, Any]) -> Intensity | None:
    """Return the intensity of a computed case, or None where no yields are given. `sheet` is one as it is stored.

    Units: kg CO2e/t grain. Emissions that a methodology does not count are not in it.
    """
    grain_t = {scenario: Decimal(0) for scenario in SCENARIOS}
    places = set()
    for place, area_ha, yields in _yields(case):
        places.add(place)
        for scenario in SCENARIOS:
            grain_t[scenario] += area_ha * Decimal(yields[scenario])
    if not places:
        return None
    kg = _emitted_kg(case, sheet, places)
    harvest_t = grain_t["project"]
    return Intensity(kg["baseline"] / grain_t["baseline"], kg["project"] / harvest_t if harvest_t else None)


def _yields(case: Mapping[str, Any]) -> Iterator[tuple[tuple[str, str], Decimal, Mapping[str, str]]]:
    for parcel in case["parcels"]:
        area_ha = Decimal(parcel["area_ha"])
        if parcel.get("yield_t_per_ha"):
            yield (parcel["id"], ""), area_ha, parcel["yield_t_per_ha"]
        for season in parcel.get("seasons", ()):
            if season.get("yield_t_per_ha"):
                yield (parcel["id"], season["name"]), area_ha, season["yield_t_per_ha"]


def _emitted_kg(case: Mapping[str, Any], sheet: Mapping[str, Any], places: set[tuple[str, str]]) -> dict[str, Decimal]:
    """Return what is emitted in each scenario at these places. Units: kg CO2e."""
    kg = {scenario: Decimal(0) for scenario in SCENARIOS}
    for line in sheet["lines"]:
        scenario, symbol = line["scenario"], line["symbol"]
        if scenario not in kg or (line["parcel"], line["season"]) not in places:
            continue
        if symbol == "CH4":
            kg[scenario] += Decimal(line["result"]) * factor(f"gwp_{case['gwp']}", "ch4").value
        elif symbol in IN_T_CO2E:
            kg[scenario] += Decimal(line["result"]) * KG_PER_T
    return kg
