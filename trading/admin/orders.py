"""Orders of all organisations."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.admin.base import LargeTableAdmin
from ledger.admin.display import EMPTY, Table, at_moment, link, moment, money, tonnes, yuan
from ledger.admin.filters import with_number
from ledger.parties.models import Organisation
from trading.execution.models import Trade
from trading.orders.models import Order

SHOWN = 50

PLACED_AT = at_moment("placed_at", pgettext_lazy("trading", "placed at"))


class OrderAdmin(LargeTableAdmin):
    list_display = (
        "number",
        "market",
        "organisation",
        "side",
        "price_figure",
        "quantity_figure",
        "filled_figure",
        "status",
        PLACED_AT,
    )
    list_filter = ("status", "side", "market")
    list_select_related = ("market", "organisation")
    search_fields = ("id", "organisation__name")
    search_help_text = _("The number of an order, or a part of an organisation's name.")
    fields = (
        "number",
        "market",
        "organisation",
        "placed_by",
        "client_order_id",
        "side",
        "price",
        "quantity_figure",
        "filled_figure",
        "remaining_figure",
        "status",
        "reason",
        "priority",
        PLACED_AT,
        "cash_account",
        "credit_account",
        "hold",
    )

    def search(self, queryset: QuerySet[Any], term: str) -> QuerySet[Any]:
        if term.isdecimal():
            return with_number(queryset, term)
        named = Organisation.objects.filter(Q(name__icontains=term) | Q(name_en__icontains=term))
        return queryset.filter(organisation__in=named)

    @admin.display(description=_("number"))
    def number(self, order: Order) -> str:
        return str(order.pk)

    @admin.display(description=_("price in yuan"))
    def price_figure(self, order: Order) -> str:
        return yuan(order.price_fen)

    @admin.display(description=_("price"))
    def price(self, order: Order) -> str:
        return money(order.price_fen)

    @admin.display(description=_("tonnes"))
    def quantity_figure(self, order: Order) -> str:
        return tonnes(order.quantity_t)

    @admin.display(description=_("filled tonnes"))
    def filled_figure(self, order: Order) -> str:
        return tonnes(order.filled_t)

    @admin.display(description=_("remaining tonnes"))
    def remaining_figure(self, order: Order) -> str:
        return tonnes(order.remaining_t)

    @admin.display(description=_("priority number"))
    def priority(self, order: Order) -> str:
        return EMPTY if order.sequence is None else str(order.sequence)

    def tables(self, target: Order) -> list[Table]:
        trades = Trade.objects.filter(Q(buy_order=target) | Q(sell_order=target)).order_by("-id")[:SHOWN]
        rows: list[tuple[object, ...]] = [
            (link(each, moment(each.executed_at)), yuan(each.price_fen), tonnes(each.quantity_t), yuan(each.value_fen))
            for each in trades
        ]
        columns = (str(_("Executed at")), str(_("Price in yuan")), str(_("Tonnes")), str(_("Value in yuan")))
        return [Table(str(_("Newest trades")), columns, rows, figures=frozenset({1, 2, 3}))]
