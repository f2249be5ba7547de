"""Read alerts with their states, rules with their thresholds, and relations."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db.models import OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from ledger.errors import NotAllowed, NotFound
from ledger.parties.access import reads_everything
from ledger.parties.models import Membership, Organisation
from ledger.texts import is_storable
from trading.surveillance.models import Alert, AlertStep, Relation, Rule, RuleChange
from trading.surveillance.rules import RULES
from trading.surveillance.terms import WatchRule


@dataclass(frozen=True, slots=True)
class RuleNow:
    """A rule as it stands: its thresholds, and since when where somebody has changed them."""

    rule: WatchRule
    thresholds: dict[str, int]
    changed_at: dt.datetime | None

    @property
    def name(self) -> Rule:
        return self.rule.name

    @property
    def sentence(self) -> str:
        """What the rule says, with its thresholds."""
        return self.rule.said(self.thresholds)


def alerts() -> QuerySet[Alert]:
    """Return all alerts, newest first, each with its `state`: the newest step's, open where there is none."""
    newest = AlertStep.objects.filter(alert=OuterRef("pk")).order_by("-number").values("state")[:1]
    state = Coalesce(Subquery(newest), Value(Alert.State.OPEN.value))
    return Alert.objects.select_related("market").annotate(state=state).order_by("-id")  # type: ignore[no-redef]


def undecided_alerts() -> QuerySet[Alert]:
    """Return the alerts that somebody still has to decide, newest first."""
    return in_states(alerts(), Alert.UNDECIDED)


def in_states(found: QuerySet[Alert], states: Iterable[str]) -> QuerySet[Alert]:
    """Keep the alerts of these states."""
    return found.filter(state__in=list(states))  # type: ignore[misc]


def alerts_seen_by(membership: Membership) -> QuerySet[Alert]:
    """Return the alerts to the operator and auditors; whoever is watched is not to know.

    Raises: NotAllowed.
    """
    _require_reader(membership)
    return alerts()


def filter_alerts(
    found: QuerySet[Alert],
    *,
    rule: str | None = None,
    state: str | None = None,
    severity: str | None = None,
    symbol: str | None = None,
    organisation: UUID | None = None,
) -> QuerySet[Alert]:
    """Keep the alerts of a rule, a state, a severity, a market or an organisation, where one is given."""
    wanted: dict[str, object] = {"rule": rule, "state": state, "severity": severity}
    found = found.filter(**{name: value for name, value in wanted.items() if value is not None})
    if symbol is not None:
        found = found.filter(market__symbol=symbol) if is_storable(symbol) else found.none()
    if organisation is not None:
        named = Organisation.objects.filter(public_id=organisation).values_list("pk", flat=True)
        found = found.filter(organisations__overlap=list(named))
    return found


def access_alert_by_id(*, alert_id: int, membership: Membership) -> Alert:
    """Return an alert.

    Raises: NotAllowed, NotFound.
    """
    alert = alerts_seen_by(membership).filter(pk=alert_id).first()
    if alert is None:
        raise NotFound()
    return alert


def steps_of(alert: Alert) -> QuerySet[AlertStep]:
    """Return what was done about an alert, the first step first."""
    return alert.steps.select_related("taken_by").order_by("number")


def relations_seen_by(membership: Membership) -> QuerySet[Relation]:
    """Return the relations, newest first, to the operator and auditors.

    Raises: NotAllowed.
    """
    _require_reader(membership)
    return Relation.objects.select_related("one", "other").order_by("-id")


def rules_seen_by(membership: Membership) -> list[RuleNow]:
    """Return the rules as they stand to the operator and auditors: who knows the thresholds can stay below them.

    Raises: NotAllowed.
    """
    _require_reader(membership)
    return rules_now()


def rules_now() -> list[RuleNow]:
    """Return all rules as they stand, in one query."""
    changes = {change.rule: change for change in _newest_changes()}
    return [_as_it_stands(rule, changes.get(rule.name)) for rule in RULES.values()]


def thresholds_now(rule: WatchRule) -> dict[str, int]:
    """Return the thresholds that a rule is held against now."""
    return _as_it_stands(rule, _newest_changes().filter(rule=rule.name).first()).thresholds


def organisations_of(found: Iterable[Alert]) -> dict[int, Organisation]:
    """Return the organisations that alerts are about, by their numbers, in one query."""
    numbers = {number for alert in found for number in alert.organisations}
    return Organisation.objects.in_bulk(numbers) if numbers else {}


def _newest_changes() -> QuerySet[RuleChange]:
    return RuleChange.objects.order_by("rule", "-id").distinct("rule")


def _as_it_stands(rule: WatchRule, change: RuleChange | None) -> RuleNow:
    if change is None:
        return RuleNow(rule, rule.defaults, None)
    # A threshold that came after the change has its default.
    thresholds = {name: change.thresholds.get(name, default) for name, default in rule.defaults.items()}
    return RuleNow(rule, thresholds, change.changed_at)


def _require_reader(membership: Membership) -> None:
    if not reads_everything(membership):
        raise NotAllowed()
