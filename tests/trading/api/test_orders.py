"""Orders over the API: entered, replayed, refused, read and cancelled."""

from typing import Any

import pytest
from django.test import Client

from ledger.models import Batch, Organisation
from tests.callers import Caller, is_problem, statuses
from tests.factories import MembershipFactory
from tests.scenes import People, issue_to_cooperative, market_for, pay_in
from trading.execution.services import execute_market
from trading.models import Instruction, Market, Order


@pytest.fixture
def batch(who: People) -> Batch:
    return issue_to_cooperative(who, 1_000)


@pytest.fixture
def market(who: People, batch: Batch) -> Market:
    pay_in(who, who.buyer, 10_000_000)
    return market_for(who, batch)


def an_order(market: Market, **changes: Any) -> dict[str, Any]:
    order = {"market": market.symbol, "client_order_id": "a-1", "side": "buy", "price_fen": 4_000, "quantity_t": 100}
    return order | changes


def test_an_order_is_received_held_and_queued(who: People, market: Market) -> None:
    answer = Caller(who.buyer).send("/orders", an_order(market))
    assert answer.status_code == 201
    order = Order.objects.get()
    assert answer.json() == {
        "id": order.pk,
        "market": market.symbol,
        "client_order_id": "a-1",
        "side": "buy",
        "price_fen": 4_000,
        "quantity_t": 100,
        "order_type": "limit",
        "time_in_force": "gtc",
        "expires_at": None,
        "trading_mode": "listing",
        "post_only": False,
        "display_t": None,
        "self_trade_mode": "cancel_newest",
        "filled_t": 0,
        "remaining_t": 100,
        "status": "pending_new",
        "reason": "",
        "placed_at": answer.json()["placed_at"],
    }
    assert answer.json()["placed_at"].endswith("Z")
    assert order.hold.remaining == 400_000
    assert order.cash_account.held == 400_000
    assert list(Instruction.objects.values_list("order_id", "kind")) == [(order.pk, "submit")]


def test_who_may_enter_orders(who: People, market: Market) -> None:
    expected = {
        "cooperative": 409,
        "buyer": 201,
        "verifier": 403,
        "registrar": 403,
        "treasurer": 403,
        "auditor": 403,
        "stranger": 401,
    }
    assert statuses(who, "POST", "/orders", an_order(market)) == expected
    selling = expected | {"cooperative": 201, "buyer": 409}
    assert statuses(who, "POST", "/orders", an_order(market, side="sell")) == selling
    body = {"market": market.symbol, "orders": [an_order(market)]}
    del body["orders"][0]["market"]
    assert statuses(who, "POST", "/orders/batch", body) == expected | {"cooperative": 200, "buyer": 200}
    viewer = MembershipFactory(organisation=who.buyer.organisation, role="viewer")
    assert is_problem(Caller(viewer).send("/orders", an_order(market)), 403, "not_allowed")


def test_a_suspended_organisation_enters_nothing_but_may_cancel(who: People, market: Market) -> None:
    caller = Caller(who.buyer)
    order = caller.send("/orders", an_order(market)).json()
    Organisation.objects.filter(pk=who.buyer.organisation_id).update(status=Organisation.Status.SUSPENDED)
    answer = caller.send("/orders", an_order(market, client_order_id="a-2"))
    assert is_problem(answer, 403, "organisation_suspended")
    # Its tokens are good for nothing; its people take their orders back by the pages.
    assert is_problem(caller.send(f"/orders/{order['id']}/cancel"), 403, "organisation_suspended")
    pages = Client()
    pages.force_login(who.buyer.user)
    assert pages.post(f"/orders/{order['id']}/cancel").status_code == 302
    assert Instruction.objects.filter(order_id=order["id"], kind="cancel").exists()


