"""Tasks and portfolio by the API: the same as on the pages, to the same people."""

import pytest

from tests.callers import Caller, is_problem, statuses
from tests.factories import MembershipFactory
from tests.scenes import issue_to_cooperative, market_for, offer_credits, pay_in, sell
from trading.execution.services import execute_market
from trading.orders.services import NewOrder, place_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def market(who):
    pay_in(who, who.buyer, 100_000_000)
    return market_for(who, issue_to_cooperative(who, 1_000), taker_fee_bps=10)


def test_who_may_ask_for_what(who):
    everybody = {"cooperative", "buyer", "verifier", "registrar", "treasurer", "auditor"}
    assert statuses(who, "GET", "/tasks") == dict.fromkeys(everybody, 200) | {"stranger": 401}
    for path in ("/portfolio", "/portfolio/positions", "/portfolio/holds"):
        found = statuses(who, "GET", path)
        assert found == dict.fromkeys(everybody, 403) | {"cooperative": 200, "buyer": 200, "stranger": 401}


def test_tasks_are_those_of_the_home_page(who, market):
    transfer = offer_credits(who.cooperative, who.buyer, market.asset.batch, 40)
    (task,) = Caller(who.buyer).ask("/tasks").json()["tasks"]
    assert (task["kind"], task["page"], task["count"]) == ("transfer_to_decide", f"/transfers/{transfer.public_id}", 1)
    assert (task["is_mine"], task["roles"], task["is_late"]) == (True, ["owner", "trader"], False)
    assert task["due_at"] is not None
    viewer = MembershipFactory(organisation=who.buyer.organisation, role="viewer")
    assert [each["is_mine"] for each in Caller(viewer).ask("/tasks").json()["tasks"]] == [False]
    assert Caller(who.other_buyer).ask("/tasks").json() == {"tasks": []}
    assert is_problem(Caller(who.buyer).ask("/tasks", page=2), 400, "invalid_input")


def test_the_portfolio_is_that_of_the_page(who, market):
    sell(who, market, 100)
    place_order(actor=who.buyer, market_id=market.pk, order=NewOrder("s1", "sell", 4_100, 30))
    execute_market(market.pk)
    caller = Caller(who.buyer)
    assert caller.ask("/portfolio").json() == {
        "cash": {"balance_fen": 99_599_600, "held_fen": 0, "available_fen": 99_599_600},
        "credits": {
            "tonnes": 100,
            "held_t": 30,
            "cost_fen": 400_400,
            "value_fen": 400_000,
            "unrealised_fen": -400,
            "realised_fen": 0,
            "used_fen": 0,
            "unpriced_t": 0,
        },
        "total_fen": 99_999_600,
    }
    (position,) = caller.ask("/portfolio/positions").json()["results"]
    assert (position["asset"], position["market"], position["average_cost_fen"]) == (
        market.symbol,
        market.symbol,
        4_004,
    )
    assert (position["balance_t"], position["available_t"], position["last_price_fen"]) == (100, 70, 4_000)
    (held,) = caller.ask("/portfolio/holds").json()["holds"]
    assert (held["purpose"], held["remaining"], held["page"]) == ("order", 30, f"/markets/{market.symbol}")
    assert Caller(who.other_buyer).ask("/portfolio").json()["cash"] is None


def test_positions_come_page_by_page(who, market, django_assert_num_queries):
    for _ in range(4):
        issue_to_cooperative(who, 5)
    caller = Caller(who.cooperative)
    with django_assert_num_queries(4):
        first = caller.ask("/portfolio/positions", page_size=3).json()
    assert (len(first["results"]), first["previous"]) == (3, None)
    second = caller.get(first["next"]).json()
    assert [each["balance_t"] for each in second["results"]] == [5, 1_000]
