"""Markets over the API: opened, halted, read by everybody."""

from typing import Any

import pytest

from ledger.models import Batch
from tests.callers import Caller, is_problem, statuses
from tests.scenes import People, issue_to_cooperative, market_for, pay_in
from trading.execution.services import execute_market
from trading.models import Market


@pytest.fixture
def batch(who: People) -> Batch:
    return issue_to_cooperative(who, 1_000)


@pytest.fixture
def market(who: People, batch: Batch) -> Market:
    """Return a market in which two buyers have bought 30 t of the cooperative's 100 t on offer."""
    market = market_for(who, batch, taker_fee_bps=10)
    for buyer in (who.buyer, who.other_buyer):
        pay_in(who, buyer, 10_000_000)
    enter(market, who.cooperative, "sell", 4_010, 100)
    enter(market, who.buyer, "buy", 4_010, 10)
    enter(market, who.other_buyer, "buy", 4_020, 20)
    enter(market, who.buyer, "buy", 3_990, 5)
    execute_market(market.pk)
    return market


def enter(market: Market, who: Any, side: str, price_fen: int, quantity_t: int) -> None:
    order = {
        "market": market.symbol,
        "client_order_id": f"{side}-{price_fen}",
        "side": side,
        "price_fen": price_fen,
        "quantity_t": quantity_t,
    }
    assert Caller(who).send("/orders", order).status_code == 201


def a_market(batch: Batch, **changes: Any) -> dict[str, Any]:
    return {"asset": batch.asset.code, "symbol": "QX-2022", "reference_price_fen": 4_000} | changes


def test_a_market_is_opened_by_registrars_alone_and_once_a_batch(who: People, batch: Batch) -> None:
    assert statuses(who, "POST", "/markets", a_market(batch)) == {
        "cooperative": 403,
        "buyer": 403,
        "verifier": 403,
        "registrar": 201,
        "treasurer": 403,
        "auditor": 403,
        "stranger": 401,
    }
    caller = Caller(who.registrar)
    opened = caller.send("/markets", a_market(batch, taker_fee_bps=10, tick_size_fen=5)).json()
    assert opened == {
        "symbol": "QX-2022",
        "asset": batch.asset.code,
        "state": "open",
        "phase": "open",
        "halt_reason": "",
        "reference_price_fen": 4_000,
        "tick_size_fen": 5,
        "lot_size_t": 1,
        "maker_fee_bps": 0,
        "taker_fee_bps": 10,
        "band": {"percent": 10, "lowest_price_fen": 3_600, "highest_price_fen": 4_400},
        "sessions": [],
        "volatility_percent": 0,
        "volatility_minutes": 5,
        "auction_ends_at": None,
        "largest_order_t": 100_000_000,
        "block_band_percent": 30,
        "block_minimum_t": 1,
        "opened_at": opened["opened_at"],
        "next_step": None,
        "ticker": {
            "last_price_fen": None,
            "change_fen": None,
            "highest_price_fen": None,
            "lowest_price_fen": None,
            "quantity_t": 0,
            "value_fen": 0,
        },
    }
    assert is_problem(caller.send("/markets", a_market(batch, symbol="other")), 409, "market_exists")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"asset": "CNY"}, 404),
        ({"asset": "TH-35-000009-2022"}, 404),
        ({"symbol": "稻"}, 422),
        ({"symbol": "a/b"}, 422),
        ({"symbol": "x" * 41}, 400),
        ({"reference_price_fen": 10**11}, 400),
        ({"tick_size_fen": 10**9}, 400),
        ({"lot_size_t": 0}, 400),
        ({"band_percent": 100}, 400),
        ({"taker_fee_bps": 1_001}, 400),
        ({"maker_fee_bps": 5, "taker_fee_bps": 1}, 422),
    ],
)
def test_a_market_that_cannot_work_is_not_opened(
    who: People, batch: Batch, changes: dict[str, Any], status: int
) -> None:
    answer = Caller(who.registrar).send("/markets", a_market(batch) | changes)
    assert is_problem(answer, status, {400: "invalid_input", 404: "not_found", 422: "invalid_value"}[status])
    assert not Market.objects.exists()


