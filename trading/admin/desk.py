"""How the markets stand."""

from django.db.models import Case, Count, F, Min, QuerySet, Value, When

from trading.markets.models import Market

SHOWN = 20


def market_states() -> QuerySet[Market]:
    """Return markets, each with `waiting` (instructions) and `oldest_waiting_at`: halted, then waiting, then new ones."""
    halted_first = Case(When(state=Market.State.HALTED, then=Value(0)), default=Value(1))
    states = Market.objects.annotate(waiting=Count("instructions"), oldest_waiting_at=Min("instructions__entered_at"))
    return states.order_by(halted_first, F("oldest_waiting_at").asc(nulls_last=True), "-id")[:SHOWN]
