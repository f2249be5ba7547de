"""How a cooperative shares what its credits bring, what each sale brought to whom, and each household's own link.

Plans, distributions and what belongs to them are append-only (migrations/sql/sharing.sql).
"""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.credits.models import Batch
from ledger.journal.models import Transaction
from ledger.parties.models import Household, Organisation, User
from ledger.projects.models import Project

WHOLE_BPS = 10_000
"""A whole in basis points."""


class SharingPlan(models.Model):
    """How proceeds are shared from an instant on, until a newer version takes its place. Never changed.

    Of what a sale brings, a part is retained for a purpose; the rest is parted by area, equally and by contribution, so
    many basis points of it each. A plan for one project goes before the plan for all.
    """

    cooperative = models.ForeignKey(
        Organisation, models.PROTECT, verbose_name=_("cooperative"), related_name="sharing_plans"
    )
    project = models.ForeignKey(
        Project, models.PROTECT, verbose_name=_("project"), null=True, related_name="sharing_plans"
    )
    version = models.PositiveIntegerField(_("version"))
    effective_from = models.DateTimeField(_("effective from"))
    # The newest transfer to the cooperative's cash when the plan was stated: what was sold up to it is not its matter,
    # whatever the clocks of several machines say.
    after_transfer = models.BigIntegerField(_("for sales after transfer"))
    retained_bps = models.PositiveSmallIntegerField(_("retained, in basis points"))
    retained_for = models.CharField(_("what the retained part is for"), max_length=300, blank=True)
    area_bps = models.PositiveSmallIntegerField(_("by area, in basis points"))
    equal_bps = models.PositiveSmallIntegerField(_("equally, in basis points"))
    contribution_bps = models.PositiveSmallIntegerField(_("by contribution, in basis points"))
    statement = models.TextField(_("statement"), max_length=2_000, blank=True)
    is_public = models.BooleanField(_("shown publicly"), default=False)
    content_sha256 = models.CharField(_("SHA-256 of the content"), max_length=64)
    stated_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("stated by"), related_name="+")
    stated_at = models.DateTimeField(_("stated at"))

    class Meta:
        app_label = "ledger"
        ordering = ["-id"]
        verbose_name = _("sharing plan")
        verbose_name_plural = _("sharing plans")
        constraints = [
            models.UniqueConstraint(
                fields=["cooperative", "project", "version"], name="sharing_plan_version_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                name="sharing_plan_parts_make_a_whole",
                condition=Q(retained_bps__lte=WHOLE_BPS)
                & Q(area_bps=WHOLE_BPS - F("equal_bps") - F("contribution_bps")),
            ),
            models.CheckConstraint(
                name="sharing_plan_never_for_the_past", condition=Q(effective_from__gte=F("stated_at"))
            ),
        ]

    def __str__(self) -> str:
        return f"{self.cooperative} · {self.version}"


class SharingWeight(models.Model):
    """How much a household has contributed, as a plan has it: working days, shares, whatever the cooperative counts."""

    plan = models.ForeignKey(SharingPlan, models.PROTECT, verbose_name=_("sharing plan"), related_name="weights")
    household = models.ForeignKey(Household, models.PROTECT, verbose_name=_("member household"), related_name="+")
    weight = models.BigIntegerField(_("contribution"))

    class Meta:
        app_label = "ledger"
        ordering = ["id"]
        verbose_name = _("contribution of a household")
        verbose_name_plural = _("contributions of households")
        constraints = [
            models.UniqueConstraint(fields=["plan", "household"], name="sharing_weight_once_a_household"),
            models.CheckConstraint(name="sharing_weight_is_something", condition=Q(weight__gt=0)),
        ]

    def __str__(self) -> str:
        return str(self.weight)


class SharingProgress(models.Model):
    """Up to which transfer a cooperative's sales have been looked at; whoever shares or plans locks it."""

    cooperative = models.OneToOneField(
        Organisation, models.PROTECT, verbose_name=_("cooperative"), primary_key=True, related_name="sharing_progress"
    )
    looked_to = models.BigIntegerField(_("looked at up to transfer"), default=0)

    class Meta:
        app_label = "ledger"

    def __str__(self) -> str:
        return str(self.looked_to)


