"""The factor tables: CSV files, each value with its source, its interval and whether it has been checked."""

import csv
import functools
from dataclasses import dataclass
from decimal import Decimal
from importlib import resources


class UnknownFactor(KeyError):
    """A table has no such value."""


@dataclass(frozen=True)
class Factor:
    """A value of a table. `low` and `high` bound the 95 % interval, or `u95_percent` is its half-width in percent."""

    table: str
    key: str
    climate_zone: str
    value: Decimal
    low: Decimal | None
    high: Decimal | None
    u95_percent: Decimal | None
    unit: str
    source: str
    status: str

    @property
    def half_width(self) -> Decimal:
        """Half the width of the 95 % interval, in the factor's unit."""
        if self.low is None or self.high is None:
            return Decimal(0)
        return (self.high - self.low) / 2

    @functools.cached_property
    def cited(self) -> dict[str, str]:
        """The factor as a line of a sheet cites it; one object, however many lines do."""
        cited = {"value": str(self.value), "unit": self.unit, "source": self.source, "status": self.status}
        return {name: text for name, text in cited.items() if text}

    @property
    def is_checked(self) -> bool:
        """Whether the value has been compared with a source other than somebody's memory."""
        return "memory" not in self.status


@functools.cache
def factor_tables() -> dict[tuple[str, str, str], Factor]:
    """Return every factor by table, key and climate zone ("" where the table has none)."""
    found: dict[tuple[str, str, str], Factor] = {}
    folder = resources.files(__package__) / "factors"
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if not file.name.endswith(".csv"):
            continue
        for row in csv.DictReader(file.read_text(encoding="utf-8").splitlines()):
            factor = _factor(row)
            found[factor.table, factor.key, factor.climate_zone] = factor
    return found


@functools.cache
def factor(table: str, key: str, climate_zone: str = "") -> Factor:
    """Return one value.

    Raises: UnknownFactor.
    """
    try:
        return factor_tables()[table, key, climate_zone]
    except KeyError:
        raise UnknownFactor(f"{table} has no {key} {climate_zone}".strip()) from None


@functools.cache
def keys_of(table: str) -> frozenset[str]:
    """Return the keys that a table has."""
    return frozenset(key for name, key, _zone in factor_tables() if name == table)


def _factor(row: dict[str, str]) -> Factor:
    return Factor(
        table=row["table"],
        key=row["key"],
        climate_zone=row["climate_zone"],
        value=Decimal(row["value"]),
        low=_optional(row["low"]),
        high=_optional(row["high"]),
        u95_percent=_optional(row["u95_percent"]),
        unit=row["unit"],
        source=row["source"],
        status=row["status"],
    )


def _optional(text: str) -> Decimal | None:
    return Decimal(text) if text else None


def rows_of(*tables: str) -> list[Factor]:
    """Return all values of some tables, in the order of the tables' names here and of their rows in the files."""
    return [found for table in tables for found in factor_tables().values() if found.table == table]
