"""Where one batch of credits is traded against CNY, by which rules, and when."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.journal.models import Asset
from ledger.parties.models import Organisation, User


class TradingMode(models.TextChoices):
    """How two parties come together: China's carbon markets know these three."""

    LISTING = "listing", _("listing")
    BLOCK_TRADE = "block_trade", _("block trade")
    ONE_WAY_AUCTION = "one_way_auction", _("one-way auction")


class Market(models.Model):
    class State(models.TextChoices):
        OPEN = "open", _("open")
        AUCTION = "auction", _("call auction")
        CLOSED = "closed", pgettext_lazy("market", "closed")
        HALTED = "halted", _("halted")

    class Phase(models.TextChoices):
        """Where the market stands in its day, halted or not: what `state` says unless it is halted."""

        OPEN = "open", _("open")
        AUCTION = "auction", _("call auction")
        CLOSED = "closed", pgettext_lazy("market", "closed")

    symbol = models.CharField(_("symbol"), max_length=40, unique=True)
    asset = models.OneToOneField(Asset, models.PROTECT, verbose_name=_("asset"), related_name="market")
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.OPEN)
    phase = models.CharField(_("phase"), max_length=8, choices=Phase, default=Phase.OPEN)
    halt_reason = models.CharField(_("reason of the halt"), max_length=200, blank=True)
    tick_size_fen = models.PositiveIntegerField(_("tick in fen"), default=1)
    lot_size_t = models.PositiveIntegerField(_("lot in tonnes"), default=1)
    reference_price_fen = models.BigIntegerField(_("reference price in fen"))
    band_percent = models.PositiveSmallIntegerField(_("price band in percent"), default=10)
    maker_fee_bps = models.PositiveSmallIntegerField(_("maker fee in basis points"), default=0)
    taker_fee_bps = models.PositiveSmallIntegerField(_("taker fee in basis points"), default=0)
    # Trading days' sessions in Asia/Shanghai: [{"pre_open": "09:15", "open": "09:30", "close": "11:30"}, …]; none: always open.
    sessions = models.JSONField(_("sessions"), default=list, blank=True)
    # A trade so far from the reference price interrupts trading by a call auction of so many minutes; 0: nothing does.
    volatility_percent = models.PositiveSmallIntegerField(_("volatility limit in percent"), default=0)
    volatility_minutes = models.PositiveSmallIntegerField(_("volatility interruption in minutes"), default=5)
    # The book collects orders without trading; a market that is closed or halted meanwhile collects on afterwards.
    in_auction = models.BooleanField(default=False)
    # From which price a trade may not be too far: that of the last auction, else the reference price.
    volatility_reference_fen = models.BigIntegerField(null=True)
    # When the call auction of an interruption ends; null where none is on.
    auction_ends_at = models.DateTimeField(_("call auction ends at"), null=True, blank=True)
    largest_order_t = models.BigIntegerField(_("largest order in tonnes"), default=100_000_000)
    block_band_percent = models.PositiveSmallIntegerField(_("price band of block trades in percent"), default=30)
    block_minimum_t = models.BigIntegerField(_("smallest block trade in tonnes"), default=1)
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
                name="market_limits_in_bounds",
                condition=Q(
                    volatility_percent__lt=100,
                    volatility_minutes__gt=0,
                    largest_order_t__gt=0,
                    block_band_percent__gt=0,
                    block_band_percent__lt=100,
                    block_minimum_t__gt=0,
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
        """The lowest and the highest price allowed on the book, in fen, both inside the band's percentage."""
        return self.band_of(self.band_percent)

    @property
    def block_band_fen(self) -> tuple[int, int]:
        """The lowest and the highest price allowed of a block trade, in fen."""
        return self.band_of(self.block_band_percent)

    def band_of(self, percent: int) -> tuple[int, int]:
        """Return the lowest and the highest price that are no more than so many percent from the reference price."""
        low = -(-self.reference_price_fen * (100 - percent) // 100)
        high = self.reference_price_fen * (100 + percent) // 100
        return max(low, 1), high


class MarketClock(models.Model):
    """Up to when a market's sessions have been turned into instructions: each step of a day is instructed once."""

    market = models.OneToOneField(Market, models.PROTECT, primary_key=True, related_name="clock")
    stepped_until = models.DateTimeField()

    class Meta:
        app_label = "trading"


class ClosedDay(models.Model):
    """A day without trading beyond weekends and public holidays, as the operator has said."""

    day = models.DateField(_("day"), unique=True)
    reason = models.CharField(_("reason"), max_length=200)

    class Meta:
        app_label = "trading"
        ordering = ["-day"]
        verbose_name = _("closed day")
        verbose_name_plural = _("closed days")

    def __str__(self) -> str:
        return f"{self.day} {self.reason}"


class TradingLimit(models.Model):
    """What an organisation may order at most, in one market or in each; null: as much as everybody."""

    organisation = models.ForeignKey(
        Organisation, models.PROTECT, verbose_name=_("organisation"), related_name="trading_limits"
    )
    market = models.ForeignKey(
        Market, models.PROTECT, verbose_name=_("market"), null=True, blank=True, related_name="limits"
    )
    largest_order_t = models.BigIntegerField(_("largest order in tonnes"), null=True, blank=True)
    largest_order_fen = models.BigIntegerField(_("largest order in fen"), null=True, blank=True)
    most_held_fen = models.BigIntegerField(_("most held for its orders in fen"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=200)

    class Meta:
        app_label = "trading"
        ordering = ["organisation", "market"]
        verbose_name = _("trading limit")
        verbose_name_plural = _("trading limits")
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "market"], nulls_distinct=False, name="one_limit_of_an_organisation_in_a_market"
            ),
            models.CheckConstraint(
                name="trading_limit_in_bounds",
                condition=(Q(largest_order_t__isnull=True) | Q(largest_order_t__gt=0))
                & (Q(largest_order_fen__isnull=True) | Q(largest_order_fen__gt=0))
                & (Q(most_held_fen__isnull=True) | Q(most_held_fen__gt=0)),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organisation} · {self.market or _('all markets')}"


class MarketChange(models.Model):
    """Other rules of a market that one person proposes and another confirms."""

    class State(models.TextChoices):
        PROPOSED = "proposed", _("proposed")
        CONFIRMED = "confirmed", _("confirmed")
        REFUSED = "refused", _("refused")

    market = models.ForeignKey(Market, models.PROTECT, verbose_name=_("market"), related_name="changes")
    # What becomes another one, by the name of the rule.
    rules = models.JSONField(_("new rules"))
    reason = models.CharField(_("reason"), max_length=200)
    state = models.CharField(_("state"), max_length=16, choices=State, default=State.PROPOSED)
    proposed_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("proposed by"), related_name="+")
    proposed_at = models.DateTimeField(_("proposed at"))
    decided_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("decided by"), null=True, related_name="+")
    decided_at = models.DateTimeField(_("decided at"), null=True)

    class Meta:
        app_label = "trading"
        verbose_name = _("change of a market's rules")
        verbose_name_plural = _("changes of markets' rules")
        constraints = [
            models.CheckConstraint(
                name="market_change_confirmed_by_another",
                condition=~Q(state="confirmed")
                | (Q(decided_by__isnull=False) & ~Q(decided_by=models.F("proposed_by"))),
            ),
            models.UniqueConstraint(fields=["market"], condition=Q(state="proposed"), name="market_change_open_once"),
        ]

    def __str__(self) -> str:
        return f"{self.market}: {', '.join(map(rule_named, sorted(self.rules)))}"


def rule_named(name: str) -> str:
    """Return what people call a rule of markets."""
    field = Market._meta.get_field(name)
    assert isinstance(field, models.Field)
    return str(field.verbose_name)
