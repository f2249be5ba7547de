"""Orders, and the queue of instructions to the book."""

from typing import Any

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.journal.models import Account, Hold
from ledger.parties.models import Organisation, User
from trading.markets.models import Market, TradingMode
from trading.markets.writing import terms_written


class Order(models.Model):
    """An order as FIX names it. After entry only the market's executor changes it."""

    class Side(models.TextChoices):
        BUY = "buy", _("buy")
        SELL = "sell", _("sell")

    class Type(models.TextChoices):
        LIMIT = "limit", pgettext_lazy("order type", "limit")
        MARKET = "market", pgettext_lazy("order type", "market")

    class TimeInForce(models.TextChoices):
        GTC = "gtc", _("until cancelled")
        DAY = "day", _("until the end of the day")
        GTD = "gtd", _("until a time")
        IOC = "ioc", _("at once, the rest cancelled")
        FOK = "fok", _("at once and whole, or not at all")

    class SelfTradeMode(models.TextChoices):
        CANCEL_NEWEST = "cancel_newest", _("cancel the new order")
        CANCEL_OLDEST = "cancel_oldest", _("cancel the old order")
        CANCEL_BOTH = "cancel_both", _("cancel both")
        DECREMENT = "decrement", _("reduce both by the smaller")

    class Status(models.TextChoices):
        PENDING_NEW = "pending_new", _("received")
        NEW = "new", pgettext_lazy("order", "on the book")
        PARTIALLY_FILLED = "partially_filled", _("partly filled")
        FILLED = "filled", _("filled")
        CANCELED = "canceled", _("canceled")
        EXPIRED = "expired", pgettext_lazy("order", "expired")
        REJECTED = "rejected", pgettext_lazy("order", "rejected")

    OPEN_STATUSES = (Status.PENDING_NEW, Status.NEW, Status.PARTIALLY_FILLED)

    market = models.ForeignKey(Market, models.PROTECT, verbose_name=_("market"), related_name="orders")
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, verbose_name=_("organisation"), related_name="orders", db_index=False
    )
    placed_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("placed by"), related_name="+", db_index=False)
    client_order_id = models.CharField(_("client order id"), max_length=64)
    side = models.CharField(_("side"), max_length=4, choices=Side)
    order_type = models.CharField(_("type of order"), max_length=6, choices=Type, default=Type.LIMIT)
    time_in_force = models.CharField(_("time in force"), max_length=3, choices=TimeInForce, default=TimeInForce.GTC)
    # When an order that is good until a time ends.
    expires_at = models.DateTimeField(_("expires at"), null=True)
    trading_mode = models.CharField(
        _("trading mode"),
        max_length=16,
        choices=TradingMode,
        default=TradingMode.LISTING,
        db_default=TradingMode.LISTING,
    )
    post_only = models.BooleanField(_("only as maker"), default=False)
    self_trade_mode = models.CharField(
        _("on meeting an own order"), max_length=16, choices=SelfTradeMode, default=SelfTradeMode.CANCEL_NEWEST
    )
    # As it was entered, where it was replaced since.
    entered_price_fen = models.BigIntegerField(null=True)
    entered_quantity_t = models.BigIntegerField(null=True)
    # Of a market order: the worst price at which it may trade.
    price_fen = models.BigIntegerField(_("price in fen"))
    quantity_t = models.BigIntegerField(_("tonnes"))
    filled_t = models.BigIntegerField(_("filled tonnes"), default=0)
    # An iceberg shows so much at a time; how much is left of the part that is shown now, once some of it was taken.
    display_t = models.BigIntegerField(_("shown at a time"), null=True)
    shown_t = models.BigIntegerField(_("shown now"), null=True)
    # What self-trade prevention has taken off without a trade.
    decremented_t = models.BigIntegerField(_("taken off without a trade"), default=0)
    status = models.CharField(_("status"), max_length=20, choices=Status, default=Status.PENDING_NEW)
    reason = models.CharField(_("reason"), max_length=40, blank=True, default="")
    # The book's priority number: orders of one price stand in its order.
    sequence = models.BigIntegerField(_("priority number"), null=True)
    cash_account = models.ForeignKey(
        Account, models.PROTECT, verbose_name=_("cash account"), related_name="+", db_index=False, db_constraint=False
    )
    credit_account = models.ForeignKey(
        Account,
        models.PROTECT,
        verbose_name=_("account of credits"),
        related_name="+",
        db_index=False,
        db_constraint=False,
    )
    hold = models.OneToOneField(Hold, models.PROTECT, verbose_name=_("hold"), related_name="order", db_constraint=False)
    placed_at = models.DateTimeField(pgettext_lazy("trading", "placed at"))
    # When the executor changed it last: who was away asks for what has changed since.
    changed_at = models.DateTimeField(_("changed at"), null=True)

    class Meta:
        app_label = "trading"
        verbose_name = pgettext_lazy("trading", "order")
        verbose_name_plural = pgettext_lazy("trading", "orders")
        constraints = [
            models.UniqueConstraint(fields=["organisation", "client_order_id"], name="client_order_id_once"),
            models.CheckConstraint(
                name="order_in_bounds",
                condition=Q(price_fen__gt=0, quantity_t__gt=0, filled_t__gte=0, decremented_t__gte=0)
                & Q(filled_t__lte=F("quantity_t") - F("decremented_t")),
            ),
            models.CheckConstraint(
                name="order_terms_go_together",
                condition=Q(order_type="limit", time_in_force__in=["gtc", "day", "gtd"])
                | Q(time_in_force__in=["day", "ioc", "fok"], post_only=False, display_t__isnull=True),
            ),
            models.CheckConstraint(
                name="order_expires_at_a_time",
                condition=Q(time_in_force="gtd", expires_at__isnull=False)
                | (~Q(time_in_force="gtd") & Q(expires_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="order_shows_a_part",
                condition=Q(display_t__isnull=True) | Q(display_t__gt=0),
            ),
        ]
        # None that holds a copy of what the executor changes: an update then stays in its page, and touches no index (BookEntry).
        indexes = [
            models.Index(fields=["organisation", "-id"], name="order_by_organisation"),
            # Most orders change soon after they are written, so pages of the table tell their times well enough.
            BrinIndex(fields=["changed_at"], name="order_changes", pages_per_range=32, autosummarize=True),
        ]

    def __str__(self) -> str:
        return f"{self.get_side_display()} {terms_written(self.quantity_t, self.price_fen)}"

    @property
    def remaining_t(self) -> int:
        return self.quantity_t - self.filled_t - self.decremented_t

    @property
    def is_open(self) -> bool:
        return self.status in self.OPEN_STATUSES

    def entered(self, term: str) -> Any:
        """Return a term as it was when the order was entered, also where it was replaced since."""
        if term == "price_fen" and self.entered_price_fen is not None:
            return self.entered_price_fen
        if term == "quantity_t" and self.entered_quantity_t is not None:
            return self.entered_quantity_t
        return getattr(self, term)


class BookEntry(models.Model):
    """An order that rests on its market's book, written and deleted in the transaction that brings it there and away.

    A book, and its best prices, are found by these few rows, however many orders there have been. An index of orders by their
    status would find them too, but each change of an order would then be written into all of the table's indexes.
    """

    order = models.OneToOneField(
        Order, models.PROTECT, primary_key=True, db_constraint=False, related_name="book_entry"
    )
    market = models.ForeignKey(Market, models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    side = models.CharField(max_length=4, choices=Order.Side)
    # None of a market order in a call auction.
    price_fen = models.BigIntegerField(null=True)

    class Meta:
        app_label = "trading"
        indexes = [models.Index(fields=["market", "side", "price_fen"], name="book_by_price")]


class Instruction(models.Model):
    """Something that a market's executor is to apply to the book; deleted in the transaction that applies it."""

    class Kind(models.TextChoices):
        SUBMIT = "submit", pgettext_lazy("instruction", "submit")
        CANCEL = "cancel", pgettext_lazy("instruction", "cancel")
        REPLACE = "replace", pgettext_lazy("instruction", "replace")
        EXPIRE = "expire", pgettext_lazy("instruction", "expire")
        AUCTION_OPEN = "auction_open", pgettext_lazy("instruction", "begin a call auction")
        AUCTION_UNCROSS = "auction_uncross", pgettext_lazy("instruction", "end the call auction")
        NEW_DAY = "new_day", pgettext_lazy("instruction", "begin the day")
        OPEN = "open", pgettext_lazy("instruction", "open")
        CLOSE = "close", pgettext_lazy("instruction", "close")
        END_DAY = "end_day", pgettext_lazy("instruction", "end the day")
        CHANGE_RULES = "change_rules", pgettext_lazy("instruction", "change the rules")
        AGREED = "agreed", pgettext_lazy("instruction", "settle what was agreed")
        HALT = "halt", pgettext_lazy("instruction", "halt")
        RESUME = "resume", pgettext_lazy("instruction", "resume")

    market = models.ForeignKey(Market, models.PROTECT, related_name="instructions", db_index=False)
    kind = models.CharField(max_length=16, choices=Kind)
    order = models.ForeignKey(Order, models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False)
    actor = models.CharField(max_length=64)
    note = models.CharField(max_length=200, blank=True, default="")
    # What a kind needs beyond its order: new terms, new rules, what was agreed.
    content = models.JSONField(null=True)
    # What new terms need beyond what the order holds already, until the market has taken them.
    hold = models.ForeignKey(Hold, models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False)
    entered_at = models.DateTimeField()

    class Meta:
        app_label = "trading"
        indexes = [models.Index(fields=["market", "id"], name="instruction_waiting")]
        constraints = [
            models.UniqueConstraint(fields=["order"], condition=Q(kind="replace"), name="one_replace_at_a_time")
        ]


class Expiry(models.Model):
    """When an order that is good until a time ends; deleted in the transaction that has its market told."""

    order = models.OneToOneField(Order, models.PROTECT, primary_key=True, db_constraint=False, related_name="expiry")
    expires_at = models.DateTimeField(db_index=True)

    class Meta:
        app_label = "trading"
