"""What surveillance has found, and who reviews it."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ledger.admin.actions import Action
from ledger.admin.base import Fact, ViewOnlyAdmin
from ledger.admin.desk import Line, Queue, queue_for
from ledger.admin.display import EMPTY, Table, at_moment, link, list_url, moment, money, tonnes
from ledger.admin.filters import FieldFilter, moment_written, organisations_named, with_number
from ledger.admin.records import Named, RecordIds, ids_naming
from ledger.parties.models import Membership, Organisation
from trading.execution.models import Trade
from trading.orders.models import Order
from trading.surveillance.models import Alert, Relation, Rule
from trading.surveillance.rules import RULES
from trading.surveillance.rules.round_trips import RELATIONS
from trading.surveillance.selectors import (
    alerts,
    in_states,
    organisations_of,
    steps_of,
    undecided_alerts,
)
from trading.surveillance.services import (
    MAX_REASON,
    RECORD_OF,
    close_alert,
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
    return f"{tonnes(number)} {unit_of(unit)}".rstrip()


def unit_of(unit: Unit) -> str:
    """Return a unit as it is written behind a figure."""
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
