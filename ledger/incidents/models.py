"""What the operator has frozen, and how it was lifted again."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.freezes import Scope
from ledger.parties.models import User


class Incident(models.Model):
    """A freeze of trading, of withdrawals or of everything: begun by one person, lifted by two.

    While `lifted_at` is empty it stands, and this very row is what stops whoever asks (ledger/freezes.py).
    """

    scope = models.CharField(_("frozen"), max_length=16, choices=Scope)
    # Shown to everyone.
    reason = models.CharField(_("reason"), max_length=160)
    # Nobody: from the command line of the server.
    begun_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("frozen by"), null=True, related_name="+")
    begun_at = models.DateTimeField(_("frozen at"))
    lift_requested_by = models.ForeignKey(
        User, models.PROTECT, verbose_name=_("lift asked for by"), null=True, related_name="+"
    )
    lift_requested_at = models.DateTimeField(_("lift asked for at"), null=True)
    # What was found, and why it is safe to go on.
    lift_reason = models.CharField(_("why it may be lifted"), max_length=200, blank=True)
    auction_minutes = models.PositiveSmallIntegerField(_("call auction before trading, in minutes"), default=0)
    lifted_by = models.ForeignKey(User, models.PROTECT, verbose_name=pgettext_lazy("freeze", "lifted by"), null=True, related_name="+")
    lifted_at = models.DateTimeField(pgettext_lazy("freeze", "lifted at"), null=True)

    class Meta:
        app_label = "ledger"
        verbose_name = _("incident")
        verbose_name_plural = _("incidents")
        constraints = [
            models.UniqueConstraint(fields=["scope"], condition=Q(lifted_at=None), name="incident_one_open_a_scope"),
            models.CheckConstraint(
                name="incident_lifted_by_two",
                condition=Q(lifted_at__isnull=True, lifted_by__isnull=True)
                | (
                    Q(lifted_at__isnull=False, lifted_by__isnull=False, lift_requested_by__isnull=False)
                    & ~Q(lifted_by=models.F("lift_requested_by"))
                ),
            ),
            models.CheckConstraint(
                name="incident_lift_asked_for_whole",
                condition=Q(lift_requested_by__isnull=True, lift_requested_at__isnull=True)
                | Q(lift_requested_by__isnull=False, lift_requested_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"#{self.pk} {self.get_scope_display()}"

    @property
    def stands(self) -> bool:
        return self.lifted_at is None

    @property
    def waits_to_be_lifted(self) -> bool:
        """Whether one person has asked for the lift, and a second one is to confirm it."""
        return self.stands and self.lift_requested_at is not None
