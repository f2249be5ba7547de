"""What every answer goes through."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from ledger.errors import refusal_of

GetResponse = Callable[[HttpRequest], HttpResponse]

STRICT = "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
# Django's admin sets styles on elements.
STYLED = "; style-src 'self' 'unsafe-inline'"


class ContentSecurityPolicy:
    """Let pages load only what is ours."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        origin = urlsplit(settings.STREAM_URL)
        stream = f" {origin.scheme}://{origin.netloc}" if origin.netloc else ""
        policy = STRICT.replace("img-src 'self' data:", f"img-src 'self' data:{_tiles()}")
        self.policy = f"{policy}; connect-src 'self'{stream}"

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        response.setdefault("Content-Security-Policy", self._policy_of(request.path))
        return response

    def _policy_of(self, path: str) -> str:
        return self.policy + STYLED if path.startswith("/admin/") else self.policy


def _tiles() -> str:
    """Return where the pictures of a map may come from, where an operator has set one; {s} is any of its servers."""
    origin = urlsplit(settings.MAP_TILES_URL.replace("{s}.", "*."))
    return f" {origin.scheme}://{origin.netloc}" if origin.netloc else ""


class DomainErrors:
    """Show a refusal that a page did not handle itself as a page, with the status that it has."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        refusal = refusal_of(exception)
        if refusal is None:
            return None
        return render(request, "error.html", {"error": refusal}, status=refusal.status)
