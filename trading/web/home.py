"""The home page: what this is, how far it has come, and where each kind of user begins."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ledger.credits import selectors as credits
from ledger.journal.models import Account, Asset
from ledger.journal.selectors import holdings
from ledger.parties.models import Organisation
from ledger.projects import selectors as projects
from ledger.web.doors import reader_of
from trading.marketdata import selectors
from trading.orders.selectors import open_orders_of
from trading.web import charts

RETIREMENTS = 5
OPEN_ORDERS = 5


@dataclass(frozen=True, slots=True)
class Figures:
    """How far the registry has come. Units: tonnes; the expected ones a year."""

    expected_t: int
    issued_t: int
    traded_t: int
    retired_t: int


@dataclass(frozen=True, slots=True)
class Possessions:
    """What an organisation has, over all vintages. Units: fen, tonnes."""

    cash_available_fen: int
    cash_held_fen: int
    credits_available_t: int
    credits_held_t: int


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show the home page, and to members of an organisation that trades what it has."""
    membership = reader_of(request)
    context: dict[str, Any] = {
        "pilot": projects.registered_projects().first(),
        "figures": Figures(
            expected_t=projects.expected_t(),
            issued_t=credits.issued_t(),
            traded_t=selectors.traded_t(),
            retired_t=credits.retired_t(),
        ),
        "retirements": credits.retirements()[:RETIREMENTS],
    }
    if (market := selectors.market_traded_last()) is not None:
        context["quote"] = selectors.quote(market)
        context["chart"] = charts.price_chart(list(selectors.tape(market, charts.CHART_TRADES)))
    if membership is not None and membership.organisation.holds_assets:
        context["possessions"] = _possessions(membership.organisation)
        context["open_orders"] = open_orders_of(membership.organisation)[:OPEN_ORDERS]
    return render(request, "trading/home.html", context)


def _possessions(organisation: Organisation) -> Possessions:
    accounts = list(holdings(organisation))
    cash = [account for account in accounts if account.asset.kind == Asset.Kind.CASH]
    tonnes = [account for account in accounts if account.asset.kind == Asset.Kind.CREDIT]
    return Possessions(*_sums(cash), *_sums(tonnes))


def _sums(accounts: list[Account]) -> tuple[int, int]:
    return sum(account.available for account in accounts), sum(account.held for account in accounts)
