"""Who reviews, what a review leaves behind, and what is refused."""

from functools import partial
from typing import Any

import orjson
import pytest
from django.db import IntegrityError, connection, transaction

from ledger.errors import DomainError, InvalidValue, NotAllowed, NotFound, WrongState
from ledger.models import Membership, Organisation, Record
from tests.factories import MembershipFactory, OrganisationFactory
from tests.racing import race
from tests.scenes import People
from tests.watched import Day, round_trip
from trading.errors import RelationExists
from trading.models import Alert, AlertStep, Relation, RuleChange
from trading.surveillance import services
from trading.surveillance.rules import RULES
from trading.surveillance.selectors import alerts, rules_now, steps_of, thresholds_now, undecided_alerts
from trading.surveillance.services import (
    change_thresholds,
    close_alert,
    declare_relation,
    end_relation,
    escalate_alert,
    reopen_alert,
    take_up_alert,
)

REASON = "Looked into."


@pytest.fixture
def alert(day: Day) -> Alert:
    round_trip(day)
    return day.judge("round_trip")[0]


def entry_of(kind: str) -> Any:
    return orjson.loads(bytes(Record.objects.filter(kind=kind).latest("pk").entry))


def test_an_alert_is_taken_up_closed_reopened_and_escalated(alert: Alert, who: People) -> None:
    assert undecided_alerts().get().state == "open"
    take_up_alert(actor=who.registrar, alert_id=alert.pk)
    assert undecided_alerts().get().state == "under_review"
    close_alert(actor=who.registrar, alert_id=alert.pk, reason=f" {REASON} ")
    assert not undecided_alerts().exists()
    reopen_alert(actor=who.registrar, alert_id=alert.pk, reason="More came up.")
    escalated = escalate_alert(actor=who.registrar, alert_id=alert.pk, reason="To the supervisor.")
    assert (escalated.state, alerts().get().state) == ("escalated", "escalated")
    assert [(step.number, step.state, step.reason, step.taken_by) for step in steps_of(alert)] == [
        (1, "under_review", "", who.registrar.user),
        (2, "unfounded", REASON, who.registrar.user),
        (3, "open", "More came up.", who.registrar.user),
        (4, "escalated", "To the supervisor.", who.registrar.user),
    ]
    step = AlertStep.objects.latest("pk")
    entry = entry_of("alert_escalated")
    assert entry["actor"] == f"user:{who.registrar.user.public_id}"
    assert entry["body"] == {
        "alert": str(alert.pk),
        "step": str(step.pk),
        "number": 4,
        "reason": "To the supervisor.",
    }


STEPS = {
    "take_up_alert": {},
    "close_alert": {"reason": REASON},
    "escalate_alert": {"reason": REASON},
    "reopen_alert": {"reason": REASON},
}


@pytest.mark.parametrize(
    ("before", "refused"),
    [
        ([], ["reopen_alert"]),
        (["take_up_alert"], ["take_up_alert", "reopen_alert"]),
        (["close_alert"], ["take_up_alert", "close_alert", "escalate_alert"]),
        (["escalate_alert"], ["take_up_alert", "close_alert", "escalate_alert"]),
        (["close_alert", "reopen_alert"], ["reopen_alert"]),
    ],
)
def test_a_step_that_is_not_due_is_refused(before: list[str], refused: list[str], alert: Alert, who: People) -> None:
    for name in before:
        getattr(services, name)(actor=who.registrar, alert_id=alert.pk, **STEPS[name])
    for name in refused:
        with pytest.raises(WrongState):
            getattr(services, name)(actor=who.registrar, alert_id=alert.pk, **STEPS[name])
    assert AlertStep.objects.count() == len(before)


