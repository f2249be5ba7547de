"""Orders with options, from entry to settlement: market, immediate, only as maker, iceberg, and meeting an own order."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from ledger.journal.selectors import cash_account
from ledger.models import Account
from tests.callers import Caller, is_problem
from tests.scenes import issue_to_cooperative, market_for, pay_in, people
from trading.errors import InvalidOrder, OffLot, OffTick, OutsideBand
from trading.execution.books import forget, live_book
from trading.execution.reconciliation import reconcile
from trading.execution.services import execute_market
from trading.marketdata.selectors import depth
from trading.models import Instruction, Market, Order, Trade
from trading.orders.services import place_order, place_orders
from trading.orders.single import enter_order
from trading.orders.terms import NewOrder

LOW, HIGH = 3_600, 4_400


@pytest.fixture
def market(who):
    """Return a market around 40 yuan ±10 %, with 1,000 t at the cooperative's and 100,000 yuan at the buyer's."""
    market = market_for(who, issue_to_cooperative(who, 1_000))
    pay_in(who, who.buyer, 10_000_000)
    return market


def enter(actor, market, side, price_fen, quantity_t, **terms: Any) -> Order:
    new = NewOrder(f"o{Order.objects.count()}", side, price_fen, quantity_t, **terms)
    order = place_order(actor=actor, market_id=market.pk, order=new)
    execute_market(market.pk)
    order.refresh_from_db()
    return order


def held(order: Order) -> int:
    order.hold.refresh_from_db()
    return order.hold.remaining


def assert_books_hold() -> None:
    assert [f"{result.name}: {result.detail}" for result in reconcile() if not result.holds] == []


def test_a_market_order_takes_the_best_prices_and_never_rests(who, market):
    enter(who.cooperative, market, "sell", 4_010, 5)
    enter(who.cooperative, market, "sell", 4_020, 5)
    order = enter(who.buyer, market, "buy", None, 12, order_type="market")
    assert (order.price_fen, order.time_in_force) == (HIGH, "ioc")
    assert (order.status, order.filled_t, order.reason) == ("canceled", 10, "ioc_remainder")
    assert list(Trade.objects.order_by("id").values_list("price_fen", "quantity_t")) == [(4_010, 5), (4_020, 5)]
    assert held(order) == 0
    assert cash_account(who.buyer.organisation).held == 0
    assert_books_hold()


def test_a_market_order_keeps_to_its_protection_price(who, market):
    enter(who.cooperative, market, "sell", 4_010, 5)
    enter(who.cooperative, market, "sell", 4_020, 5)
    order = enter(who.buyer, market, "buy", 4_015, 12, order_type="market")
    assert (order.filled_t, order.status) == (5, "canceled")
    assert depth(market).asks[0].price_fen == 4_020


def test_a_market_order_holds_the_worst_case(who, market):
    new = NewOrder("m", "buy", None, 10, order_type="market")
    order = place_order(actor=who.buyer, market_id=market.pk, order=new)
    assert held(order) == HIGH * 10
    sold = place_order(
        actor=who.cooperative, market_id=market.pk, order=NewOrder("s", "sell", None, 7, order_type="market")
    )
    assert (sold.price_fen, held(sold)) == (LOW, 7)


def test_the_edge_of_the_band_is_taken_to_the_tick(who):
    market = market_for(who, issue_to_cooperative(who, 10), tick_size_fen=7)
    assert market.band_fen == (3_600, 4_400)
    assert NewOrder("b", "buy", None, 1, order_type="market").limit_fen(market) == 4_396
    assert NewOrder("s", "sell", None, 1, order_type="market").limit_fen(market) == 3_605


def test_what_an_immediate_order_leaves_is_cancelled(who, market):
    enter(who.cooperative, market, "sell", 4_000, 5)
    order = enter(who.buyer, market, "buy", 4_000, 8, time_in_force="ioc")
    assert (order.status, order.filled_t, order.reason, held(order)) == ("canceled", 5, "ioc_remainder", 0)
    assert depth(market).bids == []


def test_an_order_whole_or_not_at_all_changes_nothing_where_there_is_too_little(who, market):
    enter(who.cooperative, market, "sell", 4_000, 5)
    order = enter(who.buyer, market, "buy", 4_000, 8, time_in_force="fok")
    assert (order.status, order.filled_t, order.reason, held(order)) == ("canceled", 0, "fok_not_filled", 0)
    whole = enter(who.buyer, market, "buy", 4_000, 5, time_in_force="fok")
    assert (whole.status, whole.filled_t) == ("filled", 5)
    assert_books_hold()


def test_an_order_only_as_maker_is_rejected_where_it_would_take(who, market):
    enter(who.cooperative, market, "sell", 4_000, 5)
    order = enter(who.buyer, market, "buy", 4_000, 5, post_only=True)
    assert (order.status, order.reason, held(order)) == ("rejected", "would_take", 0)
    resting = enter(who.buyer, market, "buy", 3_999, 5, post_only=True)
    assert resting.status == "new"


def test_an_iceberg_shows_a_part_and_goes_behind_with_the_next(who, market):
    iceberg = enter(who.cooperative, market, "sell", 4_000, 25, display_t=10)
    plain = enter(who.cooperative, market, "sell", 4_000, 5)
    assert [(level.quantity_t, level.orders) for level in depth(market).asks] == [(15, 2)]
    enter(who.buyer, market, "buy", 4_000, 4)
    iceberg.refresh_from_db()
    assert (iceberg.shown_t, iceberg.filled_t) == (6, 4)
    assert depth(market).asks[0].quantity_t == 11
    # What is left of the slice trades first, then the plain order, and only then the next slice.
    enter(who.buyer, market, "buy", 4_000, 8)
    iceberg.refresh_from_db()
    plain.refresh_from_db()
    assert (iceberg.filled_t, iceberg.shown_t, plain.filled_t) == (10, 10, 2)
    assert iceberg.sequence > plain.sequence
    assert_books_hold()


def test_the_book_read_anew_shows_what_the_one_in_memory_showed(who, market):
    enter(who.cooperative, market, "sell", 4_000, 25, display_t=10)
    enter(who.cooperative, market, "sell", 4_000, 5, post_only=True)
    enter(who.cooperative, market, "sell", 4_001, 9, self_trade_mode="decrement")
    enter(who.buyer, market, "buy", 4_000, 12)
    market.refresh_from_db()
    kept = live_book(market)
    forget(market.pk)
    read = live_book(market)
    assert read is not kept
    assert list(read.book.resting()) == list(kept.book.resting())
    assert [(level.price_fen, level.quantity_t, level.orders) for level in depth(market).asks] == read.book.depth()[1]


@pytest.mark.parametrize(
    ("mode", "old", "new"),
    [
        ("cancel_newest", ("new", 0, ""), ("canceled", 0, "self_trade")),
        ("cancel_oldest", ("canceled", 0, "self_trade"), ("new", 0, "")),
        ("cancel_both", ("canceled", 0, "self_trade"), ("canceled", 0, "self_trade")),
        ("decrement", ("new", 4, ""), ("canceled", 4, "self_trade")),
    ],
)
def test_what_meeting_an_own_order_does_is_the_orders_choice(who, market, mode, old, new):
    pay_in(who, who.cooperative, 1_000_000)
    resting = enter(who.cooperative, market, "sell", 4_000, 10)
    coming = enter(who.cooperative, market, "buy", 4_000, 4, self_trade_mode=mode)
    resting.refresh_from_db()
    assert (resting.status, resting.decremented_t, resting.reason) == old
    assert (coming.status, coming.decremented_t, coming.reason) == new
    assert not Trade.objects.exists()
    assert held(resting) == (0 if resting.status == "canceled" else resting.remaining_t)
    assert_books_hold()


@pytest.mark.parametrize(
    ("terms", "refusal", "field"),
    [
        ({"price_fen": None}, InvalidOrder, "price_fen"),
        ({"price_fen": 0}, OutsideBand, "price_fen"),
        ({"price_fen": -5}, OutsideBand, "price_fen"),
        ({"order_type": "stop"}, InvalidOrder, "order_type"),
        ({"order_type": "market", "time_in_force": "gtc"}, InvalidOrder, "time_in_force"),
        ({"self_trade_mode": "allow"}, InvalidOrder, "self_trade_mode"),
        ({"post_only": True, "time_in_force": "ioc"}, InvalidOrder, "post_only"),
        ({"post_only": True, "time_in_force": "fok"}, InvalidOrder, "post_only"),
        ({"post_only": True, "order_type": "market"}, InvalidOrder, "post_only"),
        ({"display_t": 5, "time_in_force": "ioc"}, InvalidOrder, "display_t"),
        ({"display_t": 5, "order_type": "market"}, InvalidOrder, "display_t"),
        ({"display_t": 0}, InvalidOrder, "display_t"),
        ({"display_t": 10}, InvalidOrder, "display_t"),
        ({"display_t": 3}, OffLot, "display_t"),
        ({"order_type": "market", "price_fen": 4_401}, OffTick, "price_fen"),
        ({"order_type": "market", "price_fen": 4_405}, OutsideBand, "price_fen"),
    ],
)
def test_terms_that_make_no_sense_are_refused_and_change_nothing(who, terms, refusal, field):
    market = market_for(who, issue_to_cooperative(who, 1_000), tick_size_fen=5, lot_size_t=5)
    new = NewOrder(**{"client_order_id": "x", "side": "sell", "price_fen": 4_000, "quantity_t": 10} | terms)
    for way in (
        lambda: place_order(actor=who.cooperative, market_id=market.pk, order=new),
        lambda: enter_order(actor=who.cooperative, symbol=market.symbol, order=new),
    ):
        with pytest.raises(refusal) as refused:
            way()
        assert refused.value.field == field
    assert not Order.objects.exists()
    assert not Instruction.objects.exists()
    assert not Account.objects.exclude(held=0).exists()


def test_both_ways_of_entry_write_the_same_row(who, market):
    terms: dict[str, Any] = {"display_t": 3, "self_trade_mode": "decrement", "post_only": True}
    enter_order(actor=who.cooperative, symbol=market.symbol, order=NewOrder("one", "sell", 4_000, 10, **terms))
    place_orders(actor=who.cooperative, market_id=market.pk, orders=[NewOrder("two", "sell", 4_000, 10, **terms)])
    own = ("id", "client_order_id", "hold_id", "placed_at")
    one, two = (
        {name: value for name, value in row.items() if name not in own}
        for row in Order.objects.order_by("client_order_id").values()
    )
    assert one == two
    assert (one["display_t"], one["self_trade_mode"], one["post_only"]) == (3, "decrement", True)


def test_an_id_used_again_with_other_terms_is_refused(who, market):
    caller = Caller(who.buyer)
    order = {"market": market.symbol, "client_order_id": "a", "side": "buy", "price_fen": 4_000, "quantity_t": 10}
    assert caller.send("/orders", order).status_code == 201
    assert caller.send("/orders", order | {"time_in_force": "gtc"}).status_code == 200
    assert is_problem(caller.send("/orders", order | {"time_in_force": "ioc"}), 409, "duplicate_order")
    assert is_problem(caller.send("/orders", order | {"display_t": 5}), 409, "duplicate_order")


def test_a_market_order_sent_again_is_the_first_though_the_band_has_moved(who, market):
    new = NewOrder("m", "buy", None, 10, order_type="market")
    first = place_orders(actor=who.buyer, market_id=market.pk, orders=[new])[0]
    Market.objects.filter(pk=market.pk).update(reference_price_fen=4_100)
    again = place_orders(actor=who.buyer, market_id=market.pk, orders=[new])[0]
    assert again.replayed
    assert again.order.pk == first.order.pk


def test_the_api_tells_an_orders_terms(who, market):
    answer = Caller(who.cooperative).send(
        "/orders",
        {
            "market": market.symbol,
            "client_order_id": "a",
            "side": "sell",
            "quantity_t": 10,
            "order_type": "market",
            "time_in_force": "fok",
        },
    )
    assert answer.status_code == 201
    told = answer.json()
    assert (told["order_type"], told["time_in_force"], told["price_fen"]) == ("market", "fok", LOW)
    assert (told["post_only"], told["display_t"], told["self_trade_mode"]) == (False, None, "cancel_newest")


TERMS = st.one_of(
    st.fixed_dictionaries({"time_in_force": st.sampled_from(["ioc", "fok"])}),
    st.fixed_dictionaries({"order_type": st.just("market")}),
    st.fixed_dictionaries({}, optional={"post_only": st.just(True), "display_t": st.integers(1, 4)}),
)
ORDERS = st.lists(
    st.tuples(
        st.sampled_from(["cooperative", "buyer", "other_buyer"]),
        st.sampled_from(["buy", "sell"]),
        st.integers(3_998, 4_002),
        st.integers(5, 12),
        TERMS,
        st.sampled_from(["cancel_newest", "cancel_oldest", "cancel_both", "decrement"]),
        st.booleans(),
    ),
    max_size=14,
)


class AnyOrders(TestCase):
    """Whatever is entered: the books hold, the replay agrees, and a book read anew is the one in memory."""

    @settings(max_examples=25, deadline=None)
    @given(ORDERS)
    def test_books_hold_whatever_is_entered(self, orders: list[Any]) -> None:
        who = people()
        batch = issue_to_cooperative(who, 1_000)
        market = market_for(who, batch, taker_fee_bps=30)
        for actor in (who.cooperative, who.buyer, who.other_buyer):
            pay_in(who, actor, 10_000_000)
        for at, (name, side, price_fen, quantity_t, terms, mode, is_read_anew) in enumerate(orders):
            new = NewOrder(str(at), side, price_fen, quantity_t, self_trade_mode=mode, **terms)
            place_orders(actor=getattr(who, name), market_id=market.pk, orders=[new])
            if is_read_anew:
                execute_market(market.pk)
                forget(market.pk)
        execute_market(market.pk)
        market.refresh_from_db()
        live = live_book(market)
        forget(market.pk)
        assert list(live_book(market).book.resting()) == list(live.book.resting())
        assert_books_hold()
