"""A household's own page: by its personal link, without a log-in, in large type, and nothing of anybody else."""

from typing import Any

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from ledger.credits.sharing.links import open_link
from ledger.credits.sharing.selectors import (
    funds_of,
    payouts_to,
    plans_now,
    shares_of_household,
    wholes_of,
)
from ledger.errors import DomainError
from ledger.parties.addresses import address_of
from ledger.parties.models import Household
from ledger.transparency.models import LogLeaf
from ledger.web.households import fields_of

SHARES_A_PAGE = 10
LANGUAGES = {"zh": "zh-hans", "en": "en"}


@never_cache
@require_safe
def household_link_page(request: HttpRequest, token: str) -> HttpResponse:
    """Show a household its fields, its shares, how they came about and what was paid; `lang` says in which language."""
    language = LANGUAGES.get(request.GET.get("lang", ""), translation.get_language() or "zh-hans")
    with translation.override(language):
        response = _page(request, token)
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Content-Language"] = language
    return response


def _page(request: HttpRequest, token: str) -> HttpResponse:
    try:
        household = open_link(token=token, address=address_of(request))
    except DomainError as error:
        response = render(request, "ledger/sharing/no_link.html", {"error": error}, status=error.status)
        if error.status == 429:
            response["Retry-After"] = str(error.params["seconds"])
        return response
    return render(request, "ledger/sharing/own.html", _context(request, household))


def _context(request: HttpRequest, household: Household) -> dict[str, Any]:
    page = Paginator(shares_of_household(household), SHARES_A_PAGE).get_page(request.GET.get("page"))
    shares = list(page.object_list)
    wholes = wholes_of([share.distribution_id for share in shares])
    records = [share.distribution.record_id for share in shares]
    places = dict(LogLeaf.objects.filter(record__in=records).values_list("record_id", "index"))
    fields = fields_of(household)
    return {
        "household": household,
        "cooperative": household.cooperative,
        "funds": funds_of(household),
        "fields": fields,
        "area_ha": sum(field.area_ha for field in fields),
        "plans": plans_now(household.cooperative),
        "page": page,
        "rows": [(share, wholes[share.distribution_id], places.get(share.distribution.record_id)) for share in shares],
        "payouts": payouts_to(household)[:SHARES_A_PAGE],
    }
