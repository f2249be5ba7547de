"""Who acts, and for whom."""

import uuid

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class User(AbstractUser):
    """A person. The log names people by `public_id` alone, so that a name can be erased without touching it."""

    public_id = models.UUIDField(_("public id"), default=uuid.uuid4, unique=True, editable=False)
    display_name = models.CharField(_("name"), max_length=80, blank=True)

    class Meta:
        app_label = "ledger"
        verbose_name = _("person")
        verbose_name_plural = _("people")

    def __str__(self) -> str:
        return self.display_name or self.username


class Organisation(models.Model):
    class Kind(models.TextChoices):
        COOPERATIVE = "cooperative", _("cooperative")
        BUYER = "buyer", _("buyer")
        VERIFIER = "verifier", _("verifier")
        OPERATOR = "operator", _("operator")
        AUDITOR = "auditor", _("auditor")

    # The kinds that have money and credits, and trade them.
    HOLDERS = (Kind.COOPERATIVE, Kind.BUYER)

    class Status(models.TextChoices):
        APPLIED = "applied", _("applied")
        APPROVED = "approved", _("approved")
        SUSPENDED = "suspended", _("suspended")

    public_id = models.UUIDField(_("public id"), default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=16, choices=Kind)
    status = models.CharField(_("status"), max_length=16, choices=Status, default=Status.APPLIED)
    name = models.CharField(_("name"), max_length=120, unique=True)
    name_en = models.CharField(_("name in English"), max_length=120, blank=True)
    credit_code = models.CharField(_("unified social credit code"), max_length=18, blank=True)
    applied_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("applied by"), null=True, related_name="+")
    approved_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("approved by"), null=True, related_name="+")
    created_at = models.DateTimeField(_("applied at"), auto_now_add=True)
    approved_at = models.DateTimeField(_("approved at"), null=True)

    class Meta:
        app_label = "ledger"
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")
        constraints = [
            models.CheckConstraint(
                name="organisation_approved_by_another",
                condition=Q(applied_by__isnull=True)
                | Q(approved_by__isnull=True)
                | ~Q(applied_by=models.F("approved_by")),
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_approved(self) -> bool:
        return self.status == self.Status.APPROVED

    @property
    def holds_assets(self) -> bool:
        """Whether it is of a kind that has money and credits, and trades them."""
        return self.kind in self.HOLDERS


class Membership(models.Model):
    class Role(models.TextChoices):
        OWNER = "owner", _("owner")
        TRADER = "trader", _("trader")
        VIEWER = "viewer", _("viewer")
        REGISTRAR = "registrar", _("registrar")
        TREASURER = "treasurer", _("treasurer")

    user = models.ForeignKey(User, models.CASCADE, verbose_name=_("person"), related_name="memberships")
    organisation = models.ForeignKey(
        Organisation, models.CASCADE, verbose_name=_("organisation"), related_name="memberships"
    )
    role = models.CharField(_("role"), max_length=16, choices=Role)

    class Meta:
        app_label = "ledger"
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            # Every person acts for one organisation at a time.
            models.UniqueConstraint(fields=["user"], name="membership_one_a_person"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.organisation} · {self.get_role_display()}"


class Household(models.Model):
    """A member household of a cooperative: whose fields are in its projects, and who shares in what they sell.

    The log names it by `public_id` alone, as it names people.
    """

    public_id = models.UUIDField(_("public id"), default=uuid.uuid4, unique=True, editable=False)
    cooperative = models.ForeignKey(
        Organisation, models.PROTECT, verbose_name=_("cooperative"), related_name="households"
    )
    # The cooperative's own number for it, such as 3-017.
    code = models.CharField(_("household code"), max_length=32)
    name = models.CharField(_("name of the household"), max_length=80)
    created_at = models.DateTimeField(_("member since"), auto_now_add=True)
    left_at = models.DateTimeField(_("left at"), null=True)

    class Meta:
        app_label = "ledger"
        ordering = ["code", "id"]
        verbose_name = _("member household")
        verbose_name_plural = _("member households")
        constraints = [
            models.UniqueConstraint(fields=["cooperative", "code"], name="household_code_once_a_cooperative"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


class ApiToken(models.Model):
    """A person's key to the API, shown once and kept only as its SHA-256.

    It is the person's, not the membership's: who has signed up asks for an organisation with it.
    """

    user = models.ForeignKey(User, models.CASCADE, verbose_name=_("person"), related_name="tokens")
    name = models.CharField(_("name"), max_length=60)
    prefix = models.CharField(_("prefix"), max_length=12)
    token_hash = models.BinaryField(unique=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    expires_at = models.DateTimeField(_("expires at"), null=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True)

    class Meta:
        app_label = "ledger"
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.name})"
