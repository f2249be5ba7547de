"""A page for everybody: whether one can trade, what is frozen and why, and when the proofs were last made."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from trading.incidents.selectors import HouseStatus, Trading, house_status
from trading.markets.models import Market

# What is said first, what it means, and how it looks.
_SAID: dict[Trading, tuple[str | Promise, str | Promise, str]] = {
    Trading.OPEN: (_("Trading is open"), _("Orders are taken and executed."), "success"),
    Trading.CLOSED: (
        _("The markets are closed by their hours"),
        _("Each market's page says when it opens. Nothing is out of order."),
        "",
    ),
    Trading.HALTED: (
        _("Every market is halted"),
        _("Orders that rest can be cancelled. The operator says when a market goes on."),
        "warning",
    ),
    Trading.DELAYED: (
        _("Trading is delayed"),
        _("Orders are taken and kept in their order, but some wait to be executed. None is lost."),
        "warning",
    ),
    Trading.FROZEN: (
        _("Trading is frozen"),
        _("New orders, offers and bids are refused. What is open can be cancelled; what you have stays yours."),
        "error",
    ),
    Trading.NONE: (_("No market is open yet"), _("The operator opens one for each vintage after it is issued."), ""),
}


@require_safe
def status(request: HttpRequest) -> HttpResponse:
    """Show how the house stands. It is the same for everybody, and says so while much else does not work."""
    house = house_status()
    title, meaning, look = _SAID[house.trading]
    context = {
        "house": house,
        "title": title,
        "meaning": meaning,
        "look": look,
        "markets": _counted(house),
        "now": timezone.now(),
    }
    return render(request, "trading/status.html", context)


def _counted(house: HouseStatus) -> list[tuple[str, str, int]]:
    """Return how many markets are in each state that any is in: its name, the word for it, the number."""
    return [(state.value, str(state.label), count) for state in Market.State if (count := house.markets[state.value])]
