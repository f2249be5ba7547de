"""What sales have brought: the money by its ways, from the market to the households and the bank."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from ledger.credits.sharing.selectors import payable_fen, plans_now, waiting_of
from ledger.journal.selectors import cash_account
from ledger.parties.models import Membership, Organisation
from ledger.web.doors import for_members
from ledger.web.rights import may_withdraw
from trading.marketdata.proceeds import Sold, moved_in, seasons_of, sold_by, total
from trading.markets.models import Market

SEASONS_SHOWN = 12


@require_safe
@for_members
def proceeds(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Show what was sold in a year, what of it went where, what there is now, and how each issuance has fared."""
    organisation = membership.organisation
    if not organisation.holds_assets:
        raise Http404
    sold = sold_by(organisation)
    years = sorted({each.year for each in sold} | {timezone.localdate().year}, reverse=True)
    wanted = request.GET.get("year", "")
    year = next((each for each in years if str(each) == wanted), years[0])
    chosen = [each for each in sold if each.year == year]
    context = {
        "organisation": organisation,
        "years": years,
        "year": year,
        "rows": _with_batches(chosen),
        "total": total(chosen),
        "ever": total(sold),
        "moved": moved_in(organisation, year),
        "cash": cash_account(organisation),
        "may_withdraw": may_withdraw(membership),
        "seasons": seasons_of(organisation, sold, SEASONS_SHOWN),
        **_sharing(organisation),
    }
    return render(request, "trading/proceeds.html", context)


def _with_batches(sold: list[Sold]) -> list[tuple[Sold, Market]]:
    markets = Market.objects.select_related("asset__batch__project").in_bulk([each.market_id for each in sold])
    return [(each, markets[each.market_id]) for each in sold]


def _sharing(organisation: Organisation) -> dict[str, Any]:
    """Return what of the money is the households': only cooperatives have any."""
    if organisation.kind != Organisation.Kind.COOPERATIVE:
        return {}
    payable, payees = payable_fen(organisation)
    return {
        "shares": True,
        "plans": plans_now(organisation),
        "waiting": waiting_of(organisation),
        "payable_fen": payable,
        "payees": payees,
    }
