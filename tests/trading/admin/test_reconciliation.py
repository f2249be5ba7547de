"""Reconciliation at the desk: begun by a button that nobody else can press for the reader, watched, kept."""

from typing import Any

import pytest
import redis
from django.core.cache import cache
from django.test import Client

from ledger.models import ReconciliationRun
from tests.desk import client_of
from tests.scenes import People, issue_to_cooperative, market_for
from trading import tasks
from trading.execution import runs

PAGE, PROGRESS = "/admin/reconcile/", "/admin/reconcile/progress/"


@pytest.fixture
def unsent(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the tokens that were sent to workers: here nobody takes them."""
    sent: list[str] = []
    monkeypatch.setattr(runs.app, "send_task", lambda _task, args, **_options: sent.append(args[0]))
    return sent


@pytest.fixture
def auditor(who: People) -> Client:
    return client_of(who.auditor)


def press(client: Client, word: str | None = None) -> Any:
    return client.get(PAGE, {"confirm": word or client.get(PAGE).context["confirmation"]})


def test_an_auditor_has_the_books_checked_and_reads_the_result(who: People, auditor: Client, unsent: list[str]) -> None:
    market = market_for(who, issue_to_cooperative(who, 10))
    assert press(auditor)["Location"] == PAGE
    assert unsent == [runs.current_progress().token]  # type: ignore[union-attr]
    tasks.reconcile_books(unsent[0])
    page = auditor.get(PAGE)
    assert page.context["status"].newest.triggered_by == f"user:{who.auditor.user.public_id}"
    assert f"replaying {market.symbol} gives the very same 0 trades" in page.content.decode()
    assert "All of it holds." in page.content.decode()
    chinese = auditor.get(PAGE, headers={"accept-language": "zh-hans"}).content.decode()
    assert f"重放 {market.symbol}" in chinese


def test_the_progress_is_shown_while_it_runs_and_the_page_is_read_anew_at_its_end(
    auditor: Client, unsent: list[str]
) -> None:
    press(auditor)
    waiting = auditor.get(PROGRESS)
    assert "Waits for the worker." in waiting.content.decode()
    assert 'hx-trigger="load delay:1s"' in waiting.content.decode()
    runs._tell(runs.replace(runs.current_progress(), done=3, total=12, step="per asset, all balances sum to zero"))  # type: ignore[arg-type, type-var]
    running = auditor.get(PROGRESS)
    assert "25 %: 3 of 12 checked" in running.content.decode()
    assert "per asset, all balances sum to zero" in running.content.decode()
    assert "HX-Refresh" not in running
    tasks.reconcile_books(unsent[0])
    ended = auditor.get(PROGRESS)
    assert ended["HX-Refresh"] == "true"
    assert "hx-trigger" not in ended.content.decode()


def test_a_second_press_shows_the_run_under_way(who: People, auditor: Client, unsent: list[str]) -> None:
    word = auditor.get(PAGE).context["confirmation"]
    press(auditor, word)
    assert press(auditor, word)["Location"] == PAGE
    assert press(client_of(who.registrar))["Location"] == PAGE
    assert len(unsent) == 1
    assert "Verify now" not in auditor.get(PAGE).content.decode()


def test_a_word_counts_once(auditor: Client, unsent: list[str]) -> None:
    word = auditor.get(PAGE).context["confirmation"]
    press(auditor, word)
    tasks.reconcile_books(unsent[0])
    again = press(auditor, word)
    assert again.status_code == 409
    assert "Nothing was begun" in again.content.decode()
    assert len(unsent) == 1


@pytest.mark.parametrize("word", ["1", "x:y:z", "\x00", "WyJ4Il0:1abc:def"])
def test_a_made_up_word_begins_nothing(word: str, auditor: Client, unsent: list[str]) -> None:
    assert press(auditor, word).status_code == 409
    assert unsent == []


def test_another_reader_s_word_begins_nothing(who: People, auditor: Client, unsent: list[str]) -> None:
    theirs = client_of(who.registrar).get(PAGE).context["confirmation"]
    assert press(auditor, theirs).status_code == 409
    assert unsent == []


def test_an_old_word_begins_nothing(auditor: Client, unsent: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    word = auditor.get(PAGE).context["confirmation"]
    monkeypatch.setattr("ledger.admin.confirmation.SECONDS", -1)
    assert press(auditor, word).status_code == 409
    assert unsent == []


def test_the_page_alone_its_head_and_what_it_once_took_begin_nothing(auditor: Client, unsent: list[str]) -> None:
    word = auditor.get(PAGE).context["confirmation"]
    auditor.get(PAGE, {"run": "1"})
    auditor.head(PAGE, {"confirm": word})
    assert auditor.post(PAGE, {"confirm": word}).status_code == 403
    assert unsent == []
    assert runs.current_progress() is None


def test_a_lost_run_is_said_and_can_be_begun_again(auditor: Client, unsent: list[str]) -> None:
    press(auditor)
    cache.delete(runs.RUNNING)
    page = auditor.get(PAGE).content.decode()
    assert "broke off before its end" in page
    assert "Verify now" in page
    press(auditor)
    assert len(unsent) == 2


def test_what_is_broken_is_listed_with_its_breaches(auditor: Client, who: People) -> None:
    ReconciliationRun.objects.create(
        started_at="2026-01-01T00:00:00Z",
        finished_at="2026-01-01T00:00:05Z",
        triggered_by="beat",
        tree_size=7,
        results=[
            {
                "number": 1,
                "name": "per asset, all balances sum to zero",
                "params": {},
                "holds": False,
                "detail": "asset=X",
            }
        ],
        holds=False,
    )
    page = auditor.get(PAGE).content.decode()
    assert "Something does not hold" in page
    assert "asset=X" in page
    run = ReconciliationRun.objects.get()
    assert "1 broken" in auditor.get("/admin/ledger/reconciliationrun/").content.decode()
    found = {
        asked: auditor.get("/admin/ledger/reconciliationrun/", {"holds": asked}).context["cl"].result_count
        for asked in ("0", "1", "x")
    }
    assert found["0"] >= 1
    assert found["0"] + found["1"] == found["x"]
    assert "asset=X" in auditor.get(f"/admin/ledger/reconciliationrun/{run.pk}/change/").content.decode()
    assert "The books do not reconcile" in auditor.get("/admin/").content.decode()


def test_without_redis_the_history_is_still_shown(
    auditor: Client, unsent: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks.reconcile_nightly()
    word = auditor.get(PAGE).context["confirmation"]

    def out_of_reach(*_arguments: object, **_options: object) -> None:
        raise redis.ConnectionError("refused")

    monkeypatch.setattr(runs.cache, "get_many", out_of_reach)
    monkeypatch.setattr(runs.cache, "add", out_of_reach)
    for answer, status in ((auditor.get(PAGE), 200), (press(auditor, word), 409), (auditor.get(PROGRESS), 200)):
        assert answer.status_code == status
    assert "The workers cannot be reached" in auditor.get(PAGE).content.decode()
    assert auditor.get("/admin/").status_code == 200
    assert unsent == []
