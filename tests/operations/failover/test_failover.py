"""A short drill of the failover, the long form of which is `make drill-failover`; and what the applications do on their own."""

import json
import os
import socket
import subprocess
import sys
import threading
import time

import psycopg
import pytest
from django.db import OperationalError, connections

from config import peers
from config.run import BASE_DIR
from tests.soak.grounds import OF_OTHERS


def test_the_primary_is_killed_under_load_and_nothing_acknowledged_is_lost(tmp_path):
    environment = {name: value for name, value in os.environ.items() if name not in OF_OTHERS}
    environment |= {
        "FAILOVER_SECONDS": "1",
        "FAILOVER_SEED": "20220719",
        "FAILOVER_VAR": str(tmp_path / "failover"),
        "FAILOVER_REPORT": str(tmp_path / "report"),
    }
    command = [sys.executable, "-m", "tests.operations.failover"]
    run = subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Nothing acknowledged is lost" in run.stdout
    told = json.loads((tmp_path / "report.json").read_text())
    assert told["problems"] == []
    assert told["figures"]["acknowledged after"] > 0
    # The backup went on over the failover and the switchover: its copy begins a timeline of its own after those three.
    assert told["figures"]["timeline of the restored copy"] == 4
    assert not (tmp_path / "failover").exists()


class Silent(threading.Thread):
    """A host that lets connections in and says nothing, as one does that hangs, or whose network drops what it says."""

    def __init__(self):
        super().__init__(daemon=True)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._taken = []
        self.start()

    def run(self):
        while True:
            try:
                self._taken.append(self._socket.accept()[0])
            except OSError:
                return

    def close(self):
        for each in (*self._taken, self._socket):
            each.close()


@pytest.fixture
def silent():
    host = Silent()
    yield host
    host.close()


@pytest.mark.django_db(transaction=True)
def test_a_silent_host_costs_a_connection_no_more_than_its_time_and_the_next_one_is_found(silent):
    found = connections.create_connection("default")
    found.settings_dict = found.settings_dict | {
        "HOST": f"127.0.0.1,{found.settings_dict['HOST']}",
        "PORT": f"{silent.port},{found.settings_dict['PORT']}",
        "OPTIONS": found.settings_dict["OPTIONS"] | {"connect_timeout": 2, "target_session_attrs": "read-write"},
    }
    began = time.monotonic()
    try:
        with found.cursor() as cursor:
            cursor.execute("SELECT 1")
        assert time.monotonic() - began >= 2
        options = {parameter.keyword.decode(): parameter.val for parameter in found.connection.pgconn.info}
        assert options["tcp_user_timeout"] == str(peers.GONE_SECONDS * 1_000).encode()
        assert options["keepalives_idle"] == str(peers.IDLE_SECONDS).encode()
    finally:
        found.close()


@pytest.mark.django_db
def test_where_no_host_is_what_is_wanted_the_database_is_out_of_reach():
    found = connections.create_connection("default")
    found.settings_dict = found.settings_dict | {
        "OPTIONS": found.settings_dict["OPTIONS"] | {"target_session_attrs": "standby"},
    }
    # As which the pages answer 503 (tests/config/test_errors.py).
    with pytest.raises(OperationalError, match="standby"):
        found.ensure_connection()


def test_psycopg_tries_every_host_for_one_that_takes_writes():
    """It takes a host after the other by itself, and asks each whether it is what is wanted: that is relied on."""
    from psycopg._conninfo_attempts import conninfo_attempts

    found = conninfo_attempts(
        psycopg.conninfo.conninfo_to_dict("host=127.0.0.1,127.0.0.2 port=1,2 target_session_attrs=read-write")
    )
    assert [(each["host"], each["port"], each["target_session_attrs"]) for each in found] == [
        ("127.0.0.1", "1", "read-write"),
        ("127.0.0.2", "2", "read-write"),
    ]
