"""What reconciliation has found, each time it ran: a row when it ends, never changed (migrations/0009)."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class ReconciliationRun(models.Model):
    """One check of every invariant, seen at one moment."""

    started_at = models.DateTimeField(_("started at"))
    finished_at = models.DateTimeField(_("finished at"))
    # `beat`, or a person as the log names people.
    triggered_by = models.CharField(_("triggered by"), max_length=64)
    tree_size = models.BigIntegerField(_("tree size"))
    # A list of {number, name, params, holds, detail}: names are English message ids, so that each reader gets their language.
    results = models.JSONField(_("results"))
    holds = models.BooleanField(_("holds"))

    class Meta:
        app_label = "ledger"
        verbose_name = _("reconciliation")
        verbose_name_plural = _("reconciliations")
        ordering = ["-id"]

    def __str__(self) -> str:
        return str(self.pk)
