"""How the markets stand."""

from django.db.models import Count, Min, QuerySet

from trading.markets.models import Market


def market_states() -> QuerySet[Market]:
    """Return all markets, each with `waiting` (instructions) and `oldest_waiting_at`."""
    return Market.objects.annotate(
        waiting=Count("instructions"), oldest_waiting_at=Min("instructions__entered_at")
    ).order_by("-id")
