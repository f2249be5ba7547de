"""The home page: for visitors what this is and how far it has come; for members what waits for them, what they have, what changed."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from django.views.decorators.http import require_safe

from ledger.credits import selectors as credits
from ledger.parties.models import Membership
from ledger.projects import selectors as projects
from ledger.registry.totals import VintageSupply, supply_by_vintage
from ledger.web.charts import Chart, Part, Step, share_parts, waterfall_chart
from ledger.web.doors import reader_of
from ledger.web.kept import keep, kept_for_visitors, read_kept
from ledger.web.visits import last_visit, remember_visit
from ledger.workload.changes import MOST as MOST_CHANGES
from ledger.workload.changes import changes_of
from ledger.workload.selectors import tasks_of
from trading.marketdata import selectors
from trading.orders.models import Order
from trading.portfolio.holds import open_order_ids
from trading.portfolio.selectors import by_vintage, portfolio_of
from trading.web import charts
from trading.web.portfolio_charts import vintage_parts
from trading.workload.changes import settled_since

RETIREMENTS = 5
OPEN_ORDERS = 5
TASKS = 8
CHANGES = 8
TEASER_SECONDS = 5


@dataclass(frozen=True, slots=True)
class Figures:
    """How far the registry has come. Units: tonnes; the expected ones are of this year."""

    expected_t: int
    issued_t: int
    traded_t: int
    retired_t: int


@require_safe
@kept_for_visitors
def home(request: HttpRequest) -> HttpResponse:
    """Show what the reader's day begins with."""
    membership = reader_of(request)
    if membership is None:
        return render(request, "trading/home.html", _for_visitors() | _market())
    context = _for_members(request, membership) | {"teaser": _teaser(request)}
    response = render(request, "trading/home_member.html", context)
    remember_visit(request, response)
    return response


def _for_visitors() -> dict[str, Any]:
    supply = supply_by_vintage()
    return {
        "pilot": projects.registered_projects().first(),
        "figures": _figures(supply),
        "supply_parts": _places(supply),
        "waterfall": _waterfall(supply),
        "retirements": credits.retirements()[:RETIREMENTS],
    }


def _figures(supply: Sequence[VintageSupply]) -> Figures:
    this_year = timezone.localdate().year
    return Figures(
        expected_t=sum(each.expected_t for each in supply if each.vintage == this_year),
        issued_t=sum(each.issued_t for each in supply),
        traded_t=selectors.traded_t(),
        retired_t=sum(each.retired_t for each in supply),
    )


def _places(supply: Sequence[VintageSupply]) -> list[Part]:
    return share_parts(
        [
            (pgettext_lazy("supply", "Held"), sum(each.held_t for each in supply), "fill-gain"),
            (_("Buffer pool"), sum(each.buffer_t for each in supply), "fill-pool"),
            (_("Retired"), sum(each.retired_t for each in supply), "fill-after"),
            (_("Cancelled"), sum(each.cancelled_t for each in supply), "fill-out"),
        ]
    )


def _waterfall(supply: Sequence[VintageSupply]) -> Chart | None:
    """Return how what was expected of the vintages that are issued comes to what is left of them."""
    issued = [each for each in supply if each.issued_t]
    steps = [
        Step(
            pgettext_lazy("supply", "Expected"), sum(each.expected_t for each in issued), "fill-estimate", is_total=True
        ),
        Step(_("Issued"), sum(each.issued_t for each in issued), "fill-gain", is_total=True),
        Step(_("Buffer pool"), -sum(each.buffer_t for each in issued), "fill-pool"),
        Step(_("Retired"), -sum(each.retired_t for each in issued), "fill-after"),
        Step(_("Cancelled"), -sum(each.cancelled_t for each in issued), "fill-out"),
        Step(pgettext_lazy("supply", "Left"), sum(each.held_t for each in issued), "fill-gain", is_total=True),
    ]
    title = _("From what was expected to what is left")
    return waterfall_chart("waterfall", title, "t CO₂e", steps=steps, head=_("Step"), value=_("Tonnes"))


def _for_members(request: HttpRequest, membership: Membership) -> dict[str, Any]:
    since = last_visit(request)
    tasks = tasks_of(membership)
    organisation = membership.organisation
    changes = changes_of(membership, since)
    context: dict[str, Any] = {
        "tasks": [(task, task.is_for(membership)) for task in tasks[:TASKS]],
        "more_tasks": len(tasks) - TASKS,
        "since": since,
    }
    if organisation.holds_assets:
        changes = sorted([*settled_since(organisation, since), *changes], key=lambda change: change.at, reverse=True)
        found = portfolio_of(organisation)
        ids = open_order_ids(organisation)
        context["portfolio"] = found
        context["vintages"] = vintage_parts(by_vintage(found.lines))
        context["open_orders"] = (
            Order.objects.filter(pk__in=ids).select_related("market").order_by("-id")[:OPEN_ORDERS] if ids else []
        )
    return context | {
        "changes": changes[:CHANGES],
        "more_changes": len(changes) > CHANGES or len(changes) >= MOST_CHANGES,
    }


def _teaser(request: HttpRequest) -> str:
    """Return the market's teaser as it was rendered for another reader of the same language a moment ago: it goes on by itself."""
    key = f"teaser:{request.LANGUAGE_CODE}"
    seconds = min(TEASER_SECONDS, settings.PUBLIC_PAGES_SECONDS)
    kept: str | None = read_kept(key) if seconds else None
    if kept is None:
        found = _market()
        shown = found | {"stream_url": settings.STREAM_URL}
        kept = render_to_string("trading/pieces/teaser.html", shown) if found else ""
        if seconds:
            keep(key, kept, seconds)
    return kept


def _market() -> dict[str, Any]:
    market = selectors.market_traded_last()
    if market is None:
        return {}
    return {
        "quote": selectors.quote(market),
        "chart": charts.price_chart(list(selectors.tape(market, charts.CHART_TRADES))),
    }
