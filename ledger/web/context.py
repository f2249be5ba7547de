"""What every page knows of its reader."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from ledger.freezes import frozen
from ledger.web.doors import reader_of, unread_of
from ledger.web.themes import theme_of


def workspace(request: HttpRequest) -> dict[str, Any]:
    """Return for whom the reader acts (looked up when a page asks), where the live streams are, light or dark, and what is frozen."""
    return {
        "membership": SimpleLazyObject(lambda: reader_of(request)),
        "unread_notices": SimpleLazyObject(lambda: unread_of(request)),
        "stream_url": settings.STREAM_URL,
        "theme": theme_of(request),
        "freezes": frozen,
    }
