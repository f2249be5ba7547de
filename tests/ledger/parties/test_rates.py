"""Budgets: what is left, what is refused, and what happens while Redis is away."""

import logging
from typing import Any

import pytest
import redis
from django.conf import LazySettings
from redis.backoff import NoBackoff
from redis.retry import Retry

from ledger.errors import RateLimited
from ledger.models import ApiToken
from ledger.parties import rates
from ledger.parties.rates import ORDERS, READS, Caller, from_address, note_uses, require_budget, take
from ledger.parties.services import issue_token
from tests.callers import Caller as ApiCaller
from tests.callers import is_problem
from tests.racing import race
from tests.scenes import People

LIN = Caller("person:1")


@pytest.fixture
def ten(settings: LazySettings) -> None:
    settings.RATE_LIMITS = dict.fromkeys(settings.RATE_LIMITS, (10, 3_600))


def test_a_budget_is_used_up_and_says_how_long_to_wait(ten: None) -> None:
    left = [standing.remaining for _ in range(10) if (standing := take(READS, LIN))]
    assert left == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
    with pytest.raises(RateLimited) as refusal:
        require_budget(READS, LIN)
    # One of ten comes back every six minutes.
    assert 355 <= refusal.value.params["seconds"] <= 360
    standing = take(ORDERS, LIN)
    assert standing is not None
    assert (standing.remaining, standing.wait) == (9, 0)


def test_what_is_too_much_takes_nothing(ten: None) -> None:
    take(READS, LIN, 8)
    assert take(READS, LIN, 3).wait > 0  # type: ignore[union-attr]
    assert take(READS, LIN, 2).remaining == 0  # type: ignore[union-attr]


def test_more_than_there_ever_is_costs_a_full_budget(ten: None) -> None:
    assert take(READS, LIN, 1_000).remaining == 0  # type: ignore[union-attr]


def test_it_fills_up_again(settings: LazySettings) -> None:
    settings.RATE_LIMITS |= {"reads": (1_000_000, 1)}
    take(READS, LIN, 1_000_000)
    # A microsecond each: by the time that this is asked, there is room.
    assert take(READS, LIN).wait == 0  # type: ignore[union-attr]


def test_racing_callers_take_no_more_than_there_is(ten: None) -> None:
    outcomes = race(*[lambda: [take(READS, LIN).wait == 0 for _ in range(5)] for _ in range(4)])  # type: ignore[union-attr]
    assert sum(sum(outcome) for outcome in outcomes) == 10


def test_budgets_are_each_callers_own(ten: None) -> None:
    take(READS, LIN, 10)
    assert take(READS, Caller("person:2")).wait == 0  # type: ignore[union-attr]
    take("visitors", from_address("2001:db8::1"), 10)
    assert take("visitors", from_address("2001:db8::ffff")).wait > 0  # type: ignore[union-attr]
    assert take("visitors", from_address("2001:db8:0:1::1")).wait == 0  # type: ignore[union-attr]


def test_fields_are_as_the_draft_writes_them(ten: None) -> None:
    standing = take(READS, LIN)
    assert standing is not None
    assert (standing.policy, standing.limit) == ('"reads";q=10;w=3600', '"reads";r=9;t=360')


