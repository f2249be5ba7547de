"""The portfolio: what an organisation has, what it has cost and is worth, and for what any of it is held."""

from collections.abc import Iterable

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ledger.journal.selectors import SerialSpan, serial_spans
from ledger.parties.models import Membership
from ledger.parties.rights import Right, has_right
from ledger.web.doors import for_members
from trading.portfolio.history import worth_over_time
from trading.portfolio.holds import holds_of
from trading.portfolio.selectors import CreditLine, by_project, by_vintage, portfolio_of
from trading.web.portfolio_charts import project_parts, vintage_parts, worth_chart
from trading.web.tickets import may_ever_trade

PAYMENTS = 5
LINES_A_PAGE = 50
HOLDS_A_PAGE = 50
FORMER_SHOWN = 100


@require_safe
@for_members
def holdings(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Show what one has, by project and vintage."""
    organisation = membership.organisation
    if not organisation.holds_assets:
        return render(request, "trading/holdings.html", {"trades": False})
    found = portfolio_of(organisation)
    page = Paginator(found.lines, LINES_A_PAGE).get_page(request.GET.get("page"))
    lines = list(page.object_list)
    context = {
        "trades": True,
        "may_move": may_ever_trade(membership),
        "may_withdraw": has_right(membership, Right.WITHDRAW),
        "portfolio": found,
        "page": page,
        "shares": by_project(lines),
        "spans": _spans(lines),
        "vintage_parts": vintage_parts(by_vintage(found.lines)),
        "project_parts": project_parts(by_project(found.lines)),
        "worth": worth_chart(worth_over_time(line.account_id for line in (*found.lines, *found.former))),
        "former": found.former[:FORMER_SHOWN],
        "payments": organisation.payments.order_by("-id")[:PAYMENTS],
    }
    return render(request, "trading/holdings.html", context)


@require_safe
@for_members
def holds(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Show for what money and credits are held, each with the way to it."""
    found = holds_of(membership.organisation) if membership.organisation.holds_assets else []
    page = Paginator(found, HOLDS_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "trading/holds.html", {"page": page})


def _spans(lines: Iterable[CreditLine]) -> dict[int, SerialSpan]:
    """Return the serial numbers of each line, by its account, in one query."""
    return serial_spans(line.account_id for line in lines)
