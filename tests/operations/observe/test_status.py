"""The operator's status page: what it says of each part, and who reads it."""

import datetime as dt

import pytest
import redis
from django.db import OperationalError
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from config.operations.observe import standing, status
from config.operations.observe.pulses import Pulse, note_pulse
from config.operations.observe.standing import QueueStanding
from ledger.journal.runs import ReconciliationRun
from tests.desk import client_of
from tests.scenes import People, issue_to_cooperative, market_for
from trading.models import Instruction

pytestmark = pytest.mark.django_db
PAGES = ("admin:status", "admin:runbook")


@pytest.fixture(autouse=True)
def _in_english():
    standing.forget_slow()
    with translation.override("en"):
        yield
    standing.forget_slow()


def part(name):
    return next(each for each in status.parts() if each.name == name)


def wait_in(market, seconds):
    Instruction.objects.create(
        market=market, kind="halt", actor="system", entered_at=timezone.now() - dt.timedelta(seconds=seconds)
    )


@pytest.mark.parametrize("page", PAGES)
def test_the_operator_and_auditors_read_it_and_nobody_else(who: People, page):
    for person in (who.registrar, who.treasurer, who.auditor):
        assert client_of(person).get(reverse(page)).status_code == 200
        assert client_of(person).post(reverse(page)).status_code in (403, 405)
    for person in (who.cooperative, who.buyer, who.verifier):
        assert client_of(person).get(reverse(page)).status_code == 403
    assert Client().get(reverse(page)).status_code == 302


def test_the_desk_links_to_it_and_it_looks_again_by_itself(who: People):
    assert reverse("admin:status") in client_of(who.registrar).get("/admin/").content.decode()
    page = client_of(who.registrar).get(reverse("admin:status")).content.decode()
    assert 'hx-trigger="every 10s"' in page
    assert "#database-connections" in page


def test_it_costs_few_queries(who: People, django_assert_max_num_queries):
    market_for(who, issue_to_cooperative(who, 10))
    client = client_of(who.registrar)
    # Session, person, membership; the savepoint and its release; and what is read once a minute.
    with django_assert_max_num_queries(standing.QUERIES + 3 + 2 + 2):
        client.get(reverse("admin:status"))


@pytest.mark.parametrize(("seconds", "state"), [(0, "ok"), (10, "attention"), (90, "broken")])
def test_a_market_that_waits_is_named_by_its_shard(who: People, seconds, state):
    market = market_for(who, issue_to_cooperative(who, 10))
    wait_in(market, seconds)
    found = part("Trading, shard 0")
    assert found.state == state
    assert found.runbook == "trading-stands-still"


def test_what_is_worst_stands_first(who: People):
    wait_in(market_for(who, issue_to_cooperative(who, 10)), 90)
    states = [each.state for each in status.parts()]
    assert states == sorted(states, key=list(status.WORDS).index)
    assert states[0] == "broken"


def test_books_that_do_not_balance_are_broken_until_they_do(who: People):
    assert part("Reconciliation").state == "attention"
    now = timezone.now()
    for holds, expected in ((False, "broken"), (True, "ok")):
        ReconciliationRun.objects.create(
            started_at=now,
            finished_at=now,
            triggered_by="beat",
            tree_size=0,
            results=[{"holds": holds}],
            holds=holds,
        )
        assert part("Reconciliation").state == expected


def test_without_the_database_it_still_says_so(who: People, monkeypatch):
    def fail():
        raise OperationalError("gone")

    monkeypatch.setattr(standing, "read_standing", fail)
    found = part("Database")
    assert (found.state, found.runbook) == ("broken", "database-down")
    assert status.parts()[0] == found


def test_without_redis_it_says_that_orders_come_in_all_the_same(monkeypatch):
    def fail():
        raise redis.ConnectionError("gone")

    monkeypatch.setattr(standing, "read_queues", fail)
    assert part("Redis").state == "attention"


def test_a_worker_that_takes_nothing_is_seen(monkeypatch):
    note_pulse("celery")
    assert part("Worker of celery").state == "ok"
    assert part("Worker of audit").state == "attention"
    pulses = {"celery": Pulse(500.0, "host"), "audit": Pulse(500.0, "host"), "telling": Pulse(1.0, "host")}
    monkeypatch.setattr(standing, "read_queues", lambda: QueueStanding({"celery": 3, "audit": 0}, pulses, 1))
    assert part("Worker of celery").state == "broken"
    assert part("Worker of audit").state == "ok"
    assert part("beat").state == "ok"


def test_a_backup_is_judged_by_the_age_of_its_file(settings, tmp_path):
    assert "Backup" not in {each.name for each in status.parts()}
    settings.BACKUP_STATUS_FILE = str(tmp_path / "done")
    assert part("Backup").state == "broken"
    (tmp_path / "done").touch()
    assert part("Backup").state == "ok"


def test_each_part_links_to_a_section_of_the_runbook(who: People):
    from config.operations.observe.runbook import runbook_html

    market_for(who, issue_to_cooperative(who, 10))
    for each in status.parts():
        assert f'id="{each.runbook}"' in runbook_html("en"), each.name
