"""Guesses of passwords are counted by name and by address, and not at all where Redis is away."""

import logging
import threading

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from ledger.errors import TooManyAttempts
from ledger.parties import attempts


def guess(times: int, username: str = "lin", address: str = "203.0.113.5") -> None:
    for _ in range(times):
        attempts.count_attempt(username=username, address=address)


def test_a_name_can_be_tried_twenty_times_from_anywhere() -> None:
    for at in range(attempts.ATTEMPTS_A_NAME):
        guess(1, address=f"203.0.113.{at}")
    with pytest.raises(TooManyAttempts) as refusal:
        guess(1, address="198.51.100.1")
    assert 0 < refusal.value.params["seconds"] <= attempts.WINDOW_SECONDS
    guess(1, username="another")


def test_an_address_can_try_two_hundred_times_whatever_the_names() -> None:
    for at in range(attempts.ATTEMPTS_AN_ADDRESS):
        guess(1, username=f"person{at}")
    with pytest.raises(TooManyAttempts):
        guess(1, username="yet another")


def test_an_ipv6_caller_is_its_network() -> None:
    for at in range(attempts.ATTEMPTS_AN_ADDRESS):
        guess(1, username=f"person{at}", address=f"2001:db8::{at + 1:x}")
    with pytest.raises(TooManyAttempts):
        guess(1, username="yet another", address="2001:db8::ffff")
    guess(1, username="yet another", address="2001:db8:0:1::1")


def test_racing_guesses_are_all_counted() -> None:
    refused = []

    def race() -> None:
        for _ in range(10):
            try:
                guess(1)
            except TooManyAttempts:
                refused.append(1)

    threads = [threading.Thread(target=race) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 40 - attempts.ATTEMPTS_A_NAME


def test_nobody_is_locked_out_while_redis_is_away(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    away = redis.Redis(port=1, retry=Retry(NoBackoff(), 0))
    monkeypatch.setattr(attempts, "_redis", away)
    with caplog.at_level(logging.WARNING):
        guess(attempts.ATTEMPTS_A_NAME + 1)
    assert "not counted" in caplog.text
