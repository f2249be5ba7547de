"""Requests that a person's or a household's data be erased, decided by a second person."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ledger.parties.models import Household, User


class Erasure(models.Model):
    """That names and addresses of one person, or of one household, are to go: entered by one, confirmed by another.

    It names whom it is about by the row alone; once it is done that row names nobody.
    """

    class Status(models.TextChoices):
        REQUESTED = "requested", _("requested")
        DONE = "done", _("done")
        REFUSED = "refused", _("refused")

    person = models.ForeignKey(User, models.PROTECT, verbose_name=_("person"), null=True, related_name="erasures")
    household = models.ForeignKey(
        Household, models.PROTECT, verbose_name=_("member household"), null=True, related_name="erasures"
    )
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.REQUESTED)
    requested_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("entered by"), related_name="+")
    requested_at = models.DateTimeField(_("entered at"))
    decided_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("decided by"), null=True, related_name="+")
    decided_at = models.DateTimeField(_("decided at"), null=True)

    class Meta:
        app_label = "ledger"
        verbose_name = _("erasure of personal data")
        verbose_name_plural = _("erasures of personal data")
        constraints = [
            models.CheckConstraint(
                name="erasure_of_one",
                condition=Q(person__isnull=True, household__isnull=False)
                | Q(person__isnull=False, household__isnull=True),
            ),
            models.CheckConstraint(
                name="erasure_decided_by_another",
                condition=~Q(status="done")
                | (
                    Q(decided_by__isnull=False)
                    & ~Q(decided_by=models.F("requested_by"))
                    & (Q(person__isnull=True) | ~Q(decided_by=models.F("person")))
                ),
            ),
            models.UniqueConstraint(
                fields=["person"], condition=Q(status="requested"), name="erasure_one_open_a_person"
            ),
            models.UniqueConstraint(
                fields=["household"], condition=Q(status="requested"), name="erasure_one_open_a_household"
            ),
        ]

    def __str__(self) -> str:
        whose = self.person.public_id if self.person is not None else self.household and self.household.public_id
        return f"{whose} · {self.get_status_display()}"
