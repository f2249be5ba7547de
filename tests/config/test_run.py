"""The runner: which programs, with which settings, at which ports."""

import os
import socket
import stat
import subprocess
import sys

import pytest

from config import embedded, run
from config.embedded import Services
from config.processes import Processes


@pytest.fixture
def var(tmp_path, monkeypatch):
    for name in (
        "SECRET_KEY",
        "SECRET_KEY_FILE",
        "LOG_SIGNING_KEY_FILE",
        "DOCUMENTS_DIR",
        "WEB_PORT",
        "STREAM_PORT",
        "STREAM_URL",
    ):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def environment(var):
    return run.environment_for(var, Services("postgresql://me@db.example/mine", "redis://cache.example/0"))


def test_secrets_are_made_at_first_and_kept(var):
    found = environment(var)
    secret = (var / "secret-key").read_text()
    assert found["SECRET_KEY_FILE"] == str(var / "secret-key")
    assert found["DOCUMENTS_DIR"] == str(var / "documents")
    assert found["DEMO_PASSWORD_FILE"] == str(var / "demo-password")
    environment(var)
    assert (var / "secret-key").read_text() == secret


def test_what_the_environment_says_already_is_left_as_it_is(var, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "mine")
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    found = environment(var)
    assert (found["SECRET_KEY"], found["LOG_LEVEL"]) == ("mine", "DEBUG")
    assert "SECRET_KEY_FILE" not in found
    assert found["DATABASE_URL"] == "postgresql://me@db.example/mine"


def test_every_shard_has_one_process_of_its_own():
    found = run.programs({"WEB_PORT": "8000", "STREAM_PORT": "8001", "MATCHING_SHARDS": "3"})
    assert list(found) == ["web", "stream", "worker", "match-0", "match-1", "match-2", "audit", "sending", "beat"]
    assert "matching.2" in found["match-2"]


def test_pages_and_streams_are_served_on_this_machine_only():
    found = run.programs({"WEB_PORT": "8000", "STREAM_PORT": "8001"})
    for name in ("web", "stream"):
        assert found[name][found[name].index("--host") + 1] == "127.0.0.1"


def test_a_taken_port_gives_way_to_the_next_and_is_remembered(var, monkeypatch, capsys):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        monkeypatch.setattr(run, "WEB_PORT", taken)
        found = run._addresses(var)
    web = int(found["WEB_PORT"])
    assert web > taken
    assert f"Pages are on port {web} instead of {taken}." in capsys.readouterr().out
    assert run._addresses(var)["WEB_PORT"] == str(web)
    assert embedded.remembered(var)["web_port"] == web


def test_pages_and_streams_never_share_a_port(var, monkeypatch):
    port = embedded.free_port(21_000)
    monkeypatch.setenv("WEB_PORT", str(port))
    monkeypatch.setenv("STREAM_PORT", str(port))
    found = run._addresses(var)
    assert found["WEB_PORT"] != found["STREAM_PORT"]


def test_a_program_that_ends_at_its_start_is_named(var):
    programs = Processes(var, dict(os.environ))
    programs.start("web", ["false"])
    try:
        with pytest.raises(run.StepFailed, match="web ended with status 1"):
            run._wait_until_ready(programs, str(embedded.free_port(22_000)))
    finally:
        programs.stop()


def test_a_management_command_is_told_from_any_other(var):
    manage = run._command_of(run._parse(["manage", "migrate", "--plan"]))
    assert manage[1:] == ["manage.py", "migrate", "--plan"]
    assert run._command_of(run._parse(["exec", "--", "env", "-0"])) == ["env", "-0"]


def test_our_own_database_is_logged_in_to_as_the_application_and_as_its_owner(var, monkeypatch):
    monkeypatch.delenv("DATABASE_URL")
    services = Services("postgresql://tianhui:owners@127.0.0.1:54320/tianhui", "redis://cache.example/0")
    found = run.application_login(var, services)
    password = (var / "application-password").read_text()
    assert found == {
        "DATABASE_URL": f"postgresql://tianhui_app:{password}@127.0.0.1:54320/tianhui",
        "MIGRATIONS_DATABASE_URL": services.database_url,
    }
    assert run.application_login(var, services) == found
    assert stat.S_IMODE((var / "application-password").stat().st_mode) == 0o600


def test_how_another_database_is_logged_in_to_is_said_by_its_address(var, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql://me@db.example/mine")
    assert run.application_login(var, Services("postgresql://me@db.example/mine", "redis://cache.example/0")) == {}


@pytest.mark.parametrize(
    ("settings", "user"),
    [
        ({}, "app"),
        ({"DATABASE_AS_OWNER": "1"}, "app"),
        ({"MIGRATIONS_DATABASE_URL": "postgresql://owner@db.example/mine"}, "app"),
        ({"MIGRATIONS_DATABASE_URL": "postgresql://owner@db.example/mine", "DATABASE_AS_OWNER": "1"}, "owner"),
    ],
)
def test_only_what_asks_for_it_works_as_the_owner(settings, user):
    environment = dict(os.environ) | {"DATABASE_URL": "postgresql://app@db.example/mine"} | settings
    asked = "from config import settings; print(settings.DATABASES['default']['USER'])"
    answer = subprocess.run(
        [sys.executable, "-c", asked], cwd=run.BASE_DIR, env=environment, capture_output=True, check=True
    )
    assert answer.stdout.decode().strip() == user