def test_nobody_is_refused_while_redis_is_away(
    who: People, ten: None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(rates, "_redis", redis.Redis(port=1, retry=Retry(NoBackoff(), 0)))
    monkeypatch.setattr(rates, "_meter", rates.Meter())
    caller = ApiCaller(who.buyer)
    with caplog.at_level(logging.WARNING):
        answers = [caller.ask("/me") for _ in range(12)]
    assert {answer.status_code for answer in answers} == {200}
    assert "RateLimit" not in answers[0]
    # Asked once, not twelve times: a Redis that hangs is not waited for by everyone.
    assert caplog.text.count("requests are not counted") == 1


# In the API


def test_each_answer_says_what_is_left(who: People, ten: None) -> None:
    caller = ApiCaller(who.buyer)
    answer = caller.ask("/me")
    assert (answer["RateLimit-Policy"], answer["RateLimit"]) == ('"reads";q=10;w=3600', '"reads";r=9;t=360')
    for _ in range(9):
        caller.ask("/me")
    refused = caller.ask("/me")
    assert is_problem(refused, 429, "rate_limited")
    assert refused["RateLimit"].startswith('"reads";r=0;t=')
    assert int(refused["Retry-After"]) == int(refused["RateLimit"].rpartition("=")[2])
    # Another token of the same person, and what writes, have budgets of their own.
    assert ApiCaller(who.buyer).ask("/me").status_code == 200
    assert caller.send("/tokens/revoke").status_code == 200


def test_a_batch_counts_its_orders(who: People, ten: None) -> None:
    caller = ApiCaller(who.buyer)
    order = {"side": "buy", "price_fen": 4_000, "quantity_t": 1}
    orders = [{"client_order_id": str(at), **order} for at in range(8)]
    answer = caller.send("/orders/batch", {"market": "TH-1", "orders": orders})
    assert answer.status_code == 404
    assert answer["RateLimit"].startswith('"orders";r=2;')
    assert is_problem(caller.send("/orders/batch", {"market": "TH-1", "orders": orders}), 429, "rate_limited")
    assert caller.send("/orders", {"market": "TH-1", "client_order_id": "x", **order}).status_code == 404


def test_visitors_and_forged_tokens_use_up_what_their_address_has(db: None, ten: None) -> None:
    for at in range(10):
        headers = {"authorization": "Bearer th_forged"} if at % 2 else {}
        status = ApiCaller().get("/api/v1/markets", headers=headers).status_code
        assert status == (401 if at % 2 else 200)
    assert is_problem(ApiCaller().ask("/markets"), 429, "rate_limited")
    forged = ApiCaller().get("/api/v1/markets", headers={"authorization": "Bearer th_forged"})
    assert is_problem(forged, 429, "rate_limited")
    other = ApiCaller().get("/api/v1/markets", REMOTE_ADDR="198.51.100.7")
    assert other.status_code == 200


def test_log_ins_are_counted_by_address_before_a_password_is_looked_at(db: None, ten: None) -> None:
    for _ in range(10):
        ApiCaller().send("/users", {})
    assert is_problem(ApiCaller().send("/tokens", {"username": "a", "password": "b", "name": "c"}), 429, "rate_limited")


def test_a_session_is_counted_by_person(who: People, ten: None) -> None:
    browser = ApiCaller()
    browser.force_login(who.buyer.user)
    for _ in range(10):
        assert browser.ask("/me").status_code == 200
    assert browser.ask("/me").status_code == 429
    assert ApiCaller(who.buyer).ask("/me").status_code == 200


# Pages


@pytest.mark.parametrize("address", ["/projects?q=x", "/trace/1", "/downloads/projects/projects.csv"])
def test_searches_and_downloads_of_the_public_are_limited_by_address(
    client: Any, db: None, ten: None, address: str
) -> None:
    statuses = {client.get(address).status_code for _ in range(10)}
    assert 429 not in statuses
    refused = client.get(address)
    assert refused.status_code == 429
    assert int(refused["Retry-After"]) > 0
    assert client.get("/projects").status_code == 200


# When tokens were last used


def test_the_last_use_of_a_token_is_noted_without_a_write_of_the_request(
    who: People, django_assert_num_queries: Any
) -> None:
    token, secret = issue_token(user=who.buyer.user, name="robot")
    headers = {"authorization": f"Bearer {secret}"}
    with django_assert_num_queries(1):
        assert ApiCaller().get("/api/v1/me", headers=headers).status_code == 200
    token.refresh_from_db()
    assert token.last_used_at is None
    assert note_uses() == 1
    token.refresh_from_db()
    first = token.last_used_at
    assert first is not None
    assert note_uses() == 0
    ApiCaller().get("/api/v1/me", headers=headers)
    assert note_uses() == 1
    token.refresh_from_db()
    assert token.last_used_at > first


def test_uses_that_were_taken_and_not_written_are_taken_again(who: People) -> None:
    token, secret = issue_token(user=who.buyer.user, name="robot")
    ApiCaller().get("/api/v1/me", headers={"authorization": f"Bearer {secret}"})
    # The process died here.
    rates._redis.rename("token-uses", "token-uses:taken")
    assert note_uses() == 1
    assert ApiToken.objects.get(pk=token.pk).last_used_at is not None
