"""How the markets stand."""

from django.db.models import Case, Count, F, Min, QuerySet, Value, When
from django.utils.translation import gettext_lazy as _

from ledger.admin.desk import Line, line_of
from ledger.admin.display import list_url
from ledger.parties.models import Membership
from trading.markets.models import Market, MarketChange
from trading.workload.selectors import rules_queue

SHOWN = 20


def halted_line() -> Line:
    """Return the step that halted markets wait for: they stay so until somebody resumes them."""
    return Line(
        _("Markets"),
        _("Markets to resume"),
        Market.objects.filter(state=Market.State.HALTED).order_by("id"),
        list_url(Market, state__exact=Market.State.HALTED),
        lambda market: (f"{market} · {market.halt_reason}", None),
        Membership.Role.REGISTRAR,
        1,
        ("resume",),
    )


def rules_line() -> Line:
    """Return the step that other rules of markets wait for: somebody else than who has proposed them."""
    return line_of(rules_queue(), _("Markets"), _proposed, ("market", "proposed_by"), ("confirm", "refuse"))


def _proposed(change: MarketChange) -> str:
    return f"{change} · {change.reason}"


def market_states() -> QuerySet[Market]:
    """Return markets, each with `waiting` (instructions) and `oldest_waiting_at`: halted, then waiting, then new ones."""
    halted_first = Case(When(state=Market.State.HALTED, then=Value(0)), default=Value(1))
    states = Market.objects.annotate(waiting=Count("instructions"), oldest_waiting_at=Min("instructions__entered_at"))
    return states.order_by(halted_first, F("oldest_waiting_at").asc(nulls_last=True), "-id")[:SHOWN]
