"""Pages that cost the most: searches and downloads by address; and whatever is sent, by its person, or by address."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ledger.errors import RateLimited
from ledger.parties.addresses import address_of
from ledger.parties.rates import DOWNLOADS, SEARCHES, UPLOADS, WRITES, caller_of, from_address, require_budget

GetResponse = Callable[[HttpRequest], HttpResponse]

READING = ("GET", "HEAD", "OPTIONS")
API = "/api/"
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
    """Refuse who searches, downloads or sends too much. The API counts for itself (ledger/api/endpoints.py)."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, _view: Any, _args: Any, _kwargs: Any) -> HttpResponse | None:
        try:
            _spend(request)
        except RateLimited as error:
            response = render(request, "error.html", {"error": error}, status=error.status)
            response["Retry-After"] = str(error.params["seconds"])
            return response
        return None


def _spend(request: HttpRequest) -> None:
    """Take from what a request uses up: its sender's writes and uploads, or its address' searches and downloads.

    Raises: RateLimited.
    """
    address = address_of(request)
    if request.method not in READING and not request.path_info.startswith(API):
        # Whoever sends is looked up in any case: a form has its token.
        sender = caller_of(request.user, address)
        require_budget(WRITES, sender)
        if (request.content_type or "").startswith("multipart/"):
            require_budget(UPLOADS, sender)
    budget = _budget_of(request)
    if budget is not None:
        require_budget(budget, from_address(address))


def _budget_of(request: HttpRequest) -> str | None:
    name = request.resolver_match.url_name if request.resolver_match else None
    if name in LISTS:
        return SEARCHES if request.META.get("QUERY_STRING") else None
    return LIMITED.get(name or "")
