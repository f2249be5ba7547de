"""Cancellations: credits that are gone for good and used by nobody; and those that the operator has asked for."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.credits.models import Batch
from ledger.credits.reversals.models import Reversal
from ledger.journal.fields import SerialRangesField
from ledger.journal.models import Hold, Transaction
from ledger.parties.models import Organisation, User


class Cancellation(models.Model):
    """Credits cancelled for good: by their holder, for a reversal, or by the operator where they were wrongly issued."""

    class Kind(models.TextChoices):
        VOLUNTARY = "voluntary", pgettext_lazy("cancellation", "by their holder")
        BUFFER = "buffer", pgettext_lazy("cancellation", "from the buffer pool, for a reversal")
        REPLENISHMENT = "replenishment", pgettext_lazy("cancellation", "to make up for a reversal")
        ADMINISTRATIVE = "administrative", pgettext_lazy("cancellation", "by the operator")

    class Reason(models.TextChoices):
        NO_CLAIM = "no_claim", pgettext_lazy("cancellation", "for the climate, with no claim to their use")
        OTHER_REGISTRY = "other_registry", pgettext_lazy("cancellation", "moved to another registry")
        OVER_ISSUANCE = "over_issuance", pgettext_lazy("cancellation", "more issued than was due")
        DOUBLE_COUNTING = "double_counting", pgettext_lazy("cancellation", "counted elsewhere as well")
        MISTAKE = "mistake", pgettext_lazy("cancellation", "mistake in data or calculation")
        REVERSAL = "reversal", pgettext_lazy("cancellation", "reversal")
        OTHER = "other", pgettext_lazy("cancellation", "another reason")

    # What a holder, and what the operator, may give as a reason; a reversal is one for the others alone.
    OF_HOLDERS = (
        Reason.NO_CLAIM,
        Reason.OTHER_REGISTRY,
        Reason.OVER_ISSUANCE,
        Reason.DOUBLE_COUNTING,
        Reason.MISTAKE,
        Reason.OTHER,
    )
    OF_THE_OPERATOR = (Reason.OVER_ISSUANCE, Reason.DOUBLE_COUNTING, Reason.MISTAKE, Reason.OTHER)

    public_id = models.UUIDField(_("public id"), default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    # Whose the credits were; None: the buffer pool's.
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, verbose_name=_("organisation"), null=True, related_name="cancellations"
    )
    batch = models.ForeignKey(Batch, models.PROTECT, verbose_name=_("batch of credits"), related_name="cancellations")
    quantity_t = models.BigIntegerField(_("tonnes"))
    serials = SerialRangesField(_("serial numbers"))
    reason = models.CharField(_("reason"), max_length=16, choices=Reason)
    note = models.CharField(_("note"), max_length=300, blank=True)
    reversal = models.ForeignKey(
        Reversal,
        models.PROTECT,
        verbose_name=pgettext_lazy("carbon", "reversal"),
        null=True,
        related_name="cancellations",
    )
    idempotency_key = models.CharField(_("idempotency key"), max_length=64, null=True)  # noqa: DJ001 (null: none given)
    transaction = models.OneToOneField(
        Transaction, models.PROTECT, verbose_name=pgettext_lazy("journal", "transaction"), related_name="cancellation"
    )
    record_id = models.BigIntegerField(_("record"))
    cancelled_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("cancelled by"), related_name="+")
    cancelled_at = models.DateTimeField(_("cancelled at"))
    # Whether a request that was repeated found this one, rather than made it. Not stored.
    is_replay = False

    class Meta:
        app_label = "ledger"
        ordering = ["-id"]
        verbose_name = _("cancellation of credits")
        verbose_name_plural = _("cancellations of credits")
        constraints = [
            models.CheckConstraint(name="cancellation_has_tonnes", condition=Q(quantity_t__gt=0)),
            models.CheckConstraint(
                name="cancellation_names_its_reversal",
                condition=Q(kind__in=["buffer", "replenishment"], reversal__isnull=False, reason="reversal")
                | (Q(kind__in=["voluntary", "administrative"], reversal__isnull=True) & ~Q(reason="reversal")),
            ),
            models.CheckConstraint(
                name="cancellation_of_the_pool_or_a_holder",
                condition=Q(kind="buffer", organisation__isnull=True)
                | Q(kind="administrative")
                | Q(kind__in=["voluntary", "replenishment"], organisation__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["organisation", "idempotency_key"],
                condition=Q(idempotency_key__isnull=False),
                name="cancellation_key_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity_t} t · {self.get_reason_display()}"


class CancellationOrder(models.Model):
    """Wrongly issued credits that one of the operator's registrars wants cancelled, and a second one confirms."""

    class Status(models.TextChoices):
        REQUESTED = "requested", _("requested")
        CONFIRMED = "confirmed", _("confirmed")
        REFUSED = "refused", _("refused")

    batch = models.ForeignKey(Batch, models.PROTECT, verbose_name=_("batch of credits"), related_name="+")
    # Whose credits; None: the buffer pool's.
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, verbose_name=_("organisation"), null=True, related_name="+"
    )
    quantity_t = models.BigIntegerField(_("tonnes"))
    # From which serial number on, where it must be certain ones.
    first_serial = models.BigIntegerField(_("first serial number"), null=True)
    reason = models.CharField(_("reason"), max_length=16, choices=Cancellation.Reason)
    note = models.CharField(_("note"), max_length=300)
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.REQUESTED)
    hold = models.OneToOneField(Hold, models.PROTECT, verbose_name=_("hold"), related_name="+", db_constraint=False)
    # By the name that the log has for it.
    cancellation = models.OneToOneField(
        Cancellation,
        models.PROTECT,
        to_field="public_id",
        verbose_name=_("cancellation of credits"),
        null=True,
        related_name="order",
    )
    requested_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("entered by"), related_name="+")
    requested_at = models.DateTimeField(_("entered at"))
    decided_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("decided by"), null=True, related_name="+")
    decided_at = models.DateTimeField(_("decided at"), null=True)

    class Meta:
        app_label = "ledger"
        ordering = ["-id"]
        verbose_name = _("ordered cancellation")
        verbose_name_plural = _("ordered cancellations")
        constraints = [
            models.CheckConstraint(name="cancellation_order_has_tonnes", condition=Q(quantity_t__gt=0)),
            models.CheckConstraint(
                name="cancellation_order_decided_by_another",
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("requested_by")),
            ),
            models.CheckConstraint(
                name="cancellation_order_confirmed_by_cancelling",
                condition=Q(status="confirmed", cancellation__isnull=False, decided_by__isnull=False)
                | Q(status="refused", cancellation__isnull=True, decided_by__isnull=False)
                | Q(status="requested", cancellation__isnull=True, decided_by__isnull=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"
