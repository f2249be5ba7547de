"""How pages lead to what has changed."""

from django import template
from django.urls import reverse

from ledger.workload.changes import Change

register = template.Library()


@register.simple_tag
def workload_url(change: Change) -> str:
    """Return where more of a change is to be read."""
    return reverse(change.page, kwargs=dict(change.keys) or None)
