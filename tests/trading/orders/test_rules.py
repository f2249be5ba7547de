"""Other rules for an open market: taken in their turn, written down, and hard on the orders that they do not allow."""

import orjson
import pytest

from ledger.errors import InvalidValue, NotAllowed
from ledger.journal.selectors import cash_account
from ledger.models import Record
from tests.scenes import issue_to_cooperative, market_for, pay_in
from trading.errors import NothingToChange, OrderTooLarge, OutsideBand
from trading.execution.books import forget
from trading.execution.reconciliation import reconcile
from trading.execution.services import execute_market
from trading.models import ExecutedInstruction, Instruction, Order
from trading.orders.rules import change_market
from trading.orders.services import place_order
from trading.orders.terms import NewOrder


@pytest.fixture
def market(who):
    market = market_for(who, issue_to_cooperative(who, 1_000))
    pay_in(who, who.buyer, 10_000_000)
    return market


@pytest.fixture(autouse=True)
def _books_hold(db):
    yield
    assert [f"{result.name}: {result.detail}" for result in reconcile() if not result.holds] == []


def enter(actor, market, side, price_fen, quantity_t) -> Order:
    new = NewOrder(f"o{Order.objects.count()}", side, price_fen, quantity_t)
    order = place_order(actor=actor, market_id=market.pk, order=new)
    execute_market(market.pk)
    order.refresh_from_db()
    return order


def change(who, market, **rules):
    change_market(actor=who.registrar, market_id=market.pk, reason="As announced.", **rules)
    execute_market(market.pk)
    market.refresh_from_db()


def statuses(*orders):
    for order in orders:
        order.refresh_from_db()
    return [order.status for order in orders]


def test_a_new_reference_price_moves_the_band_and_ends_what_is_outside(who, market):
    low, inside = (enter(who.buyer, market, "buy", price_fen, 10) for price_fen in (3_600, 4_300))
    change(who, market, reference_price_fen=4_400)
    assert market.band_fen == (3_960, 4_840)
    assert statuses(low, inside) == ["expired", "new"]
    assert cash_account(who.buyer.organisation).held == 43_000
    with pytest.raises(OutsideBand):
        enter(who.buyer, market, "buy", 3_600, 1)
    enter(who.buyer, market, "buy", 4_840, 1)
    assert list(ExecutedInstruction.objects.order_by("sequence").values_list("kind", flat=True)) == [
        "submit",
        "submit",
        "expire",
        "change_rules",
        "submit",
    ]


def test_a_coarser_tick_and_lot_end_what_does_not_fit(who, market):
    orders = [enter(who.buyer, market, "buy", *terms) for terms in ((4_001, 10), (4_000, 7), (4_000, 10))]
    change(who, market, tick_size_fen=10, lot_size_t=5)
    assert statuses(*orders) == ["expired", "expired", "new"]


def test_new_fees_end_all_orders_since_each_holds_its_fee(who, market):
    orders = [enter(who.buyer, market, "buy", 4_000, 10), enter(who.cooperative, market, "sell", 4_100, 10)]
    change(who, market, maker_fee_bps=5, taker_fee_bps=20)
    assert statuses(*orders) == ["expired", "expired"]
    assert cash_account(who.buyer.organisation).held == 0
    enter(who.buyer, market, "buy", 4_000, 10)
    assert cash_account(who.buyer.organisation).held == 40_080


def test_an_order_that_fees_overtake_is_rejected_where_it_holds_too_little(who, market):
    """It was checked and held for by the old fee; the account has nothing left for the new one."""
    change_market(actor=who.registrar, market_id=market.pk, reason="As announced.", taker_fee_bps=20)
    new = NewOrder("all of it", "buy", 4_000, 2_500)
    order = place_order(actor=who.buyer, market_id=market.pk, order=new)
    sell = place_order(actor=who.cooperative, market_id=market.pk, order=NewOrder("s", "sell", 4_000, 5))
    execute_market(market.pk)
    order.refresh_from_db()
    sell.refresh_from_db()
    assert (order.status, order.reason, order.hold.remaining) == ("rejected", "fees_changed", 0)
    assert (sell.status, cash_account(who.buyer.organisation).held) == ("new", 0)
    assert not Instruction.objects.exists()


