"""What the templates of the desk need beside Django's own tags."""

from decimal import Decimal, InvalidOperation

from django import template
from django.contrib.admin.views.main import ChangeList

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