@pytest.mark.parametrize(
    ("changes", "status", "code", "pointer"),
    [
        ({"market": "NOWHERE"}, 404, "not_found", "/market"),
        ({"market": "x\x00"}, 400, "invalid_input", "/market"),
        ({"market": 5}, 400, "invalid_input", "/market"),
        ({"client_order_id": ""}, 400, "invalid_input", "/client_order_id"),
        ({"client_order_id": "x" * 65}, 400, "invalid_input", "/client_order_id"),
        ({"client_order_id": "\ud800"}, 400, "invalid_input", "/client_order_id"),
        ({"client_order_id": 7}, 400, "invalid_input", "/client_order_id"),
        ({"side": "BUY"}, 400, "invalid_input", "/side"),
        ({"side": None}, 400, "invalid_input", "/side"),
        ({"price_fen": 0}, 400, "invalid_input", "/price_fen"),
        ({"price_fen": -4_000}, 400, "invalid_input", "/price_fen"),
        ({"price_fen": 4_000.0}, 400, "invalid_input", "/price_fen"),
        ({"price_fen": "4000"}, 400, "invalid_input", "/price_fen"),
        ({"price_fen": True}, 400, "invalid_input", "/price_fen"),
        ({"price_fen": 1e30}, 400, "invalid_input", "/price_fen"),
        ({"price_fen": 10**30}, 400, "invalid_input", "/price_fen"),
        ({"price_fen": 3_599}, 422, "outside_band", "/price_fen"),
        ({"price_fen": 4_401}, 422, "outside_band", "/price_fen"),
        ({"quantity_t": 0.5}, 400, "invalid_input", "/quantity_t"),
        ({"quantity_t": 10**8 + 1}, 400, "invalid_input", "/quantity_t"),
        ({"quantity_t": 2_501}, 409, "insufficient_funds", "/quantity_t"),
        ({"side": "sell"}, 409, "insufficient_credits", "/quantity_t"),
        ({"type": "market"}, 400, "invalid_input", "/type"),
    ],
)
def test_an_order_that_is_not_right_changes_nothing(
    who: People, market: Market, changes: dict[str, Any], status: int, code: str, pointer: str
) -> None:
    caller = Caller(who.buyer)
    answer = caller.send("/orders", an_order(market) | changes)
    assert is_problem(answer, status, code, pointer)
    assert not Order.objects.exists()
    assert caller.ask("/accounts").json()["results"][0]["held"] == 0


def test_prices_are_on_the_tick_and_quantities_on_the_lot(who: People, market: Market) -> None:
    Market.objects.update(tick_size_fen=10, lot_size_t=5)
    caller = Caller(who.buyer)
    assert is_problem(caller.send("/orders", an_order(market, price_fen=4_001)), 422, "off_tick", "/price_fen")
    assert is_problem(caller.send("/orders", an_order(market, quantity_t=7)), 422, "off_lot", "/quantity_t")


def test_a_request_repeated_enters_one_order(who: People, market: Market) -> None:
    caller = Caller(who.buyer)
    first = caller.send("/orders", an_order(market))
    again = caller.send("/orders", an_order(market))
    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    for changes in ({"price_fen": 4_001}, {"quantity_t": 99}, {"side": "sell"}):
        answer = caller.send("/orders", an_order(market) | changes)
        assert is_problem(answer, 409, "duplicate_order", "/client_order_id")
    assert Order.objects.count() == 1
    assert Order.objects.get().cash_account.held == 400_000


def test_a_request_repeated_gives_the_first_order_also_when_the_market_would_refuse_it_now(
    who: People, market: Market
) -> None:
    caller = Caller(who.buyer)
    first = caller.send("/orders", an_order(market, quantity_t=2_500)).json()
    Market.objects.update(state=Market.State.HALTED, halt_reason="maintenance")
    again = caller.send("/orders", an_order(market, quantity_t=2_500))
    assert (again.status_code, again.json()["id"]) == (200, first["id"])
    other = caller.send("/orders", an_order(market, client_order_id="a-2", quantity_t=1))
    assert is_problem(other, 409, "market_halted")


