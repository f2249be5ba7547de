"""Orders over the API: entered, replayed, refused, read and cancelled."""

from typing import Any

import pytest

from ledger.models import Batch
from tests.callers import Caller
from tests.scenes import People, issue_to_cooperative, market_for, pay_in
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


def test_an_order_costs_five_queries(who: People, market: Market, django_assert_num_queries: Any) -> None:
    caller = Caller(who.buyer)
    caller.send("/orders", an_order(market))
    # Token, market, accounts, known ids, and one that writes all; here a savepoint stands for the transaction.
    with django_assert_num_queries(5 + 2):
        assert caller.send("/orders", an_order(market, client_order_id="a-2")).status_code == 201
