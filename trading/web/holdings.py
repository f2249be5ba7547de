"""What an organisation has: its cash, and its credits with their serial numbers."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ledger.journal.models import Account, Asset
from ledger.journal.selectors import SerialSpan, serial_spans
from ledger.journal.selectors import holdings as holdings_of
from ledger.parties.models import Membership
from ledger.web.doors import for_members
from trading.marketdata.selectors import Quote, quotes_of_assets
from trading.web.tickets import may_ever_trade

PAYMENTS = 5


@dataclass(frozen=True, slots=True)
class CreditHolding:
    """The tonnes of one batch that an organisation has, where they are traded and at which price."""

    account: Account
    serials: SerialSpan | None
    quote: Quote | None

    @property
    def first_serial(self) -> str:
        return f"{self.serials.first:012d}" if self.serials else ""

    @property
    def last_serial(self) -> str:
        return f"{self.serials.last:012d}" if self.serials else ""

    @property
    def value_fen(self) -> int | None:
        """What the tonnes would bring at the last price: an estimate, None where there is no price."""
        if self.quote is None or self.quote.ticker.last_price_fen is None:
            return None
        return self.account.balance * self.quote.ticker.last_price_fen


@require_safe
@for_members
def holdings(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Show one's accounts."""
    organisation = membership.organisation
    accounts = list(holdings_of(organisation))
    credits = [account for account in accounts if account.asset.kind == Asset.Kind.CREDIT]
    held = _with_prices([account for account in credits if account.balance])
    context = {
        "trades": organisation.holds_assets,
        "may_move": may_ever_trade(membership),
        "cash": next((account for account in accounts if account.asset.kind == Asset.Kind.CASH), None),
        "credits": held,
        "empty_accounts": [account for account in credits if not account.balance],
        "total_t": sum(holding.account.balance for holding in held),
        "total_value_fen": sum(holding.value_fen or 0 for holding in held),
        "payments": organisation.payments.order_by("-id")[:PAYMENTS],
    }
    return render(request, "trading/holdings.html", context)


def _with_prices(accounts: list[Account]) -> list[CreditHolding]:
    spans = serial_spans(accounts)
    quotes = quotes_of_assets(account.asset_id for account in accounts)
    return [CreditHolding(account, spans.get(account.pk), quotes.get(account.asset_id)) for account in accounts]
