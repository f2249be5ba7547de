"""From practices on fields to tonnes of CO2e. Start with README.md."""

from collections.abc import Callable, Mapping
from decimal import Context, localcontext
from typing import Any

from ledger.quantification import rice_water, soil_carbon
from ledger.quantification.factors import factor_tables
from ledger.quantification.reading import InvalidInput
from ledger.quantification.sheet import CalculationSheet, Result, SheetLine

__all__ = [
    "METHODOLOGIES",
    "CalculationSheet",
    "InvalidInput",
    "Result",
    "SheetLine",
    "factor_tables",
    "quantify",
]

METHODOLOGIES: dict[str, Callable[[Mapping[str, Any]], CalculationSheet]] = {
    rice_water.NAME: rice_water.quantify,
    soil_carbon.NAME: soil_carbon.quantify,
}

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
        return METHODOLOGIES[methodology](case)
