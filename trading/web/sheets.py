"""Parts of pages that are shown over a page, by the module that asks for them; without it the same address is a page."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from trading.web.tickets import new_client_order_id


def is_sheet(request: HttpRequest) -> bool:
    """Return whether the page's own module asks, which wants the part alone."""
    return request.headers.get("X-Sheet") == "1"


def told(request: HttpRequest, words: str, *, level: str = "success") -> HttpResponse | None:
    """Return what was done in words for the page that is there already, or None where it goes to the next page's messages.

    The answer has a new id for the ticket: the one it was sent with is used up.
    """
    if not is_sheet(request):
        messages.add_message(request, messages.constants.DEFAULT_LEVELS[level.upper()], words)
        return None
    context = {"words": words, "level": level, "client_order_id": new_client_order_id()}
    return render(request, "trading/pieces/told.html", context)
