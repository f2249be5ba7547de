"""A methodology as an object: what it is called, since when it holds, what it includes, and how it computes."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from ledger.quantification.sheet import CalculationSheet

# The words of CAD Trust's pick-lists (Chia-Network/cadt, data model 1): sector and project type.
LAND_USE = "Agriculture Forestry and Other Land Use (AFOLU)"
METHANE_AVOIDANCE = "Methane avoidance"
AGRICULTURE = "Agriculture"
SMALL_SCALE_T = 60_000
"""Source: CDM simplified modalities for small-scale activities, type III; AMS-III.AU §2."""


@dataclass(frozen=True, slots=True)
class Equation:
    """One step of a methodology: the symbol of its lines in a sheet, where it is from, and the formula."""

    symbol: str
    reference: str
    formula: str


@dataclass(frozen=True, slots=True)
class Methodology:
    """A version of a methodology. A published one never changes: what is to change becomes a version of its own.

    A version that another one supersedes stays: projects registered under it are computed by it to their end.
    `quantify` is called by `ledger.quantification.quantify`, which sets the digits.
    Units: t CO2e a year (`small_scale_limit_t`), years (`most_years`: how long it may credit a change of practice).
    """

    id: str
    version: int
    title: str
    source: str
    valid_from: dt.date
    sector: str
    project_type: str
    settings: tuple[str, ...]
    equations: tuple[Equation, ...]
    tables: tuple[str, ...]
    quantify: Callable[[Mapping[str, Any]], CalculationSheet]
    superseded_by: str = ""
    components: tuple[str, ...] = ()
    small_scale_limit_t: int | None = None
    is_reversible: bool = False
    most_years: int | None = None

    @property
    def is_small_scale(self) -> bool:
        return self.small_scale_limit_t is not None

    @property
    def is_current(self) -> bool:
        return not self.superseded_by
