"""What a position came to at the end of a day: kept so that no page reckons years of trades anew."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from ledger.journal.models import Account


class PositionDay(models.Model):
    """An organisation's position in a batch at the end of a day on which it moved. Units: tonnes, fen.

    Computed from the journal and the trades by `keep_positions`, and can be computed again.
    """

    pk = models.CompositePrimaryKey("account_id", "day")
    account = models.ForeignKey(
        Account, models.PROTECT, verbose_name=_("account"), related_name="+", db_constraint=False, db_index=False
    )
    # In Shanghai.
    day = models.DateField(_("day"))
    # The journal's transfer that it includes last.
    through_id = models.BigIntegerField()
    tonnes = models.BigIntegerField(_("tonnes"))
    # The same money may go round many times: no bound of the journal holds for these sums.
    cost_fen = models.DecimalField(_("cost in fen"), max_digits=38, decimal_places=0)
    realised_fen = models.DecimalField(_("realised profit in fen"), max_digits=38, decimal_places=0)
    used_fen = models.DecimalField(_("cost of what was used, in fen"), max_digits=38, decimal_places=0)

    class Meta:
        app_label = "trading"
        verbose_name = _("position at the end of a day")
        verbose_name_plural = _("positions at the end of a day")

    def __str__(self) -> str:
        return f"{self.account_id} {self.day}"
