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
EXPIRES_AT = at_moment("expires_at", _("expires at"))


class OrderAdmin(LargeTableAdmin):
    list_display = (
        "number",
        PLACED_AT,
        "market",
        "organisation",
        "side",
        "price_figure",
        "quantity_figure",
        "filled_figure",
        "status",
    )
    list_filter = ("status", "side", "order_type", "time_in_force", "trading_mode", "market")
    list_select_related = ("market", "organisation")
    search_fields = ("id", "organisation__name")
    search_help_text = _("The number of an order, or a part of an organisation's name.")
    fields = (
        "number",
        "market",
        "organisation",
        "placed_by",
        "client_order_id",
        "trading_mode",
        "side",
        "order_type",
        "time_in_force",
        EXPIRES_AT,
        "post_only",
        "display_figure",
        "self_trade_mode",
        "price",
        "quantity_figure",
        "entered",
        "filled_figure",
        "decremented_figure",
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

    @admin.display(description=_("shown at a time, tonnes"))
    def display_figure(self, order: Order) -> str:
        return EMPTY if order.display_t is None else tonnes(order.display_t)

    @admin.display(description=_("taken off without a trade, tonnes"))
    def decremented_figure(self, order: Order) -> str:
        return tonnes(order.decremented_t)

    @admin.display(description=_("as entered, where it was replaced"))
    def entered(self, order: Order) -> str:
        if order.entered_price_fen is None and order.entered_quantity_t is None:
            return EMPTY
        return f"{tonnes(order.entered('quantity_t'))} t × {money(order.entered('price_fen'))}"

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
