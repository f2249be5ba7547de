"""Every field of every order message at, below and beyond its bounds: each answer says what is wrong where, with a code that stays."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from ledger.models import Account
from tests.callers import Caller, is_problem, statuses
from tests.factories import MembershipFactory
from tests.scenes import issue_to_cooperative, market_for, pay_in
from trading.execution.services import execute_market
from trading.models import Instruction, Order

ORDER = {"client_order_id": "a-1", "side": "buy", "price_fen": 4_000, "quantity_t": 10}
MOST = 100_000_000


@pytest.fixture
def market(who):
    """Return a market around 40 yuan ±10 %: tick 5 fen, lot 5 t, 1,000 t the largest order."""
    market = market_for(who, issue_to_cooperative(who, 10_000), tick_size_fen=5, lot_size_t=5, largest_order_t=1_000)
    pay_in(who, who.buyer, 10_000_000)
    return market


def in_days(days: float) -> str:
    return (timezone.now() + dt.timedelta(days=days)).isoformat()


# The field, what it is given, the answer's status, and where one is refused its code.
BOUNDS = [
    ("client_order_id", "a", 201, ""),
    ("client_order_id", "a" * 64, 201, ""),
    ("client_order_id", "委托-1", 201, ""),
    ("client_order_id", "", 400, "invalid_input"),
    ("client_order_id", "a" * 65, 400, "invalid_input"),
    ("client_order_id", "a\0b", 400, "invalid_input"),
    ("client_order_id", 7, 400, "invalid_input"),
    ("client_order_id", None, 400, "invalid_input"),
    ("client_order_id", ["a"], 400, "invalid_input"),
    ("side", "sell", 409, "insufficient_credits"),
    ("side", "BUY", 400, "invalid_input"),
    ("side", "", 400, "invalid_input"),
    ("side", None, 400, "invalid_input"),
    ("side", 1, 400, "invalid_input"),
    ("price_fen", 3_600, 201, ""),
    ("price_fen", 4_400, 201, ""),
    ("price_fen", 3_595, 422, "outside_band"),
    ("price_fen", 4_405, 422, "outside_band"),
    ("price_fen", 4_001, 422, "off_tick"),
    ("price_fen", 0, 400, "invalid_input"),
    ("price_fen", -4_000, 400, "invalid_input"),
    ("price_fen", 4_000.0, 400, "invalid_input"),
    ("price_fen", "4000", 400, "invalid_input"),
    ("price_fen", True, 400, "invalid_input"),
    ("price_fen", 10**30, 400, "invalid_input"),
    ("price_fen", None, 400, "invalid_input"),
    ("quantity_t", 5, 201, ""),
    ("quantity_t", 1_000, 201, ""),
    ("quantity_t", 1_005, 422, "order_too_large"),
    ("quantity_t", MOST, 422, "order_too_large"),
    ("quantity_t", MOST + 5, 400, "invalid_input"),
    ("quantity_t", 4, 422, "off_lot"),
    ("quantity_t", 0, 400, "invalid_input"),
    ("quantity_t", -5, 400, "invalid_input"),
    ("quantity_t", 5.5, 400, "invalid_input"),
    ("quantity_t", None, 400, "invalid_input"),
    ("order_type", "limit", 201, ""),
    ("order_type", "stop", 400, "invalid_input"),
    ("order_type", None, 400, "invalid_input"),
    ("time_in_force", "gtc", 201, ""),
    ("time_in_force", "day", 201, ""),
    ("time_in_force", "ioc", 201, ""),
    ("time_in_force", "fok", 201, ""),
    ("time_in_force", "gtd", 422, "invalid_order"),
    ("time_in_force", "at_the_close", 400, "invalid_input"),
    ("post_only", True, 201, ""),
    ("post_only", "yes", 400, "invalid_input"),
    ("post_only", 1, 400, "invalid_input"),
    ("display_t", 5, 201, ""),
    ("display_t", 10, 422, "invalid_order"),
    ("display_t", 3, 422, "off_lot"),
    ("display_t", 0, 400, "invalid_input"),
    ("display_t", -5, 400, "invalid_input"),
    ("self_trade_mode", "decrement", 201, ""),
    ("self_trade_mode", "allow", 400, "invalid_input"),
    ("expires_at", "2099-12-01T00:00:00Z", 422, "invalid_order"),
    ("expires_at", "tomorrow", 400, "invalid_input"),
    ("expires_at", 1_700_000_000, 400, "invalid_input"),
    ("market", "NONE", 404, "not_found"),
    ("market", "", 400, "invalid_input"),
    ("market", 5, 400, "invalid_input"),
    ("colour", "green", 400, "invalid_input"),
]


@pytest.mark.parametrize(("field", "value", "status", "code"), BOUNDS, ids=lambda value: repr(value)[:24])
def test_a_field_at_its_bounds_and_beyond(who, market, field: str, value: Any, status: int, code: str) -> None:
    answer = Caller(who.buyer).send("/orders", {"market": market.symbol, **ORDER, field: value})
    if status == 201:
        assert answer.status_code == 201, answer.content
        return
    at_fault = {"sell": "quantity_t", "gtd": "expires_at"}.get(value, field) if isinstance(value, str) else field
    assert is_problem(answer, status, code, f"/{at_fault}")
    assert not Order.objects.exists()
    assert not Instruction.objects.exists()
    assert not Account.objects.exclude(held=0).exists()


@pytest.mark.parametrize("field", list(ORDER))
def test_a_field_that_is_missing(who, market, field: str) -> None:
    order = {"market": market.symbol, **ORDER}
    del order[field]
    code = (422, "invalid_order") if field == "price_fen" else (400, "invalid_input")
    assert is_problem(Caller(who.buyer).send("/orders", order), *code, f"/{field}")


@pytest.mark.parametrize(
    ("expires_at", "status", "code"),
    [
        (0.01, 201, ""),
        (365, 201, ""),
        (-0.01, 422, "invalid_order"),
        (367, 422, "invalid_order"),
        ("2099-01-01T00:00:00", 400, "invalid_input"),
        ("9999-12-31T23:59:59-23:59", 400, "invalid_input"),
        ("0001-01-01T00:00:00+23:59", 400, "invalid_input"),
        ("2099-02-30T00:00:00Z", 400, "invalid_input"),
    ],
)
def test_when_an_order_may_expire(who, market, expires_at: str | float, status: int, code: str) -> None:
    """Days from now, or a time as it is written."""
    written = expires_at if isinstance(expires_at, str) else in_days(expires_at)
    order = {"market": market.symbol, **ORDER, "time_in_force": "gtd", "expires_at": written}
    answer = Caller(who.buyer).send("/orders", order)
    if status == 201:
        assert answer.json()["expires_at"].endswith("Z")
    else:
        assert is_problem(answer, status, code, "/expires_at")


def test_a_batch_with_good_and_bad_orders_answers_each_by_itself(who, market) -> None:
    bad: list[dict[str, Any]] = [
        {"price_fen": 4_001},
        {"quantity_t": 4},
        {"price_fen": 4_405},
        {"quantity_t": 1_005},
        {"time_in_force": "gtd"},
        {"side": "sell"},
        {"display_t": 10},
    ]
    orders = [{**ORDER, "client_order_id": f"o-{at}", **change} for at, change in enumerate([{}, *bad, {}])]
    answer = Caller(who.buyer).send("/orders/batch", {"market": market.symbol, "orders": orders})
    assert answer.status_code == 200
    codes = [result.get("error", {}).get("code") for result in answer.json()["results"]]
    assert codes == [
        None,
        "off_tick",
        "off_lot",
        "outside_band",
        "order_too_large",
        "invalid_order",
        "insufficient_credits",
        "invalid_order",
        None,
    ]
    assert Order.objects.count() == Instruction.objects.count() == 2
    assert sum(Account.objects.values_list("held", flat=True)) == 80_000


def test_a_batch_with_one_field_of_the_wrong_kind_is_refused_whole(who, market) -> None:
    orders = [ORDER, {**ORDER, "client_order_id": "b", "quantity_t": "10"}]
    answer = Caller(who.buyer).send("/orders/batch", {"market": market.symbol, "orders": orders})
    assert is_problem(answer, 400, "invalid_input", "/orders/1/quantity_t")
    assert not Order.objects.exists()


@pytest.mark.parametrize(("count", "status"), [(0, 400), (1, 200), (1_000, 200), (1_001, 400)])
def test_how_many_orders_a_batch_may_have(who, market, count: int, status: int) -> None:
    orders = [{**ORDER, "client_order_id": str(at), "quantity_t": 5} for at in range(count)]
    body = {"market": market.symbol, "orders": orders}
    assert Caller(who.buyer).send("/orders/batch", body).status_code == status


@pytest.mark.parametrize(
    ("terms", "status", "code", "field"),
    [
        ({"quantity_t": 5}, 202, "", ""),
        ({"price_fen": 3_600}, 202, "", ""),
        ({"quantity_t": 1_000, "price_fen": 4_400}, 202, "", ""),
        ({}, 422, "invalid_order", "quantity_t"),
        ({"quantity_t": 0}, 400, "invalid_input", "quantity_t"),
        ({"quantity_t": None}, 400, "invalid_input", "quantity_t"),
        ({"quantity_t": MOST + 5}, 400, "invalid_input", "quantity_t"),
        ({"quantity_t": 1_005}, 422, "order_too_large", "quantity_t"),
        ({"quantity_t": 7}, 422, "off_lot", "quantity_t"),
        ({"price_fen": 3_601}, 422, "off_tick", "price_fen"),
        ({"price_fen": 4_405}, 422, "outside_band", "price_fen"),
        ({"price_fen": "4000"}, 400, "invalid_input", "price_fen"),
        ({"side": "sell"}, 400, "invalid_input", "side"),
    ],
)
def test_new_terms_at_their_bounds_and_beyond(who, market, terms, status, code, field) -> None:
    caller = Caller(who.buyer)
    order_id = caller.send("/orders", {"market": market.symbol, **ORDER}).json()["id"]
    execute_market(market.pk)
    answer = caller.send(f"/orders/{order_id}/replace", terms)
    if status == 202:
        assert answer.status_code == 202, answer.content
        execute_market(market.pk)
        now = caller.ask(f"/orders/{order_id}").json()
        assert {name: now[name] for name in terms} == terms
    else:
        assert is_problem(answer, status, code, f"/{field}")
        assert not Instruction.objects.exists()


def test_foreign_and_finished_orders_are_neither_replaced_nor_cancelled(who, market) -> None:
    caller, other = Caller(who.buyer), Caller(who.cooperative)
    order_id = caller.send("/orders", {"market": market.symbol, **ORDER}).json()["id"]
    for way, body in (("replace", {"quantity_t": 5}), ("cancel", {})):
        assert is_problem(other.send(f"/orders/{order_id}/{way}", body), 404, "not_found")
    assert is_problem(caller.send("/orders/999999999/replace", {"quantity_t": 5}), 404, "not_found")
    assert other.send("/orders/cancel", {}).json() == {"orders": 0}
    assert caller.send("/orders/cancel", {"market": market.symbol, "side": "sell"}).json() == {"orders": 0}
    assert caller.send("/orders/cancel", {"side": "buy"}).json() == {"orders": 1}
    assert is_problem(caller.send("/orders/cancel", {"market": "NONE"}), 404, "not_found")
    execute_market(market.pk)
    assert is_problem(caller.send(f"/orders/{order_id}/replace", {"quantity_t": 5}), 409, "too_late_to_replace")
    assert is_problem(caller.send(f"/orders/{order_id}/cancel", {}), 409, "too_late_to_cancel")


def test_what_the_state_of_the_market_refuses(who, market) -> None:
    caller, operator = Caller(who.buyer), Caller(who.registrar)
    order_id = caller.send("/orders", {"market": market.symbol, **ORDER}).json()["id"]
    sessions = [{"open": "00:00", "closing": "00:01", "close": "00:02"}]
    rules = {"reason": "From tomorrow.", "sessions": sessions}
    assert operator.send(f"/markets/{market.symbol}/rules", rules).json()["sessions"] == []
    second = Caller(MembershipFactory(organisation=who.registrar.organisation, role="registrar"))
    change = second.ask("/market-changes").json()["results"][0]
    assert (change["state"], change["rules"]) == ("proposed", {"sessions": sessions})
    assert is_problem(operator.send(f"/market-changes/{change['id']}/confirm"), 409, "same_person")
    assert second.send(f"/market-changes/{change['id']}/confirm").json()["state"] == "confirmed"
    assert is_problem(second.send(f"/market-changes/{change['id']}/refuse"), 409, "wrong_state")
    execute_market(market.pk)
    assert operator.ask(f"/markets/{market.symbol}").json()["sessions"] == sessions
    operator.send(f"/markets/{market.symbol}/halt", {"reason": "Checking."})
    execute_market(market.pk)
    again = {"market": market.symbol, **ORDER, "client_order_id": "a-2"}
    assert is_problem(caller.send("/orders", again), 409, "market_halted")
    assert is_problem(caller.send(f"/orders/{order_id}/replace", {"quantity_t": 5}), 409, "market_halted")
    operator.send(f"/markets/{market.symbol}/resume", {"auction_minutes": 5})
    execute_market(market.pk)
    assert operator.ask(f"/markets/{market.symbol}").json()["phase"] == "auction"
    immediate = again | {"time_in_force": "ioc"}
    assert is_problem(caller.send("/orders", immediate), 422, "not_in_auction", "/time_in_force")
    assert caller.send("/orders", again).status_code == 201


def test_who_may_change_a_market(who, market) -> None:
    expected = dict.fromkeys(["cooperative", "buyer", "verifier", "treasurer", "auditor"], 403)
    found = statuses(who, "POST", f"/markets/{market.symbol}/rules", {"band_percent": 5, "reason": "x"})
    assert found == expected | {"registrar": 202, "stranger": 401}
