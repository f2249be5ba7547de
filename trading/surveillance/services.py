"""What the operator's registrars do: review alerts, set thresholds, and note which organisations belong together.

Auditors read all of it and change nothing, here as everywhere.
"""

from collections.abc import Mapping

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.errors import InvalidValue, NotFound, WrongState
from ledger.parties.access import log_name, require_registrar
from ledger.parties.models import Membership, Organisation
from ledger.texts import check_text
from ledger.transparency.services import append_record
from trading.errors import RelationExists
from trading.surveillance.models import Alert, AlertStep, Relation, Rule, RuleChange
from trading.surveillance.rules import RULES
from trading.surveillance.selectors import alerts

MAX_REASON = 1_000
RECORD_OF = {
    Alert.State.UNDER_REVIEW: "alert_taken_up",
    Alert.State.UNFOUNDED: "alert_closed",
    Alert.State.ESCALATED: "alert_escalated",
    Alert.State.OPEN: "alert_reopened",
}
"""What the log says of a step, by the state that it leads to."""


def take_up_alert(*, actor: Membership, alert_id: int) -> Alert:
    """Say that one looks into an alert.

    Raises: NotAllowed, NotFound, WrongState.
    """
    return _step(actor, alert_id, Alert.State.UNDER_REVIEW, "", due_in=(Alert.State.OPEN,))


def close_alert(*, actor: Membership, alert_id: int, reason: str) -> Alert:
    """Close an alert as unfounded; it can be reopened.

    Raises: NotAllowed, NotFound, WrongState, InvalidValue (the reason).
    """
    return _step(actor, alert_id, Alert.State.UNFOUNDED, _given(reason), due_in=Alert.UNDECIDED)


def escalate_alert(*, actor: Membership, alert_id: int, reason: str) -> Alert:
    """Say that an alert is founded, and to whom or what it leads.

    Raises: NotAllowed, NotFound, WrongState, InvalidValue (the reason).
    """
    return _step(actor, alert_id, Alert.State.ESCALATED, _given(reason), due_in=Alert.UNDECIDED)


def reopen_alert(*, actor: Membership, alert_id: int, reason: str) -> Alert:
    """Open an alert again that was decided.

    Raises: NotAllowed, NotFound, WrongState, InvalidValue (the reason).
    """
    decided = (Alert.State.UNFOUNDED, Alert.State.ESCALATED)
    return _step(actor, alert_id, Alert.State.OPEN, _given(reason), due_in=decided)


@transaction.atomic
def _step(
    actor: Membership, alert_id: int, state: Alert.State, reason: str, *, due_in: tuple[Alert.State, ...]
) -> Alert:
    require_registrar(actor)
    alert = Alert.objects.select_related("market").filter(pk=alert_id).first()
    if alert is None:
        raise NotFound()
    # State and number are those of one step, read at once: whoever acts on a state that is over has a number that is taken.
    newest = alert.steps.order_by("-number").first()
    found = Alert.State(newest.state) if newest else Alert.State.OPEN
    if found not in due_in:
        raise WrongState(state=found.label)
    step = AlertStep(
        alert=alert,
        number=newest.number + 1 if newest else 1,
        state=state,
        reason=reason,
        taken_by=actor.user,
        taken_at=timezone.now(),
    )
    try:
        with transaction.atomic():
            step.save()
    except IntegrityError as error:
        # Two took a step at the same moment: the number is the first one's.
        raise WrongState(state=Alert.State(alerts().get(pk=alert_id).state).label) from error
    append_record(
        kind=RECORD_OF[state],
        body={"alert": str(alert.pk), "step": str(step.pk), "number": step.number, "reason": reason},
        actor=log_name(actor),
        at=step.taken_at,
    )
    alert.state = state
    return alert


