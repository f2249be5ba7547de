"""What surveillance has found, who reviews it, which organisations belong together, and the rules."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.functional import lazy
from django.utils.html import format_html, format_html_join
from django.utils.text import capfirst, format_lazy
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ledger.admin.access import desk_membership
from ledger.admin.actions import Action
from ledger.admin.base import Fact, ViewOnlyAdmin
from ledger.admin.desk import Line, Queue, queue_for
from ledger.admin.display import EMPTY, Table, at_moment, link, list_url, moment, money, tonnes
from ledger.admin.filters import FieldFilter, moment_written, organisations_named, with_number
from ledger.admin.records import Named, RecordIds, ids_naming
from ledger.parties.models import Membership, Organisation
from trading.execution.models import Trade
from trading.orders.models import Order
from trading.surveillance.models import Alert, Relation, Rule, RuleChange
from trading.surveillance.rules import RULES
from trading.surveillance.rules.round_trips import RELATIONS
from trading.surveillance.selectors import (
    RuleNow,
    alerts,
    in_states,
    organisations_of,
    rules_now,
    steps_of,
    thresholds_now,
    undecided_alerts,
)
from trading.surveillance.services import (
    MAX_REASON,
    RECORD_OF,
    change_thresholds,
    close_alert,
    declare_relation,
    end_relation,
    escalate_alert,
    reopen_alert,
    take_up_alert,
)
from trading.surveillance.terms import Unit, WatchRule

UNDECIDED = "undecided"
REVIEW_DAYS = 7
REGISTRAR = Membership.Role.REGISTRAR


def alert_queue(reader: Membership) -> Queue:
    """Return the alerts that wait for a decision, the oldest first, for the desk."""
    return queue_for(alert_line(), reader)


def alert_line() -> Line:
    """Return the step that alerts wait for."""
    return Line(
        _("Alerts"),
        _("Alerts to review"),
        undecided_alerts().order_by("id"),
        list_url(Alert, state=UNDECIDED),
        lambda alert: (f"{alert} · {alert.market}", alert.opened_at),
        REGISTRAR,
        REVIEW_DAYS,
        ("take-up", "close", "escalate"),
    )


class LongReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=MAX_REASON, widget=forms.Textarea({"rows": 4}))


# Alerts


class OfState(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [(UNDECIDED, _("open or under review")), *Alert.State.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Alert]) -> QuerySet[Alert]:
        state = self.value()
        if not state:
            return queryset
        return in_states(queryset, Alert.UNDECIDED if state == UNDECIDED else [state])


class AboutOrganisation(FieldFilter):
    title = _("organisation")
    parameter_name = "organisation"
    hint = _("a part of its name, or its public id")

    def narrow(self, queryset: QuerySet[Alert], text: str) -> QuerySet[Alert]:
        return queryset.filter(organisations__overlap=organisations_named(text))


class RaisedSince(FieldFilter):
    title = _("raised since (Asia/Shanghai)")
    parameter_name = "since"
    input_type = "datetime-local"

    def narrow(self, queryset: QuerySet[Alert], text: str) -> QuerySet[Alert]:
        return queryset.filter(opened_at__gte=moment_written(text, of_day=dt.time.min))


TAKE_UP = Action(
    name="take-up",
    label=_("Take it up"),
    explanation=_("Your colleagues see that you look into it."),
    done=_("You look into %(object)s."),
    role=REGISTRAR,
    perform=lambda actor, alert, _values: take_up_alert(actor=actor, alert_id=alert.pk),
    is_due=lambda alert: alert.state == Alert.State.OPEN,
)
CLOSE = Action(
    name="close",
    label=_("Close it as unfounded"),
    explanation=_("There was a good reason for what was traded. Say which: it is kept in the log."),
    done=_("%(object)s is closed as unfounded."),
    role=REGISTRAR,
    perform=lambda actor, alert, values: close_alert(actor=actor, alert_id=alert.pk, **values),
    form=LongReasonForm,
    is_due=lambda alert: alert.state in Alert.UNDECIDED,
)
ESCALATE = Action(
    name="escalate",
    label=_("Escalate it"),
    explanation=_("It is founded. Say what it leads to, and who was told: it is kept in the log."),
    done=_("%(object)s is escalated."),
    role=REGISTRAR,
    perform=lambda actor, alert, values: escalate_alert(actor=actor, alert_id=alert.pk, **values),
    form=LongReasonForm,
    is_due=lambda alert: alert.state in Alert.UNDECIDED,
    is_grave=True,
)
REOPEN = Action(
    name="reopen",
    label=_("Open it again"),
    explanation=_("Something new has come up. What was decided stays in its history."),
    done=_("%(object)s is open again."),
    role=REGISTRAR,
    perform=lambda actor, alert, values: reopen_alert(actor=actor, alert_id=alert.pk, **values),
    form=LongReasonForm,
    is_due=lambda alert: alert.state not in Alert.UNDECIDED,
)


class AlertAdmin(ViewOnlyAdmin):
    list_display = (
        "number",
        "rule",
        "severity",
        "state_text",
        "market",
        "parties",
        "window",
        at_moment("opened_at", _("raised at")),
    )
    list_filter = (OfState, "rule", "severity", "market", AboutOrganisation, RaisedSince)
    list_select_related = ("market",)
    search_fields = ("id",)
    search_help_text = _("Number")
    ordering = ("-id",)
    fields = (
        "number",
        "rule",
        "sentence",
        "severity",
        "state_text",
        "market",
        "parties",
        "window",
        at_moment("opened_at", _("raised at")),
    )
    object_actions = (TAKE_UP, CLOSE, ESCALATE, REOPEN)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Alert]:
        return alerts()

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return (with_number(queryset, search_term) if search_term else queryset), False

    def prepare(self, rows: Sequence[Alert]) -> None:
        found = organisations_of(rows)
        for alert in rows:
            alert.parties_at_hand = found  # type: ignore[attr-defined]

    @admin.display(description=_("number"), ordering="id")
    def number(self, alert: Alert) -> str:
        return str(alert.pk)

    @admin.display(description=_("what the rule says"))
    def sentence(self, alert: Alert) -> str:
        return RULES[Rule(alert.rule)].said(alert.evidence["thresholds"])

    @admin.display(description=_("state"))
    def state_text(self, alert: Alert) -> str:
        return str(Alert.State(alert.state).label)

    @admin.display(description=_("organisations"))
    def parties(self, alert: Alert) -> str:
        found: Mapping[int, Organisation] = getattr(alert, "parties_at_hand", None) or organisations_of([alert])
        return format_html_join(" · ", "{}", ((link(found[number]),) for number in alert.organisations))

    @admin.display(description=_("window"), ordering="window_starts_at")
    def window(self, alert: Alert) -> str:
        starts, ends = moment(alert.window_starts_at), moment(alert.window_ends_at)
        day = starts.partition(" ")[0]
        return f"{starts} – {ends.removeprefix(f'{day} ')}"

    def record_ids(self, target: Alert) -> RecordIds:
        return ids_naming(Named(("alert_raised", *RECORD_OF.values()), {"alert": str(target.pk)}))

    def facts(self, target: Alert) -> list[Fact]:
        return [
            (_("Rule"), self.sentence(target)),
            (_("Organisations"), self.parties(target)),
            (_("State"), self.state_text(target)),
            (_("Window"), self.window(target)),
        ]

    def tables(self, target: Alert) -> list[Table]:
        rule = RULES[Rule(target.rule)]
        return [
            _figures(target, rule),
            _orders(target.evidence["orders"]),
            _trades(target.evidence["trades"]),
            _history(target),
        ]


def amount(number: Any, unit: Unit) -> str:
    """Return a figure or a threshold with its unit, or the side that it names."""
    if unit is Unit.SIDE:
        return str(Order.Side(number).label)
    if unit is Unit.FEN:
        return money(number)
    return f"{tonnes(number)} {_unit(unit)}".rstrip()


def _unit(unit: Unit) -> str:
    words = {Unit.MINUTES: gettext("min"), Unit.SECONDS: gettext("s")}
    return words.get(unit, unit.value)


def _figures(alert: Alert, rule: WatchRule) -> Table:
    found = alert.evidence["figures"]
    rows: list[tuple[object, ...]] = [
        (str(figure.label), amount(found[name], figure.unit)) for name, figure in rule.figures.items() if name in found
    ]
    for way in found.get("relations", []):
        rows.append((gettext("Relation"), str(RELATIONS.get(way) or Relation.Kind(way).label)))
    for threshold in rule.thresholds:
        held = gettext("Threshold: %(threshold)s") % {"threshold": threshold.label}
        rows.append((held, amount(alert.evidence["thresholds"][threshold.name], threshold.unit)))
    return Table(gettext("Figures"), (gettext("What"), gettext("Figure")), rows, figures=frozenset({1}), is_text=True)


def _orders(named: Sequence[str]) -> Table:
    found = Order.objects.filter(pk__in=[int(number) for number in named]).select_related("organisation").order_by("id")
    rows: list[tuple[object, ...]] = [
        (
            link(order, str(order.pk)),
            link(order.organisation),
            order.get_side_display(),
            money(order.price_fen),
            tonnes(order.quantity_t),
            order.get_status_display(),
            moment(order.placed_at),
        )
        for order in (found if named else ())
    ]
    columns = (_("Order"), _("Organisation"), _("Side"), _("Price"), _("Tonnes"), _("Status"), _("Placed at"))
    return Table(gettext("Orders in evidence"), tuple(map(str, columns)), rows, figures=frozenset({3, 4}))


def _trades(named: Sequence[str]) -> Table:
    found = Trade.objects.filter(pk__in=[int(number) for number in named]).order_by("id")
    trades = found.select_related("buy_order__organisation", "sell_order__organisation") if named else ()
    rows: list[tuple[object, ...]] = [
        (
            link(trade, str(trade.pk)),
            link(trade.sell_order.organisation),
            link(trade.buy_order.organisation),
            money(trade.price_fen),
            tonnes(trade.quantity_t),
            moment(trade.executed_at),
        )
        for trade in trades
    ]
    columns = (capfirst(Trade._meta.verbose_name), _("Seller"), _("Buyer"), _("Price"), _("Tonnes"), _("Executed at"))
    return Table(gettext("Trades in evidence"), tuple(map(str, columns)), rows, figures=frozenset({3, 4}))


def _history(alert: Alert) -> Table:
    rows: list[tuple[object, ...]] = [
        (
            step.get_state_display(),
            step.reason or EMPTY,
            format_html("{} · {}", link(step.taken_by), moment(step.taken_at)),
        )
        for step in steps_of(alert)
    ]
    columns = (gettext("State"), gettext("Reason"), gettext("Taken by"))
    return Table(gettext("What was done about it"), columns, rows, is_text=True)


# Relations


class RelationForm(forms.Form):
    one = forms.ModelChoiceField(label=_("One organisation"), queryset=Organisation.objects.order_by("name"))
    other = forms.ModelChoiceField(label=_("Other organisation"), queryset=Organisation.objects.order_by("name"))
    kind = forms.ChoiceField(label=_("Kind of relation"), choices=Relation.Kind.choices)
    reason = forms.CharField(label=_("How it is known"), max_length=MAX_REASON, widget=forms.Textarea({"rows": 4}))


DECLARE = Action(
    name="declare",
    label=_("Declare a relation"),
    explanation=_("What the two trade with each other is looked at more closely from now on. It is kept in the log."),
    done=_("Declared: %(object)s"),
    role=REGISTRAR,
    perform=lambda actor, _target, values: declare_relation(actor=actor, **values),
    form=RelationForm,
)
END = Action(
    name="end",
    label=_("End the relation"),
    explanation=_("The two belong together no more. That they did is kept."),
    done=_("Ended: %(object)s"),
    role=REGISTRAR,
    perform=lambda actor, relation, values: end_relation(actor=actor, relation_id=relation.pk, **values),
    form=LongReasonForm,
    is_due=lambda relation: relation.ended_at is None,
    is_grave=True,
)


class BetweenOrganisations(AboutOrganisation):
    def narrow(self, queryset: QuerySet[Any], text: str) -> QuerySet[Any]:
        named = organisations_named(text)
        return queryset.filter(Q(one__in=named) | Q(other__in=named))


class RelationAdmin(ViewOnlyAdmin):
    list_display = (
        "one",
        "other",
        "kind",
        "reason",
        at_moment("declared_at", _("declared at")),
        at_moment("ended_at", _("ended at")),
    )
    list_filter = ("kind", ("ended_at", admin.EmptyFieldListFilter), BetweenOrganisations)
    list_select_related = ("one", "other")
    ordering = ("-id",)
    fields = (
        "one",
        "other",
        "kind",
        "reason",
        "declared_by",
        at_moment("declared_at", _("declared at")),
        "ended_by",
        at_moment("ended_at", _("ended at")),
        "end_reason",
    )
    list_actions = (DECLARE,)
    object_actions = (END,)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Relation]:
        return super().get_queryset(request).select_related("one", "other")

    def record_ids(self, target: Relation) -> RecordIds:
        named = Named(("relation_declared", "relation_ended"), {"relation": str(target.pk)})
        return ids_naming(named, near=(target.declared_at, target.ended_at))

    def facts(self, target: Relation) -> list[Fact]:
        return [
            (_("Organisations"), format_html_join(" · ", "{}", ((link(each),) for each in (target.one, target.other)))),
            (_("Kind of relation"), target.get_kind_display()),
            (_("How it is known"), target.reason),
        ]


# Rules


class ThresholdsForm(forms.Form):
    """All thresholds of one rule, as they are now where nothing else is given."""

    rule: ClassVar[WatchRule]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["initial"] = thresholds_now(self.rule) | kwargs.get("initial", {})
        super().__init__(*args, **kwargs)
        for threshold in self.rule.thresholds:
            bounds = {"least": tonnes(threshold.least), "most": tonnes(threshold.most)}
            self.fields[threshold.name] = forms.IntegerField(
                label=f"{threshold.label} ({_unit(threshold.unit)})" if threshold.unit else threshold.label,
                min_value=threshold.least,
                max_value=threshold.most,
                help_text=_("From %(least)s to %(most)s.") % bounds,
            )
        self.fields["reason"] = forms.CharField(
            label=_("Reason"), max_length=MAX_REASON, widget=forms.Textarea({"rows": 4})
        )


def _change(rule: Rule, actor: Membership, _target: None, values: dict[str, Any]) -> RuleChange:
    reason = values.pop("reason")
    return change_thresholds(actor=actor, rule=rule, thresholds=values, reason=reason)


def _action_for(rule: WatchRule) -> Action:
    return Action(
        name=f"change-{rule.name.value.replace('_', '-')}",
        label=format_lazy("{} · {}", _("Change thresholds"), rule.name.label),
        explanation=format_lazy(
            "{} {}",
            lazy(lambda: rule.said(thresholds_now(rule)), str)(),
            _("New thresholds hold for what is judged from now on. They are kept in the log."),
        ),
        done=_("Changed: %(object)s"),
        role=REGISTRAR,
        perform=partial(_change, rule.name),
        form=type("RuleThresholdsForm", (ThresholdsForm,), {"rule": rule}),
    )


CHANGES = {name: _action_for(rule) for name, rule in RULES.items()}


class RuleChangeAdmin(ViewOnlyAdmin):
    """The changes as a list, below the rules as they stand."""

    change_list_template = "admin/rules.html"
    list_display = (
        "number",
        "rule",
        "thresholds_text",
        "reason",
        "changed_by",
        at_moment("changed_at", _("changed at")),
    )
    list_filter = ("rule",)
    list_select_related = ("changed_by",)
    ordering = ("-id",)
    fields = (
        "number",
        "rule",
        "sentence",
        "thresholds_text",
        "reason",
        "changed_by",
        at_moment("changed_at", _("changed at")),
    )
    list_actions = tuple(CHANGES.values())

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        actor = desk_membership(request)
        # Each rule has its step beside it.
        context = {"offered": [], "rules": _rules(rules_now(), CHANGES.values(), actor)}
        return super().changelist_view(request, context | (extra_context or {}))

    @admin.display(description=_("number"), ordering="id")
    def number(self, change: RuleChange) -> str:
        return str(change.pk)

    @admin.display(description=_("what the rule says"))
    def sentence(self, change: RuleChange) -> str:
        return RULES[Rule(change.rule)].said(change.thresholds)

    @admin.display(description=_("thresholds"))
    def thresholds_text(self, change: RuleChange) -> str:
        known = RULES[Rule(change.rule)].thresholds
        return "; ".join(
            f"{threshold.label}: {amount(change.thresholds[threshold.name], threshold.unit)}"
            for threshold in known
            if threshold.name in change.thresholds
        )

    def record_ids(self, target: RuleChange) -> RecordIds:
        return ids_naming(Named(("alert_rule_changed",), {"change": str(target.pk)}), near=(target.changed_at,))


def _rules(rules: Iterable[RuleNow], actions: Iterable[Action], actor: Membership | None) -> Table:
    rows: list[tuple[object, ...]] = []
    for rule, action in zip(rules, actions, strict=True):
        name: object = rule.name.label
        if action.is_for(actor):
            address = reverse(f"admin:trading_rulechange_{action.name}")
            name = format_html('{} <a href="{}">{}</a>', name, address, gettext("Change"))
        rows.append((name, rule.sentence))
    columns = (gettext("Rule"), gettext("What it says"))
    return Table(gettext("The rules as they stand"), columns, rows, is_text=True)
