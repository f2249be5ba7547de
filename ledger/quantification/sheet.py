"""The calculation sheet: every line with its equation, inputs, factors, result and unit, so that anyone can do it again.

A stored sheet cites factors in one of two ways. The first methodologies (rice-water-1, soc-tier1-1) write each factor out on
each line, and keep doing so: stored sheets are hashed into the log, and must come to the same bytes when they are computed
again. Later ones list each factor once, under `factors`, and lines name it by its number, which makes a sheet of ten thousand
parcels less than half as long. `factors_of` reads both.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from ledger.quantification.factors import Factor


@dataclass(frozen=True, slots=True)
class SheetLine:
    """One step. `scenario` is baseline, project, both or empty; inputs and factors are by their symbols."""

    number: int
    parcel: str
    season: str
    scenario: str
    symbol: str
    equation: str
    inputs: dict[str, str]
    factors: dict[str, dict[str, str]]
    result: Decimal
    unit: str

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON. Written out: a sheet of ten thousand parcels has 200,000 lines, and `asdict` copies deeply."""
        return {
            "number": self.number,
            "parcel": self.parcel,
            "season": self.season,
            "scenario": self.scenario,
            "symbol": self.symbol,
            "equation": self.equation,
            "inputs": self.inputs,
            "factors": self.factors,
            "result": str(self.result),
            "unit": self.unit,
        }


@dataclass(frozen=True, slots=True)
class Result:
    """What a case comes to. Units: t CO2e, kg CH4, percent; whole tonnes."""

    gross_t_co2e: Decimal
    uncertainty_percent: Decimal
    uncertainty_factor: Decimal
    net_t: int
    buffer_t: int
    issuable_t: int
    ch4_baseline_kg: Decimal | None = None
    ch4_project_kg: Decimal | None = None
    n2o_increase_t_co2e: Decimal | None = None
    leakage_t_co2e: Decimal | None = None
    inputs_increase_t_co2e: Decimal | None = None
    half_width_t_co2e: Decimal | None = None
    detectable_t_co2e: Decimal | None = None
    expected_t: int | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON: decimals as strings, what the methodology does not have left out."""
        return {
            key: str(value) if isinstance(value, Decimal) else value
            for key, value in asdict(self).items()
            if value is not None
        }


@dataclass(frozen=True, slots=True)
class CalculationSheet:
    """A case, computed. `cites_by_number` where factors are listed once instead of on every line."""

    methodology: str
    lines: tuple[SheetLine, ...]
    result: Result
    cites_by_number: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON, the same bytes for the same case."""
        sheet: dict[str, Any] = {"methodology": self.methodology}
        if self.cites_by_number:
            numbers: dict[int, int] = {}
            sheet["lines"] = [line.as_dict() | {"factors": _numbered(line, numbers)} for line in self.lines]
            sheet["factors"] = self._cited(numbers)
        else:
            sheet["lines"] = [line.as_dict() for line in self.lines]
        sheet["result"] = self.result.as_dict()
        return sheet

    def _cited(self, numbers: Mapping[int, int]) -> list[dict[str, str]]:
        """Return each factor once, at the place that its number names; a factor's citation is one object on all lines."""
        by_number = {numbers[id(cited)]: cited for line in self.lines for cited in line.factors.values()}
        return [by_number[number] for number in sorted(by_number)]


def _numbered(line: SheetLine, numbers: dict[int, int]) -> dict[str, int]:
    return {symbol: numbers.setdefault(id(cited), len(numbers)) for symbol, cited in line.factors.items()}


def factors_of(line: Mapping[str, Any], sheet: Mapping[str, Any]) -> dict[str, Mapping[str, str]]:
    """Return the factors that a line of a stored sheet cites, in full, whichever way the sheet cites them."""
    listed = sheet.get("factors")
    if listed is None:
        return dict(line["factors"])
    return {symbol: listed[number] for symbol, number in line["factors"].items()}


@dataclass(slots=True)
class SheetWriter:
    """Takes lines down while a methodology computes."""

    lines: list[SheetLine] = field(default_factory=list)

    def write(
        self,
        symbol: str,
        equation: str,
        result: Decimal,
        unit: str,
        *,
        where: tuple[str, str, str] = ("", "", ""),
        inputs: dict[str, Any] | None = None,
        factors: dict[str, Factor] | None = None,
    ) -> Decimal:
        """Take a line down and return its result; `where` is parcel, season and scenario."""
        parcel, season, scenario = where
        self.lines.append(
            SheetLine(
                number=len(self.lines) + 1,
                parcel=parcel,
                season=season,
                scenario=scenario,
                symbol=symbol,
                equation=equation,
                inputs={name: str(value) for name, value in (inputs or {}).items()},
                factors={name: factor.cited for name, factor in (factors or {}).items()},
                result=result,
                unit=unit,
            )
        )
        return result


def whole_tonnes(amount: Decimal) -> int:
    """Return an amount in whole tonnes. Rounding: down."""
    return int(amount.to_integral_value(rounding=ROUND_FLOOR))
