"""Who acts, and for whom."""

import uuid

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.parties.scopes import Scope


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
        RECORDER = "recorder", _("recorder")

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


class Invitation(models.Model):
    """An offer of a role to whoever has the link: shown once, kept as its hash, good once and for a week.

    Into the operator it is good only when another has confirmed it: roles there make value. But for the first of them, while
    there is nobody else who could (first_operator.py).
    """

    class State(models.TextChoices):
        """How it stands: not stored, as it ends by itself."""

        WAITING = "waiting", _("to be confirmed")
        OPEN = "open", pgettext_lazy("invitation", "open")
        ACCEPTED = "accepted", pgettext_lazy("invitation", "accepted")
        WITHDRAWN = "withdrawn", pgettext_lazy("invitation", "withdrawn")
        OVER = "over", pgettext_lazy("invitation", "over")

    public_id = models.UUIDField(_("public id"), default=uuid.uuid4, unique=True, editable=False)
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, verbose_name=_("organisation"), related_name="invitations"
    )
    role = models.CharField(_("role"), max_length=16, choices=Membership.Role)
    # For whom it is, in the inviter's own words, such as a name or an e-mail address.
    note = models.CharField(_("for whom"), max_length=120, blank=True)
    token_hash = models.BinaryField(unique=True)
    # Nobody: who is at the server's command line.
    invited_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("invited by"), null=True, related_name="+")
    invited_at = models.DateTimeField(_("invited at"))
    expires_at = models.DateTimeField(_("expires at"))
    # Into the operator, made while nobody but the inviter could have confirmed it, and good while that is so.
    needs_no_other = models.BooleanField(_("good without another"), default=False, db_default=False)
    confirmed_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("confirmed by"), null=True, related_name="+")
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True)
    accepted_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("accepted by"), null=True, related_name="+")
    accepted_at = models.DateTimeField(_("accepted at"), null=True)
    withdrawn_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("withdrawn by"), null=True, related_name="+")
    withdrawn_at = models.DateTimeField(_("withdrawn at"), null=True)

    class Meta:
        app_label = "ledger"
        ordering = ["-id"]
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = [
            models.CheckConstraint(
                name="invitation_confirmed_by_another",
                condition=Q(confirmed_by__isnull=True) | ~Q(confirmed_by=models.F("invited_by")),
            ),
            models.CheckConstraint(
                name="invitation_ends_once",
                condition=Q(accepted_at__isnull=True) | Q(withdrawn_at__isnull=True),
            ),
            models.CheckConstraint(
                name="invitation_by_nobody_is_the_first",
                condition=Q(invited_by__isnull=False) | Q(needs_no_other=True),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation} · {self.get_role_display()}"

    @property
    def is_open(self) -> bool:
        """Whether it can still be accepted, withdrawn or confirmed."""
        return self.accepted_at is None and self.withdrawn_at is None and self.expires_at > timezone.now()

    @property
    def waits_for_another(self) -> bool:
        """Whether a second person has to confirm it before it is good."""
        is_into_operator = self.organisation.kind == Organisation.Kind.OPERATOR
        return is_into_operator and self.confirmed_at is None and not self.needs_no_other

    @property
    def state(self) -> State:
        """How it stands now."""
        if self.accepted_at is not None:
            return self.State.ACCEPTED
        if self.withdrawn_at is not None:
            return self.State.WITHDRAWN
        if not self.is_open:
            return self.State.OVER
        return self.State.WAITING if self.waits_for_another else self.State.OPEN

    @property
    def inviter(self) -> str:
        """The user name of who made it; empty where that was done at the server's command line."""
        return self.invited_by.username if self.invited_by else ""


class RoleChange(models.Model):
    """A change among the operator's people that one proposes and another confirms: a role, or none, which is to leave."""

    class State(models.TextChoices):
        PROPOSED = "proposed", _("proposed")
        CONFIRMED = "confirmed", _("confirmed")
        REFUSED = "refused", _("refused")

    organisation = models.ForeignKey(
        Organisation, models.PROTECT, verbose_name=_("organisation"), related_name="role_changes"
    )
    person = models.ForeignKey(User, models.PROTECT, verbose_name=_("person"), related_name="+")
    # Empty where the person has none yet, or is to have none.
    role_before = models.CharField(_("role until now"), max_length=16, choices=Membership.Role, blank=True)
    role = models.CharField(_("new role"), max_length=16, choices=Membership.Role, blank=True)
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.PROPOSED)
    proposed_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("proposed by"), related_name="+")
    proposed_at = models.DateTimeField(_("proposed at"))
    decided_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("decided by"), null=True, related_name="+")
    decided_at = models.DateTimeField(_("decided at"), null=True)

    class Meta:
        app_label = "ledger"
        ordering = ["-id"]
        verbose_name = _("change of a role")
        verbose_name_plural = _("changes of roles")
        constraints = [
            models.CheckConstraint(
                name="role_change_confirmed_by_another",
                condition=~Q(state="confirmed")
                | (
                    Q(decided_by__isnull=False)
                    & ~Q(decided_by=models.F("proposed_by"))
                    & ~Q(decided_by=models.F("person"))
                ),
            ),
            models.CheckConstraint(name="role_change_changes_something", condition=~Q(role=models.F("role_before"))),
            models.UniqueConstraint(
                fields=["organisation", "person"], condition=Q(state="proposed"), name="role_change_open_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person}: {self.get_role_before_display() or '–'} → {self.get_role_display() or '–'}"


class ApiToken(models.Model):
    """A person's key to the API, shown once and kept only as its SHA-256.

    It is good for one organisation: the one that its person acted for when it was made, or, where there was none yet, the
    first that they act for. With the membership it ends.
    """

    user = models.ForeignKey(User, models.CASCADE, verbose_name=_("person"), related_name="tokens")
    organisation = models.ForeignKey(
        Organisation, models.PROTECT, verbose_name=_("organisation"), null=True, related_name="tokens"
    )
    name = models.CharField(_("name"), max_length=60)
    prefix = models.CharField(_("prefix"), max_length=12)
    token_hash = models.BinaryField(unique=True)
    scopes = ArrayField(models.CharField(max_length=16, choices=Scope), verbose_name=_("scopes"), default=list)
    # Addresses that it is good from, as CIDR; none: from everywhere.
    networks = ArrayField(models.CharField(max_length=43), verbose_name=_("networks"), default=list, blank=True)
    created_at = models.DateTimeField(_("created at"), auto_now_add=True)
    # Without an end are only tokens made before every token had one.
    expires_at = models.DateTimeField(_("expires at"), null=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True)
    last_used_at = models.DateTimeField(_("last used at"), null=True)
    # When its person was told that it ends soon.
    warned_at = models.DateTimeField(_("warned at"), null=True)

    class Meta:
        app_label = "ledger"
        verbose_name = _("API token")
        verbose_name_plural = _("API tokens")

    def __str__(self) -> str:
        return f"{self.prefix}… ({self.name})"

    @property
    def is_over(self) -> bool:
        return self.expires_at is not None and self.expires_at <= timezone.now()

    @property
    def is_good(self) -> bool:
        return self.revoked_at is None and not self.is_over