@transaction.atomic
def change_thresholds(*, actor: Membership, rule: str, thresholds: Mapping[str, int], reason: str) -> RuleChange:
    """Set all thresholds of a rule; alerts that were raised stay as they are.

    Raises: NotAllowed, NotFound (the rule), InvalidValue (a threshold, or the reason).
    """
    require_registrar(actor)
    if rule not in Rule.values:
        raise NotFound(field="rule")
    _check_thresholds(Rule(rule), thresholds)
    change = RuleChange.objects.create(
        rule=rule,
        thresholds=dict(thresholds),
        reason=_given(reason),
        changed_by=actor.user,
        changed_at=timezone.now(),
    )
    append_record(
        kind="alert_rule_changed",
        body={"change": str(change.pk), "rule": rule, "thresholds": change.thresholds, "reason": change.reason},
        actor=log_name(actor),
        at=change.changed_at,
    )
    return change


def _check_thresholds(rule: Rule, thresholds: Mapping[str, int]) -> None:
    known = RULES[rule].thresholds
    if unknown := thresholds.keys() - {threshold.name for threshold in known}:
        raise InvalidValue(field=min(unknown), reason=_("The rule has no such threshold."))
    for threshold in known:
        value = thresholds.get(threshold.name)
        if type(value) is not int or not threshold.least <= value <= threshold.most:
            bounds = {"least": threshold.least, "most": threshold.most}
            raise InvalidValue(field=threshold.name, reason=_("This must be from %(least)s to %(most)s.") % bounds)


@transaction.atomic
def declare_relation(*, actor: Membership, one: Organisation, other: Organisation, kind: str, reason: str) -> Relation:
    """Note that two organisations belong together; which of them is named first makes no difference.

    Raises: NotAllowed, InvalidValue (the same organisation twice, the kind, the reason), RelationExists.
    """
    require_registrar(actor)
    if one.pk == other.pk:
        raise InvalidValue(field="other", reason=_("Choose two different organisations."))
    if kind not in Relation.Kind.values:
        raise InvalidValue(field="kind", reason=_("There is no such kind of relation."))
    first, second = sorted((one, other), key=lambda organisation: organisation.pk)
    relation = Relation(
        one=first,
        other=second,
        kind=kind,
        reason=_given(reason),
        declared_by=actor.user,
        declared_at=timezone.now(),
    )
    try:
        with transaction.atomic():
            relation.save()
    except IntegrityError as error:
        raise RelationExists(field="kind") from error
    _record_relation("relation_declared", relation, actor)
    return relation


@transaction.atomic
def end_relation(*, actor: Membership, relation_id: int, reason: str) -> Relation:
    """Note that two organisations belong together no more; that they did is kept.

    Locks: the relation.
    Raises: NotAllowed, NotFound, WrongState, InvalidValue (the reason).
    """
    require_registrar(actor)
    relation = Relation.objects.select_for_update(of=("self",)).filter(pk=relation_id).first()
    if relation is None:
        raise NotFound()
    if relation.ended_at is not None:
        raise WrongState(state=_("ended"))
    relation.end_reason = _given(reason)
    relation.ended_by, relation.ended_at = actor.user, timezone.now()
    relation.save()
    _record_relation("relation_ended", relation, actor)
    return relation


def _record_relation(kind: str, relation: Relation, actor: Membership) -> None:
    append_record(
        kind=kind,
        body={
            "relation": str(relation.pk),
            "organisations": [str(relation.one.public_id), str(relation.other.public_id)],
            "kind": str(relation.kind),
            "reason": relation.end_reason or relation.reason,
        },
        actor=log_name(actor),
        at=relation.ended_at or relation.declared_at,
    )


def _given(reason: str) -> str:
    """Return a reason as it is kept.

    Raises: InvalidValue where there is none, or where it is too long or cannot be stored.
    """
    reason = reason.strip()
    if not reason:
        raise InvalidValue(field="reason", reason=_("Say why: it is kept in the log."))
    check_text(reason, field="reason", most=MAX_REASON)
    return reason
