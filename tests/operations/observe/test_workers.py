"""Workers: whether one is alive is told by its work."""

import datetime as dt
import io
import urllib.error
import urllib.request

import pytest
import redis
from django.conf import settings
from django.core.management import call_command
from django.utils import timezone

from config.operations.observe import pulses, server
from config.operations.observe.tasks import pulse
from tests.operations.observe.scrapes import names, read
from tests.scenes import People, issue_to_cooperative, market_for
from trading.models import Instruction

pytestmark = pytest.mark.django_db


def status_of(queue, **options):
    said = io.StringIO()
    try:
        call_command("worker_alive", queue=queue, stderr=said, **options)
    except SystemExit as ended:
        return ended.code, said.getvalue()
    return 0, said.getvalue()


def pulse_ago(queue, seconds):
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        client.hset("pulses", queue, f"{timezone.now().timestamp() - seconds} host")


def test_a_worker_is_alive_where_nothing_waits():
    assert status_of("matching.0") == (0, "")


def test_a_worker_is_not_alive_where_an_instruction_waits_too_long(who: People):
    market = market_for(who, issue_to_cooperative(who, 10))
    long_ago = timezone.now() - dt.timedelta(seconds=90)
    Instruction.objects.create(market=market, kind="halt", actor="system", entered_at=long_ago)
    status, said = status_of("matching.0")
    assert status == 1
    assert market.symbol in said
    assert status_of("matching.0", oldest=1_000.0)[0] == 0
    # That is not the affair of the worker of another queue.
    assert status_of("celery")[0] == 0


def test_a_worker_is_not_alive_where_pulses_come_through_other_queues_alone():
    pulse_ago("celery", 5)
    pulse_ago("telling", 500)
    assert status_of("telling")[0] == 1
    assert status_of("celery")[0] == 0


def test_a_beat_that_has_stopped_is_no_workers_fault():
    pulse_ago("celery", 500)
    pulse_ago("telling", 500)
    assert status_of("telling")[0] == 0


def test_without_redis_no_worker_is_to_blame(monkeypatch):
    def fail():
        raise redis.ConnectionError("gone")

    monkeypatch.setattr("config.operations.observe.pulses.read_pulses", fail)
    assert status_of("telling")[0] == 0


def test_beat_sends_a_pulse_through_every_queue():
    entries = {name: entry for name, entry in settings.CELERY_BEAT_SCHEDULE.items() if name.startswith("pulse-")}
    assert {entry["options"]["queue"] for entry in entries.values()} == set(settings.QUEUES)
    assert all(entry["args"] == [entry["options"]["queue"]] for entry in entries.values())
    assert {entry["task"] for entry in entries.values()} == {pulse.name}
    used = {entry.get("options", {}).get("queue", "celery") for entry in settings.CELERY_BEAT_SCHEDULE.values()}
    assert used <= set(settings.QUEUES)
    pulse("telling")
    assert pulses.read_pulses()["telling"].age_seconds < 60


def test_a_worker_answers_prometheus_at_a_port_of_its_own():
    found = server.serve_metrics("127.0.0.1", 0)
    assert found is not None
    url = f"http://127.0.0.1:{found.server_port}"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/metrics", timeout=10) as answer:
            assert "tianhui_task_runs_total" not in answer.headers
            assert "tianhui_build_info" in names(read(answer.read().decode()))
        proxied = urllib.request.Request(f"{url}/metrics", headers={"X-Forwarded-For": "127.0.0.1"})
        for request, status in ((proxied, 403), (urllib.request.Request(f"{url}/other"), 404)):
            with pytest.raises(urllib.error.HTTPError) as refused:
                opener.open(request, timeout=10)
            assert refused.value.code == status
            refused.value.close()
        assert server.serve_metrics("127.0.0.1", found.server_port) is None
    finally:
        found.shutdown()
        found.server_close()
