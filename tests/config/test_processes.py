"""Programs run as one: they end together, in order or not, and leave nothing behind."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from config import processes as module
from config.processes import Processes, run_to_end
from tests.waiting import wait_until

SLEEP = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]
DEAF = [
    sys.executable,
    "-S",
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)",
]


@pytest.fixture
def programs(tmp_path):
    found = Processes(tmp_path, dict(os.environ))
    yield found
    found.stop()


def is_running(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def pids(programs):
    return [process.pid for process in programs._running.values()]


def test_what_programs_say_is_printed_under_their_names(programs, capfd):
    programs.start("hen", [sys.executable, "-S", "-c", "print('cluck')"])
    assert programs.wait() == ("hen", 0)
    programs.stop()
    assert "hen      cluck\n" in capfd.readouterr().out


def test_the_one_that_ends_is_named_with_its_status(programs):
    programs.start("long", SLEEP)
    assert programs.ended() is None
    programs.start("short", [sys.executable, "-S", "-c", "raise SystemExit(3)"])
    assert programs.wait() == ("short", 3)


def test_stopping_ends_all(programs):
    programs.start("one", SLEEP)
    programs.start("two", SLEEP)
    found = pids(programs)
    programs.stop()
    assert not any(map(is_running, found))


def test_a_program_that_does_not_listen_is_killed(programs, monkeypatch, capfd):
    monkeypatch.setattr(module, "STOP_SECONDS", 0.3)
    programs.start("deaf", DEAF)
    heard = ""
    while "deaf" not in heard:
        heard += capfd.readouterr().out
        time.sleep(0.02)
    (pid,) = pids(programs)
    programs.stop()
    assert not is_running(pid)


def test_children_of_a_program_end_with_it(programs, tmp_path):
    parent = f"import subprocess, time; print(subprocess.Popen({SLEEP!r}).pid, file=open('child', 'w'), flush=True); time.sleep(600)"
    programs.start("parent", [sys.executable, "-S", "-c", parent])
    child = tmp_path / "child"
    wait_until(lambda: child.exists() and child.read_text().endswith("\n"))
    programs.stop()
    wait_until(lambda: not is_running(int(child.read_text())))


def test_programs_end_with_a_starter_that_is_killed(tmp_path):
    starter = textwrap.dedent(f"""
        import os, pathlib, time
        from config.processes import Processes
        programs = Processes(pathlib.Path({str(tmp_path)!r}), dict(os.environ))
        programs.start("one", {SLEEP!r})
        programs.start("two", {SLEEP!r})
        print(*[process.pid for process in programs._running.values()], flush=True)
        time.sleep(600)
    """)
    with subprocess.Popen([sys.executable, "-c", starter], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        found = [int(pid) for pid in process.stdout.readline().split()]
        assert all(map(is_running, found))
        process.kill()
    wait_until(lambda: not any(map(is_running, found)))


def test_a_command_is_run_to_its_end(tmp_path):
    command = [sys.executable, "-S", "-c", "raise SystemExit(4)"]
    assert run_to_end(command, folder=tmp_path, environment=dict(os.environ)) == 4


def test_a_command_ends_with_us_when_we_are_stopped(tmp_path):
    def stop(_number, _frame):
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    command = [
        sys.executable,
        "-S",
        "-c",
        "import os, time; print(os.getpid(), file=open('pid', 'w'), flush=True); time.sleep(600)",
    ]
    try:
        with pytest.raises(KeyboardInterrupt):
            run_to_end(command, folder=tmp_path, environment=dict(os.environ))
    finally:
        signal.signal(signal.SIGALRM, before)
    assert not is_running(int((tmp_path / "pid").read_text()))
