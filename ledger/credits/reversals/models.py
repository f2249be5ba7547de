"""Reversals: carbon that was stored and credited, and is lost again; or credits that should never have been."""

import uuid

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.parties.models import Organisation, User
from ledger.projects.models import Project


class Reversal(models.Model):
    """A loss that somebody reports and a second person confirms; what the buffer pool does not cover is owed."""

    class Cause(models.TextChoices):
        FLOOD = "flood", pgettext_lazy("reversal", "flood")
        FIRE = "fire", pgettext_lazy("reversal", "fire")
        DROUGHT = "drought", pgettext_lazy("reversal", "drought")
        PLOUGHED_UP = "ploughed_up", pgettext_lazy("reversal", "ploughing up")
        LAND_LOST = "land_lost", pgettext_lazy("reversal", "land lost to another use")
        OVER_ISSUANCE = "over_issuance", pgettext_lazy("reversal", "over-issuance: more issued than was due")
        OTHER = "other", pgettext_lazy("reversal", "another cause")

    class State(models.TextChoices):
        REPORTED = "reported", pgettext_lazy("reversal", "reported")
        CONFIRMED = "confirmed", pgettext_lazy("reversal", "confirmed, to be made up for")
        COMPENSATED = "compensated", pgettext_lazy("reversal", "made up for")
        REFUSED = "refused", pgettext_lazy("reversal", "refused")

    # What a proponent has done, or has been given wrongly: no pool of others pays for it.
    NEVER_COVERED = (Cause.PLOUGHED_UP, Cause.OVER_ISSUANCE)
    STANDING = (State.CONFIRMED, State.COMPENSATED)

    public_id = models.UUIDField(_("public id"), default=uuid.uuid4, unique=True, editable=False)
    project = models.ForeignKey(Project, models.PROTECT, verbose_name=_("project"), related_name="reversals")
    happened_on = models.DateField(_("happened on"))
    discovered_on = models.DateField(_("discovered on"))
    cause = models.CharField(_("cause"), max_length=16, choices=Cause)
    is_intentional = models.BooleanField(_("brought about on purpose"), default=False)
    description = models.TextField(_("description"), max_length=2_000)
    loss_t = models.BigIntegerField(_("tonnes lost"))
    state = models.CharField(_("state"), max_length=12, choices=State, default=State.REPORTED)
    # What becomes of the loss, known once it is confirmed.
    from_buffer_t = models.BigIntegerField(_("tonnes cancelled from the buffer pool"), null=True)
    owed_t = models.BigIntegerField(_("tonnes owed by the proponent"), null=True)
    due_on = models.DateField(_("to be made up for by"), null=True)
    refusal_reason = models.CharField(_("reason of the refusal"), max_length=200, blank=True)
    reporter = models.ForeignKey(Organisation, models.PROTECT, verbose_name=_("reported by"), related_name="+")
    reported_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("entered by"), related_name="+")
    reported_at = models.DateTimeField(_("reported at"))
    decided_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("decided by"), null=True, related_name="+")
    decided_at = models.DateTimeField(_("decided at"), null=True)
    compensated_at = models.DateTimeField(_("made up for at"), null=True)

    class Meta:
        app_label = "ledger"
        ordering = ["-id"]
        verbose_name = pgettext_lazy("carbon", "reversal")
        verbose_name_plural = pgettext_lazy("carbon", "reversals")
        constraints = [
            models.CheckConstraint(name="reversal_has_tonnes", condition=Q(loss_t__gt=0)),
            models.CheckConstraint(
                name="reversal_discovered_after_it_happened", condition=Q(happened_on__lte=F("discovered_on"))
            ),
            models.CheckConstraint(
                name="reversal_decided_by_another",
                condition=Q(decided_by__isnull=True) | ~Q(decided_by=F("reported_by")),
            ),
            models.CheckConstraint(
                name="reversal_covered_or_owed",
                condition=Q(state__in=["confirmed", "compensated"], loss_t=F("from_buffer_t") + F("owed_t"))
                | Q(
                    state__in=["reported", "refused"],
                    from_buffer_t__isnull=True,
                    owed_t__isnull=True,
                    due_on__isnull=True,
                ),
            ),
            models.CheckConstraint(
                name="reversal_decided_in_order",
                condition=Q(state="reported", decided_at__isnull=True)
                | (~Q(state="reported") & Q(decided_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="reversal_compensated_in_order",
                condition=Q(state="compensated", compensated_at__isnull=False)
                | (~Q(state="compensated") & Q(compensated_at__isnull=True)),
            ),
            # The same form sent twice reports once.
            models.UniqueConstraint(
                fields=["project", "cause", "happened_on"], condition=Q(state="reported"), name="reversal_reported_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.project.code} · {self.get_cause_display()} · {self.loss_t} t"

    @property
    def is_covered_by_the_pool(self) -> bool:
        """Whether the buffer pool pays for it: for what befell a project, not for what its proponent did."""
        return not self.is_intentional and self.cause not in self.NEVER_COVERED