@pytest.mark.parametrize("name", [name for name, wanted in STEPS.items() if wanted])
@pytest.mark.parametrize("reason", ["", "  ", "x" * 1_001, "a\x00b"])
def test_a_decision_needs_a_reason_that_can_be_kept(name: str, reason: str, alert: Alert, who: People) -> None:
    if name == "reopen_alert":
        close_alert(actor=who.registrar, alert_id=alert.pk, reason=REASON)
    before = AlertStep.objects.count()
    with pytest.raises(InvalidValue) as refused:
        getattr(services, name)(actor=who.registrar, alert_id=alert.pk, reason=reason)
    assert refused.value.field == "reason"
    assert AlertStep.objects.count() == before


@pytest.mark.parametrize("kind", ["treasurer", "auditor", "cooperative", "buyer", "verifier"])
def test_nobody_but_registrars_does_anything(kind: str, alert: Alert, who: People) -> None:
    actor, organisation = getattr(who, kind), who.buyer.organisation
    for name, wanted in STEPS.items():
        with pytest.raises(NotAllowed):
            getattr(services, name)(actor=actor, alert_id=alert.pk, **wanted)
    with pytest.raises(NotAllowed):
        change_thresholds(actor=actor, rule="holding", thresholds=RULES["holding"].defaults, reason=REASON)
    with pytest.raises(NotAllowed):
        declare_relation(
            actor=actor, one=organisation, other=who.verifier.organisation, kind="shareholder", reason=REASON
        )
    with pytest.raises(NotAllowed):
        end_relation(actor=actor, relation_id=1, reason=REASON)
    assert not AlertStep.objects.exists()
    assert not RuleChange.objects.exists()
    assert not Relation.objects.exists()


def test_what_is_not_there_is_not_found(who: People) -> None:
    with pytest.raises(NotFound):
        take_up_alert(actor=who.registrar, alert_id=1)
    with pytest.raises(NotFound):
        end_relation(actor=who.registrar, relation_id=1, reason=REASON)
    with pytest.raises(NotFound):
        change_thresholds(actor=who.registrar, rule="astrology", thresholds={}, reason=REASON)


@pytest.mark.django_db(transaction=True)
def test_of_two_reviewers_at_once_one_decides(alert: Alert, who: People) -> None:
    other = MembershipFactory(organisation=who.registrar.organisation, role="registrar")
    outcomes = race(*(partial(_closed, actor, alert) for actor in (who.registrar, other)))
    assert sorted(outcomes) == ["unfounded", "wrong_state"]
    assert AlertStep.objects.count() == Record.objects.filter(kind="alert_closed").count() == 1


