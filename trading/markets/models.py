"""Where one batch of credits is traded against CNY, and by which rules."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from ledger.journal.models import Asset


class Market(models.Model):
    class State(models.TextChoices):
        OPEN = "open", _("open")
        HALTED = "halted", _("halted")

    symbol = models.CharField(_("symbol"), max_length=40, unique=True)
    asset = models.OneToOneField(Asset, models.PROTECT, verbose_name=_("asset"), related_name="market")
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.OPEN)
    halt_reason = models.CharField(_("reason of the halt"), max_length=200, blank=True)
    tick_size_fen = models.PositiveIntegerField(_("tick in fen"), default=1)
    lot_size_t = models.PositiveIntegerField(_("lot in tonnes"), default=1)
    reference_price_fen = models.BigIntegerField(_("reference price in fen"))
    band_percent = models.PositiveSmallIntegerField(_("price band in percent"), default=10)
    maker_fee_bps = models.PositiveSmallIntegerField(_("maker fee in basis points"), default=0)
    taker_fee_bps = models.PositiveSmallIntegerField(_("taker fee in basis points"), default=0)
    shard = models.PositiveSmallIntegerField(_("shard"), default=0)
    # The number of the last instruction applied: a worker's book in memory is good while it has the same one.
    last_sequence = models.BigIntegerField(_("last instruction"), default=0)
    # The priority number that the book gave last.
    book_sequence = models.BigIntegerField(default=0)
    opened_at = models.DateTimeField(_("opened at"), auto_now_add=True)

    class Meta:
        app_label = "trading"
        ordering = ["-id"]
        verbose_name = _("market")
        verbose_name_plural = _("markets")
        constraints = [
            models.CheckConstraint(
                name="market_rules_in_bounds",
                condition=Q(
                    tick_size_fen__gt=0,
                    lot_size_t__gt=0,
                    reference_price_fen__gt=0,
                    band_percent__gt=0,
                    band_percent__lt=100,
                    maker_fee_bps__lte=1000,
                    taker_fee_bps__lte=1000,
                ),
            ),
            models.CheckConstraint(
                name="market_makers_pay_no_more", condition=Q(maker_fee_bps__lte=F("taker_fee_bps"))
            ),
        ]

    def __str__(self) -> str:
        return self.symbol

    @property
    def band_fen(self) -> tuple[int, int]:
        """The lowest and the highest price allowed, in fen, both inside the band's percentage."""
        low = -(-self.reference_price_fen * (100 - self.band_percent) // 100)
        high = self.reference_price_fen * (100 + self.band_percent) // 100
        return max(low, 1), high
