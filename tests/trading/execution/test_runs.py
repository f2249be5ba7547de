import datetime as dt
import signal
from typing import Any

import pytest
import redis
import time_machine
from django.core.cache import cache
from django.db import connection, transaction
from django.utils import timezone

from ledger.models import ReconciliationRun
from ledger.transparency.sequencer import sequence_log
from tests.racing import race
from tests.running import running, signal_program, start_again
from tests.scenes import People, issue_to_cooperative, market_for
from tests.waiting import wait_until
from trading import tasks
from trading.errors import WorkersOutOfReach
from trading.execution import runs
from trading.execution.reconciliation import reconcile


@pytest.fixture
def unsent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the tokens that were sent to workers: here nobody takes them."""
    sent: list[str] = []
    monkeypatch.setattr(runs.app, "send_task", lambda _task, args, **_options: sent.append(args[0]))
    return sent


def test_a_run_is_kept_with_what_it_found(who: People, unsent: list[str]) -> None:
    market_for(who, issue_to_cooperative(who, 10))
    size = sequence_log()
    asked = runs.request_run("user:somebody")
    assert asked.is_under_way
    assert (asked.percent, asked.total) == (0, 0)
    tasks.reconcile_books(unsent[0])
    run = ReconciliationRun.objects.get()
    assert (run.triggered_by, run.tree_size, run.holds) == ("user:somebody", size, True)
    assert run.started_at < run.finished_at
    assert [result["number"] for result in run.results] == [result.number for result in reconcile()]
    ended = runs.current_progress()
    assert ended is not None
    assert (ended.run_id, ended.is_under_way, ended.percent) == (run.pk, False, 100)


def test_names_are_kept_as_message_ids_whatever_the_language(who: People, unsent: list[str]) -> None:
    market = market_for(who, issue_to_cooperative(who, 10))
    runs.request_run("user:somebody")
    tasks.reconcile_books(unsent[0])
    kept = {result["name"]: result["params"] for result in ReconciliationRun.objects.get().results}
    assert kept["per asset, all balances sum to zero"] == {}
    assert kept["replaying %(market)s gives the very same %(count)s trades"] == {"market": market.symbol, "count": 0}


def test_what_does_not_hold_is_kept_too(who: People, unsent: list[str]) -> None:
    issue_to_cooperative(who, 10)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE ledger_account SET balance = balance + 1 WHERE purpose = 'holding'")
    runs.request_run("user:somebody")
    tasks.reconcile_books(unsent[0])
    run = ReconciliationRun.objects.get()
    assert run.holds is False
    broken = {result["number"]: result["detail"] for result in run.results if not result["holds"]}
    assert broken.keys() == {1, 2, 4, 5}
    assert broken[1].endswith("sum=1")


def test_progress_is_told_before_each_step(who: People) -> None:
    market = market_for(who, issue_to_cooperative(who, 10))
    told: list[tuple[int, int, str]] = []
    results = reconcile(progress=lambda *step: told.append(step))
    assert [done for done, _total, _what in told] == list(range(len(results)))
    assert {total for _done, total, _what in told} == {len(results)}
    assert market.symbol in [what for _done, _total, what in told]


def test_a_second_request_returns_the_run_under_way(db: None, unsent: list[str]) -> None:
    first = runs.request_run("user:one")
    second = runs.request_run("user:other")
    assert (second.token, second.triggered_by) == (first.token, "user:one")
    assert unsent == [first.token]


@pytest.mark.django_db(transaction=True)
def test_of_requests_at_one_moment_one_begins(unsent: list[str]) -> None:
    found = race(*[lambda: runs.request_run("user:somebody")] * 8)
    assert all(isinstance(each, runs.Progress) for each in found), found
    assert len(unsent) == 1


def test_a_message_that_comes_again_does_nothing(db: None, unsent: list[str]) -> None:
    runs.request_run("user:somebody")
    tasks.reconcile_books(unsent[0])
    tasks.reconcile_books(unsent[0])
    tasks.reconcile_books("made-up")
    assert ReconciliationRun.objects.count() == 1


def test_the_night_has_its_run_unless_one_is_under_way(db: None, unsent: list[str]) -> None:
    tasks.reconcile_nightly()
    assert [run.triggered_by for run in ReconciliationRun.objects.all()] == ["beat"]
    runs.request_run("user:somebody")
    tasks.reconcile_nightly()
    assert ReconciliationRun.objects.count() == 1


def test_a_run_that_nobody_takes_is_lost_after_a_while_and_may_be_asked_for_again(db: None, unsent: list[str]) -> None:
    first = runs.request_run("user:somebody")
    cache.delete(runs.RUNNING)  # as Redis does once it expires
    found = runs.current_progress()
    assert found is not None
    assert (found.is_lost, found.is_under_way) == (True, False)
    assert runs.request_run("user:somebody").token != first.token
    tasks.reconcile_books(first.token)
    assert not ReconciliationRun.objects.exists()


def test_the_mark_expires_by_itself(db: None, unsent: list[str], settings: Any) -> None:
    runs.request_run("user:somebody")
    client = redis.Redis.from_url(settings.REDIS_URL)
    [key] = client.scan_iter(f"*{runs.RUNNING}")
    assert 0 < client.ttl(key) <= runs.ALIVE_SECONDS
    client.close()


def test_a_run_that_breaks_off_lets_go(db: None, unsent: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def break_off(**_options: object) -> None:
        raise ValueError("the database is gone")

    monkeypatch.setattr(runs, "reconcile", break_off)
    runs.request_run("user:somebody")
    with pytest.raises(ValueError, match="the database is gone"):
        tasks.reconcile_books(unsent[0])
    found = runs.current_progress()
    assert found is not None
    assert found.is_lost
    assert not ReconciliationRun.objects.exists()


def test_a_long_step_keeps_the_run_alive(db: None, unsent: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "SIGN_OF_LIFE_SECONDS", 0.02)
    seen: list[bool] = []

    def long_step(**_options: object) -> list[object]:
        cache.delete(runs.RUNNING)

        def is_alive() -> bool:
            found = runs.current_progress()
            return found is not None and found.is_under_way

        wait_until(is_alive)
        seen.append(True)
        return []

    monkeypatch.setattr(runs, "reconcile", long_step)
    runs.request_run("user:somebody")
    tasks.reconcile_books(unsent[0])
    assert seen == [True]


def test_without_redis_nothing_begins(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    def out_of_reach(*_arguments: object, **_options: object) -> None:
        raise redis.ConnectionError("refused")

    monkeypatch.setattr(runs.cache, "add", out_of_reach)
    with pytest.raises(WorkersOutOfReach):
        runs.request_run("user:somebody")


def test_nothing_in_the_history_can_be_changed(db: None) -> None:
    tasks.reconcile_nightly()
    for change in (
        lambda: ReconciliationRun.objects.update(holds=False),
        lambda: ReconciliationRun.objects.all().delete(),
    ):
        with pytest.raises(Exception, match="permission denied"), transaction.atomic():
            change()


def test_the_night_is_two_o_clock_in_shanghai() -> None:
    entry = runs.app.conf.beat_schedule["reconcile-books"]
    assert (entry["task"], entry["options"]["queue"]) == ("trading.tasks.reconcile_nightly", runs.QUEUE)
    midnight = dt.datetime(2026, 11, 26, 0, 0, tzinfo=timezone.get_current_timezone())
    with time_machine.travel(midnight, tick=False):
        due = entry["schedule"].is_due(midnight - dt.timedelta(hours=1))
    assert (due.is_due, due.next) == (False, 2 * 60 * 60)


@pytest.mark.django_db(transaction=True)
def test_the_worker_does_it_and_when_killed_is_seen_to_be_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    with running("audit") as (processes, environment):
        runs.request_run("user:first")
        wait_until(lambda: ReconciliationRun.objects.count() == 1)
        wait_until(lambda: not _current().is_under_way)
        # A lock on a table that every check reads: the run stands still, and its worker is killed.
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE ledger_account IN ACCESS EXCLUSIVE MODE")
            runs.request_run("user:second")
            wait_until(lambda: _current().total > 0)
            signal_program(processes, "audit", signal.SIGKILL)
            assert _current().is_under_way
        cache.touch(runs.RUNNING, 0.05)
        wait_until(lambda: _current().is_lost)
        start_again(processes, environment, "audit")
        runs.request_run("user:third")
        wait_until(lambda: ReconciliationRun.objects.count() == 2)
    assert [run.triggered_by for run in ReconciliationRun.objects.order_by("id")] == ["user:first", "user:third"]


def _current() -> runs.Progress:
    found = runs.current_progress()
    assert found is not None
    return found
