"""Lay a calculation sheet out for people: the result first, then each parcel with its lines, and each factor once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.core.paginator import Page, Paginator
from django.utils.translation import gettext as _

from ledger.quantification import factor_tables
from ledger.spreadsheets import BYTE_ORDER_MARK, csv_row
from ledger.web.words import FACTOR_STATES, SCENARIOS, SEASONS, SYMBOLS, word_for

PARCELS_A_PAGE = 30
KG_PER_T = Decimal(1000)


@dataclass(frozen=True, slots=True)
class CitedFactor:
    """A factor as a line uses it; `reference` is its place in the list of sources."""

    reference: int
    symbol: str
    value: str
    unit: str
    source: str
    state: str


@dataclass(frozen=True, slots=True)
class Line:
    number: int
    symbol: str
    meaning: str
    scenario: str
    equation: str
    inputs: Mapping[str, str]
    factors: list[CitedFactor]
    result: str
    unit: str


@dataclass(slots=True)
class SeasonLines:
    name: str
    lines: list[Line] = field(default_factory=list)


@dataclass(slots=True)
class ParcelLines:
    """A parcel's part of the sheet; `effect` is what its practices change, in `effect_unit`."""

    code: str
    effect: Decimal = Decimal(0)
    effect_unit: str = ""
    seasons: dict[str, SeasonLines] = field(default_factory=dict)

    @property
    def line_count(self) -> int:
        return sum(len(season.lines) for season in self.seasons.values())


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of a picture in bars: a width in percent of the longest, and a class that colours it."""

    text: str
    amount: Decimal
    width: str
    fill: str


@dataclass(frozen=True, slots=True)
class SheetView:
    parcels: Page[ParcelLines]
    totals: list[Line]
    factors: list[CitedFactor]
    bars: list[Bar]
    result: Mapping[str, Any]


def view_sheet(sheet: Mapping[str, Any], settings: Mapping[str, Any], page: str | None = None) -> SheetView:
    """Return a stored calculation sheet laid out for a page, the parcels of one page of it alone."""
    parcels: dict[str, ParcelLines] = {}
    cited: dict[tuple[str, ...], CitedFactor] = {}
    totals: list[Line] = []
    for stored in sheet["lines"]:
        line = _line(stored, cited)
        if not stored["parcel"]:
            totals.append(line)
            continue
        parcel = parcels.setdefault(stored["parcel"], ParcelLines(stored["parcel"]))
        season = parcel.seasons.setdefault(stored["season"], SeasonLines(word_for(SEASONS, stored["season"])))
        season.lines.append(line)
        _add_effect(parcel, stored)
    shown = Paginator(list(parcels.values()), PARCELS_A_PAGE).get_page(page)
    return SheetView(shown, totals, list(cited.values()), bars_of(sheet["result"], settings), sheet["result"])


def _line(stored: Mapping[str, Any], cited: dict[tuple[str, ...], CitedFactor]) -> Line:
    return Line(
        number=stored["number"],
        symbol=_formulas(stored["symbol"]),
        meaning=word_for(SYMBOLS, stored["symbol"]),
        scenario=word_for(SCENARIOS, stored["scenario"]),
        equation=_formulas(stored["equation"]),
        inputs={_formulas(name): value for name, value in stored["inputs"].items()},
        factors=[_cite(symbol, factor, cited) for symbol, factor in stored["factors"].items()],
        result=stored["result"],
        unit=_formulas(stored["unit"]),
    )


def _formulas(text: str) -> str:
    """Return a text with its chemical formulas as they are printed."""
    for plain, printed in (("CO2", "CO₂"), ("CH4", "CH₄"), ("N2O", "N₂O")):
        text = text.replace(plain, printed)
    return text


def _cite(symbol: str, factor: Mapping[str, str], cited: dict[tuple[str, ...], CitedFactor]) -> CitedFactor:
    key = (
        symbol,
        factor["value"],
        _formulas(factor.get("unit", "")),
        factor.get("source", ""),
        factor.get("status", ""),
    )
    if key not in cited:
        cited[key] = CitedFactor(len(cited) + 1, *key[:4], state=word_for(FACTOR_STATES, key[4]))
    return cited[key]


def _add_effect(parcel: ParcelLines, stored: Mapping[str, Any]) -> None:
    if stored["symbol"] == "CH4":
        sign = 1 if stored["scenario"] == "baseline" else -1
        parcel.effect += sign * Decimal(stored["result"])
    elif stored["symbol"] == "ΔSOC":
        parcel.effect += Decimal(stored["result"])
    else:
        return
    parcel.effect_unit = stored["unit"]


def emissions_of(result: Mapping[str, Any], settings: Mapping[str, Any]) -> tuple[Decimal, Decimal] | None:
    """Return what was emitted before and in the project, or None where a methodology counts stocks instead.

    Units: t CO2e. What the project adds in nitrous oxide and leakage counts as emitted in it.
    """
    if "ch4_baseline_kg" not in result:
        return None
    gwp = factor_tables()[f"gwp_{settings['gwp']}", "ch4", ""].value
    added = Decimal(result["n2o_increase_t_co2e"]) + Decimal(result["leakage_t_co2e"])
    before = Decimal(result["ch4_baseline_kg"]) / KG_PER_T * gwp
    return before, Decimal(result["ch4_project_kg"]) / KG_PER_T * gwp + added


def bars_of(result: Mapping[str, Any], settings: Mapping[str, Any]) -> list[Bar]:
    """Return a result as bars, from what was emitted to what counts."""
    emissions = emissions_of(result, settings)
    net = Decimal(result["net_t"])
    if emissions is None:
        gross = Decimal(result["gross_t_co2e"])
        rows = [(_("Taken up by the soil"), gross, "fill-water")]
    else:
        before, after = emissions
        gross = before - after
        rows = [
            (_("Emitted before the project"), before, "fill-grain"),
            (_("Emitted in the project"), after, "fill-water"),
        ]
    rows += [
        (_("Taken off for uncertainty and rounding"), max(gross - net, Decimal(0)), "fill-line"),
        (_("Net reduction"), net, "fill-paddy"),
    ]
    longest = max(max(amount for _text, amount, _fill in rows), Decimal(1))
    return [Bar(text, amount, f"{max(amount, Decimal(0)) * 100 / longest:.2f}", fill) for text, amount, fill in rows]


def csv_lines(sheet: Mapping[str, Any]) -> Iterator[str]:
    """Write a sheet as CSV, a row a line, every digit kept. A mark at the start lets Excel read Chinese."""
    yield BYTE_ORDER_MARK
    yield csv_row(
        ["number", "parcel", "season", "scenario", "symbol", "equation", "inputs", "factors", "result", "unit"],
    )
    for line in sheet["lines"]:
        inputs = "; ".join(f"{name} = {value}" for name, value in line["inputs"].items())
        factors = "; ".join(
            f"{name} = {factor['value']} ({factor.get('source', '')})" for name, factor in line["factors"].items()
        )
        yield csv_row(
            [
                *(line[key] for key in ("number", "parcel", "season", "scenario", "symbol", "equation")),
                *(inputs, factors, line["result"], line["unit"]),
            ]
        )
