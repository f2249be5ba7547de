"""What has happened to people's accounts, and what the operator does for who has lost a second factor."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ledger.parties.models import User


class SecurityEvent(models.Model):
    """Something that happened to a person's account: written once. Its record says who and what, never from where."""

    class Kind(models.TextChoices):
        LOGGED_IN = "logged_in", _("logged in")
        NEW_DEVICE = "new_device", _("logged in by a new browser")
        LOCKED = "locked", _("locked after too many attempts")
        PASSWORD_CHANGED = "password_changed", _("password changed")
        PASSWORD_RESET = "password_reset", _("password reset by e-mail")
        EMAIL_CHANGED = "email_changed", _("e-mail address changed")
        FACTOR_ADDED = "factor_added", _("second factor added")
        FACTOR_REMOVED = "factor_removed", _("second factor removed")
        FACTORS_RESET = "factors_reset", _("second factors reset by the operator")
        RECOVERY_CODES_MADE = "recovery_codes_made", _("recovery codes made")
        RECOVERY_CODE_USED = "recovery_code_used", _("recovery code used")
        SESSION_ENDED = "session_ended", _("session ended")
        TOKEN_MADE = "token_made", _("API token made")
        TOKEN_REVOKED = "token_revoked", _("API token revoked")
        ACCOUNT_LOCKED = "account_locked", _("account locked by the operator")
        ACCOUNT_UNLOCKED = "account_unlocked", _("account unlocked by the operator")

    user = models.ForeignKey(User, models.PROTECT, verbose_name=_("person"), related_name="security_events")
    kind = models.CharField(_("what happened"), max_length=24, choices=Kind)
    at = models.DateTimeField(_("at"))
    record_id = models.BigIntegerField(_("record"))

    class Meta:
        app_label = "ledger"
        verbose_name = _("security event")
        verbose_name_plural = _("security events")
        indexes = [models.Index(fields=["user", "-id"], name="security_event_of_person")]

    def __str__(self) -> str:
        return self.get_kind_display()


class EventOrigin(models.Model):
    """From where something was done to an account. Forgotten after a while (SECURITY_ADDRESS_DAYS), unlike the event."""

    event = models.OneToOneField(
        SecurityEvent, models.PROTECT, verbose_name=_("security event"), related_name="origin", primary_key=True
    )
    address = models.GenericIPAddressField(_("address"), null=True)
    browser = models.CharField(_("browser"), max_length=80, blank=True)

    class Meta:
        app_label = "ledger"
        verbose_name = _("origin of a security event")
        verbose_name_plural = _("origins of security events")

    def __str__(self) -> str:
        return f"{self.address or '–'} · {self.browser or '–'}"


class FactorReset(models.Model):
    """The second factors of a person who has lost them, taken away by two people of the operator."""

    class Status(models.TextChoices):
        REQUESTED = "requested", _("requested")
        CONFIRMED = "confirmed", _("confirmed")
        REFUSED = "refused", _("refused")

    user = models.ForeignKey(User, models.PROTECT, verbose_name=_("person"), related_name="factor_resets")
    reason = models.CharField(_("reason"), max_length=200)
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.REQUESTED)
    requested_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("entered by"), related_name="+")
    requested_at = models.DateTimeField(_("entered at"))
    decided_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("decided by"), null=True, related_name="+")
    decided_at = models.DateTimeField(_("decided at"), null=True)

    class Meta:
        app_label = "ledger"
        verbose_name = _("reset of second factors")
        verbose_name_plural = _("resets of second factors")
        constraints = [
            models.CheckConstraint(
                name="factor_reset_by_two_others",
                condition=~Q(user=models.F("requested_by"))
                & (
                    Q(decided_by__isnull=True)
                    | (~Q(decided_by=models.F("requested_by")) & ~Q(decided_by=models.F("user")))
                ),
            ),
            models.UniqueConstraint(
                fields=["user"], condition=Q(status="requested"), name="factor_reset_one_open_a_person"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_status_display()}"


class AccountLock(models.Model):
    """An account that one person of the operator has locked at once, and another one unlocks."""

    user = models.ForeignKey(User, models.PROTECT, verbose_name=_("person"), related_name="locks")
    reason = models.CharField(_("reason"), max_length=200)
    locked_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("locked by"), related_name="+")
    locked_at = models.DateTimeField(_("locked at"))
    unlocked_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("unlocked by"), null=True, related_name="+")
    unlocked_at = models.DateTimeField(_("unlocked at"), null=True)

    class Meta:
        app_label = "ledger"
        verbose_name = _("locked account")
        verbose_name_plural = _("locked accounts")
        constraints = [
            models.CheckConstraint(
                name="account_unlocked_by_another",
                condition=~Q(user=models.F("locked_by"))
                & (
                    Q(unlocked_by__isnull=True)
                    | (~Q(unlocked_by=models.F("locked_by")) & ~Q(unlocked_by=models.F("user")))
                ),
            ),
            models.UniqueConstraint(
                fields=["user"], condition=Q(unlocked_at=None), name="account_lock_one_open_a_person"
            ),
        ]

    def __str__(self) -> str:
        return str(self.user)
