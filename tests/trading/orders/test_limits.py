"""What the operator lets an organisation order at most."""

import pytest

from ledger.errors import InvalidValue, NotAllowed, NotFound
from ledger.models import Record
from tests.scenes import issue_to_cooperative, market_for, pay_in
from trading.errors import OrderTooLarge, OverLimit
from trading.markets.limits import lift_limit, set_limit
from trading.models import Instruction, Order, TradingLimit
from trading.orders.replaces import replace_order
from trading.orders.services import place_order, place_orders
from trading.orders.single import enter_order
from trading.orders.terms import NewOrder


@pytest.fixture
def market(who):
    market = market_for(who, issue_to_cooperative(who, 1_000))
    pay_in(who, who.buyer, 10_000_000)
    return market


def limit(who, market_id=None, **figures) -> TradingLimit:
    organisation_id = who.buyer.organisation_id
    return set_limit(
        actor=who.registrar, organisation_id=organisation_id, market_id=market_id, reason="New here.", **figures
    )


def buy(who, market, quantity_t, name="b") -> Order:
    return place_order(actor=who.buyer, market_id=market.pk, order=NewOrder(name, "buy", 4_000, quantity_t))


def enter_singly(who, market, quantity_t) -> None:
    order = NewOrder("b", "buy", 4_000, quantity_t)
    result = enter_order(actor=who.buyer, symbol=market.symbol, order=order)
    assert result.error is not None
    raise result.error


@pytest.mark.parametrize(
    ("figures", "refusal"),
    [
        ({"largest_order_t": 10}, OrderTooLarge),
        ({"largest_order_fen": 40_000}, OverLimit),
        ({"most_held_fen": 40_000}, OverLimit),
    ],
)
def test_an_order_beyond_a_limit_is_refused_and_one_at_it_is_not(who, market, figures, refusal):
    limit(who, **figures)
    for way in (
        lambda: buy(who, market, 11),
        lambda: enter_singly(who, market, 11),
    ):
        with pytest.raises(refusal) as refused:
            way()
        assert refused.value.field == "quantity_t"
    assert not Order.objects.exists()
    assert buy(who, market, 10).quantity_t == 10


def test_the_most_that_is_held_counts_all_orders_of_a_call_and_new_terms(who, market):
    limit(who, most_held_fen=100_000)
    results = place_orders(
        actor=who.buyer,
        market_id=market.pk,
        orders=[NewOrder(str(at), "buy", 4_000, 10) for at in range(3)],
    )
    assert [type(result.error) for result in results] == [type(None), type(None), OverLimit]
    with pytest.raises(OverLimit):
        replace_order(actor=who.buyer, order_id=results[0].order.pk, quantity_t=16)
    replace_order(actor=who.buyer, order_id=results[0].order.pk, quantity_t=15)
    assert Instruction.objects.filter(kind="replace").count() == 1


def test_the_narrower_of_the_market_and_of_all_markets_counts(who, market):
    limit(who, largest_order_t=20)
    limit(who, market.pk, largest_order_t=5)
    with pytest.raises(OrderTooLarge) as refused:
        buy(who, market, 6)
    assert refused.value.params["most"] == 5
    other = market_for(who, issue_to_cooperative(who, 10))
    assert buy(who, other, 20).pk
    # Others are not limited by it.
    pay_in(who, who.other_buyer, 10_000_000)
    order = NewOrder("o", "buy", 4_000, 100)
    assert place_order(actor=who.other_buyer, market_id=market.pk, order=order).pk


def test_a_limit_is_said_anew_and_lifted_and_all_of_it_is_in_the_log(who, market):
    first = limit(who, largest_order_t=5)
    second = limit(who, largest_order_t=7, most_held_fen=1)
    assert (first.pk, TradingLimit.objects.get().largest_order_t) == (second.pk, 7)
    lift_limit(actor=who.registrar, limit_id=first.pk, reason="Known by now.")
    assert buy(who, market, 100).pk
    kinds = Record.objects.filter(kind__startswith="organisation_limit").order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["organisation_limit_set"] * 2 + ["organisation_limit_lifted"]
    with pytest.raises(NotFound):
        lift_limit(actor=who.registrar, limit_id=first.pk, reason="Again.")


def test_only_the_operator_sets_limits_that_make_sense(who, market):
    with pytest.raises(NotAllowed):
        set_limit(
            actor=who.buyer, organisation_id=who.buyer.organisation_id, market_id=None, reason="x", largest_order_t=1
        )
    with pytest.raises(InvalidValue):
        limit(who)
    with pytest.raises(InvalidValue):
        limit(who, largest_order_t=0)
    with pytest.raises(NotFound):
        limit(who, 10**9, largest_order_t=1)
    with pytest.raises(NotFound):
        set_limit(
            actor=who.registrar,
            organisation_id=who.auditor.organisation_id,
            market_id=None,
            reason="x",
            most_held_fen=1,
        )
    assert not TradingLimit.objects.exists()
