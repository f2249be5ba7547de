"""New terms for an order: what they hold until the market takes them, and what they do to its place in time."""

from typing import Any

import pytest

from ledger.errors import NotFound
from ledger.journal.selectors import cash_account
from ledger.models import Account, Hold
from tests.scenes import issue_to_cooperative, market_for, pay_in
from trading.errors import (
    InsufficientCredits,
    InsufficientFunds,
    InvalidOrder,
    MarketHalted,
    OffLot,
    OffTick,
    OutsideBand,
    ReplacePending,
    TooLateToReplace,
)
from trading.execution.reconciliation import reconcile
from trading.execution.services import execute_market
from trading.marketdata.selectors import depth
from trading.models import Instruction, Order, Trade
from trading.orders.phases import halt_market
from trading.orders.replaces import replace_order
from trading.orders.services import place_order
from trading.orders.terms import NewOrder

PAID_IN = 1_000_000


@pytest.fixture
def market(who):
    """Return a market around 40 yuan ±10 % with fees, 1,000 t at the cooperative's and 10,000 yuan at each buyer's."""
    market = market_for(who, issue_to_cooperative(who, 1_000), maker_fee_bps=10, taker_fee_bps=35)
    pay_in(who, who.buyer, PAID_IN)
    pay_in(who, who.other_buyer, PAID_IN)
    return market


@pytest.fixture(autouse=True)
def _books_hold(db):
    yield
    assert [f"{result.name}: {result.detail}" for result in reconcile() if not result.holds] == []


def place(actor, market, side, price_fen, quantity_t, **terms: Any) -> Order:
    return place_order(
        actor=actor,
        market_id=market.pk,
        order=NewOrder(f"o{Order.objects.count()}", side, price_fen, quantity_t, **terms),
    )


def enter(actor, market, side, price_fen, quantity_t, **terms: Any) -> Order:
    order = place(actor, market, side, price_fen, quantity_t, **terms)
    execute_market(market.pk)
    order.refresh_from_db()
    return order


def replace(actor, order, **terms: Any) -> Order:
    replace_order(actor=actor, order_id=order.pk, **terms)
    execute_market(order.market_id)
    order.refresh_from_db()
    order.hold.refresh_from_db()
    return order


def held_fen(actor) -> int:
    return cash_account(actor.organisation).held


def cost(price_fen, quantity_t) -> int:
    value = price_fen * quantity_t
    return value + value * 35 // 10_000


def test_a_smaller_quantity_keeps_the_place_and_a_new_price_does_not(who, market):
    first = enter(who.buyer, market, "buy", 4_000, 10)
    second = enter(who.other_buyer, market, "buy", 4_000, 10)
    replace(who.buyer, first, quantity_t=6)
    assert (first.quantity_t, first.sequence, held_fen(who.buyer)) == (6, 1, cost(4_000, 6))
    enter(who.cooperative, market, "sell", 4_000, 4)
    assert list(Trade.objects.values_list("buy_order", flat=True)) == [first.pk]
    replace(who.buyer, first, quantity_t=20)
    assert (first.quantity_t, first.filled_t, first.status) == (20, 4, "partially_filled")
    assert held_fen(who.buyer) == cost(4_000, 16)
    enter(who.cooperative, market, "sell", 4_000, 3)
    assert Trade.objects.order_by("-id").values_list("buy_order", flat=True).first() == second.pk


def test_a_better_price_may_trade_at_once(who, market):
    sell = enter(who.cooperative, market, "sell", 4_100, 5)
    buy = enter(who.buyer, market, "buy", 4_000, 8)
    replace(who.buyer, buy, price_fen=4_150)
    sell.refresh_from_db()
    assert (sell.status, buy.filled_t, buy.price_fen, buy.status) == ("filled", 5, 4_150, "partially_filled")
    assert list(Trade.objects.values_list("price_fen", "taker_side")) == [(4_100, "buy")]
    assert held_fen(who.buyer) == cost(4_150, 3)


