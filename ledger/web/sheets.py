"""Lay a calculation sheet out for people: the result first, then each parcel with its lines, and each factor once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import IO, Any

from django.core.paginator import Page, Paginator
from django.utils.translation import gettext as _

from ledger.errors import SheetTooLong
from ledger.quantification import factor_tables
from ledger.quantification.intensity import Intensity, intensity_of
from ledger.quantification.sheet import factors_of
from ledger.quantification.soil_measured import STRATUM
from ledger.spreadsheets import BYTE_ORDER_MARK, csv_row, workbook_file
from ledger.web.words import FACTOR_STATES, RESULTS, SCENARIOS, SEASONS, SYMBOLS, chemical, word_for

PARCELS_A_PAGE = 30
# A workbook takes seconds by then; all of a longer sheet is in the CSV, which streams.
MAX_WORKBOOK_LINES = 50_000
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
    stored: list[Mapping[str, Any]] = field(default_factory=list)
    seasons: dict[str, SeasonLines] = field(default_factory=dict)

    @property
    def line_count(self) -> int:
        return len(self.stored)

    @property
    def name(self) -> str:
        """The parcel's code, or the stratum's name where the lines are those of a stratum."""
        if self.code.startswith(STRATUM):
            return _("Stratum %(name)s") % {"name": self.code.removeprefix(STRATUM)}
        return self.code


@dataclass(frozen=True, slots=True)
class Bar:
    """A row of a picture in bars: a width in percent of the longest, and a class that colours it."""

    text: str
    amount: Decimal
    width: str
    fill: str


@dataclass(frozen=True, slots=True)
class SheetView:
    """A page of a sheet. `factors` are those that its lines cite; `intensity` is None where no yields are known."""

    parcels: Page[ParcelLines]
    totals: list[Line]
    factors: list[CitedFactor]
    bars: list[Bar]
    result: Mapping[str, Any]
    intensity: Intensity | None
    has_workbook: bool


def view_sheet(
    sheet: Mapping[str, Any],
    settings: Mapping[str, Any],
    page: str | None = None,
    *,
    case: Mapping[str, Any] | None = None,
) -> SheetView:
    """Return a stored calculation sheet laid out for a page, the parcels of one page of it alone.

    With the case that it was computed from, the emission intensity stands beside it where yields are given.
    """
    parcels: dict[str, ParcelLines] = {}
    stored_totals = []
    for stored in sheet["lines"]:
        if not stored["parcel"]:
            stored_totals.append(stored)
            continue
        parcel = parcels.setdefault(stored["parcel"], ParcelLines(stored["parcel"]))
        parcel.stored.append(stored)
        _add_effect(parcel, stored)
    shown = Paginator(list(parcels.values()), PARCELS_A_PAGE).get_page(page)
    cited: dict[tuple[str, ...], CitedFactor] = {}
    for parcel in shown:
        for stored in parcel.stored:
            season = parcel.seasons.setdefault(stored["season"], SeasonLines(word_for(SEASONS, stored["season"])))
            season.lines.append(_line(stored, sheet, cited))
    return SheetView(
        parcels=shown,
        totals=[_line(stored, sheet, cited) for stored in stored_totals],
        factors=list(cited.values()),
        bars=bars_of(sheet["result"], settings),
        result=sheet["result"],
        intensity=intensity_of(case, sheet) if case else None,
        has_workbook=len(sheet["lines"]) <= MAX_WORKBOOK_LINES,
    )


def _line(stored: Mapping[str, Any], sheet: Mapping[str, Any], cited: dict[tuple[str, ...], CitedFactor]) -> Line:
    return Line(
        number=stored["number"],
        symbol=chemical(stored["symbol"]),
        meaning=word_for(SYMBOLS, stored["symbol"]),
        scenario=word_for(SCENARIOS, stored["scenario"]),
        equation=chemical(stored["equation"]),
        inputs={chemical(name): value for name, value in stored["inputs"].items()},
        factors=[_cite(symbol, factor, cited) for symbol, factor in factors_of(stored, sheet).items()],
        result=stored["result"],
        unit=chemical(stored["unit"]),
    )


def _cite(symbol: str, factor: Mapping[str, str], cited: dict[tuple[str, ...], CitedFactor]) -> CitedFactor:
    key = (
        symbol,
        factor["value"],
        chemical(factor.get("unit", "")),
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
    elif stored["symbol"] in ("ΔSOC", "ΔSOC/ha", "expected"):
        parcel.effect += Decimal(stored["result"])
    else:
        return
    parcel.effect_unit = stored["unit"]


def emissions_of(result: Mapping[str, Any], settings: Mapping[str, Any]) -> tuple[Decimal, Decimal] | None:
    """Return what was emitted before and in the project, or None where a methodology counts stocks instead.

    Units: t CO2e. What the project adds in nitrous oxide, leakage and inputs counts as emitted in it.
    """
    if "ch4_baseline_kg" not in result:
        return None
    gwp = factor_tables()[f"gwp_{settings['gwp']}", "ch4", ""].value
    added = sum(
        (Decimal(result.get(f"{what}_t_co2e", 0)) for what in ("n2o_increase", "leakage", "inputs_increase")),
        Decimal(0),
    )
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
        yield csv_row(
            [
                *(line[key] for key in ("number", "parcel", "season", "scenario", "symbol", "equation")),
                *_terms(line, sheet),
                *(line["result"], line["unit"]),
            ]
        )


def _terms(line: Mapping[str, Any], sheet: Mapping[str, Any]) -> tuple[str, str]:
    """Return a line's inputs and its factors with their sources, each as one text."""
    inputs = "; ".join(f"{name} = {value}" for name, value in line["inputs"].items())
    factors = "; ".join(
        f"{name} = {factor['value']} ({factor.get('source', '')})" for name, factor in factors_of(line, sheet).items()
    )
    return inputs, factors


