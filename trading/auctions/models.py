"""One-way auctions: a seller's lot, and the bids for it. The call auction of a market's book is another thing."""

import datetime as dt

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.journal.models import Hold
from ledger.parties.models import Organisation, User
from trading.markets.models import Market
from trading.orders.models import Order


class OneWayAuction(models.Model):
    """Tonnes that a seller offers to whoever bids most, held from the start, with its rules."""

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("auction", "open")
        AWARDED = "awarded", pgettext_lazy("auction", "awarded")
        UNSOLD = "unsold", pgettext_lazy("auction", "unsold")
        CANCELLED = "cancelled", pgettext_lazy("auction", "cancelled")

    class Stage(models.TextChoices):
        """What an auction shows as: its state, and of an open one whether bids are taken yet, or any more."""

        ANNOUNCED = "announced", pgettext_lazy("auction", "announced")
        OPEN = "open", pgettext_lazy("auction", "open")
        CLOSING = "closing", pgettext_lazy("auction", "closed, to be awarded")
        AWARDED = "awarded", pgettext_lazy("auction", "awarded")
        UNSOLD = "unsold", pgettext_lazy("auction", "unsold")
        CANCELLED = "cancelled", pgettext_lazy("auction", "cancelled")

    class Pricing(models.TextChoices):
        UNIFORM = "uniform", _("all pay the lowest winning price")
        PAY_AS_BID = "pay_as_bid", _("each pays its own bid")

    market = models.ForeignKey(Market, models.PROTECT, verbose_name=_("market"), related_name="one_way_auctions")
    seller = models.ForeignKey(
        Organisation, models.PROTECT, verbose_name=pgettext_lazy("trade", "seller"), related_name="+", db_index=False
    )
    announced_by = models.ForeignKey(
        User, models.PROTECT, verbose_name=_("announced by"), related_name="+", db_index=False
    )
    client_auction_id = models.CharField(_("client auction id"), max_length=64)
    quantity_t = models.BigIntegerField(_("tonnes"))
    reserve_price_fen = models.BigIntegerField(_("reserve price in fen"))
    least_bid_t = models.BigIntegerField(_("smallest bid in tonnes"))
    is_sealed = models.BooleanField(_("sealed bids"))
    pricing = models.CharField(_("price to be paid"), max_length=10, choices=Pricing)
    # What seller and buyers will pay, whatever becomes of the market's rules.
    fee_bps = models.PositiveSmallIntegerField(_("fee of each party in basis points"))
    opens_at = models.DateTimeField(_("opens at"))
    closes_at = models.DateTimeField(_("closes at"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    reason = models.CharField(_("reason of the cancellation"), max_length=200, blank=True, default="")
    hold = models.OneToOneField(Hold, models.PROTECT, verbose_name=_("hold"), related_name="+", db_constraint=False)
    sell_order = models.OneToOneField(Order, models.PROTECT, verbose_name=_("sell order"), null=True, related_name="+")
    announced_at = models.DateTimeField(_("announced at"))
    decided_by = models.ForeignKey(
        User, models.PROTECT, verbose_name=_("decided by"), null=True, related_name="+", db_index=False
    )
    decided_at = models.DateTimeField(_("decided at"), null=True)

    class Meta:
        app_label = "trading"
        verbose_name = _("one-way auction")
        verbose_name_plural = _("one-way auctions")
        constraints = [
            models.UniqueConstraint(fields=["seller", "client_auction_id"], name="client_auction_id_once"),
            models.CheckConstraint(
                name="one_way_auction_in_bounds",
                condition=Q(quantity_t__gt=0, reserve_price_fen__gt=0, least_bid_t__gt=0)
                & Q(least_bid_t__lte=F("quantity_t"), opens_at__lt=F("closes_at")),
            ),
            models.CheckConstraint(
                name="one_way_auction_decided_once",
                condition=Q(state="open", decided_at__isnull=True) | (~Q(state="open") & Q(decided_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="one_way_auction_awarded_has_order",
                condition=Q(state="awarded", sell_order__isnull=False)
                | (~Q(state="awarded") & Q(sell_order__isnull=True)),
            ),
        ]
        indexes = [models.Index(fields=["closes_at"], condition=Q(state="open"), name="one_way_auction_closing")]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"

    @property
    def stage(self) -> str:
        """What the auction shows as now."""
        if self.state != self.State.OPEN:
            return self.state
        now = timezone.now()
        if now < self.opens_at:
            return self.Stage.ANNOUNCED
        return self.Stage.OPEN if now < self.closes_at else self.Stage.CLOSING

    def get_stage_display(self) -> str:
        return str(self.Stage(self.stage).label)

    def takes_bids_at(self, now: dt.datetime) -> bool:
        """Return whether bids come and go: a late beat cannot keep an auction open."""
        return self.state == self.State.OPEN and self.opens_at <= now < self.closes_at

    @property
    def hides_bids(self) -> bool:
        """Whether what was bid is nobody's business yet but the bidder's. A cancelled one's bids stay sealed for good."""
        return self.is_sealed and self.state in (self.State.OPEN, self.State.CANCELLED)


class Bid(models.Model):
    """What somebody would pay for how much, with the whole worst case held until the award."""

    class State(models.TextChoices):
        STANDING = "standing", pgettext_lazy("bid", "standing")
        WITHDRAWN = "withdrawn", pgettext_lazy("bid", "withdrawn")
        WON = "won", pgettext_lazy("bid", "won")
        LOST = "lost", pgettext_lazy("bid", "lost")
        VOID = "void", pgettext_lazy("bid", "void")

    auction = models.ForeignKey(
        OneWayAuction, models.PROTECT, verbose_name=_("one-way auction"), related_name="bids", db_index=False
    )
    bidder = models.ForeignKey(Organisation, models.PROTECT, verbose_name=_("bidder"), related_name="+", db_index=False)
    placed_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("placed by"), related_name="+", db_index=False)
    client_bid_id = models.CharField(_("client bid id"), max_length=64)
    price_fen = models.BigIntegerField(_("price in fen"))
    quantity_t = models.BigIntegerField(_("tonnes"))
    # With the terms it makes the commitment in the log, from which nobody can guess them.
    nonce = models.CharField(_("nonce"), max_length=32)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.STANDING)
    hold = models.OneToOneField(Hold, models.PROTECT, verbose_name=_("hold"), related_name="+", db_constraint=False)
    awarded_t = models.BigIntegerField(_("awarded tonnes"), default=0)
    awarded_price_fen = models.BigIntegerField(_("price to be paid, in fen"), null=True)
    order = models.OneToOneField(
        Order, models.PROTECT, verbose_name=pgettext_lazy("trading", "order"), null=True, related_name="+"
    )
    placed_at = models.DateTimeField(pgettext_lazy("trading", "placed at"))
    decided_by = models.ForeignKey(
        User, models.PROTECT, verbose_name=_("decided by"), null=True, related_name="+", db_index=False
    )
    decided_at = models.DateTimeField(_("decided at"), null=True)

    class Meta:
        app_label = "trading"
        verbose_name = pgettext_lazy("auction", "bid")
        verbose_name_plural = pgettext_lazy("auction", "bids")
        constraints = [
            models.UniqueConstraint(fields=["bidder", "client_bid_id"], name="client_bid_id_once"),
            models.CheckConstraint(
                name="bid_in_bounds",
                condition=Q(price_fen__gt=0, quantity_t__gt=0, awarded_t__gte=0, awarded_t__lte=F("quantity_t")),
            ),
            models.CheckConstraint(
                name="bid_decided_once",
                condition=Q(state="standing", decided_at__isnull=True)
                | (~Q(state="standing") & Q(decided_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="bid_won_has_order",
                condition=Q(
                    state="won",
                    order__isnull=False,
                    awarded_t__gt=0,
                    awarded_price_fen__isnull=False,
                    awarded_price_fen__lte=F("price_fen"),
                )
                | (~Q(state="won") & Q(order__isnull=True, awarded_t=0, awarded_price_fen__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(fields=["auction", "-price_fen", "id"], name="bid_by_price"),
            models.Index(fields=["bidder", "-id"], name="bid_of_bidder"),
        ]

    def __str__(self) -> str:
        return f"{self._meta.verbose_name} {self.pk}"
