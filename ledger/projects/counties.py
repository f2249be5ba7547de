"""Counties by their codes (tables/README.md says where the names come from)."""

import csv
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

_TABLE = Path(__file__).parent / "tables" / "counties.csv"


class County(NamedTuple):
    code: str
    name: str
    city: str


@cache
def counties() -> dict[str, County]:
    """Return all counties by their codes of six digits (GB/T 2260), in their order."""
    with _TABLE.open(encoding="utf-8", newline="") as file:
        return {row["code"]: County(**row) for row in csv.DictReader(file)}


@cache
def counties_by_city(province_code: str) -> list[tuple[str, list[County]]]:
    """Return a province's counties, city by city."""
    within = [county for county in counties().values() if county.code.startswith(province_code)]
    return [(city, list(found)) for city, found in groupby(within, key=lambda county: county.city)]


def county_name(code: str) -> str:
    """Return what a county is called, with its city before it; nothing for a code that the table does not have."""
    county = counties().get(code)
    if county is None:
        return ""
    return county.name if county.city in (county.name, "省直辖县") else f"{county.city}{county.name}"
