"""Pages of the public that cost the most: searches and downloads, as often as an address may ask for them."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ledger.errors import RateLimited
from ledger.parties.addresses import address_of
from ledger.parties.rates import DOWNLOADS, SEARCHES, from_address, require_budget

GetResponse = Callable[[HttpRequest], HttpResponse]

# Lists that search where something is asked for, and pages that always do.
LISTS = frozenset(
    {"projects", "projects_map", "projects_map_json", "batches", "retirements", "references", "dual_carbon"}
)
LIMITED = {
    "trace_search": SEARCHES,
    "trace": SEARCHES,
    "download": DOWNLOADS,
    "dump": DOWNLOADS,
    "dual_carbon_csv": DOWNLOADS,
    "certificate_pdf": DOWNLOADS,
    "cancellation_pdf": DOWNLOADS,
    "project_calculation": DOWNLOADS,
    "project_workbook": DOWNLOADS,
    "report_calculation": DOWNLOADS,
    "report_workbook": DOWNLOADS,
}


class PageRates:
    """Refuse an address that searches, or downloads, too much."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, _view: Any, _args: Any, _kwargs: Any) -> HttpResponse | None:
        budget = _budget_of(request)
        if budget is None:
            return None
        try:
            require_budget(budget, from_address(address_of(request)))
        except RateLimited as error:
            response = render(request, "error.html", {"error": error}, status=error.status)
            response["Retry-After"] = str(error.params["seconds"])
            return response
        return None


def _budget_of(request: HttpRequest) -> str | None:
    name = request.resolver_match.url_name if request.resolver_match else None
    if name in LISTS:
        return SEARCHES if request.META.get("QUERY_STRING") else None
    return LIMITED.get(name or "")
