"""The calculation sheet: every line with its equation, inputs, factors, result and unit, so that anyone can do it again."""

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

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON: decimals as strings, what the methodology does not have left out."""
        return {
            key: str(value) if isinstance(value, Decimal) else value
            for key, value in asdict(self).items()
            if value is not None
        }


@dataclass(frozen=True, slots=True)
class CalculationSheet:
    methodology: str
    lines: tuple[SheetLine, ...]
    result: Result

    def as_dict(self) -> dict[str, Any]:
        """Return it for JSON, the same bytes for the same case."""
        return {
            "methodology": self.methodology,
            "lines": [asdict(line) | {"result": str(line.result)} for line in self.lines],
            "result": self.result.as_dict(),
        }


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
                factors={name: _cite(factor) for name, factor in (factors or {}).items()},
                result=result,
                unit=unit,
            )
        )
        return result


def whole_tonnes(amount: Decimal) -> int:
    """Return an amount in whole tonnes. Rounding: down."""
    return int(amount.to_integral_value(rounding=ROUND_FLOOR))


def _cite(factor: Factor) -> dict[str, str]:
    cited = {
        "value": str(factor.value),
        "unit": factor.unit,
        "source": factor.source,
        "status": factor.status,
    }
    return {name: text for name, text in cited.items() if text}