def test_a_batch_accepts_or_refuses_each_order_by_itself(
    who: People, market: Market, django_assert_num_queries: Any
) -> None:
    orders = [an_order(market, client_order_id=f"b-{at}", quantity_t=499) for at in range(6)]
    orders += [dict(orders[0]), an_order(market, client_order_id="b-9", price_fen=9_000)]
    for order in orders:
        del order["market"]
    caller = Caller(who.buyer)
    caller.send("/orders", an_order(market, client_order_id="first", quantity_t=1))
    with django_assert_num_queries(7):
        answer = caller.send("/orders/batch", {"market": market.symbol, "orders": orders})
    assert answer.status_code == 200
    results = answer.json()["results"]
    assert [list(result) for result in results] == [["order"]] * 5 + [["error"], ["order"], ["error"]]
    assert results[5]["error"]["code"] == "insufficient_funds"
    assert results[6]["order"] == results[0]["order"]
    assert results[7]["error"]["errors"][0]["pointer"] == "/price_fen"
    assert [result["order"]["id"] for result in results[:5]] == list(
        Instruction.objects.order_by("id").values_list("order_id", flat=True)[1:]
    )


@pytest.mark.parametrize(
    ("orders", "pointer"),
    [
        ([], "/orders"),
        ({}, "/orders"),
        ([5], "/orders/0"),
        (
            [{"client_order_id": "a", "side": "buy", "price_fen": 4_000, "quantity_t": 1, "market": "x"}],
            "/orders/0/market",
        ),
        ([{"client_order_id": "a", "side": "buy", "price_fen": 4_000}], "/orders/0/quantity_t"),
        ([{"client_order_id": "a", "side": "buy", "price_fen": 4_000, "quantity_t": 1}] * 1_001, "/orders"),
    ],
)
def test_a_batch_that_is_not_right_is_refused_whole(who: People, market: Market, orders: Any, pointer: str) -> None:
    answer = Caller(who.buyer).send("/orders/batch", {"market": market.symbol, "orders": orders})
    assert is_problem(answer, 400, "invalid_input", pointer)
    assert not Order.objects.exists()


def test_an_order_is_cancelled_in_its_turn(who: People, market: Market) -> None:
    caller = Caller(who.buyer)
    order = caller.send("/orders", an_order(market)).json()
    execute_market(market.pk)
    assert caller.ask(f"/orders/{order['id']}").json()["status"] == "new"
    answer = caller.send(f"/orders/{order['id']}/cancel")
    assert (answer.status_code, answer.json()["status"]) == (202, "new")
    execute_market(market.pk)
    canceled = caller.ask(f"/orders/{order['id']}").json()
    assert (canceled["status"], canceled["remaining_t"]) == ("canceled", 100)
    assert is_problem(caller.send(f"/orders/{order['id']}/cancel"), 409, "too_late_to_cancel")


def test_orders_are_seen_and_cancelled_by_their_organisation_alone(who: People, market: Market) -> None:
    order = Caller(who.buyer).send("/orders", an_order(market)).json()
    expected = {
        "cooperative": 404,
        "buyer": 200,
        "verifier": 404,
        "registrar": 404,
        "treasurer": 404,
        "auditor": 404,
        "stranger": 401,
    }
    assert statuses(who, "GET", f"/orders/{order['id']}") == expected
    cancelling = expected | dict.fromkeys(("verifier", "registrar", "treasurer", "auditor"), 403) | {"buyer": 202}
    assert statuses(who, "POST", f"/orders/{order['id']}/cancel") == cancelling
    assert Caller(who.other_buyer).ask("/orders").json()["results"] == []


def test_orders_are_listed_by_market_and_status(who: People, market: Market, django_assert_num_queries: Any) -> None:
    caller = Caller(who.buyer)
    for at in range(3):
        caller.send("/orders", an_order(market, client_order_id=f"a-{at}"))
    Order.objects.filter(client_order_id="a-0").update(status=Order.Status.CANCELED)

    def found(**query: str) -> list[str]:
        return [row["client_order_id"] for row in caller.ask("/orders", **query).json()["results"]]

    assert found() == ["a-2", "a-1", "a-0"]
    assert found(status="open") == ["a-2", "a-1"]
    assert found(status="canceled", market=market.symbol) == ["a-0"]
    assert found(market="NOWHERE") == []
    with django_assert_num_queries(2):
        found(status="open", market=market.symbol)


def test_an_order_costs_three_queries(who: People, market: Market, django_assert_num_queries: Any) -> None:
    caller = Caller(who.buyer)
    caller.send("/orders", an_order(market))
    # Who calls, where they stand in the market, and one that checks the balance and writes all.
    with django_assert_num_queries(3):
        assert caller.send("/orders", an_order(market, client_order_id="a-2")).status_code == 201
