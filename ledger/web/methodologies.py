"""Methodologies in public: what each is for, its equations, and every factor with its source and how far it is checked."""

from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ledger.quantification import METHODOLOGIES, Methodology
from ledger.quantification.factors import Factor, rows_of
from ledger.web import words
from ledger.web.forms.samples import example_table

# What a factor is of, by the word lists of the pages; other keys are shown as they are.
KEY_WORDS = {
    "ef_c": words.REGIONS,
    "sf_w": words.WATER,
    "ef1_fr": words.WATER,
    "sf_p": words.PRESEASON,
    "cfoa": words.AMENDMENTS,
    "soc_reference": words.SOILS,
    "f_lu": words.LAND_USES,
    "f_mg": words.TILLAGE,
    "f_i": words.INPUTS,
    "ncv": words.FUELS,
    "density": words.FUELS,
    "ef_fuel_co2": words.FUELS,
    "ef_fuel_ch4": words.FUELS,
    "ef_fuel_n2o": words.FUELS,
}
ZONE_WORDS = words.CLIMATES | words.NITROGEN_CLIMATES


@dataclass(frozen=True, slots=True)
class Described:
    """A methodology in people's words."""

    methodology: Methodology
    name: str
    purpose: str

    @property
    def symbol(self) -> str:
        return "sprout" if self.methodology.is_reversible else "droplets"

    @property
    def components(self) -> list[str]:
        return [words.word_for(words.COMPONENTS, name) for name in self.methodology.components]

    @property
    def settings(self) -> list[str]:
        return [words.word_for(words.SETTINGS, name) for name in self.methodology.settings]


@dataclass(frozen=True, slots=True)
class FactorRow:
    key: str
    zone: str
    factor: Factor
    state: str

    @property
    def interval(self) -> str:
        """The 95 % interval, or its half-width in percent of the value; empty where none is given."""
        if self.factor.low is not None and self.factor.high is not None:
            return f"{self.factor.low} – {self.factor.high}"
        return f"± {self.factor.u95_percent} %" if self.factor.u95_percent is not None else ""


@dataclass(frozen=True, slots=True)
class FactorTable:
    name: str
    meaning: str
    rows: list[FactorRow]

    @property
    def unchecked(self) -> int:
        return sum(not row.factor.is_checked for row in self.rows)


@require_safe
def methodology_list(request: HttpRequest) -> HttpResponse:
    """List the methodologies, each version for itself."""
    return render(request, "ledger/methodologies/list.html", {"methodologies": described()})


@require_safe
def methodology_page(request: HttpRequest, methodology_id: str) -> HttpResponse:
    """Show a methodology: what it includes, its equations, and every factor."""
    if methodology_id not in METHODOLOGIES:
        raise Http404
    tables = _tables(METHODOLOGIES[methodology_id])
    context = {
        "one": _describe(METHODOLOGIES[methodology_id]),
        "equations": [
            (equation, words.word_for(words.SYMBOLS, equation.symbol))
            for equation in METHODOLOGIES[methodology_id].equations
        ],
        "tables": tables,
        "factor_count": sum(len(table.rows) for table in tables),
        "unchecked": sum(table.unchecked for table in tables),
    }
    return render(request, "ledger/methodologies/page.html", context)


@require_safe
def samples_example(request: HttpRequest) -> StreamingHttpResponse:
    """Hand out an empty table for soil samples, with one point as an example."""
    return StreamingHttpResponse(
        example_table(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": 'attachment; filename="samples.csv"'},
    )


def described() -> list[Described]:
    """Return the methodologies in people's words, current ones first."""
    return [_describe(one) for one in sorted(METHODOLOGIES.values(), key=lambda one: not one.is_current)]


def _describe(methodology: Methodology) -> Described:
    name, purpose = (words.word_for(called, methodology.id) for called in (words.METHODOLOGIES, words.PURPOSES))
    return Described(methodology, name, purpose)


def _tables(methodology: Methodology) -> list[FactorTable]:
    return [
        FactorTable(name, words.word_for(words.TABLES, name), [_row(factor) for factor in rows_of(name)])
        for name in methodology.tables
    ]


def _row(factor: Factor) -> FactorRow:
    return FactorRow(
        key=words.word_for(KEY_WORDS.get(factor.table, {}) | words.FACTOR_KEYS, factor.key),
        zone=words.word_for(ZONE_WORDS, factor.climate_zone),
        factor=factor,
        state=words.word_for(words.FACTOR_STATES, factor.status),
    )
