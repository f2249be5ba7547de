"""Trades with their settlement, and the instructions as the book took them."""

from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.admin.base import LargeTableAdmin
from ledger.admin.display import at_moment, link, link_by_id, money, plain_text, tonnes, yuan
from ledger.journal.models import Transaction
from trading.execution.models import ExecutedInstruction, Trade
from trading.orders.models import Order

EXECUTED_AT = at_moment("executed_at", _("executed at"))


class TradeAdmin(LargeTableAdmin):
    list_display = (
        "number",
        "market",
        "price_figure",
        "quantity_figure",
        "value_figure",
        "buyer",
        "seller",
        "fees_figure",
        "settlement",
        EXECUTED_AT,
    )
    list_filter = ("market", "taker_side")
    list_select_related = ("market", "buy_order__organisation", "sell_order__organisation")
    search_fields = ("id",)
    search_help_text = _("The number of a trade.")
    fields = (
        "number",
        "market",
        "instruction",
        "price",
        "quantity_figure",
        "value",
        "taker_side",
        "buyer",
        "buy_order",
        "buyer_fee",
        "seller",
        "sell_order",
        "seller_fee",
        "settlement",
        EXECUTED_AT,
    )

    @admin.display(description=_("number"))
    def number(self, trade: Trade) -> str:
        return str(trade.pk)

    @admin.display(description=_("price in yuan"))
    def price_figure(self, trade: Trade) -> str:
        return yuan(trade.price_fen)

    @admin.display(description=_("price"))
    def price(self, trade: Trade) -> str:
        return money(trade.price_fen)

    @admin.display(description=_("tonnes"))
    def quantity_figure(self, trade: Trade) -> str:
        return tonnes(trade.quantity_t)

    @admin.display(description=_("value in yuan"))
    def value_figure(self, trade: Trade) -> str:
        return yuan(trade.value_fen)

    @admin.display(description=_("value"))
    def value(self, trade: Trade) -> str:
        return money(trade.value_fen)

    @admin.display(description=_("buyer"))
    def buyer(self, trade: Trade) -> str:
        return link(trade.buy_order.organisation)

    @admin.display(description=_("seller"))
    def seller(self, trade: Trade) -> str:
        return link(trade.sell_order.organisation)

    @admin.display(description=_("fees in yuan"))
    def fees_figure(self, trade: Trade) -> str:
        return f"{yuan(trade.buyer_fee_fen)} + {yuan(trade.seller_fee_fen)}"

    @admin.display(description=_("buyer's fee"))
    def buyer_fee(self, trade: Trade) -> str:
        return money(trade.buyer_fee_fen)

    @admin.display(description=_("seller's fee"))
    def seller_fee(self, trade: Trade) -> str:
        return money(trade.seller_fee_fen)

    @admin.display(description=_("instruction that caused it"))
    def instruction(self, trade: Trade) -> str:
        return str(trade.sequence)

    @admin.display(description=_("settlement"))
    def settlement(self, trade: Trade) -> str:
        return link_by_id(Transaction, trade.transaction_id)


class ExecutedInstructionAdmin(LargeTableAdmin):
    list_display = ("position", "market", "kind", "order", EXECUTED_AT)
    list_filter = ("market", "kind")
    list_select_related = ("market",)
    fields = ("position", "market", "kind", "order", "content_text", EXECUTED_AT)

    @admin.display(description=_("number in its market"))
    def position(self, instruction: ExecutedInstruction) -> str:
        return str(instruction.sequence)

    @admin.display(description=pgettext_lazy("trading", "order"))
    def order(self, instruction: ExecutedInstruction) -> str:
        return link_by_id(Order, instruction.order_id)

    @admin.display(description=_("content"))
    def content_text(self, instruction: ExecutedInstruction) -> SafeString:
        return plain_text(instruction.content)
