"""Probes: whether a process lives, and whether it can do its work."""

import threading
import time

import psycopg
import pytest
import redis
from django.db import connection
from django.test import Client, override_settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.operations.observe import health
from config.operations.observe.health import Check, Prober, State
from tests.callers import Caller
from tests.scenes import People

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _asked_anew():
    health.prober._found = None
    yield
    health.prober._found = None


def checks_of(answer):
    return {name: (check["state"], check["code"]) for name, check in answer.json()["checks"].items()}


def test_a_process_that_answers_lives_under_any_host_and_asks_nobody(django_assert_num_queries):
    with django_assert_num_queries(0), override_settings(SECURE_SSL_REDIRECT=True):
        answer = Client().get("/healthz", headers={"host": "10.0.0.7:8000"})
    assert (answer.status_code, answer.content) == (200, b"ok\n")
    assert answer["Cache-Control"] == "no-store"


def test_a_process_is_ready_when_all_that_it_needs_is_there():
    answer = Client().get("/readyz", headers={"host": "10.0.0.7"})
    assert answer.status_code == 200
    found = checks_of(answer)
    assert {name: found[name] for name in ("database", "migrations", "role", "redis")} == {
        "database": ("ok", "ok"),
        "migrations": ("ok", "ok"),
        "role": ("ok", "ok"),
        "redis": ("ok", "ok"),
    }


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
def test_what_is_read_cannot_be_written(path):
    answer = Client().post(path)
    assert (answer.status_code, answer["Allow"]) == (405, "GET, HEAD")


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_everybody_gets_the_same(who: People, path):
    found = {Client().get(path).content}
    for person in (who.cooperative, who.buyer, who.verifier, who.registrar, who.auditor):
        client = Client()
        client.force_login(person.user)
        found.add(client.get(path).content)
    assert len(found) == 1


def test_without_redis_a_process_is_ready_and_says_what_is_away(monkeypatch):
    monkeypatch.setattr(health, "_redis", lambda: redis.Redis(port=1, retry=Retry(NoBackoff(), 0)))
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert checks_of(answer)["redis"] == ("degraded", "out_of_reach")


def test_without_the_database_a_process_is_not_ready_and_tells_no_secret(monkeypatch):
    def refuse(*_arguments, **parameters):
        raise psycopg.OperationalError(f"connection failed: {parameters}")

    monkeypatch.setattr(health.psycopg, "connect", refuse)
    answer = Client().get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (503, "not ready")
    assert checks_of(answer)["database"] == ("failed", "out_of_reach")
    settings = connection.settings_dict
    for secret in (settings["PASSWORD"], settings["USER"], settings["HOST"], "Traceback"):
        assert not secret or secret not in answer.content.decode()


def test_a_migration_that_is_missing_is_named(monkeypatch):
    monkeypatch.setattr(health, "_newest_migrations", lambda: (("ledger", "9999_tomorrow"),))
    answer = Client().get("/readyz")
    assert answer.status_code == 503
    assert "ledger 9999_tomorrow" in answer.json()["checks"]["migrations"]["detail"]


@pytest.mark.parametrize(
    ("found", "state", "code"),
    [
        ((True, True, True, False), State.DEGRADED, "too_many_rights"),
        ((False, True, True, False), State.DEGRADED, "too_many_rights"),
        ((False, False, False, False), State.FAILED, "rights_missing"),
        ((False, None, None, False), State.FAILED, "rights_missing"),
        ((False, False, True, True), State.FAILED, "standby"),
        ((False, False, True, False), State.OK, "ok"),
    ],
)
def test_a_role_has_what_it_needs_and_no_more(found, state, code):
    check = health._role(*found)
    assert (check.state, check.code) == (state, code)


def test_a_server_that_hangs_is_said_to_hang_and_asked_no_second_time():
    asked, go_on = [], threading.Event()

    def hang():
        asked.append(1)
        go_on.wait(30)
        return {"server": health.OK}

    prober = Prober({"server": hang, "other": lambda: {"other": health.OK}}, deadline=0.2)
    began = time.monotonic()
    found = prober.readiness()
    assert time.monotonic() - began < 10
    assert (found.status, found.checks["server"].code, found.checks["other"].state) == (503, "no_answer", "ok")
    prober._found = None
    assert prober.readiness().status == 503
    assert asked == [1]
    go_on.set()
    prober._running["server"].result(10)
    prober._found = None
    assert prober.readiness().status == 200


def test_a_redis_that_hangs_makes_no_process_unready():
    go_on = threading.Event()
    prober = Prober({"redis": lambda: go_on.wait(30) and {"redis": health.OK}}, deadline=0.1)
    found = prober.readiness()
    assert (found.status, found.state, found.checks["redis"].code) == (200, "degraded", "no_answer")
    go_on.set()


def test_a_check_that_fails_itself_tells_its_kind_alone():
    def fail():
        raise RuntimeError("secret")

    found = Prober({"odd": fail}).readiness()
    assert found.checks["odd"] == Check(State.FAILED, "failed", "The check itself failed: RuntimeError.")
    assert b"secret" not in found.as_bytes()


def test_many_who_ask_are_answered_by_one_look():
    looks = []
    prober = Prober({"one": lambda: looks.append(1) or {"one": health.OK}})
    for _ in range(50):
        prober.readiness()
    assert len(looks) <= 2


def test_room_on_a_disk_is_judged(monkeypatch, tmp_path):
    def disk(total, free):
        monkeypatch.setattr(health.shutil, "disk_usage", lambda _path: health.shutil._ntuple_diskusage(total, 0, free))
        return health.room_in(tmp_path / "not" / "there").code

    giga = 10**9
    assert disk(100 * giga, 50 * giga) == "ok"
    assert disk(100 * giga, 5 * giga) == "little_room"
    assert disk(10 * giga, giga // 10) == "no_room"


def test_probes_are_not_limited(settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"visitors": (1, 60), "searches": (1, 60), "downloads": (1, 60)}
    assert {Client().get("/healthz").status_code for _ in range(20)} == {200}
    assert Caller().ask("/markets").status_code == 200
