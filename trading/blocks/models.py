"""Offers of block trades: each from one named party to another, and seen by these two alone."""

import datetime as dt

from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.journal.models import Hold
from ledger.parties.models import Organisation, User
from trading.markets.models import Market
from trading.markets.writing import terms_written
from trading.orders.models import Order


class BlockOffer(models.Model):
    """What one party offers another, with what it needs held. A counter is an offer that replaces the one it answers."""

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("offer", "open")
        COUNTERED = "countered", pgettext_lazy("offer", "countered")
        ACCEPTED = "accepted", pgettext_lazy("offer", "accepted")
        DECLINED = "declined", pgettext_lazy("offer", "declined")
        WITHDRAWN = "withdrawn", pgettext_lazy("offer", "withdrawn")
        EXPIRED = "expired", pgettext_lazy("offer", "expired")

    class Outcome(models.TextChoices):
        """What an offer shows as: its state, and of an accepted one what became of its orders."""

        OPEN = "open", pgettext_lazy("offer", "open")
        COUNTERED = "countered", pgettext_lazy("offer", "countered")
        ACCEPTED = "accepted", pgettext_lazy("offer", "accepted")
        SETTLED = "settled", pgettext_lazy("offer", "settled")
        REJECTED = "rejected", pgettext_lazy("offer", "rejected by the market")
        DECLINED = "declined", pgettext_lazy("offer", "declined")
        WITHDRAWN = "withdrawn", pgettext_lazy("offer", "withdrawn")
        EXPIRED = "expired", pgettext_lazy("offer", "expired")

    market = models.ForeignKey(Market, models.PROTECT, verbose_name=_("market"), related_name="block_offers")
    proposer = models.ForeignKey(
        Organisation, models.PROTECT, verbose_name=_("who offers"), related_name="+", db_index=False
    )
    counterparty = models.ForeignKey(
        Organisation, models.PROTECT, verbose_name=_("to whom"), related_name="+", db_index=False
    )
    proposed_by = models.ForeignKey(
        User, models.PROTECT, verbose_name=_("offered by"), related_name="+", db_index=False
    )
    client_offer_id = models.CharField(_("client offer id"), max_length=64)
    # The proposer's.
    side = models.CharField(_("side"), max_length=4, choices=Order.Side)
    price_fen = models.BigIntegerField(_("price in fen"))
    quantity_t = models.BigIntegerField(_("tonnes"))
    # What both will pay, whatever becomes of the market's rules.
    fee_bps = models.PositiveSmallIntegerField(_("fee of each party in basis points"))
    expires_at = models.DateTimeField(_("expires at"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.OPEN)
    replaces = models.OneToOneField(
        "self", models.PROTECT, verbose_name=_("answers"), null=True, related_name="countered_by"
    )
    hold = models.OneToOneField(Hold, models.PROTECT, verbose_name=_("hold"), related_name="+", db_constraint=False)
    buy_order = models.OneToOneField(Order, models.PROTECT, verbose_name=_("buy order"), null=True, related_name="+")
    sell_order = models.OneToOneField(Order, models.PROTECT, verbose_name=_("sell order"), null=True, related_name="+")
    offered_at = models.DateTimeField(_("offered at"))
    decided_by = models.ForeignKey(
        User, models.PROTECT, verbose_name=_("decided by"), null=True, related_name="+", db_index=False
    )
    decided_at = models.DateTimeField(_("decided at"), null=True)

    class Meta:
        app_label = "trading"
        verbose_name = _("offer of a block trade")
        verbose_name_plural = _("offers of block trades")
        constraints = [
            models.UniqueConstraint(fields=["proposer", "client_offer_id"], name="client_offer_id_once"),
            models.CheckConstraint(name="block_offer_in_bounds", condition=Q(price_fen__gt=0, quantity_t__gt=0)),
            models.CheckConstraint(name="block_offer_between_two", condition=~Q(proposer=F("counterparty"))),
            models.CheckConstraint(
                name="block_offer_decided_once",
                condition=Q(state="open", decided_at__isnull=True) | (~Q(state="open") & Q(decided_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="block_offer_accepted_has_orders",
                condition=Q(state="accepted", buy_order__isnull=False, sell_order__isnull=False)
                | (~Q(state="accepted") & Q(buy_order__isnull=True, sell_order__isnull=True)),
            ),
        ]
        indexes = [
            models.Index(fields=["proposer", "-id"], name="block_offer_of_proposer"),
            models.Index(fields=["counterparty", "-id"], name="block_offer_to_counterparty"),
            models.Index(fields=["expires_at"], condition=Q(state="open"), name="block_offer_expiring"),
        ]

    def __str__(self) -> str:
        return f"{self.get_side_display()} {terms_written(self.quantity_t, self.price_fen)}"

    @property
    def outcome(self) -> str:
        """What the offer shows as now, also where nobody has marked yet that its time is over."""
        if self.state == self.State.OPEN and self.expires_at <= timezone.now():
            return self.Outcome.EXPIRED
        if self.state == self.State.ACCEPTED and self.sell_order is not None:
            if self.sell_order.status == Order.Status.FILLED:
                return self.Outcome.SETTLED
            if not self.sell_order.is_open:
                return self.Outcome.REJECTED
        return self.state

    def get_outcome_display(self) -> str:
        return str(self.Outcome(self.outcome).label)

    def is_open_at(self, now: dt.datetime) -> bool:
        """Return whether the offer can still be decided: a late beat cannot keep it open."""
        return self.state == self.State.OPEN and now < self.expires_at

    @property
    def value_fen(self) -> int:
        return self.price_fen * self.quantity_t

    @property
    def answer_side(self) -> str:
        """The side of whoever accepts."""
        return Order.Side.SELL if self.side == Order.Side.BUY else Order.Side.BUY
