"""From practices on fields to tonnes of CO2e. Start with README.md."""

from collections.abc import Mapping
from decimal import Context, localcontext
from types import MappingProxyType
from typing import Any

from ledger.quantification import rice_water, rice_water_2, soil_carbon, soil_measured
from ledger.quantification.factors import factor_tables
from ledger.quantification.methodologies import Methodology
from ledger.quantification.reading import InvalidInput
from ledger.quantification.sheet import CalculationSheet, Result, SheetLine

__all__ = [
    "METHODOLOGIES",
    "CalculationSheet",
    "InvalidInput",
    "Methodology",
    "Result",
    "SheetLine",
    "factor_tables",
    "quantify",
]

METHODOLOGIES: Mapping[str, Methodology] = MappingProxyType(
    {
        methodology.id: methodology
        for methodology in (
            rice_water.METHODOLOGY,
            rice_water_2.METHODOLOGY,
            soil_carbon.METHODOLOGY,
            soil_measured.METHODOLOGY,
        )
    }
)

DIGITS = 50


def quantify(case: Mapping[str, Any]) -> CalculationSheet:
    """Compute a case by its methodology, in decimals of 50 digits.

    Raises: InvalidInput, naming the field.
    """
    if not isinstance(case, Mapping):
        raise InvalidInput("", "a case is an object")
    methodology = case.get("methodology")
    if not isinstance(methodology, str) or methodology not in METHODOLOGIES:
        raise InvalidInput("methodology", f"must be one of {', '.join(sorted(METHODOLOGIES))}")
    with localcontext(Context(prec=DIGITS)):
        return METHODOLOGIES[methodology].quantify(case)
