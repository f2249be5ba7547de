"""ETags: ask for what has changed alone, and change only what was read. Source: RFC 9110 §8.8.3, §13; RFC 9111 §5.2."""

import base64
import hashlib
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response, patch_vary_headers
from django.utils.http import parse_etags
from rest_framework.response import Response

from ledger.api.renderers import OrjsonRenderer
from ledger.errors import PreconditionFailed

ANYTHING = "*"
FOR_ITS_READER = "private, no-cache"
"""May be kept by whom it was sent to, and is asked after each time."""
NEVER_KEPT = "no-store"


def etag_of(content: bytes) -> str:
    """Return the strong ETag of a representation: one byte more or less, and it is another."""
    return f'"{base64.urlsafe_b64encode(hashlib.sha256(content).digest()[:15]).decode()}"'


def shown_etag(shown: Any) -> str:
    """Return the ETag with which the API answers with this."""
    return etag_of(OrjsonRenderer().render(shown))


def check_match(request: HttpRequest, shown: Any) -> None:
    """Refuse a change of something that is another by now than what its reader saw; called with its row locked.

    A request without `If-Match` changes it as it is.

    Raises: PreconditionFailed.
    """
    wanted = parse_etags(request.headers.get("If-Match", ANYTHING))
    # A weak tag never matches: it says that something is much the same, which is not enough to write over it.
    if ANYTHING not in wanted and shown_etag(shown) not in wanted:
        raise PreconditionFailed()


def settle_caching(request: HttpRequest, response: HttpResponseBase, shared_seconds: int | None) -> None:
    """Say for how long, and by whom, an answer may be kept; and let one that reads be asked for again by its ETag.

    `shared_seconds`: of what is the same for everybody, for how long anybody may keep it.
    """
    is_read = request.method in ("GET", "HEAD") and response.status_code == 200
    if "Cache-Control" not in response:
        response["Cache-Control"] = _cache_control(shared_seconds) if is_read else NEVER_KEPT
    if is_read and isinstance(response, Response):
        patch_vary_headers(response, ("Accept-Language",))
        response.add_post_render_callback(lambda rendered: _conditional(request, rendered))


def _cache_control(shared_seconds: int | None) -> str:
    return FOR_ITS_READER if shared_seconds is None else f"public, max-age={shared_seconds}"


def _conditional(request: HttpRequest, rendered: HttpResponse) -> HttpResponse | None:
    """Return 304 where the caller has this already; None leaves the answer as it is."""
    rendered["ETag"] = etag = etag_of(rendered.content)
    found = get_conditional_response(request, etag=etag, response=rendered)
    return None if found is rendered else found