def test_what_changes_is_in_the_log_with_who_and_why(who, market):
    change(who, market, band_percent=20, largest_order_t=500)
    ordered = orjson.loads(Record.objects.get(kind="market_change_ordered").entry)
    assert (ordered["body"]["rules"], ordered["body"]["reason"]) == (
        {"band_percent": 20, "largest_order_t": 500},
        "As announced.",
    )
    changed = orjson.loads(Record.objects.get(kind="market_changed").entry)
    assert (changed["body"]["band_percent"], changed["body"]["highest_price_fen"]) == (20, 4_800)
    assert changed["actor"] == f"user:{who.registrar.user.public_id}"
    with pytest.raises(OrderTooLarge):
        enter(who.buyer, market, "buy", 4_000, 501)


def test_two_changes_that_do_not_go_together_leave_the_first(who, market):
    """Each makes sense by itself: together makers would pay more than takers."""
    change(who, market, maker_fee_bps=10, taker_fee_bps=30)
    change_market(actor=who.registrar, market_id=market.pk, reason="One.", maker_fee_bps=25)
    change_market(actor=who.registrar, market_id=market.pk, reason="Other.", taker_fee_bps=20)
    execute_market(market.pk)
    market.refresh_from_db()
    assert (market.maker_fee_bps, market.taker_fee_bps) == (25, 30)
    assert not Instruction.objects.exists()
    forget(market.pk)


def test_the_replay_begins_with_the_rules_that_were(who, market):
    enter(who.buyer, market, "buy", 3_600, 10)
    change(who, market, reference_price_fen=5_000)
    change(who, market, band_percent=5, volatility_percent=3, volatility_minutes=2)
    enter(who.buyer, market, "buy", 5_000, 10)


@pytest.mark.parametrize(
    ("rules", "field"),
    [
        ({"tick_size_fen": 0}, "tick_size_fen"),
        ({"lot_size_t": -1}, "lot_size_t"),
        ({"band_percent": 100}, "band_percent"),
        ({"reference_price_fen": 0}, "reference_price_fen"),
        ({"maker_fee_bps": 5}, "maker_fee_bps"),
        ({"taker_fee_bps": 1_001}, "taker_fee_bps"),
        ({"volatility_percent": 100}, "volatility_percent"),
        ({"volatility_minutes": 0}, "volatility_minutes"),
        ({"largest_order_t": 0}, "largest_order_t"),
        ({"block_band_percent": 0}, "block_band_percent"),
        ({"block_minimum_t": 100_000_001}, "block_minimum_t"),
        ({"sessions": [{"open": "12:00"}]}, "sessions"),
        ({"sessions": None}, "sessions"),
    ],
)
def test_rules_that_make_no_sense_are_refused(who, market, rules, field):
    with pytest.raises(InvalidValue) as refused:
        change_market(actor=who.registrar, market_id=market.pk, reason="Why.", **rules)
    assert refused.value.field == field
    assert not Instruction.objects.exists()


def test_only_the_operator_changes_rules_with_a_reason_and_to_something_else(who, market):
    for actor in (who.buyer, who.auditor, who.treasurer):
        with pytest.raises(NotAllowed):
            change_market(actor=actor, market_id=market.pk, reason="Why.", band_percent=5)
    with pytest.raises(InvalidValue):
        change_market(actor=who.registrar, market_id=market.pk, reason=" ", band_percent=5)
    with pytest.raises(NothingToChange):
        change_market(actor=who.registrar, market_id=market.pk, reason="Why.", band_percent=10)
