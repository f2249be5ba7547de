"""Runs: each window is judged once, by one worker, whole or not at all; and each alert is in the log."""

from typing import Any

import pytest
from django.db import connection, transaction

from ledger.credits.concerns import may_read_entry
from ledger.models import Record
from ledger.parties.access import reads_everything
from tests.callers import undone
from tests.database import as_owner
from tests.racing import race
from tests.scenes import People
from tests.watched import Day, at, round_trip
from trading import tasks
from trading.models import Alert, RuleProgress
from trading.surveillance import watching
from trading.surveillance.models import Rule
from trading.surveillance.rules import RULES
from trading.surveillance.terms import Cadence
from trading.surveillance.watching import run_rule, watch


def test_a_window_is_judged_a_minute_after_its_end_and_once(day: Day) -> None:
    round_trip(day)
    assert day.judge("round_trip", "10:59") == day.judge("round_trip", "11:00") == []
    [alert] = day.judge("round_trip", "11:01")
    assert day.judge("round_trip", "11:02") == day.judge("round_trip", "12:02") == []
    assert Alert.objects.get() == alert


def test_a_rule_that_is_run_again_from_the_beginning_finds_nothing_new(day: Day) -> None:
    round_trip(day)
    assert len(day.judge("round_trip")) == 1
    RuleProgress.objects.update(judged_until=None)
    assert day.judge("round_trip") == []
    assert Alert.objects.count() == 1


def test_each_window_has_its_own_alert_however_many_are_judged_at_once(day: Day) -> None:
    for clock in ("10:10", "13:10"):
        round_trip(day, clock)
    assert len(day.judge("round_trip", "16:02")) == 2


def test_a_run_goes_on_where_the_last_one_ended(day: Day) -> None:
    assert day.judge("round_trip", "11:02") == []
    round_trip(day, "11:10")
    # Two days without a run: all of it is judged after all.
    assert len(day.judge("round_trip", "11:02", day=3)) == 1


def test_the_rules_of_a_cadence_run_together_by_their_task(day: Day) -> None:
    round_trip(day)
    with at("11:02"):
        tasks.watch_hours()
        assert Alert.objects.count() == 1
        assert set(RuleProgress.objects.values_list("rule", flat=True)) == {
            rule.name for rule in RULES.values() if rule.cadence == Cadence.HOUR
        }
    with at("00:02", day=2):
        tasks.watch_days()
    assert set(RuleProgress.objects.values_list("rule", flat=True)) == set(Rule.values)


def test_an_empty_exchange_raises_nothing(db: None) -> None:
    assert [watch(cadence=cadence) for cadence in Cadence] == [0, 0]


def test_every_rule_has_a_sentence_with_all_of_its_thresholds_and_a_label_for_each_figure() -> None:
    assert set(RULES) == set(Rule)
    for rule in RULES.values():
        for threshold in rule.thresholds:
            assert f"%({threshold.name})s" in str(rule.sentence)
            assert threshold.least <= threshold.default <= threshold.most
        assert "%(" not in rule.said({})


def test_the_record_says_what_the_alert_does(day: Day, who: People) -> None:
    round_trip(day)
    [alert] = day.judge("round_trip")
    record = Record.objects.get(kind="alert_raised")
    with connection.cursor() as cursor:
        cursor.execute("SELECT log_entry(entry)::text FROM ledger_record WHERE id = %s", [record.pk])
        assert f'"alert": "{alert.pk}"' in cursor.fetchone()[0]
    entry = bytes(record.entry)
    readers = {
        reader: may_read_entry(entry, reader) for reader in (who.auditor, who.registrar, who.buyer, who.cooperative)
    }
    # Whoever is watched is not to know.
    assert readers == {reader: reads_everything(reader) for reader in readers}


def test_a_run_that_is_killed_has_done_nothing(day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    round_trip(day)

    class Killed(BaseException):
        pass

    def killed(*_args: Any) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(watching, "append_records", killed)
        with at("11:02"), pytest.raises(Killed):
            run_rule(RULES[Rule.ROUND_TRIP])
    assert not Alert.objects.exists()
    assert not RuleProgress.objects.exists()
    assert len(day.judge("round_trip", "11:02")) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("is_locked", [True, False])
def test_two_workers_at_once_raise_one_alert(is_locked: bool, day: Day, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock lets the second worker find nothing to judge; even without it the database takes the alert once."""
    round_trip(day)
    if not is_locked:
        monkeypatch.setattr(watching, "_lock_progress", lambda rule: RuleProgress(rule=rule.name))
    with at("11:02"):
        raised = race(*[lambda: len(run_rule(RULES[Rule.ROUND_TRIP]))] * 2)
    assert not [each for each in raised if isinstance(each, Exception)]
    assert Alert.objects.count() == 1
    assert Record.objects.filter(kind="alert_raised").count() == 1
    if is_locked:
        assert sorted(raised) == [0, 1]


@pytest.mark.parametrize("change", ["UPDATE trading_alert SET severity = 'low'", "DELETE FROM trading_alert"])
def test_the_database_itself_refuses_to_change_an_alert(change: str, day: Day) -> None:
    round_trip(day)
    day.judge("round_trip")
    # The application's role has no such right, and the owner meets the guard.
    for whose in (undone, as_owner):
        with (
            pytest.raises(Exception, match=r"append-only|permission denied"),
            transaction.atomic(),
            whose(),
            connection.cursor() as cursor,
        ):
            cursor.execute(change)
    assert Alert.objects.count() == 1