def test_what_new_terms_need_is_held_until_the_market_takes_them(who, market):
    buy = enter(who.buyer, market, "buy", 4_000, 10)
    replace_order(actor=who.buyer, order_id=buy.pk, quantity_t=20)
    more = Hold.objects.get(purpose="replace")
    # A fen more than the difference, for the roundings of fees.
    assert (more.remaining, held_fen(who.buyer)) == (cost(4_000, 20) - cost(4_000, 10) + 1, cost(4_000, 20) + 1)
    assert [result for result in reconcile() if not result.holds] == []
    execute_market(market.pk)
    more.refresh_from_db()
    assert (more.remaining, held_fen(who.buyer)) == (0, cost(4_000, 20))


def test_an_order_that_trades_while_its_new_terms_wait_holds_enough_for_both(who, market):
    """The worst case: nearly all of it trades at the old price first, and the new terms ask for more at a lower one."""
    buy = enter(who.buyer, market, "buy", 4_400, 10)
    place(who.cooperative, market, "sell", 4_400, 9)
    replace_order(actor=who.buyer, order_id=buy.pk, quantity_t=60, price_fen=3_600)
    execute_market(market.pk)
    buy.refresh_from_db()
    assert (buy.filled_t, buy.quantity_t, buy.price_fen) == (9, 60, 3_600)
    assert held_fen(who.buyer) == cost(3_600, 51)


def test_a_sell_holds_more_tonnes(who, market):
    sell = enter(who.cooperative, market, "sell", 4_000, 10)
    replace_order(actor=who.cooperative, order_id=sell.pk, quantity_t=25, price_fen=4_100)
    account = Account.objects.get(organisation=who.cooperative.organisation, asset=market.asset)
    assert account.held == 25
    execute_market(market.pk)
    account.refresh_from_db()
    assert account.held == 25
    assert [(level.price_fen, level.quantity_t) for level in depth(market).asks] == [(4_100, 25)]


def test_a_total_not_above_what_is_filled_cancels_the_rest(who, market):
    sell = enter(who.cooperative, market, "sell", 4_000, 10)
    enter(who.buyer, market, "buy", 4_000, 6)
    replace(who.cooperative, sell, quantity_t=5)
    assert (sell.status, sell.reason, sell.filled_t, sell.quantity_t) == ("canceled", "by_request", 6, 10)
    assert sell.hold.remaining == 0


def test_an_iceberg_may_become_smaller_than_what_it_shows(who, market):
    sell = enter(who.cooperative, market, "sell", 4_000, 10, display_t=4)
    replace(who.cooperative, sell, quantity_t=3)
    assert (sell.quantity_t, sell.display_t, sell.shown_t) == (3, 4, 3)
    assert [level.quantity_t for level in depth(market).asks] == [3]
    replace(who.cooperative, sell, quantity_t=12)
    assert [level.quantity_t for level in depth(market).asks] == [4]


def test_the_same_asked_again_is_done_once(who, market):
    buy = enter(who.buyer, market, "buy", 4_000, 10)
    for _ in range(3):
        replace_order(actor=who.buyer, order_id=buy.pk, quantity_t=12)
    assert Instruction.objects.count() == 1
    with pytest.raises(ReplacePending):
        replace_order(actor=who.buyer, order_id=buy.pk, quantity_t=13)
    execute_market(market.pk)
    replace_order(actor=who.buyer, order_id=buy.pk, quantity_t=12)
    assert not Instruction.objects.exists()
    # The id of the order still means what was entered with it.
    again = place_order(actor=who.buyer, market_id=market.pk, order=NewOrder("o0", "buy", 4_000, 10))
    assert again.pk == buy.pk


