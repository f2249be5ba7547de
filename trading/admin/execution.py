"""Trades with their settlement, and the instructions as the book took them."""

import datetime as dt
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.admin.base import LargeTableAdmin
from ledger.admin.display import at_moment, link, link_by_id, money, plain_text, tonnes, yuan
from ledger.admin.filters import NumberFilter, OfAccount, OfOrganisation, Since, Until, WithSerial
from ledger.admin.records import Named, RecordIds, ids_naming
from ledger.admin.timeline import Timeline
from ledger.journal.models import Transaction
from ledger.transparency.services import format_time
from trading.execution.models import ExecutedInstruction, Trade
from trading.orders.models import Order

EXECUTED_AT = at_moment("executed_at", _("executed at"))
TRADES = Timeline("trading_trade", "trading_trade", "id", "executed_at", "executed_at")


class OfTransaction(NumberFilter):
    title = _("settlement")
    parameter_name = "settlement"
    hint = _("the number of a transaction")

    def narrow_to(self, queryset: QuerySet[Any], number: int) -> QuerySet[Any]:
        return queryset.filter(transaction=number)


def _executed(market_id: int, at: dt.datetime) -> list[int]:
    """Return the number of the record with the digest of a batch of instructions: it says their very time."""
    named = Named(("instructions_executed",), {"market": str(market_id), "at": format_time(at)})
    return ids_naming(named, near=(at,))


class TradeAdmin(LargeTableAdmin):
    list_display = (
        "number",
        # When comes first of all: at the end of a wide table it is out of sight.
        EXECUTED_AT,
        "market",
        "price_figure",
        "quantity_figure",
        "value_figure",
        "buyer",
        "seller",
        "fees_figure",
        "settlement",
    )
    list_filter = ("market", "taker_side", OfTransaction, OfAccount, OfOrganisation, WithSerial, Since, Until)
    list_select_related = ("market", "buy_order__organisation", "sell_order__organisation")
    search_fields = ("id",)
    search_help_text = _("Number")
    timeline = TRADES
    transaction_lookup = "transaction"
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

    def record_ids(self, target: Trade) -> RecordIds:
        return [target.transaction.record_id, *_executed(target.market_id, target.executed_at)]

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

    @admin.display(description=pgettext_lazy("trade", "buyer"))
    def buyer(self, trade: Trade) -> str:
        return link(trade.buy_order.organisation)

    @admin.display(description=pgettext_lazy("trade", "seller"))
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

    def record_ids(self, target: ExecutedInstruction) -> RecordIds:
        return _executed(target.market_id, target.executed_at)

    @admin.display(description=_("number in its market"))
    def position(self, instruction: ExecutedInstruction) -> str:
        return str(instruction.sequence)

    @admin.display(description=pgettext_lazy("trading", "order"))
    def order(self, instruction: ExecutedInstruction) -> str:
        return link_by_id(Order, instruction.order_id)

    @admin.display(description=_("content"))
    def content_text(self, instruction: ExecutedInstruction) -> SafeString:
        return plain_text(instruction.content)
