"""Cases for quantification, whose results can be worked out by hand."""

import copy
from typing import Any

NOTHING = {
    "synthetic_n_kg_per_ha": "0",
    "organic_n_kg_per_ha": "0",
    "urea_kg_per_ha": "0",
    "limestone_kg_per_ha": "0",
    "dolomite_kg_per_ha": "0",
    "fuel": [],
}
NOTHING_BESIDE = {name: amount for name, amount in NOTHING.items() if name != "synthetic_n_kg_per_ha"}
_PRACTICE = {
    "water": "continuous",
    "preseason": "non_flooded_under_180_days",
    "amendments": [],
    "n_kg_per_ha": "150",
}


def rice(parcels: int = 1, version: int = 2, area_ha: str = "100", **project: Any) -> dict[str, Any]:
    """Return a case of rice, drained several times in the project; `project` changes what else is done there."""
    beside = {"inputs": dict(NOTHING_BESIDE)} if version == 2 else {}
    season = {
        "name": "early",
        "days": 112,
        "baseline": _PRACTICE | beside,
        "project": _PRACTICE | beside | {"water": "multiple_drainage"} | project,
    }
    case = {
        "methodology": f"rice-water-{version}",
        "gwp": "AR5",
        "region": "east_asia",
        "parcels": [{"id": f"P{at}", "area_ha": area_ha, "seasons": [copy.deepcopy(season)]} for at in range(parcels)],
    }
    return case | ({"climate": "wet"} if version == 2 else {})


def point(name: str, soc_g_per_kg: tuple[str, ...], density: str = "1.25") -> dict[str, Any]:
    """Return a point with layers of ten centimetres and no stones."""
    return {
        "point": name,
        "layers": [
            {
                "upper_cm": str(10 * at),
                "lower_cm": str(10 * at + 10),
                "bulk_density_g_per_cm3": density,
                "coarse_fragments_mass_percent": "0",
                "soc_g_per_kg": soc,
            }
            for at, soc in enumerate(soc_g_per_kg)
        ],
    }


def soil(
    parcels: int = 1, area_ha: str = "10", gain: str = "2", spread: tuple[str, ...] = ("-1", "0", "1")
) -> dict[str, Any]:
    """Return a case of samples: 15 g/kg in every layer before, more by `gain` after five years, each `spread` around it."""

    def campaign(day: str, soc: float) -> dict[str, Any]:
        return {
            "sampled_on": day,
            "points": [point(f"S{at}", (f"{soc + float(off):.4f}",) * 4) for at, off in enumerate(spread, 1)],
        }

    return {
        "methodology": "soc-measured-1",
        "gwp": "AR5",
        "climate": "wet",
        "risk_percent": "10",
        "depth_cm": "30",
        "comparison": "resampled",
        "baseline_change_t_c_per_ha_year": "0",
        "parcels": [
            {
                "id": f"P{at}",
                "area_ha": area_ha,
                "stratum": f"A{at}",
                "samples": {
                    "baseline": campaign("2020-03-01", 15.0),
                    "project": campaign("2025-03-01", 15.0 + float(gain)),
                },
                "inputs": {"baseline": dict(NOTHING), "project": dict(NOTHING)},
            }
            for at in range(parcels)
        ],
    }


def changed(case: dict[str, Any], way: tuple[Any, ...], value: Any) -> dict[str, Any]:
    """Return a case with one value changed, or, for `...`, taken away."""
    case = copy.deepcopy(case)
    *steps, last = way
    place: Any = case
    for step in steps:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return case
