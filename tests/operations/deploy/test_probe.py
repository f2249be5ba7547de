"""The health checks of containers, run as the engine runs them: by path, and with Python alone."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from config.embedded import free_port
from config.operations.deploy import pulse
from config.programs import BASE_DIR
from tests import ports
from tests.http_server import http_server

PROBE = "config/operations/deploy/probe.py"


def probe(*words: str, **environment: str) -> tuple[int, str]:
    command = [sys.executable, "-S", PROBE, *words]
    given = {"PATH": os.environ["PATH"]} | environment
    found = subprocess.run(command, cwd=BASE_DIR, env=given, capture_output=True, text=True)
    return found.returncode, found.stderr


def test_a_program_that_answers_lives_and_is_asked_as_the_proxy_asks() -> None:
    with http_server() as box:
        # This server knows POST alone: it answers 501, and what it would say of a page is beside the point.
        status, said = probe("web", WEB_PORT=str(box.port), ALLOWED_HOSTS="registry.example.cn,other")
    assert (status, "answers 501" in said) == (1, True)


def test_a_program_that_does_not_answer_is_not_well() -> None:
    port = str(free_port(ports.own(24_100)))
    status, said = probe("stream", STREAM_PORT=port)
    assert (status, "does not answer" in said) == (1, True)


def test_a_worker_that_has_touched_its_file_of_late_lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "pulse"
    assert probe("pulse", PULSE_FILE=str(file))[0] == 1
    monkeypatch.setenv("PULSE_FILE", str(file))
    pulse.touch()
    assert probe("pulse", PULSE_FILE=str(file)) == (0, "")
    long_ago = time.time() - 120
    os.utime(file, (long_ago, long_ago))
    assert probe("pulse", PULSE_FILE=str(file))[0] == 1
    assert probe("pulse", "3600", PULSE_FILE=str(file))[0] == 0


def test_a_question_that_is_none_is_answered_with_what_there_is() -> None:
    status, said = probe("everything")
    assert (status, "web|stream" in said) == (1, True)
