"""What a worker says of itself: that its loop turns, and that its queues are worked on."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from config.operations.deploy import notify, pulse
from config.operations.observe import pulses
from config.operations.observe.pulses import Pulse
from tests.operations.notified import Notified


@pytest.fixture
def notified(monkeypatch: pytest.MonkeyPatch) -> Iterator[Notified]:
    with Notified() as found:
        monkeypatch.setenv("NOTIFY_SOCKET", found.address)
        yield found


def heard_of(monkeypatch: pytest.MonkeyPatch, **seconds: float) -> None:
    found = {name.replace("_", "."): Pulse(age, "here") for name, age in seconds.items()}
    monkeypatch.setattr(pulses, "read_pulses", lambda: found)


def test_a_sign_of_life_goes_to_the_file_and_to_systemd(
    notified: Notified, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULSE_FILE", str(tmp_path / "pulse"))
    pulse.touch()
    notified.wait_for(notify.ALIVE, seconds=10)
    assert (tmp_path / "pulse").exists()
    pulse.say_ready()
    notified.wait_for(notify.READY, seconds=10)


def test_where_nobody_listens_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", f"@tianhui-nobody-{os.getpid()}")
    pulse.touch()
    monkeypatch.delenv("NOTIFY_SOCKET")
    pulse.touch()


def test_signs_between_two_batches_are_few(notified: Notified, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr(pulse, "notify", said.append)
    monkeypatch.setattr(pulse, "_last_at", 0.0)
    for _batch in range(1_000):
        pulse.touch_at_work()
    # A thousand take a moment; on a machine that stands still meanwhile, one more a second.
    assert 1 <= len(said) < 100


def test_a_worker_whose_queue_is_passed_over_while_others_go_on_says_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    heard_of(monkeypatch, celery=3, matching_0=500)
    assert not pulse.are_worked_on(["matching.0"])
    assert pulse.are_worked_on(["celery"])
    assert not pulse.are_worked_on(["celery", "matching.0"])


def test_where_beat_or_redis_is_away_no_worker_is_to_blame(monkeypatch: pytest.MonkeyPatch) -> None:
    heard_of(monkeypatch, celery=500, matching_0=600)
    assert pulse.are_worked_on(["celery", "matching.0"])

    def fail() -> dict[str, Pulse]:
        raise redis.ConnectionError

    monkeypatch.setattr(pulses, "read_pulses", fail)
    assert pulse.are_worked_on(["celery"])