class Distribution(models.Model):
    """Sales of one batch under one plan, shared at once. Units: fen."""

    cooperative = models.ForeignKey(
        Organisation, models.PROTECT, verbose_name=_("cooperative"), related_name="distributions"
    )
    plan = models.ForeignKey(SharingPlan, models.PROTECT, verbose_name=_("sharing plan"), related_name="distributions")
    batch = models.ForeignKey(Batch, models.PROTECT, verbose_name=_("batch of credits"), related_name="distributions")
    net_fen = models.BigIntegerField(_("net proceeds in fen"))
    retained_fen = models.BigIntegerField(_("retained in fen"))
    shared_fen = models.BigIntegerField(_("shared in fen"))
    shares_sha256 = models.CharField(_("SHA-256 of the shares"), max_length=64)
    distributed_at = models.DateTimeField(_("distributed at"))
    record_id = models.BigIntegerField(_("record"))

    class Meta:
        app_label = "ledger"
        ordering = ["-id"]
        verbose_name = _("distribution to households")
        verbose_name_plural = _("distributions to households")
        constraints = [
            models.CheckConstraint(
                name="distribution_parts_make_the_whole",
                condition=Q(net_fen=F("retained_fen") + F("shared_fen"), retained_fen__gte=0, shared_fen__gte=0),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.batch} · {self.pk}"


class DistributedSale(models.Model):
    """A settlement that a distribution shares: the primary key lets none be shared twice."""

    transaction = models.OneToOneField(
        Transaction,
        models.PROTECT,
        verbose_name=pgettext_lazy("journal", "transaction"),
        primary_key=True,
        db_constraint=False,
        related_name="+",
    )
    distribution = models.ForeignKey(
        Distribution, models.PROTECT, verbose_name=_("distribution to households"), related_name="sales"
    )
    net_fen = models.BigIntegerField(_("net proceeds in fen"))

    class Meta:
        app_label = "ledger"
        verbose_name = _("distributed sale")
        verbose_name_plural = _("distributed sales")

    def __str__(self) -> str:
        return str(self.pk)


class Share(models.Model):
    """What a household gets of a distribution, and by what: area, contribution, or simply being a member."""

    distribution = models.ForeignKey(
        Distribution, models.PROTECT, verbose_name=_("distribution to households"), related_name="shares"
    )
    household = models.ForeignKey(
        Household, models.PROTECT, verbose_name=_("member household"), related_name="shares", db_constraint=False
    )
    area_ha = models.DecimalField(_("area in hectares"), max_digits=14, decimal_places=4)
    contribution = models.BigIntegerField(_("contribution"))
    amount_fen = models.BigIntegerField(_("amount in fen"))
    # None where the share comes to no fen, which cannot be moved.
    transaction = models.ForeignKey(
        Transaction,
        models.PROTECT,
        verbose_name=pgettext_lazy("journal", "transaction"),
        null=True,
        db_constraint=False,
        related_name="+",
    )

    class Meta:
        app_label = "ledger"
        ordering = ["id"]
        verbose_name = _("share of a household")
        verbose_name_plural = _("shares of households")
        constraints = [
            models.UniqueConstraint(fields=["distribution", "household"], name="share_once_a_household"),
            models.CheckConstraint(
                name="share_moves_what_it_is",
                condition=Q(amount_fen=0, transaction__isnull=True) | Q(amount_fen__gt=0, transaction__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class HouseholdLink(models.Model):
    """A household's personal address: who has it sees the household's page, without a log-in. Kept as its SHA-256."""

    household = models.OneToOneField(
        Household, models.PROTECT, verbose_name=_("member household"), primary_key=True, related_name="link"
    )
    # None where it is revoked.
    token_hash = models.BinaryField(unique=True, null=True)
    made_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("made by"), related_name="+")
    made_at = models.DateTimeField(_("made at"))
    revoked_at = models.DateTimeField(_("revoked at"), null=True)

    class Meta:
        app_label = "ledger"
        verbose_name = _("link of a household")
        verbose_name_plural = _("links of households")

    def __str__(self) -> str:
        return str(self.household_id)
