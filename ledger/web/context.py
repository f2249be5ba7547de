"""What every page knows of its reader."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from ledger.parties.access import find_membership


def workspace(request: HttpRequest) -> dict[str, Any]:
    """Return for whom the reader acts (looked up when a page asks), and where the live streams are."""
    return {
        # A request that was refused early (a strange host name) has no user yet.
        "membership": SimpleLazyObject(lambda: find_membership(getattr(request, "user", None))),
        "stream_url": settings.STREAM_URL,
    }
