"""What is set aside on accounts, and who owns which serial numbers now."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from ledger.admin.base import LargeTableAdmin
from ledger.admin.display import amount_of_hold, at_moment, serial_run, tonnes
from ledger.admin.filters import with_serial
from ledger.journal.models import Hold, SerialBlock

PLACED_AT = at_moment("placed_at", _("placed at"))


class HoldAdmin(LargeTableAdmin):
    list_display = ("number", "account", "purpose", "remaining_figure", PLACED_AT)
    list_filter = ("purpose",)
    list_select_related = ("account__organisation", "account__household", "account__asset")
    fields = ("number", "account", "purpose", "remaining_figure", PLACED_AT)

    @admin.display(description=_("number"))
    def number(self, hold: Hold) -> str:
        return str(hold.pk)

    @admin.display(description=_("remaining"))
    def remaining_figure(self, hold: Hold) -> str:
        return amount_of_hold(hold, hold.account.asset)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        # Whoever may ask for all that is more than so much finds out how much it is.
        if lookup.startswith("remaining") and (lookup, value) != ("remaining__gt", "0"):
            return False
        return super().lookup_allowed(lookup, value, request)  # type: ignore[arg-type]


class SerialBlockAdmin(LargeTableAdmin):
    list_display = ("run", "tonnes_figure", "asset", "account", "trace_link")
    list_select_related = ("asset", "account__organisation", "account__household", "account__asset")
    search_fields = ("serials",)
    search_help_text = _("A serial number: who owns this tonne now?")
    fields = ("run", "tonnes_figure", "asset", "account", "trace_link")

    @admin.display(description=_("serial numbers"))
    def run(self, block: SerialBlock) -> str:
        return serial_run(block.serials)

    @admin.display(description=_("tonnes"))
    def tonnes_figure(self, block: SerialBlock) -> str:
        return tonnes(block.serials.upper - block.serials.lower)

    @admin.display(description=_("trace"))
    def trace_link(self, block: SerialBlock) -> str:
        return format_html('<a href="{}">{}</a>', reverse("trace", args=[block.serials.lower]), block.serials.lower)

    def search(self, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        return with_serial(queryset, term)
