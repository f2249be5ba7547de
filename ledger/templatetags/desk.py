"""What the templates of the desk need beside Django's own tags."""

from decimal import Decimal, InvalidOperation
from typing import Any

from django import template
from django.contrib.admin.views.main import SEARCH_VAR, ChangeList

from ledger.admin.filters import FieldFilter
from ledger.admin.paging import BoundedPaginator

register = template.Library()

DECIMALS = 6


@register.filter
def rounded(text: str) -> str:
    """Return a decimal of a calculation as it is read by people: six decimals at most; other text as it is."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        return text
    return f"{round(number, DECIMALS).normalize():,f}" if number.is_finite() else text


@register.filter
def unlocalized(number: int) -> str:
    """Return a number that names something, a year or a page, without a separator of thousands."""
    return str(number)


@register.simple_tag
def older_url(changelist: ChangeList) -> str:
    """Return the address that reads on beyond the last page of a table too large to be counted, or nothing."""
    paginator = changelist.paginator
    if not isinstance(paginator, BoundedPaginator) or not paginator.is_bounded:
        return ""
    if changelist.page_num != paginator.num_pages:
        return ""
    last = list(changelist.result_list)[-1]
    return changelist.get_query_string({f"{changelist.opts.pk.attname}__lt": last.pk})


@register.simple_tag
def is_bounded(changelist: ChangeList) -> bool:
    """Return whether a list may have more rows than were counted."""
    paginator = changelist.paginator
    return isinstance(paginator, BoundedPaginator) and paginator.is_bounded


@register.simple_tag
def written_filters(changelist: ChangeList) -> list[Any]:
    """Return the filters of a list that are written into fields above it."""
    return [each for each in changelist.filter_specs if isinstance(each, FieldFilter)]


@register.simple_tag
def chosen_filters(changelist: ChangeList) -> list[Any]:
    """Return the filters of a list that are chosen beside it."""
    return [each for each in changelist.filter_specs if not isinstance(each, FieldFilter)]


@register.filter
def kept_in_search(changelist: ChangeList) -> list[tuple[str, str]]:
    """Return what a search anew keeps of the address: what was chosen, but not how far one had read on."""
    written = {each.parameter_name for each in changelist.filter_specs if isinstance(each, FieldFilter)}
    dropped = written | {SEARCH_VAR, f"{changelist.opts.pk.attname}__lt"}
    return [(name, value) for name, value in changelist.params.items() if name not in dropped]
