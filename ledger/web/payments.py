"""Money in: how to pay in, and what became of each payment."""

from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ledger.parties.models import Membership
from ledger.web.doors import for_members

PAYMENTS_A_PAGE = 20


@require_safe
@for_members
def payments(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Say how to pay in, and show one's payments."""
    if not membership.organisation.holds_assets:
        raise Http404
    found = membership.organisation.payments.select_related("bank_account").order_by("-id")
    context = {"page": Paginator(found, PAYMENTS_A_PAGE).get_page(request.GET.get("page"))}
    return render(request, "ledger/payments/payments.html", context)
