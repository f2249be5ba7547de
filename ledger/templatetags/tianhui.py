"""How pages write money, tonnes, times and icons."""

import datetime as dt
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from django import forms, template
from django.conf import settings
from django.template.base import FilterExpression, Parser, Token
from django.template.context import Context
from django.templatetags.static import static
from django.utils import translation
from django.utils.formats import number_format
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString

from ledger.credits.selectors import Supply
from ledger.projects import deadlines
from ledger.projects.geometry import area_mu
from ledger.projects.models import MonitoringReport
from ledger.rounding import rounded
from ledger.templatetags.addresses import address_of
from ledger.texts import localized
from ledger.web.words import AMENDMENTS, METHODOLOGIES, SEASONS, WATER, chemical, word_for

register = template.Library()
register.filter(localized)
register.filter(chemical)

ICONS = "vendor/lucide/icons-1.62.0.svg"
GOOD = frozenset(
    {
        "approved",
        "registered",
        "issued",
        "verified",
        "validated",
        "posted",
        "confirmed",
        "filled",
        "open",
        "accepted",
        "settled",
        "awarded",
        "won",
    }
)
BAD = frozenset({"rejected", "refused", "suspended", "halted"})
FINISHED = frozenset(
    {
        "canceled",
        "closed",
        "draft",
        "reversed",
        "countered",
        "declined",
        "withdrawn",
        "expired",
        "unsold",
        "lost",
        "void",
        "cancelled",
    }
)
SIGNIFICANT_DIGITS = 6
SMALL_MU = 100


@register.simple_tag
def icon(name: str) -> SafeString:
    """Return a picture that says nothing which the words beside it do not."""
    return _icon(name, settings.STATIC_URL, settings.STORAGES["staticfiles"]["BACKEND"])


@lru_cache(maxsize=512)
def _icon(name: str, _address: str, _storage: str) -> SafeString:
    # A page has some fifty of them; where files lie is settled as the program starts.
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>', static(ICONS), name
    )


@register.simple_tag(takes_context=True)
def navigation_link(context: Context, url_name: str, symbol: str, text: str, *rooms: str) -> SafeString:
    """Return a link of the main navigation, marked where it leads to the page at hand, or that is in one of its rooms."""
    address = address_of(url_name)
    path = context["request"].path if "request" in context else ""
    is_here = any(f"{path}/".startswith(f"{each}/") for each in (address, *map(address_of, rooms)))
    current = SafeString(' aria-current="page"') if is_here else ""
    return format_html('<a href="{}"{}>{}<span>{}</span></a>', address, current, icon(symbol), text)


@register.filter
def yuan(fen: int | None) -> str:
    """Return an amount of money in yuan, such as 1,234.50."""
    if type(fen) is int:
        # As `number_format` writes it in both of our languages, many times as fast: a page has a hundred of them.
        yuan_, rest = divmod(abs(fen), 100)
        return f"{'-' if fen < 0 else ''}{yuan_:,}.{rest:02d}"
    return "" if fen is None else number_format(Decimal(fen) / 100, decimal_pos=2, force_grouping=True)


@register.filter
def tonnes(amount: int | None) -> str:
    """Return whole tonnes, such as 2,300."""
    if type(amount) is int:
        return f"{amount:,}"
    return "" if amount is None else number_format(amount, force_grouping=True)


@register.filter
def hectares(area: Decimal | None) -> str:
    """Return an area in hectares with two places."""
    return "" if area is None else rounded(area, 2)


@register.filter
def mu(area: Decimal | None) -> str:
    """Return an area given in hectares in mu: whole ones, and tenths of what is small, since many a paddy has less than one."""
    if area is None:
        return ""
    found = area_mu(area)
    return rounded(found, 1 if 0 < found < SMALL_MU else 0)


@register.filter
def status_class(status: str) -> str:
    """Return the class of a badge for a status: what is done, what waits, what went wrong."""
    if status in GOOD:
        return "badge--good"
    if status in BAD:
        return "badge--bad"
    return "" if status in FINISHED else "badge--waiting"


@register.filter
def reversal_class(state: str) -> str:
    """Return the class of a badge for a reversal, of which the confirmed one is what waits to be made up for."""
    return {"compensated": "badge--good", "refused": ""}.get(state, "badge--waiting")


@register.filter
def due_on(report: MonitoringReport) -> dt.date | None:
    """Return the day by which the next step of a report is due."""
    return deadlines.due_on(report)


@register.filter
def is_overdue(report: MonitoringReport) -> bool:
    """Return whether that day has gone by."""
    return deadlines.is_overdue(report)


@register.filter
def is_checkbox(field: Any) -> bool:
    """Return whether a form's field is one box to tick."""
    return isinstance(field.field.widget, forms.CheckboxInput)


@register.filter
def number_of_year(year: int) -> str:
    """Return a year as it is written, without a separator of thousands."""
    return str(year)


@register.filter
def digits(number: str | Decimal) -> str:
    """Return a number of a calculation to six significant digits; the sheet itself keeps them all."""
    try:
        exact = Decimal(number)
    except InvalidOperation:
        return str(number)
    if not exact:
        return "0"
    places = max(SIGNIFICANT_DIGITS - 1 - exact.adjusted(), 0)
    written = number_format(exact, decimal_pos=min(places, 12), force_grouping=True)
    return written.rstrip("0").rstrip(".") if "." in written else written


@register.filter
def whole(number: str | Decimal) -> str:
    """Return a number without its decimals, for pictures and summaries."""
    return number_format(Decimal(number), decimal_pos=0, force_grouping=True)


@register.filter
def methodology_name(methodology: str) -> str:
    """Return what people call a methodology."""
    return word_for(METHODOLOGIES, methodology)


@register.filter
def season_name(season: str) -> str:
    """Return what people call a season."""
    return word_for(SEASONS, season)


@register.filter
def water_name(water: str) -> str:
    """Return what people call a water regime."""
    return word_for(WATER, water)


@register.filter
def amendment_name(kind: str) -> str:
    """Return what people call a kind of straw or manure."""
    return word_for(AMENDMENTS, kind)


class BilingualNode(template.Node):
    """Writes a text in Chinese and, below or beside it, in English."""

    def __init__(self, text: FilterExpression) -> None:
        self.text = text

    def render(self, context: Context) -> SafeString:
        written = []
        for language in ("zh-hans", "en"):
            with translation.override(language):
                written.append(conditional_escape(str(self.text.resolve(context))))
        chinese, english = written
        if chinese == english:
            return SafeString(chinese)
        return format_html('<span lang="zh-Hans">{}</span> <span class="second" lang="en">{}</span>', chinese, english)


@register.tag
def bilingual(parser: Parser, token: Token) -> BilingualNode:
    """Write a text in both languages, as documents need it that leave the screen: {% bilingual _("Tonnes") %}."""
    _tag, text = token.split_contents()
    return BilingualNode(parser.compile_filter(text))


@register.simple_tag
def share_parts(supply: Supply) -> SafeString:
    """Return the parts of a bar, 100 wide, that shows where the tonnes of a batch are."""
    start, parts = Decimal(0), []
    for amount, fill in (
        (supply.held, "fill-paddy"),
        (supply.buffer, "fill-grain"),
        (supply.retired, "fill-water"),
        (supply.cancelled, "fill-danger"),
    ):
        width = Decimal(amount) * 100 / (supply.issued or 1)
        parts.append((fill, f"{start:.3f}", f"{width:.3f}"))
        start += width
    return format_html_join("", '<rect class="{}" x="{}" width="{}" height="4"/>', parts)
