"""What an order would do, asked over the API: as the order then does, and nothing is written by asking."""

from typing import Any

import pytest

from ledger.models import Account, Batch
from ledger.parties.services import issue_token
from tests.callers import Caller, is_problem
from tests.scenes import People, issue_to_cooperative, market_for, pay_in
from trading.execution.services import execute_market
from trading.models import Instruction, Market, Order


@pytest.fixture
def batch(who: People) -> Batch:
    return issue_to_cooperative(who, 1_000)


@pytest.fixture
def market(who: People, batch: Batch) -> Market:
    pay_in(who, who.buyer, 10_000_000)
    market = market_for(who, batch, taker_fee_bps=30)
    sell = {"market": market.symbol, "client_order_id": "s-1", "side": "sell", "price_fen": 4_000, "quantity_t": 60}
    assert Caller(who.cooperative).send("/orders", sell).status_code == 201
    execute_market(market.pk)
    return market


def a_buy(market: Market) -> dict[str, Any]:
    return {"market": market.symbol, "client_order_id": "b-1", "side": "buy", "price_fen": 4_010, "quantity_t": 100}


def test_it_says_what_the_order_then_does(who: People, market: Market) -> None:
    caller = Caller(who.buyer)
    said = caller.send("/orders/preview", a_buy(market)).json()
    # 100 × 4,010 fen and 30 basis points of it, half up.
    assert said == {
        "held": 402_203,
        "left": 10_000_000 - 402_203,
        "fills": [{"price_fen": 4_000, "quantity_t": 60}],
        "filled_t": 60,
        "average_fen": 4_000,
        "fee_fen": 720,
        "total_fen": 240_720,
        "rests_t": 40,
        "ended_t": 0,
        "reason": "",
        "own_t": 0,
        "is_whole": True,
        "indicative": None,
        "indicative_t": 0,
    }
    assert caller.send("/orders", a_buy(market)).status_code == 201
    order = Order.objects.get(client_order_id="b-1")
    assert order.hold.remaining == said["held"]
    execute_market(market.pk)
    order.refresh_from_db()
    assert (order.filled_t, order.quantity_t - order.filled_t) == (said["filled_t"], said["rests_t"])
    assert Account.objects.get(pk=order.cash_account_id).balance == 10_000_000 - said["total_fen"]


def test_nothing_is_written_by_asking_not_even_the_answer(who: People, market: Market) -> None:
    before = list(Account.objects.order_by("pk").values())
    for _ in range(2):
        answer = Caller(who.buyer).send("/orders/preview", a_buy(market), **{"Idempotency-Key": "k-1"})
        assert (answer.status_code, "Idempotency-Replayed" in answer) == (200, False)
    assert list(Account.objects.order_by("pk").values()) == before
    assert Order.objects.count() == 1
    assert not Instruction.objects.exists()


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"quantity_t": 1_000_000}, 409, "insufficient_funds"),
        ({"price_fen": 40_000}, 422, "outside_band"),
        ({"market": "nothing"}, 404, "not_found"),
        ({"quantity_t": 0}, 400, "invalid_input"),
    ],
)
def test_what_entry_would_refuse_is_refused(
    who: People, market: Market, changes: dict[str, Any], status: int, code: str
) -> None:
    assert is_problem(Caller(who.buyer).send("/orders/preview", a_buy(market) | changes), status, code)


def test_only_who_may_trade_asks_and_a_token_that_reads_is_enough(who: People, market: Market) -> None:
    for person in (who.verifier, who.registrar, who.auditor):
        assert is_problem(Caller(person).send("/orders/preview", a_buy(market)), 403, "not_allowed")
    token = issue_token(user=who.buyer.user, name="reads", scopes=["read"])[1]
    answer = Caller().send("/orders/preview", a_buy(market), authorization=f"Bearer {token}")
    assert answer.status_code == 200
