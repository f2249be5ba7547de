"""PostgreSQL and Redis start, stop, start again with their data, and recover from whatever was done to them."""

import os
import signal
import socket
import subprocess
import sys
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

from config import embedded
from config.embedded import EmbeddedError, launch, postgres

STARTER = """
import sys, time
from pathlib import Path
from config import embedded
from tests import ports
ports.give_servers_their_own()
with embedded.services(Path(sys.argv[1])) as services:
    print(services.database_url, services.redis_url, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def var(tmp_path, monkeypatch):
    """Return a folder for servers of its own: the environment names none."""
    for name in ("DATABASE_URL", "REDIS_URL"):
        monkeypatch.delenv(name)
    folder = tmp_path / "a folder with spaces"
    yield folder
    embedded.remove(folder)


def answers(url):
    try:
        with psycopg.connect(url, connect_timeout=2) as connection:
            return connection.execute("SELECT 1").fetchone() == (1,)
    except psycopg.OperationalError:
        return False


def start_elsewhere(var):
    """Start the services in a process of their own, and return it with their URLs."""
    process = subprocess.Popen([sys.executable, "-c", STARTER, str(var)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines = [process.stdout.readline()]
    while "postgresql://" not in lines[-1]:
        assert lines[-1], "the starter ended"
        lines.append(process.stdout.readline())
    return process, lines[-1].split()


def end(process):
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_second_start_keeps_the_data_and_the_ports(var):
    with embedded.services(var) as first, psycopg.connect(first.database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE paddy (name text)")
        with redis.Redis.from_url(first.redis_url) as client:
            client.set("paddy", "wet")
    assert not answers(first.database_url)
    with embedded.services(var) as second, psycopg.connect(second.database_url) as connection:
        assert second == first
        assert connection.execute("SELECT count(*) FROM paddy").fetchone() == (0,)
        with redis.Redis.from_url(second.redis_url) as client:
            assert client.get("paddy") == b"wet"


def test_servers_that_a_killed_starter_left_are_stopped_first(var):
    process, (database_url, redis_url) = start_elsewhere(var)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE paddy (name text)")
    end(process)
    assert answers(database_url), "a killed starter leaves its servers behind"
    with embedded.services(var) as again, psycopg.connect(again.database_url) as connection:
        assert (again.database_url, again.redis_url) == (database_url, redis_url)
        assert connection.execute("SELECT count(*) FROM paddy").fetchone() == (0,)


def test_a_database_server_that_was_killed_too_recovers(var):
    process, (database_url, _redis_url) = start_elsewhere(var)
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("CREATE TABLE paddy (name text)")
    end(process)
    os.kill(postmaster_pid(var), signal.SIGKILL)
    with embedded.services(var) as again, psycopg.connect(again.database_url) as connection:
        assert connection.execute("SELECT count(*) FROM paddy").fetchone() == (0,)


def postmaster_pid(var):
    (home,) = [home for home in postgres.homes(var) if home.is_dir()]
    return int((home / "data" / "postmaster.pid").read_text().splitlines()[0])


def test_a_stale_process_number_of_somebody_else_is_no_obstacle(var):
    with embedded.services(var):
        pass
    (home,) = [home for home in postgres.homes(var) if home.is_dir()]
    stale = home / "data" / "postmaster.pid"
    stale.write_text(f"{os.getpid()}\n{home / 'data'}\n0\n1\n")
    with embedded.services(var) as again:
        assert answers(again.database_url)


def test_a_folder_that_was_deleted_begins_anew_and_the_old_cluster_is_kept(var):
    with embedded.services(var) as first:
        pass
    (home,) = [home for home in postgres.homes(var) if home.is_dir()]
    # As `rm -rf var` does: as root the cluster is elsewhere and stays.
    for secret in ("postgres-password", "redis-password", "embedded.json"):
        (var / secret).unlink()
    said = []
    with embedded.services(var, say=said.append) as second:
        assert second.database_url != first.database_url
        assert answers(second.database_url)
    (aside,) = home.glob("data.*")
    assert any(str(aside) in line for line in said)


def test_a_second_starter_is_told_who_the_first_is(var):
    process, (database_url, _redis_url) = start_elsewhere(var)
    try:
        with pytest.raises(EmbeddedError, match=f"process {process.pid}"), embedded.services(var):
            pass
        assert answers(database_url)
    finally:
        end(process)


def test_a_port_that_is_taken_gives_way_to_the_next_and_is_said(var):
    with embedded.services(var) as first:
        pass
    said = []
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        port = urlsplit(first.database_url).port
        other.bind(("127.0.0.1", port))
        other.listen()
        with embedded.services(var, say=said.append) as second:
            assert urlsplit(second.database_url).port != port
            assert answers(second.database_url)
    assert any("PostgreSQL listens on port" in line for line in said)


def test_one_s_own_servers_take_the_place_of_ours(var, monkeypatch, tmp_path):
    monkeypatch.setenv("DATABASE_URL", "postgresql://me@db.example/mine")
    (tmp_path / "redis-url").write_text("redis://cache.example/0\n")
    monkeypatch.setenv("REDIS_URL_FILE", str(tmp_path / "redis-url"))
    with embedded.services(var) as running:
        assert running.database_url == "postgresql://me@db.example/mine"
        assert running.redis_url == "redis://cache.example/0"
    assert not (var / "postgres.log").exists()


def test_others_find_the_servers_only_while_they_run(var):
    assert embedded.attach(var) is None
    process, (database_url, redis_url) = start_elsewhere(var)
    try:
        assert embedded.attach(var) == {"DATABASE_URL": database_url, "REDIS_URL": redis_url}
    finally:
        end(process)
    assert embedded.attach(var) is None


def test_secrets_are_for_their_owner_only(var):
    with embedded.services(var):
        for name in ("postgres-password", "redis-password", "embedded.json"):
            assert (var / name).stat().st_mode & 0o777 == 0o600


def test_removing_takes_the_cluster_along_wherever_it_is(var):
    with embedded.services(var), pytest.raises(EmbeddedError, match="Already running"):
        embedded.remove(var)
    embedded.remove(var)
    assert not [home for home in postgres.homes(var) if home.exists()]
    assert not var.exists()


def test_the_first_free_port_is_the_one_of_last_time():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        taken = one.getsockname()[1]
        one.listen()
        assert launch.free_port(taken, None) > taken
        assert launch.free_port(taken, taken + 7) in (taken + 7, launch.free_port(taken))


def test_no_free_port_is_said(monkeypatch):
    monkeypatch.setattr(launch, "is_free", lambda _port: False)
    with pytest.raises(EmbeddedError, match="No port is free from 8000"):
        launch.free_port(8_000)
