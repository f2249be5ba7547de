"""A standby of the tests' own server, for as long as a module's tests run."""

import copy
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connection, connections

from config.embedded import postgres
from config.embedded.launch import private_text
from config.operations.replica.standby import ALIAS, the_standby
from tests.database import as_owner
from tests.operations.failover.hosts import Host, copy_primary
from tests.servers import VAR
from tests.waiting import wait_until


@pytest.fixture(scope="module")
def standby_host(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Host]:
    """Run a standby of the tests' server; its data go with it."""
    url = urlsplit(os.environ["DATABASE_URL"])
    assert url.port is not None
    host = copy_primary(
        "standby",
        tmp_path_factory.mktemp("standby"),
        port=url.port,
        password=private_text(Path(VAR) / postgres.PASSWORD_NAME),
        # As the tests' server has it: a standby needs as many connections as its primary, and no more disk than that.
        settings={"fsync": "off", "full_page_writes": "off", "max_connections": "100", "synchronous_commit": "off"},
    )
    host.start()
    yield host
    host.stop()
    for home in postgres.homes(host.var):
        shutil.rmtree(home, ignore_errors=True)
    with _owner() as primary:
        wait_until(lambda: _is_free(primary), "the standby's slot is in use")
        primary.execute("SELECT pg_drop_replication_slot('standby')")


def _is_free(primary: Any) -> bool:
    return not primary.execute("SELECT active FROM pg_replication_slots WHERE slot_name = 'standby'").fetchone()[0]


def _owner() -> Any:
    return psycopg.connect(os.environ["DATABASE_URL"], autocommit=True)


def as_replica(host: Host) -> dict[str, Any]:
    """Return the settings that REPLICA_URL would have made."""
    found = copy.deepcopy(connections.settings["default"])
    found["HOST"], found["PORT"] = "127.0.0.1", str(host.port)
    found["OPTIONS"] |= {"target_session_attrs": "standby", "connect_timeout": 2}
    found["OPTIONS"]["options"] += " -c default_transaction_read_only=on"
    return found


@pytest.fixture
def replica(transactional_db: None, standby_host: Host) -> Iterator[Host]:
    """Let public pages be read from the standby, which has all that there is when a test begins."""
    connections.settings[ALIAS] = as_replica(standby_host)
    # Django's tests let nobody connect to a database that was not there when the test began; the name is all they look at.
    connections[ALIAS].alias = "default"
    the_standby.come_back()
    yield standby_host
    if standby_host.server is not None and standby_host.server.has_ended():
        standby_host.start()
    standby_host.ask("SELECT pg_wal_replay_resume()")
    connections[ALIAS].close()
    del connections[ALIAS]
    del connections.settings[ALIAS]
    # The tables are emptied after the test: not while the standby still has a page open.
    catch_up(standby_host)


def catch_up(host: Host) -> None:
    """Wait until the standby has all that is committed."""
    with as_owner(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_logical_emit_message(false, 'test', ''), pg_current_wal_insert_lsn()")
        here = cursor.fetchone()[1]
        cursor.execute("SELECT pg_logical_emit_message(true, 'test', '')")
    wait_until(
        lambda: host.ask("SELECT pg_last_wal_replay_lsn() >= %(here)s::pg_lsn", here=here),
        "the standby does not follow",
    )


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """Ask the standby each time how far it is, and let it be as far behind as a slow machine makes it."""
    monkeypatch.setattr("config.operations.replica.standby.ASKED_SECONDS", 0.0)
    monkeypatch.setattr("config.operations.replica.standby.ANSWER_SECONDS", 5.0)
    settings.REPLICA_LAG_SECONDS = 3_600
