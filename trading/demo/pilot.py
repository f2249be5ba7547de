"""Read the demo's data files. README.md says what they hold, and what of it is public."""

import csv
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).resolve().parent


class Field(NamedTuple):
    """A field of one of the demo's projects; geometry is a GeoJSON polygon."""

    project: str
    code: str
    name: str
    geometry: dict[str, Any]


class OrderLine(NamedTuple):
    """Something that an organisation does on a market: buy, sell, or cancel the order named."""

    vintage: int
    order: str
    organisation: str
    action: str
    price_fen: int
    quantity_t: int


@cache
def pilot() -> dict[str, Any]:
    """Return what pilot.json holds."""
    found: dict[str, Any] = json.loads((FOLDER / "pilot.json").read_text(encoding="utf-8"))
    return found


def organisations() -> dict[str, dict[str, Any]]:
    """Return the demo's organisations by their keys; the operator is the first."""
    return {entry["key"]: entry for entry in pilot()["organisations"]}


def usernames() -> list[str]:
    """Return the user names of all the demo's people."""
    return [person["username"] for entry in organisations().values() for person in entry["people"]]


def fields(project: str) -> list[Field]:
    """Return the fields of a project, in the order of the file."""
    collection = json.loads((FOLDER / "fields.geojson").read_text(encoding="utf-8"))
    found = [Field(**feature["properties"], geometry=feature["geometry"]) for feature in collection["features"]]
    return [field for field in found if field.project == project]


def practices(project: Mapping[str, Any], days: Mapping[str, int]) -> dict[str, Any]:
    """Return what is done on each field of a project in seasons of that many days, as a case file has it."""
    water = {"baseline": project["baseline_water"], "project": project["project_water"]}
    scenarios = {name: {"water": regime, **project["practice"]} for name, regime in water.items()}
    return {
        "seasons": [
            {"name": name, "days": length, **scenarios, "yield_t_per_ha": project["yield_t_per_ha"]}
            for name, length in days.items()
        ]
    }


def order_lines() -> list[OrderLine]:
    """Return the orders of the vintages that are traded, in the order in which they come in."""
    with (FOLDER / "orders.csv").open(encoding="utf-8", newline="") as file:
        return [
            OrderLine(
                vintage=int(row["vintage"]),
                order=row["order"],
                organisation=row["organisation"],
                action=row["action"],
                price_fen=int(row["price_fen"] or 0),
                quantity_t=int(row["quantity_t"] or 0),
            )
            for row in csv.DictReader(file)
        ]
