"""What the map in the browser is told by attributes of its element."""

from urllib.parse import urlsplit

from django import template
from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def map_tiles() -> SafeString | str:
    """Return the attributes that name the map behind the fields, where an operator has set one (MAP_TILES_URL)."""
    if not settings.MAP_TILES_URL:
        return ""
    said = settings.MAP_TILES_ATTRIBUTION or urlsplit(settings.MAP_TILES_URL).netloc
    return format_html(' data-tiles="{}" data-attribution="{}"', settings.MAP_TILES_URL, said)
