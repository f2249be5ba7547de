"""Transfers of credits outside the market: each from one named holder to another, and seen by these two."""

import datetime as dt
import uuid

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.credits.models import Batch
from ledger.journal.fields import SerialRangesField
from ledger.journal.models import Hold, Transaction
from ledger.parties.models import Organisation, User


class CreditTransfer(models.Model):
    """Credits that one holder offers another, held until the other decides. Nothing is paid for them here."""

    class Ground(models.TextChoices):
        GIFT = "gift", pgettext_lazy("transfer", "gift")
        CONTRACT = "contract", pgettext_lazy("transfer", "contract outside the market")
        GROUP = "group", pgettext_lazy("transfer", "within a group of companies")
        COURT = "court", pgettext_lazy("transfer", "decision of a court")

    class State(models.TextChoices):
        OFFERED = "offered", pgettext_lazy("transfer", "offered")
        ACCEPTED = "accepted", pgettext_lazy("transfer", "accepted")
        DECLINED = "declined", pgettext_lazy("transfer", "declined")
        WITHDRAWN = "withdrawn", pgettext_lazy("transfer", "withdrawn")
        EXPIRED = "expired", pgettext_lazy("transfer", "expired")

    public_id = models.UUIDField(_("public id"), default=uuid.uuid4, unique=True, editable=False)
    batch = models.ForeignKey(Batch, models.PROTECT, verbose_name=_("batch of credits"), related_name="transfers")
    sender = models.ForeignKey(Organisation, models.PROTECT, verbose_name=_("sender"), related_name="+", db_index=False)
    recipient = models.ForeignKey(
        Organisation, models.PROTECT, verbose_name=_("recipient"), related_name="+", db_index=False
    )
    quantity_t = models.BigIntegerField(_("tonnes"))
    ground = models.CharField(_("ground"), max_length=16, choices=Ground)
    # What the two have agreed, said for information: the money goes another way.
    price_fen = models.BigIntegerField(_("price a tonne in fen"), null=True)
    note = models.CharField(_("note"), max_length=300, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OFFERED)
    expires_at = models.DateTimeField(_("expires at"))
    hold = models.OneToOneField(Hold, models.PROTECT, verbose_name=_("hold"), related_name="+", db_constraint=False)
    # Which numbers moved, once it is accepted.
    serials = SerialRangesField(_("serial numbers"), null=True)
    transaction = models.OneToOneField(
        Transaction,
        models.PROTECT,
        verbose_name=pgettext_lazy("journal", "transaction"),
        null=True,
        related_name="credit_transfer",
    )
    idempotency_key = models.CharField(_("idempotency key"), max_length=64, null=True)  # noqa: DJ001 (null: none given)
    offered_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("offered by"), related_name="+")
    offered_at = models.DateTimeField(_("offered at"))
    decided_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("decided by"), null=True, related_name="+")
    decided_at = models.DateTimeField(_("decided at"), null=True)
    # Whether a request that was repeated found this one, rather than made it. Not stored.
    is_replay = False

    class Meta:
        app_label = "ledger"
        ordering = ["-id"]
        verbose_name = _("transfer of credits")
        verbose_name_plural = _("transfers of credits")
        constraints = [
            models.CheckConstraint(name="credit_transfer_has_tonnes", condition=Q(quantity_t__gt=0)),
            models.CheckConstraint(
                name="credit_transfer_price", condition=Q(price_fen__isnull=True) | Q(price_fen__gt=0)
            ),
            models.CheckConstraint(name="credit_transfer_between_two", condition=~Q(sender=F("recipient"))),
            models.CheckConstraint(
                name="credit_transfer_decided_once",
                condition=Q(state="offered", decided_at__isnull=True)
                | (~Q(state="offered") & Q(decided_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="credit_transfer_accepted_has_moved",
                condition=Q(state="accepted", transaction__isnull=False, serials__isnull=False)
                | (~Q(state="accepted") & Q(transaction__isnull=True, serials__isnull=True)),
            ),
            models.UniqueConstraint(
                fields=["sender", "idempotency_key"],
                condition=Q(idempotency_key__isnull=False),
                name="credit_transfer_key_once",
            ),
        ]
        indexes = [
            models.Index(fields=["sender", "-id"], name="credit_transfer_of_sender"),
            models.Index(fields=["recipient", "-id"], name="credit_transfer_to_recipient"),
            models.Index(fields=["expires_at"], condition=Q(state="offered"), name="credit_transfer_expiring"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity_t} t · {self.sender} → {self.recipient}"

    def is_open_at(self, now: dt.datetime) -> bool:
        """Return whether it can still be decided: a late beat cannot keep it open."""
        return self.state == self.State.OFFERED and now < self.expires_at

    @property
    def outcome(self) -> str:
        """What it shows as now, also where nobody has marked yet that its time is over."""
        is_over = self.state == self.State.OFFERED and not self.is_open_at(timezone.now())
        return self.State.EXPIRED if is_over else self.state

    def get_outcome_display(self) -> str:
        return str(self.State(self.outcome).label)

    @property
    def value_fen(self) -> int | None:
        return None if self.price_fen is None else self.price_fen * self.quantity_t
