"""Orders, and the queue of instructions to the book."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.journal.models import Account, Hold
from ledger.parties.models import Organisation, User
from trading.markets.models import Market


class Order(models.Model):
    """An order as FIX names it. After entry only the market's executor changes it."""

    class Side(models.TextChoices):
        BUY = "buy", _("buy")
        SELL = "sell", _("sell")

    class Status(models.TextChoices):
        PENDING_NEW = "pending_new", _("received")
        NEW = "new", pgettext_lazy("order", "on the book")
        PARTIALLY_FILLED = "partially_filled", _("partly filled")
        FILLED = "filled", _("filled")
        CANCELED = "canceled", _("canceled")
        REJECTED = "rejected", pgettext_lazy("order", "rejected")

    OPEN_STATUSES = (Status.PENDING_NEW, Status.NEW, Status.PARTIALLY_FILLED)

    market = models.ForeignKey(Market, models.PROTECT, verbose_name=_("market"), related_name="orders")
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, verbose_name=_("organisation"), related_name="orders", db_index=False
    )
    placed_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("placed by"), related_name="+", db_index=False)
    client_order_id = models.CharField(_("client order id"), max_length=64)
    side = models.CharField(_("side"), max_length=4, choices=Side)
    price_fen = models.BigIntegerField(_("price in fen"))
    quantity_t = models.BigIntegerField(_("tonnes"))
    filled_t = models.BigIntegerField(_("filled tonnes"), default=0)
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

    class Meta:
        app_label = "trading"
        verbose_name = pgettext_lazy("trading", "order")
        verbose_name_plural = pgettext_lazy("trading", "orders")
        constraints = [
            models.UniqueConstraint(fields=["organisation", "client_order_id"], name="client_order_id_once"),
            models.CheckConstraint(
                name="order_in_bounds",
                condition=Q(price_fen__gt=0, quantity_t__gt=0, filled_t__gte=0, filled_t__lte=F("quantity_t")),
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "-id"], name="order_by_organisation"),
            models.Index(
                fields=["market", "side", "price_fen", "sequence"],
                condition=Q(status__in=["new", "partially_filled"]),
                name="order_on_the_book",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.side} {self.quantity_t} t @ {self.price_fen}"

    @property
    def remaining_t(self) -> int:
        return self.quantity_t - self.filled_t

    @property
    def is_open(self) -> bool:
        return self.status in self.OPEN_STATUSES


class Instruction(models.Model):
    """Something that a market's executor is to apply to the book; deleted in the transaction that applies it."""

    class Kind(models.TextChoices):
        SUBMIT = "submit", pgettext_lazy("instruction", "submit")
        CANCEL = "cancel", pgettext_lazy("instruction", "cancel")
        HALT = "halt", pgettext_lazy("instruction", "halt")
        RESUME = "resume", pgettext_lazy("instruction", "resume")

    market = models.ForeignKey(Market, models.PROTECT, related_name="instructions", db_index=False)
    kind = models.CharField(max_length=8, choices=Kind)
    order = models.ForeignKey(Order, models.PROTECT, null=True, related_name="+", db_constraint=False, db_index=False)
    actor = models.CharField(max_length=64)
    note = models.CharField(max_length=200, blank=True, default="")
    entered_at = models.DateTimeField()

    class Meta:
        app_label = "trading"
        indexes = [models.Index(fields=["market", "id"], name="instruction_waiting")]
