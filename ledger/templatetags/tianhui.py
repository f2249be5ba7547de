"""How pages write money, tonnes, times and icons."""

from decimal import Decimal
from typing import Any

from django import forms, template
from django.template.context import Context
from django.templatetags.static import static
from django.urls import reverse
from django.utils import translation
from django.utils.formats import number_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

from ledger.projects.geometry import area_mu

register = template.Library()

ICONS = "vendor/lucide/icons-1.62.0.svg"
GOOD = frozenset({"approved", "registered", "issued", "verified", "validated", "posted", "filled", "open"})
BAD = frozenset({"rejected", "refused", "suspended", "halted"})
FINISHED = frozenset({"canceled", "draft"})


@register.simple_tag
def icon(name: str) -> SafeString:
    """Return a picture that says nothing which the words beside it do not."""
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>', static(ICONS), name
    )


@register.simple_tag(takes_context=True)
def navigation_link(context: Context, url_name: str, symbol: str, text: str) -> SafeString:
    """Return a link of the main navigation, marked where it leads to the page at hand."""
    address = reverse(url_name)
    path = context["request"].path if "request" in context else ""
    is_here = path == address or path.startswith(f"{address}/")
    current = SafeString(' aria-current="page"') if is_here else ""
    return format_html('<a href="{}"{}>{}<span>{}</span></a>', address, current, icon(symbol), text)


@register.filter
def yuan(fen: int | None) -> str:
    """Return an amount of money in yuan, such as 1,234.50."""
    return "" if fen is None else number_format(Decimal(fen) / 100, decimal_pos=2, force_grouping=True)


@register.filter
def tonnes(amount: int | None) -> str:
    """Return whole tonnes, such as 2,300."""
    return "" if amount is None else number_format(amount, force_grouping=True)


@register.filter
def hectares(area: Decimal | None) -> str:
    """Return an area in hectares with two places."""
    return "" if area is None else number_format(area, decimal_pos=2, force_grouping=True)


@register.filter
def mu(area: Decimal | None) -> str:
    """Return an area given in hectares in whole mu."""
    return "" if area is None else number_format(area_mu(area), decimal_pos=0, force_grouping=True)


@register.filter
def status_class(status: str) -> str:
    """Return the class of a badge for a status: what is done, what waits, what went wrong."""
    if status in GOOD:
        return "badge--good"
    if status in BAD:
        return "badge--bad"
    return "" if status in FINISHED else "badge--waiting"


@register.filter
def percent_of(part: int, whole: int) -> str:
    """Return a share in percent with a point, as SVG attributes need it; 0 of nothing."""
    return f"{part * 100 / whole:.3f}" if whole else "0"


@register.filter
def is_checkbox(field: Any) -> bool:
    """Return whether a form's field is one box to tick."""
    return isinstance(field.field.widget, forms.CheckboxInput)


@register.filter
def number_of_year(year: int) -> str:
    """Return a year as it is written, without a separator of thousands."""
    return str(year)


@register.filter
def localized(thing: object, field: str) -> str:
    """Return a text of a thing in the reader's language: English where the reader reads it and there is one."""
    english = getattr(thing, f"{field}_en", "") if translation.get_language() == "en" else ""
    return str(english or getattr(thing, field))
