"""The hosts that the other tests stand on: they hear each other, are cut off, and leave nothing behind."""

import socket
import subprocess
import sys

import pytest

from tests.operations.hosts import network as networks
from tests.operations.hosts.network import network, remove_stale, why_not
from tests.waiting import wait_until

PORT = 5_000
PATIENCE_SECONDS = 0.5


@pytest.fixture(scope="module", autouse=True)
def _permitted():
    if reason := why_not():
        pytest.skip(reason)


def hears(here, there):
    """Return whether one host can connect to another, where something listens."""
    with there.inside(), socket.create_server((there.address, PORT)), here.inside():
        try:
            socket.create_connection((there.address, PORT), timeout=PATIENCE_SECONDS).close()
        except OSError:
            return False
    return True


@pytest.mark.parametrize("cut", ["cut_off", "unplug"])
def test_a_host_that_is_cut_off_hears_nobody_until_it_is_mended(cut):
    with network("one", "two", "three") as hosts:
        one, two, three = (hosts[name] for name in ("one", "two", "three"))
        assert hears(one, two)
        getattr(hosts, cut)("two")
        assert not hears(one, two)
        assert hears(one, three)
        hosts.mend("two")
        wait_until(lambda: hears(one, two))


def test_a_host_runs_programs_of_its_own_and_nothing_is_left_of_them():
    with network("one") as hosts:
        sleeping = subprocess.Popen(hosts["one"].command(["sleep", "600"]))
        wait_until(lambda: str(sleeping.pid) in networks._ip("netns", "pids", hosts["one"].namespace).split())
        namespace = hosts["one"].namespace
    assert sleeping.wait(10) != 0
    assert namespace not in networks._names()


def test_what_a_killed_process_has_left_goes_with_its_programs():
    left = [sys.executable, "-c", "import os; print(os.getpid())"]
    ended = subprocess.run(left, capture_output=True, text=True, check=True).stdout.strip()
    namespace = f"th{ended}-left"
    networks._ip("netns", "add", namespace)
    sleeping = subprocess.Popen(["ip", "netns", "exec", namespace, "sleep", "600"])
    wait_until(lambda: str(sleeping.pid) in networks._ip("netns", "pids", namespace).split())
    with network("one") as hosts:
        assert hosts["one"].namespace in networks._names()
        assert namespace not in networks._names()
        remove_stale()
        assert hosts["one"].namespace in networks._names()
    assert sleeping.wait(10) != 0
