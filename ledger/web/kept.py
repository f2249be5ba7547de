"""Pages that are the same for every visitor: rendered once, and handed out so for a while (PUBLIC_PAGES_SECONDS).

Who is logged in, or comes from a page that has something to say, gets a page of their own. The token against forged requests is each
visitor's own: its place in the page is kept, not the token.
"""

import hashlib
import logging
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

import redis
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token

from config.operations.replica.positions import COOKIE as WRITTEN
from ledger.freezes import frozen
from ledger.web.themes import theme_of

View = Callable[..., HttpResponse]
# A token is written in another way each time.
TOKEN = re.compile(rb'(name="csrfmiddlewaretoken" value=")[^"]*(")')
TOKEN_PLACE = b"@@csrf-token@@"
# A cookie of these makes a page somebody's own; who has just written sees what they have written.
PERSONAL = (settings.SESSION_COOKIE_NAME, "messages", WRITTEN)
LONGEST_ADDRESS = 1_000

logger = logging.getLogger(__name__)


def kept_for_visitors(view: View) -> View:
    """Hand a page out as it was rendered for another visitor a moment ago."""

    @wraps(view)
    def with_kept_pages(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not _is_public(request):
            return view(request, *args, **kwargs)
        key = _key(request)
        content = read_kept(key)
        if content is not None:
            return HttpResponse(content.replace(TOKEN_PLACE, get_token(request).encode()))
        response = view(request, *args, **kwargs)
        if response.status_code == 200 and not response.streaming and not response.cookies:
            keep(key, TOKEN.sub(rb"\1" + TOKEN_PLACE + rb"\2", response.content), settings.PUBLIC_PAGES_SECONDS)
        return response

    return with_kept_pages


def _is_public(request: HttpRequest) -> bool:
    return (
        settings.PUBLIC_PAGES_SECONDS > 0
        and request.method == "GET"
        and len(request.get_full_path()) <= LONGEST_ADDRESS
        and not any(name in request.COOKIES for name in PERSONAL)
    )


def _key(request: HttpRequest) -> str:
    said = (request.LANGUAGE_CODE, theme_of(request), request.scheme or "", request.get_host(), request.get_full_path())
    # What is frozen stands on every page, at once.
    freezes = (f"{each.id}{each.waits_to_be_lifted}" for each in frozen())
    return f"page:{hashlib.sha256(chr(0).join((*said, *freezes)).encode()).hexdigest()}"


def read_kept(key: str) -> Any:
    """Return what is kept under a key, None where there is nothing or the cache is out of reach."""
    try:
        return cache.get(key)
    except redis.RedisError:
        logger.warning("Kept pages are out of reach: each is rendered anew.")
        return None


def keep(key: str, content: Any, seconds: int) -> None:
    """Keep something for a while, where the cache is within reach."""
    try:
        cache.set(key, content, seconds)
    except redis.RedisError:
        logger.warning("Kept pages are out of reach: each is rendered anew.")