@pytest.mark.parametrize("table", ["trading_alert", "trading_alertstep"])
@pytest.mark.django_db(transaction=True)
def test_who_has_read_what_is_over_meanwhile_decides_nothing(table: str, alert: Alert, who: People) -> None:
    other = MembershipFactory(organisation=who.registrar.organisation, role="registrar")
    overtaken: list[Any] = []

    def overtake(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        result = execute(sql, params, many, context)
        if f'FROM "{table}"' in sql and not overtaken:
            overtaken.append(None)
            overtaken[:] = race(partial(_closed, other, alert))
        return result

    with connection.execute_wrapper(overtake):
        assert _closed(who.registrar, alert) == "wrong_state"
    assert overtaken == ["unfounded"]
    assert AlertStep.objects.count() == Record.objects.filter(kind="alert_closed").count() == 1


def _closed(actor: Membership, alert: Alert) -> str:
    try:
        return str(close_alert(actor=actor, alert_id=alert.pk, reason=REASON).state)
    except DomainError as error:
        return error.code


# Thresholds


def test_thresholds_are_changed_with_a_record_and_hold_from_then_on(who: People) -> None:
    wanted = {"percent": 30, "least_t": 10}
    change = change_thresholds(actor=who.registrar, rule="holding", thresholds=wanted, reason=REASON)
    assert thresholds_now(RULES["holding"]) == wanted
    [now] = [each for each in rules_now() if each.name == "holding"]
    assert (now.thresholds, now.changed_at) == (wanted, change.changed_at)
    assert "30" in now.sentence
    assert entry_of("alert_rule_changed")["body"] == {
        "change": str(change.pk),
        "rule": "holding",
        "thresholds": wanted,
        "reason": REASON,
    }
    change_thresholds(actor=who.registrar, rule="holding", thresholds=RULES["holding"].defaults, reason="Too many.")
    assert thresholds_now(RULES["holding"]) == RULES["holding"].defaults


@pytest.mark.parametrize(
    ("thresholds", "field"),
    [
        ({"percent": 0, "least_t": 10}, "percent"),
        ({"percent": 100, "least_t": 10}, "percent"),
        ({"percent": "50", "least_t": 10}, "percent"),
        ({"percent": 50.0, "least_t": 10}, "percent"),
        ({"percent": True, "least_t": 10}, "percent"),
        ({"percent": 50}, "least_t"),
        ({"percent": 50, "least_t": 10**13}, "least_t"),
        ({"percent": 50, "least_t": 10, "other": 1}, "other"),
    ],
)
def test_a_threshold_out_of_its_bounds_is_refused(thresholds: dict[str, Any], field: str, who: People) -> None:
    with pytest.raises(InvalidValue) as refused:
        change_thresholds(actor=who.registrar, rule="holding", thresholds=thresholds, reason=REASON)
    assert refused.value.field == field
    assert not RuleChange.objects.exists()


def test_every_threshold_may_be_at_its_bounds(day: Day) -> None:
    for edge in ("least", "most"):
        for rule in RULES.values():
            day.set(rule.name, **{threshold.name: getattr(threshold, edge) for threshold in rule.thresholds})
            day.judge(rule.name, "00:02", day=2 if edge == "least" else 3)


# Relations


def declare(who: People, one: Organisation, other: Organisation, **changed: str) -> Relation:
    wanted = {"kind": "shareholder", "reason": REASON} | changed
    return declare_relation(actor=who.registrar, one=one, other=other, **wanted)


def test_a_relation_is_symmetrical_declared_once_and_ended_with_a_reason(who: People) -> None:
    one, other = who.cooperative.organisation, who.buyer.organisation
    relation = declare(who, other, one)
    assert relation.one_id < relation.other_id
    for pair in ((one, other), (other, one)):
        with pytest.raises(RelationExists):
            declare(who, *pair)
    declare(who, one, other, kind="same_controller")
    ended = end_relation(actor=who.registrar, relation_id=relation.pk, reason="Sold.")
    assert (ended.ended_by, ended.end_reason) == (who.registrar.user, "Sold.")
    with pytest.raises(WrongState):
        end_relation(actor=who.registrar, relation_id=relation.pk, reason="Again.")
    declare(who, one, other)
    assert Relation.objects.count() == 3
    names = [str(relation.one.public_id), str(relation.other.public_id)]
    assert entry_of("relation_ended")["body"] == {
        "relation": str(relation.pk),
        "organisations": names,
        "kind": "shareholder",
        "reason": "Sold.",
    }


def test_a_relation_that_makes_no_sense_is_refused(who: People) -> None:
    one, other = who.cooperative.organisation, who.buyer.organisation
    for wanted, field in (({"kind": "friends"}, "kind"), ({"reason": " "}, "reason")):
        with pytest.raises(InvalidValue) as refused:
            declare(who, one, other, **wanted)
        assert refused.value.field == field
    with pytest.raises(InvalidValue) as refused:
        declare(who, one, one)
    assert refused.value.field == "other"
    relation = declare(who, one, other)
    with pytest.raises(InvalidValue):
        end_relation(actor=who.registrar, relation_id=relation.pk, reason="")


def test_the_database_keeps_relations_in_order(who: People) -> None:
    one, other = sorted((OrganisationFactory().pk, OrganisationFactory().pk), reverse=True)
    backwards = Relation(
        one_id=one,
        other_id=other,
        kind="shareholder",
        reason=REASON,
        declared_by=who.registrar.user,
        declared_at=who.registrar.organisation.created_at,
    )
    with pytest.raises(IntegrityError, match="relation_in_order"), transaction.atomic():
        backwards.save()
