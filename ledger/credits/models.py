"""Batches of issued credits, and their retirement."""

import uuid

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import BigIntegerRangeField, RangeOperators
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.journal.fields import SerialRangesField
from ledger.journal.models import Asset, Transaction
from ledger.parties.models import Organisation, User
from ledger.projects.models import MonitoringReport, Project


class Batch(models.Model):
    """Credits of one vintage of a project: all that its report comes to, or a part (a tranche) of it."""

    project = models.ForeignKey(Project, models.PROTECT, verbose_name=_("project"), related_name="batches")
    report = models.ForeignKey(
        MonitoringReport, models.PROTECT, verbose_name=_("monitoring report"), related_name="batches"
    )
    asset = models.OneToOneField(Asset, models.PROTECT, verbose_name=_("asset"), related_name="batch")
    vintage = models.PositiveSmallIntegerField(_("vintage"))
    # From 1 on; what comes after the first has its number behind the asset's code, such as TH-35-000001-2022-2.
    tranche = models.PositiveSmallIntegerField(_("tranche"), default=1)
    serials = BigIntegerRangeField(_("serial numbers"))
    quantity_t = models.BigIntegerField(_("tonnes"))
    buffer_t = models.BigIntegerField(_("tonnes to the buffer pool"))
    transaction = models.OneToOneField(
        Transaction, models.PROTECT, verbose_name=pgettext_lazy("journal", "transaction"), related_name="issued_batch"
    )
    issued_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("issued by"), related_name="+")
    issued_at = models.DateTimeField(_("issued at"))

    class Meta:
        app_label = "ledger"
        ordering = ["-id"]
        verbose_name = _("batch of credits")
        verbose_name_plural = _("batches of credits")
        constraints = [
            ExclusionConstraint(name="serial_in_one_batch", expressions=[("serials", RangeOperators.OVERLAPS)]),
            models.UniqueConstraint(fields=["project", "vintage", "tranche"], name="batch_tranche_once_a_vintage"),
            models.CheckConstraint(
                name="batch_has_tonnes",
                condition=Q(quantity_t__gt=0, buffer_t__gte=0, buffer_t__lte=models.F("quantity_t")),
            ),
        ]

    def __str__(self) -> str:
        return self.asset.code


class Retirement(models.Model):
    """Credits used for good, by whom and for what."""

    class Purpose(models.TextChoices):
        OWN_FOOTPRINT = "own_footprint", _("own footprint")
        PRODUCT = "product", _("product")
        EVENT = "event", _("event")
        DONATION = "donation", _("donation")
        JUDICIAL_RESTITUTION = "judicial_restitution", _("judicial ecological restitution")
        COMPLIANCE_OFFSET = "compliance_offset", _("compliance offset")
        ON_BEHALF_OF = "on_behalf_of", _("on behalf of another")

    public_id = models.UUIDField(_("public id"), default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, verbose_name=_("organisation"), related_name="retirements"
    )
    batch = models.ForeignKey(Batch, models.PROTECT, verbose_name=_("batch of credits"), related_name="retirements")
    quantity_t = models.BigIntegerField(_("tonnes"))
    serials = SerialRangesField(_("serial numbers"))
    beneficiary_name = models.CharField(_("beneficiary"), max_length=120)
    beneficiary_code = models.CharField(_("unified social credit code"), max_length=18, blank=True)
    is_beneficiary_public = models.BooleanField(_("show the beneficiary publicly"), default=True)
    purpose = models.CharField(_("purpose"), max_length=24, choices=Purpose)
    note = models.CharField(_("note"), max_length=300, blank=True)
    idempotency_key = models.CharField(_("idempotency key"), max_length=64, null=True)  # noqa: DJ001 (null: none given)
    transaction = models.OneToOneField(
        Transaction, models.PROTECT, verbose_name=pgettext_lazy("journal", "transaction"), related_name="retirement"
    )
    retired_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("retired by"), related_name="+")
    retired_at = models.DateTimeField(_("retired at"))
    # Whether a request that was repeated found this one, rather than made it. Not stored.
    is_replay = False

    class Meta:
        app_label = "ledger"
        ordering = ["-id"]
        verbose_name = _("retirement")
        verbose_name_plural = _("retirements")
        constraints = [
            models.CheckConstraint(name="retirement_has_tonnes", condition=Q(quantity_t__gt=0)),
            models.UniqueConstraint(
                fields=["organisation", "idempotency_key"],
                condition=Q(idempotency_key__isnull=False),
                name="retirement_key_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity_t} t · {self.beneficiary_name}"