def test_a_market_is_read_by_everybody(market: Market, django_assert_num_queries: Any) -> None:
    caller = Caller()
    with django_assert_num_queries(3):
        shown = caller.ask(f"/markets/{market.symbol}").json()
    assert shown["ticker"] == {
        "last_price_fen": 4_010,
        "change_fen": 10,
        "highest_price_fen": 4_010,
        "lowest_price_fen": 4_010,
        "quantity_t": 30,
        "value_fen": 120_300,
    }
    with django_assert_num_queries(1):
        [listed] = caller.ask("/markets").json()["results"]
    assert listed == {name: value for name, value in shown.items() if name not in ("ticker", "next_step")}


def test_the_book_shows_levels_from_the_best_price_on(market: Market, django_assert_num_queries: Any) -> None:
    caller = Caller()
    with django_assert_num_queries(3):
        book = caller.ask(f"/markets/{market.symbol}/book").json()
    assert book == {
        "market": market.symbol,
        "bids": [{"price_fen": 3_990, "quantity_t": 5, "orders": 1}],
        "asks": [{"price_fen": 4_010, "quantity_t": 70, "orders": 1}],
    }
    assert caller.ask(f"/markets/{market.symbol}/book", levels=1).json() == book
    for levels in ("0", "501", "x", "1.5"):
        refused = caller.ask(f"/markets/{market.symbol}/book", levels=levels)
        assert is_problem(refused, 400, "invalid_input", "/levels")
    assert is_problem(caller.ask("/markets/NOWHERE/book"), 404, "not_found")


def test_the_tape_names_nobody(market: Market, django_assert_num_queries: Any) -> None:
    caller = Caller()
    with django_assert_num_queries(2):
        trades = caller.ask(f"/markets/{market.symbol}/trades").json()["results"]
    assert [(row["price_fen"], row["quantity_t"], row["taker_side"]) for row in trades] == [
        (4_010, 20, "buy"),
        (4_010, 10, "buy"),
    ]
    assert trades[0].keys() == {"id", "price_fen", "quantity_t", "taker_side", "executed_at"}


def test_each_side_sees_its_own_trades(who: People, market: Market, django_assert_num_queries: Any) -> None:
    caller = Caller(who.cooperative)
    with django_assert_num_queries(2):
        sold = caller.ask("/trades").json()["results"]
    assert [(row["side"], row["quantity_t"], row["fee_fen"]) for row in sold] == [("sell", 20, 0), ("sell", 10, 0)]
    [bought] = Caller(who.buyer).ask("/trades").json()["results"]
    assert (bought["side"], bought["price_fen"], bought["value_fen"]) == ("buy", 4_010, 40_100)
    assert bought["fee_fen"] == 40
    orders = Caller(who.buyer).ask("/orders", status="filled").json()["results"]
    assert bought["order"] == orders[0]["id"]
    assert Caller(who.verifier).ask("/trades").json()["results"] == []
    assert is_problem(Caller().ask("/trades"), 401, "not_authenticated")


def test_a_market_is_halted_and_resumed_by_registrars_in_its_turn(who: People, market: Market) -> None:
    only = {
        "cooperative": 403,
        "buyer": 403,
        "verifier": 403,
        "registrar": 202,
        "treasurer": 403,
        "auditor": 403,
        "stranger": 401,
    }
    path = f"/markets/{market.symbol}"
    assert statuses(who, "POST", f"{path}/halt", {"reason": "maintenance"}) == only
    assert statuses(who, "POST", f"{path}/resume") == only
    caller = Caller(who.registrar)
    assert is_problem(caller.send(f"{path}/halt", {"reason": " "}), 400, "invalid_input", "/reason")
    assert is_problem(caller.send(f"{path}/halt", {"reason": "x" * 201}), 400, "invalid_input", "/reason")
    assert caller.send(f"{path}/halt", {"reason": "maintenance"}).json()["state"] == "open"
    execute_market(market.pk)
    halted = caller.ask(path).json()
    assert (halted["state"], halted["halt_reason"]) == ("halted", "maintenance")
    caller.send(f"{path}/resume")
    execute_market(market.pk)
    assert caller.ask(path).json()["state"] == "open"
