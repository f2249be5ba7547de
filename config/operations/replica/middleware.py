"""Reads of the public from the standby; writes that their writer carries along."""

from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any, cast

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.http import FileResponse, HttpRequest, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers

from config.operations.replica.positions import HEADER, position_now, position_of, remember_position
from config.operations.replica.public import is_public
from config.operations.replica.reading import pieces_from, reading_from
from config.operations.replica.standby import has_standby, the_standby

GetResponse = Callable[[HttpRequest], HttpResponseBase]
SAFE = ("GET", "HEAD", "OPTIONS", "TRACE")


class ReplicaReads:
    """Where there is a standby: asks it for what is public, unless it lacks what the reader has written.

    The last middleware of all. Whatever goes wrong with the standby, the view is run again as if there were none: what is
    read changes nothing, and may be read twice.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        if not has_standby():
            return response
        if request.method in SAFE:
            caching = response.get("Cache-Control", "")
            if "public" in caching and "immutable" not in caching:
                # What a cache has kept for a reader is not what it has for the same reader after a write.
                patch_vary_headers(response, ("Cookie", HEADER))
        elif connection.connection is not None:
            # A program that sends a token keeps no cookies.
            remember_position(response, position_now(), in_cookie="Authorization" not in request.headers)
        return response

    def process_view(
        self, request: HttpRequest, view: Callable[..., HttpResponseBase], args: Any, kwargs: Any
    ) -> HttpResponseBase | None:
        if not has_standby() or not is_public(request) or _must_see_all(request):
            return None
        standby = the_standby.connection_for(position_of(request))
        if standby is None:
            return None
        _find_person(request)
        try:
            with reading_from(standby):
                response = _rendered(view(request, *args, **kwargs))
        except (OperationalError, InterfaceError) as error:
            the_standby.leave_out(f"it failed: {error}")
            return None
        except Exception:
            # A refusal, maybe of something that is too new for the standby, or what is wrong with the request or with us: what
            # the primary says counts, and nobody can have the standby left out by what they ask.
            return None
        if response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            the_standby.leave_out(f"it failed at {request.path}")
        if response.status_code >= 400:
            return None
        if isinstance(response, StreamingHttpResponse) and not isinstance(response, FileResponse):
            pieces = cast(Iterator[bytes], response.streaming_content)
            response.streaming_content = pieces_from(standby, pieces)
        return response


def _must_see_all(request: HttpRequest) -> bool:
    """Return whether nobody knows how far a caller has written: a token whose holder does not say so.

    Many programs may share a token, and only they know what they have been answered.
    """
    return "Authorization" in request.headers and HEADER not in request.headers


def _find_person(request: HttpRequest) -> None:
    """Look up who reads, which is in the session: at the primary, where it may have ended a moment ago."""
    if settings.SESSION_COOKIE_NAME in request.COOKIES:
        _ = request.user.is_authenticated


def _rendered(response: HttpResponseBase) -> HttpResponseBase:
    """Return a response that is written out: what it is made of is read here."""
    render = getattr(response, "render", None)
    found: HttpResponseBase = render() if callable(render) else response
    return found