def test_new_terms_that_come_too_late_are_refused_by_the_market_and_hold_nothing(who, market):
    buy = enter(who.buyer, market, "buy", 4_000, 10)
    place(who.cooperative, market, "sell", 4_000, 10)
    replace_order(actor=who.buyer, order_id=buy.pk, quantity_t=20)
    execute_market(market.pk)
    buy.refresh_from_db()
    assert (buy.status, buy.quantity_t, held_fen(who.buyer)) == ("filled", 10, 0)
    with pytest.raises(TooLateToReplace):
        replace_order(actor=who.buyer, order_id=buy.pk, quantity_t=20)


@pytest.mark.parametrize(
    ("terms", "refusal", "field"),
    [
        ({}, InvalidOrder, "quantity_t"),
        ({"quantity_t": 0}, InvalidOrder, "quantity_t"),
        ({"quantity_t": -5}, InvalidOrder, "quantity_t"),
        ({"quantity_t": 100_000_001}, InvalidOrder, "quantity_t"),
        ({"quantity_t": 11}, OffLot, "quantity_t"),
        ({"price_fen": 4_001}, OffTick, "price_fen"),
        ({"price_fen": 4_405}, OutsideBand, "price_fen"),
        ({"price_fen": 3_595}, OutsideBand, "price_fen"),
        ({"price_fen": 0}, OutsideBand, "price_fen"),
        ({"quantity_t": 5_000}, InsufficientFunds, "quantity_t"),
    ],
)
def test_terms_that_the_market_does_not_allow_change_nothing(who, terms, refusal, field):
    market = market_for(who, issue_to_cooperative(who, 1_000), tick_size_fen=5, lot_size_t=5)
    pay_in(who, who.buyer, PAID_IN)
    buy = enter(who.buyer, market, "buy", 4_000, 10)
    with pytest.raises(refusal) as refused:
        replace_order(actor=who.buyer, order_id=buy.pk, **terms)
    assert refused.value.field == field
    assert not Instruction.objects.exists()
    assert not Hold.objects.filter(purpose="replace").exists()
    assert held_fen(who.buyer) == 40_000


def test_nobody_replaces_what_is_not_theirs_or_cannot_be_covered_or_while_trading_is_halted(who, market):
    sell = enter(who.cooperative, market, "sell", 4_000, 10)
    with pytest.raises(NotFound):
        replace_order(actor=who.buyer, order_id=sell.pk, quantity_t=5)
    with pytest.raises(InsufficientCredits):
        replace_order(actor=who.cooperative, order_id=sell.pk, quantity_t=1_001)
    halt_market(actor=who.registrar, market_id=market.pk, reason="Checking.")
    replace_order(actor=who.cooperative, order_id=sell.pk, quantity_t=5)
    execute_market(market.pk)
    sell.refresh_from_db()
    assert (sell.quantity_t, sell.status) == (10, "new")
    with pytest.raises(MarketHalted):
        replace_order(actor=who.cooperative, order_id=sell.pk, quantity_t=5)


def test_an_order_that_is_made_larger_may_be_filled_by_more_than_it_was_for_in_one_batch(who, market):
    order = enter(who.buyer, market, "buy", 4_000, 5)
    replace_order(actor=who.buyer, order_id=order.pk, quantity_t=12)
    place(who.cooperative, market, "sell", 4_000, 12)
    execute_market(market.pk)
    order.refresh_from_db()
    assert (order.status, order.filled_t, order.quantity_t, order.entered_quantity_t) == ("filled", 12, 12, 5)


@pytest.mark.parametrize("quantity_t", [1, 4, 5, 6])
def test_an_iceberg_that_is_made_smaller_than_what_it_shows_stops_no_market(who, market, quantity_t):
    order = enter(who.buyer, market, "buy", 4_000, 20, display_t=5)
    try:
        replace_order(actor=who.buyer, order_id=order.pk, quantity_t=quantity_t)
    except InvalidOrder:
        assert quantity_t <= 5
    execute_market(market.pk)
    assert not Instruction.objects.exists()
