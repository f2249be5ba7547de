"""What surveillance has found, what was done about it, and what is known of organisations. What is said is never unsaid."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.parties.models import Organisation, User
from trading.markets.models import Market


class Rule(models.TextChoices):
    """What is looked for; rules/ says how, in a sentence each."""

    SELF_TRADE = "self_trade", _("orders that meet themselves")
    ROUND_TRIP = "round_trip", _("round trips")
    ORDER_TO_TRADE = "order_to_trade", _("many orders, few trades")
    QUICK_CANCEL = "quick_cancel", _("orders canceled at once")
    BAND_HIT = "band_hit", _("hits of the price band")
    HOLDING = "holding", _("concentration of holdings")
    OPEN_INTEREST = "open_interest", _("concentration of the book")
    MARKING_CLOSE = "marking_close", _("marking the close")


class Alert(models.Model):
    """A rule that somebody's trading met in a market within a window, with the evidence. Append-only: what is done about
    it are its steps, and its state is the newest step's.
    """

    class Severity(models.TextChoices):
        LOW = "low", pgettext_lazy("severity", "low")
        MEDIUM = "medium", pgettext_lazy("severity", "medium")
        HIGH = "high", pgettext_lazy("severity", "high")

    class State(models.TextChoices):
        OPEN = "open", pgettext_lazy("alert", "open")
        UNDER_REVIEW = "under_review", _("under review")
        UNFOUNDED = "unfounded", _("closed as unfounded")
        ESCALATED = "escalated", _("escalated")

    # Somebody still has to decide.
    UNDECIDED = (State.OPEN, State.UNDER_REVIEW)

    rule = models.CharField(_("rule"), max_length=16, choices=Rule)
    severity = models.CharField(_("severity"), max_length=8, choices=Severity)
    market = models.ForeignKey(Market, models.PROTECT, verbose_name=_("market"), related_name="alerts", db_index=False)
    # Whom it is about: one, or the two sides of a pair, the lower number first.
    organisations = ArrayField(models.BigIntegerField(), verbose_name=_("organisations"))
    window_starts_at = models.DateTimeField(_("window from"))
    window_ends_at = models.DateTimeField(_("window to"))
    # What the record says, word for word: figures, the thresholds they were held against, numbers of orders and trades.
    evidence = models.JSONField(_("evidence"))
    opened_at = models.DateTimeField(_("raised at"))
    # No column: selectors.alerts() reads it from the steps.
    state: str

    class Meta:
        app_label = "trading"
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        constraints = [
            # However often a rule is run, and however many run it at once.
            models.UniqueConstraint(
                fields=["rule", "market", "organisations", "window_starts_at"], name="alert_once_a_window"
            ),
            models.CheckConstraint(
                name="alert_window_has_length", condition=Q(window_starts_at__lt=F("window_ends_at"))
            ),
            models.CheckConstraint(name="alert_is_about_somebody", condition=Q(organisations__len__in=[1, 2])),
        ]
        indexes = [GinIndex(fields=["organisations"], name="alert_by_organisation")]

    def __str__(self) -> str:
        return f"{self.get_rule_display()} · {self.pk}"


class AlertStep(models.Model):
    """What a reviewer did about an alert, and why. Append-only; the database takes each number of an alert once."""

    alert = models.ForeignKey(Alert, models.PROTECT, verbose_name=_("alert"), related_name="steps", db_index=False)
    number = models.PositiveIntegerField(_("step"))
    state = models.CharField(_("state"), max_length=16, choices=Alert.State)
    reason = models.CharField(_("reason"), max_length=1000, blank=True)
    taken_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("taken by"), related_name="+", db_index=False)
    taken_at = models.DateTimeField(_("taken at"))

    class Meta:
        app_label = "trading"
        verbose_name = _("step of an alert")
        verbose_name_plural = _("steps of alerts")
        constraints = [
            models.UniqueConstraint(fields=["alert", "number"], name="alert_step_once"),
            models.CheckConstraint(
                name="alert_decided_with_a_reason", condition=Q(state="under_review") | ~Q(reason="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.get_state_display()}"


class Relation(models.Model):
    """That two organisations belong together in some way, as the operator's registrar has learned. Ended, never deleted."""

    class Kind(models.TextChoices):
        SAME_CONTROLLER = "same_controller", _("same controller")
        SHAREHOLDER = "shareholder", _("one is a shareholder of the other")
        SHARED_PEOPLE = "shared_people", _("shared people")
        AGREEMENT = "agreement", _("acting by agreement")

    # It is as true of the one as of the other: the lower number comes first.
    one = models.ForeignKey(
        Organisation, models.PROTECT, verbose_name=_("one organisation"), related_name="+", db_index=False
    )
    other = models.ForeignKey(
        Organisation, models.PROTECT, verbose_name=_("other organisation"), related_name="+", db_index=False
    )
    kind = models.CharField(_("kind of relation"), max_length=16, choices=Kind)
    reason = models.CharField(_("how it is known"), max_length=1000)
    declared_by = models.ForeignKey(
        User, models.PROTECT, verbose_name=_("declared by"), related_name="+", db_index=False
    )
    declared_at = models.DateTimeField(_("declared at"))
    ended_by = models.ForeignKey(
        User, models.PROTECT, verbose_name=_("ended by"), null=True, related_name="+", db_index=False
    )
    ended_at = models.DateTimeField(_("ended at"), null=True)
    end_reason = models.CharField(_("why it ended"), max_length=1000, blank=True)

    class Meta:
        app_label = "trading"
        verbose_name = _("relation between organisations")
        verbose_name_plural = _("relations between organisations")
        constraints = [
            models.CheckConstraint(name="relation_in_order", condition=Q(one__lt=F("other"))),
            models.CheckConstraint(
                name="relation_ends_with_a_reason",
                condition=Q(ended_at__isnull=True, ended_by__isnull=True, end_reason="")
                | (Q(ended_at__isnull=False, ended_by__isnull=False) & ~Q(end_reason="")),
            ),
            models.UniqueConstraint(
                fields=["one", "other", "kind"], condition=Q(ended_at__isnull=True), name="relation_declared_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.one} · {self.other} · {self.get_kind_display()}"


class RuleChange(models.Model):
    """New thresholds of a rule, all of them, and why. Append-only: the newest change of a rule is what holds."""

    rule = models.CharField(_("rule"), max_length=16, choices=Rule)
    thresholds = models.JSONField(_("thresholds"))
    reason = models.CharField(_("reason"), max_length=1000)
    changed_by = models.ForeignKey(User, models.PROTECT, verbose_name=_("changed by"), related_name="+", db_index=False)
    changed_at = models.DateTimeField(_("changed at"))

    class Meta:
        app_label = "trading"
        verbose_name = _("change of a rule")
        verbose_name_plural = _("rules and their changes")
        indexes = [models.Index(fields=["rule", "-id"], name="rule_change_newest")]

    def __str__(self) -> str:
        return f"{self.get_rule_display()} · {self.pk}"


class RuleProgress(models.Model):
    """Up to when a rule has judged: the row is locked while it runs."""

    rule = models.CharField(max_length=16, choices=Rule, primary_key=True)
    judged_until = models.DateTimeField(null=True)

    class Meta:
        app_label = "trading"
