"""From which address somebody comes: the caller's own, or behind our proxy the one that the proxy has seen."""

import ipaddress

from django.conf import settings
from django.http import HttpRequest


def address_of(request: HttpRequest) -> str:
    """Return the address that a request comes from."""
    return caller_address(
        remote=request.META.get("REMOTE_ADDR", ""), forwarded=request.META.get("HTTP_X_FORWARDED_FOR", "")
    )


def caller_address(*, remote: str, forwarded: str) -> str:
    """Return the caller's address: of X-Forwarded-For only the end was written by our proxies, the rest by anybody."""
    proxies: int = settings.NUM_PROXIES
    seen = [address.strip() for address in forwarded.split(",")]
    return seen[-min(proxies, len(seen))] if proxies and forwarded else remote


def network_of(address: str) -> str:
    """Return what one caller can hardly change: an IPv4 address, or the 64 bits of an IPv6 network."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else address
