"""What farmland has come to, by year, county and practice, on the country's way to 2030 and 2060."""

from collections.abc import Iterator, Sequence

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from ledger.projects.counties import county_name
from ledger.quantification import METHODOLOGIES
from ledger.registry.models import CarbonTotal
from ledger.registry.totals import OLDEST_MINUTES, Sums, TotalTerms, all_sums, computed_at, sums_by
from ledger.spreadsheets import BYTE_ORDER_MARK, csv_row
from ledger.web import words
from ledger.web.downloads import answer
from ledger.web.kept import kept_for_visitors
from ledger.web.overview import draw_years

COUNTIES_SHOWN = 200
FIELDS = (
    "measure",
    "province_code",
    "province",
    "county_code",
    "county",
    "year",
    "methodology",
    "quantity_t",
    "entries",
)


@require_safe
@kept_for_visitors
def dual_carbon(request: HttpRequest) -> HttpResponse:
    """Show tonnes issued and retired by year, practice, province and county."""
    terms = _terms(request)
    years = sums_by("year", terms)
    counties = [each for each in sums_by("county_code", terms) if each.key] if terms.province else []
    context = {
        "terms": terms,
        "years": years,
        "picture": draw_years(years),
        "issued_t": sum(each.issued_t for each in years),
        "retired_t": sum(each.retired_t for each in years),
        "practices": _named(sums_by("methodology", terms), words.METHODOLOGIES),
        "provinces": _named(sums_by("province_code", TotalTerms(methodology=terms.methodology)), words.PROVINCES),
        "counties": [(each, county_name(each.key) or each.key) for each in counties[:COUNTIES_SHOWN]],
        "not_shown": len(counties[COUNTIES_SHOWN:]),
        "place": (county_name(terms.county) or terms.county)
        if terms.county
        else words.word_for(words.PROVINCES, terms.province),
        "practice": words.word_for(words.METHODOLOGIES, terms.methodology),
        "computed_at": computed_at(),
        "oldest_minutes": OLDEST_MINUTES,
        "query": request.GET.urlencode(),
    }
    return render(request, "ledger/registry/dual_carbon.html", context)


def _named(sums: Sequence[Sums], called: words.Words) -> list[tuple[Sums, str]]:
    return [(each, words.word_for(called, each.key)) for each in sums]


def _terms(request: HttpRequest) -> TotalTerms:
    """Return what is asked for; what is none says nothing."""
    asked = request.GET.get
    province, county, methodology = asked("province", ""), asked("county", ""), asked("methodology", "")
    is_county = county.isascii() and county.isdigit() and len(county) == 6
    return TotalTerms(
        province if province in words.PROVINCES else county[:2] if is_county else "",
        county if is_county else "",
        methodology if methodology in METHODOLOGIES else "",
    )


@require_safe
def dual_carbon_csv(request: HttpRequest) -> HttpResponseBase:
    """Hand out every sum as CSV."""
    return answer(request, "tianhui-dual-carbon.csv", "csv", lambda: _lines(all_sums(_terms(request))))


def _lines(sums: Sequence[CarbonTotal]) -> Iterator[bytes]:
    yield (BYTE_ORDER_MARK + csv_row(FIELDS)).encode()
    for each in sums:
        row = (
            each.measure,
            each.province_code,
            words.word_for(words.PROVINCES, each.province_code),
            each.county_code,
            (county_name(each.county_code) or each.county_code) if each.county_code else _("not given"),
            each.year,
            each.methodology,
            each.quantity_t,
            each.row_count,
        )
        yield csv_row(row).encode()