def workbook_of(sheet: Mapping[str, Any]) -> IO[bytes]:
    """Write a sheet as a workbook: what it comes to, all lines, and each factor once. Results are numbers to reckon with, and
    beside them texts with every digit.

    Raises: SheetTooLong.
    """
    if len(sheet["lines"]) > MAX_WORKBOOK_LINES:
        raise SheetTooLong(most=MAX_WORKBOOK_LINES)
    factors: dict[tuple[str, ...], int] = {}
    return workbook_file(
        [
            (_("What it comes to"), _result_rows(sheet)),
            (_("Lines"), _line_rows(sheet, factors)),
            (_("Factors"), _factor_rows(factors)),
        ]
    )


def _result_rows(sheet: Mapping[str, Any]) -> Iterator[list[object]]:
    yield [_("Methodology"), sheet["methodology"]]
    for key, value in sheet["result"].items():
        yield [word_for(RESULTS, key), float(value), str(value), key]


def _line_rows(sheet: Mapping[str, Any], factors: dict[tuple[str, ...], int]) -> Iterator[list[object]]:
    """Yield the lines, and give each factor that they cite a number on the way."""
    yield [
        *(_("Line"), _("Parcel"), _("Season"), _("When"), _("Symbol"), _("What"), _("Equation"), _("Inputs")),
        *(_("Factors"), _("Result"), _("Unit"), _("Result, every digit")),
    ]
    for line in sheet["lines"]:
        inputs = "; ".join(f"{name} = {value}" for name, value in line["inputs"].items())
        numbered = []
        for symbol, factor in factors_of(line, sheet).items():
            texts = tuple(factor.get(name, "") for name in ("value", "unit", "source", "status"))
            number = factors.setdefault((symbol, *texts), len(factors) + 1)
            numbered.append(f"{symbol} = {factor['value']} [{number}]")
        yield [
            line["number"],
            line["parcel"],
            word_for(SEASONS, line["season"]),
            word_for(SCENARIOS, line["scenario"]),
            chemical(line["symbol"]),
            word_for(SYMBOLS, line["symbol"]),
            chemical(line["equation"]),
            inputs,
            "; ".join(numbered),
            float(line["result"]),
            chemical(line["unit"]),
            line["result"],
        ]


def _factor_rows(factors: Mapping[tuple[str, ...], int]) -> Iterator[list[object]]:
    yield [_("No."), _("Factor"), _("Value"), _("Unit"), _("Source"), _("How far it is checked")]
    for (symbol, value, unit, source, status), number in factors.items():
        yield [number, symbol, float(value), unit, source, word_for(FACTOR_STATES, status)]
