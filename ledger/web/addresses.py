"""Permanent addresses, for what leaves the screen."""

import segno
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe


def public_address(request: HttpRequest, name: str, *args: object) -> str:
    """Return the whole address of a page: under the site's public address, or the one that the reader came by."""
    path = reverse(name, args=args)
    return f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else request.build_absolute_uri(path)


def site_address(request: HttpRequest) -> str:
    """Return how the addresses of pages begin, for what leaves the screen."""
    return settings.PUBLIC_URL or request.build_absolute_uri("/").rstrip("/")


def qr_svg(address: str) -> SafeString:
    """Return a code to scan, to be set into a page."""
    code = segno.make(address, error="m", micro=False)
    # The text comes from segno alone; the address is in it as squares.
    return mark_safe(code.svg_inline(border=0, omitsize=True, svgclass="qr", lineclass=None))
