"""Candles, the ticker, and tickets for streams, over the API."""

from typing import Any

import pytest
import redis
from django.test import Client

from ledger.models import Membership
from tests.callers import Caller, is_problem, statuses
from tests.factories import MembershipFactory, UserFactory
from tests.scenes import People, issue_to_cooperative, market_for, pay_in
from trading.execution.services import execute_market
from trading.marketdata import access
from trading.models import Market
from trading.orders.services import NewOrder, place_order


@pytest.fixture
def market(who: People) -> Market:
    """Return a market with a trade of 4 t at 40.10 yuan, and something left on either side."""
    market = market_for(who, issue_to_cooperative(who, 1_000))
    pay_in(who, who.buyer, 10_000_000)
    for actor, name, side, price, quantity in (
        (who.cooperative, "s", "sell", 4_010, 10),
        (who.buyer, "b1", "buy", 4_010, 4),
        (who.buyer, "b2", "buy", 3_990, 5),
    ):
        place_order(actor=actor, market_id=market.pk, order=NewOrder(name, side, price, quantity))
    execute_market(market.pk)
    return market


def test_candles_are_read_by_everybody(market: Market, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(2):
        told = Caller().ask(f"/markets/{market.symbol}/candles", interval="1d").json()
    (candle,) = told.pop("candles")
    assert told == {"market": market.symbol, "interval": "1d"}
    assert candle.pop("begins_at").partition("T")[2].startswith("16:00:00")
    assert candle == {
        "open_fen": 4_010,
        "high_fen": 4_010,
        "low_fen": 4_010,
        "close_fen": 4_010,
        "quantity_t": 4,
        "value_fen": 16_040,
        "trades": 1,
    }


def test_candles_without_parameters_are_the_newest_minutes(market: Market) -> None:
    told = Caller().ask(f"/markets/{market.symbol}/candles").json()
    assert told["interval"] == "1m"
    begins_at = told["candles"][0]["begins_at"]
    asked = Caller().ask(f"/markets/{market.symbol}/candles", **{"from": begins_at}).json()
    assert asked == told
    assert Caller().ask(f"/markets/{market.symbol}/candles", to=begins_at).json()["candles"] == []


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"interval": "2m"}, "interval"),
        ({"interval": ""}, "interval"),
        ({"limit": "0"}, "limit"),
        ({"limit": "501"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"limit": "1e3"}, "limit"),
        ({"from": "yesterday"}, "from"),
        ({"from": "2024-13-01T00:00:00Z"}, "from"),
        ({"to": "99999-01-01"}, "to"),
        ({"from": "2024-07-02T00:00:00Z", "to": "2024-07-01T00:00:00Z"}, "to"),
        ({"since": "2024-07-02T00:00:00Z"}, "since"),
    ],
)
def test_a_span_that_is_none_is_refused_with_the_field(market: Market, query: dict[str, str], field: str) -> None:
    answer = Caller().ask(f"/markets/{market.symbol}/candles", **query)
    assert is_problem(answer, 400, "invalid_input", f"/{field}")


@pytest.mark.parametrize(
    "moment", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00", "9999-12-31T23:59"]
)
@pytest.mark.parametrize("name", ["from", "to"])
def test_the_ends_of_time_are_no_error_of_ours(market: Market, name: str, moment: str) -> None:
    assert Caller().ask(f"/markets/{market.symbol}/candles", **{name: moment}).status_code in (200, 400)


def test_the_ticker_is_read_by_everybody(market: Market, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(3):
        told = Caller().ask(f"/markets/{market.symbol}/ticker").json()
    assert told == {
        "market": market.symbol,
        "state": "open",
        "phase": "open",
        "halt_reason": "",
        "reference_price_fen": 4_000,
        "last_price_fen": 4_010,
        "change_fen": 10,
        "highest_price_fen": 4_010,
        "lowest_price_fen": 4_010,
        "quantity_t": 4,
        "value_fen": 16_040,
        "best_bid_fen": 3_990,
        "best_ask_fen": 4_010,
    }


@pytest.mark.parametrize("what", ["candles", "ticker"])
def test_of_a_market_that_there_is_not_nothing_is_told(who: People, what: str) -> None:
    assert is_problem(Caller().ask(f"/markets/NOTHING/{what}"), 404, "not_found")


def test_tickets_are_for_people_of_an_organisation(who: People) -> None:
    assert statuses(who, "POST", "/streams/ticket") == {
        "cooperative": 201,
        "buyer": 201,
        "verifier": 201,
        "registrar": 201,
        "treasurer": 201,
        "auditor": 201,
        "stranger": 401,
    }
    assert is_problem(Caller(UserFactory()).send("/streams/ticket"), 403, "not_allowed")
    viewer = MembershipFactory(organisation=who.buyer.organisation, role=Membership.Role.VIEWER)
    assert Caller(viewer).send("/streams/ticket").status_code == 201
    assert is_problem(Caller(who.buyer).send("/streams/ticket", {"organisation": 1}), 400, "invalid_input")


def test_a_ticket_says_where_and_for_how_long(who: People, settings: Any) -> None:
    settings.STREAM_URL = "https://tianhui.example/"
    told = Caller(who.buyer).send("/streams/ticket").json()
    assert len(told.pop("ticket")) >= 40
    assert told == {"expires_in": 30, "address": "https://tianhui.example/stream/orders"}


def test_a_page_gets_a_ticket_with_its_session_and_its_csrf_token_alone(who: People) -> None:
    browser = Client(enforce_csrf_checks=True, headers={"accept-language": "en"})
    browser.force_login(who.buyer.user)
    assert browser.post("/api/v1/streams/ticket", "{}", content_type="application/json").status_code == 403
    page = browser.get("/holdings")
    token = str(page.context["csrf_token"])
    answer = browser.post(
        "/api/v1/streams/ticket", "{}", content_type="application/json", headers={"x-csrftoken": token}
    )
    assert answer.status_code == 201


def test_without_redis_a_ticket_is_refused_clearly(who: People, monkeypatch: pytest.MonkeyPatch) -> None:
    with redis.Redis.from_url("redis://127.0.0.1:1/0") as away:
        monkeypatch.setattr(access, "_redis", away)
        assert is_problem(Caller(who.buyer).send("/streams/ticket"), 503, "streams_out_of_reach")
