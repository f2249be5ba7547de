"""Addresses as QR codes."""

import segno
from django.utils.safestring import SafeString, mark_safe


def qr(address: str) -> SafeString:
    """Return an address as a QR code in SVG."""
    code = segno.make(address, error="m", micro=False)
    # The text comes from segno alone; the address is in it as squares.
    return mark_safe(code.svg_inline(border=0, omitsize=True, svgclass="qr", lineclass=None))
