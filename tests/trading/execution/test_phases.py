"""A market's day: call auctions, sessions by the clock, days that end, interruptions, halts on top of all of them."""

import datetime as dt
from typing import Any

import pytest
import time_machine

from ledger.errors import InvalidValue
from ledger.journal.selectors import cash_account
from ledger.models import Asset, Record
from tests.scenes import issue_to_cooperative, market_for, pay_in
from trading.errors import MarketClosed, NotInAuction
from trading.execution.books import forget
from trading.execution.reconciliation import reconcile
from trading.execution.services import execute_market
from trading.marketdata.selectors import depth
from trading.markets.calendar import SHANGHAI
from trading.models import ExecutedInstruction, Instruction, Market, Order, Trade
from trading.orders.expiries import expire_due_orders
from trading.orders.phases import halt_market, instruct, resume_market, step_markets
from trading.orders.rules import change_market
from trading.orders.services import place_order
from trading.orders.terms import NewOrder

MONDAY = dt.date(2099, 11, 30)
SESSIONS = [
    {"pre_open": "09:15", "open": "09:30", "close": "11:30"},
    {"open": "13:00", "closing": "14:57", "close": "15:00"},
]


def moment(time: str, day: dt.date = MONDAY) -> dt.datetime:
    return dt.datetime.combine(day, dt.time.fromisoformat(time), SHANGHAI)


@pytest.fixture
def clock():
    """Let the time be ours: Monday, eight in the morning."""
    with time_machine.travel(moment("08:00"), tick=False) as traveller:
        yield traveller


@pytest.fixture
def day(who, clock):
    """Return a market with sessions that has never been open."""
    market = market_for(who, issue_to_cooperative(who, 1_000), sessions=SESSIONS)
    for buyer in (who.buyer, who.other_buyer):
        pay_in(who, buyer, 10_000_000)
    return market


@pytest.fixture
def market(who):
    """Return a market that is always open."""
    market = market_for(who, issue_to_cooperative(who, 1_000), volatility_percent=5)
    for buyer in (who.buyer, who.other_buyer):
        pay_in(who, buyer, 10_000_000)
    return market


@pytest.fixture(autouse=True)
def _books_hold(db):
    yield
    for market in Market.objects.all():
        execute_market(market.pk)
        forget(market.pk)
    assert [f"{result.name}: {result.detail}" for result in reconcile() if not result.holds] == []


def it_is(clock, market, time: str, day: dt.date = MONDAY) -> Market:
    """Let it be some time, and have the market do what it does then."""
    clock.move_to(moment(time, day))
    step_markets()
    return after(market)


def after(market) -> Market:
    execute_market(market.pk)
    market.refresh_from_db()
    return market


def enter(actor, market, side, price_fen, quantity_t, **terms: Any) -> Order:
    new = NewOrder(f"o{Order.objects.count()}", side, price_fen, quantity_t, **terms)
    order = place_order(actor=actor, market_id=market.pk, order=new)
    after(market)
    order.refresh_from_db()
    return order


def reread(*orders) -> list[tuple[str, str, int]]:
    for order in orders:
        order.refresh_from_db()
    return [(order.status, order.reason, order.filled_t) for order in orders]


def kinds(market) -> list[str]:
    return list(ExecutedInstruction.objects.filter(market=market).order_by("sequence").values_list("kind", flat=True))


def test_a_day_from_the_call_auction_to_the_close(who, clock, day):
    assert day.state == "closed"
    with pytest.raises(MarketClosed):
        enter(who.buyer, day, "buy", 4_000, 1)
    assert it_is(clock, day, "09:15").state == "auction"
    sell = enter(who.cooperative, day, "sell", 3_900, 10)
    buy = enter(who.buyer, day, "buy", 4_100, 6)
    at_any_price = enter(who.other_buyer, day, "buy", None, 7, order_type="market")
    assert (at_any_price.time_in_force, at_any_price.status, Trade.objects.count()) == ("day", "new", 0)
    # Who buys at any price is first; what the auction cannot give is canceled.
    assert it_is(clock, day, "09:30").state == "open"
    assert reread(sell, buy, at_any_price) == [("filled", "", 10), ("partially_filled", "", 3), ("filled", "", 7)]
    assert set(Trade.objects.values_list("price_fen", flat=True)) == {4_100}
    today = enter(who.buyer, day, "buy", 3_950, 2, time_in_force="day")
    longer = enter(who.buyer, day, "buy", 3_940, 2)
    assert it_is(clock, day, "11:30").state == "closed"
    assert reread(today) == [("new", "", 0)]
    assert it_is(clock, day, "13:00").state == "open"
    assert it_is(clock, day, "14:57").state == "auction"
    last = enter(who.cooperative, day, "sell", 3_950, 1)
    assert it_is(clock, day, "15:00").state == "closed"
    # The closing price of 41 or 39.50: what trades most, the buy at 41 of the morning.
    assert reread(last, buy) == [("filled", "", 1), ("partially_filled", "", 4)]
    assert reread(today, longer) == [("expired", "", 0), ("new", "", 0)]
    close_fen = Trade.objects.order_by("-id").values_list("price_fen", flat=True)[0]
    assert cash_account(who.buyer.organisation).held == 4_100 * 2 + 3_940 * 2
    tuesday = it_is(clock, day, "09:15", MONDAY + dt.timedelta(days=1))
    assert (tuesday.state, tuesday.reference_price_fen) == ("auction", close_fen)


def test_a_closed_market_takes_cancels_and_expiry_only(who, clock, day):
    it_is(clock, day, "09:30")
    ends_at = moment("12:00")
    order = enter(who.buyer, day, "buy", 4_000, 1, time_in_force="gtd", expires_at=ends_at)
    it_is(clock, day, "11:30")
    clock.move_to(ends_at - dt.timedelta(seconds=1))
    assert expire_due_orders() == 0
    clock.move_to(ends_at)
    assert expire_due_orders() == 1
    assert expire_due_orders() == 0
    after(day)
    assert reread(order) == [("expired", "", 0)]
    assert cash_account(who.buyer.organisation).held == 0


def test_steps_that_were_missed_are_made_up_for_once(who, clock, day):
    clock.move_to(moment("14:00"))
    step_markets()
    step_markets()
    after(day)
    assert kinds(day) == ["new_day", "auction_open", "auction_uncross", "open", "close", "open"]
    assert day.state == "open"
    # A clock that steps back undoes nothing, and does nothing twice.
    clock.move_to(moment("09:20"))
    step_markets()
    assert after(day).state == "open"
    clock.move_to(moment("14:56"))
    step_markets()
    assert not Instruction.objects.exists()


@pytest.mark.parametrize(
    ("terms", "field"),
    [
        ({"time_in_force": "ioc"}, "time_in_force"),
        ({"time_in_force": "fok"}, "time_in_force"),
        ({"order_type": "market", "price_fen": None, "time_in_force": "ioc"}, "time_in_force"),
        ({"post_only": True}, "post_only"),
        ({"display_t": 2}, "display_t"),
    ],
)
def test_a_call_auction_takes_plain_orders_only(who, clock, day, terms, field):
    it_is(clock, day, "09:15")
    with pytest.raises(NotInAuction) as refused:
        enter(who.buyer, day, "buy", **{"price_fen": 4_000, "quantity_t": 5} | terms)
    assert refused.value.field == field


def test_the_book_shows_no_market_orders_and_can_be_read_anew_in_an_auction(who, clock, day):
    it_is(clock, day, "09:15")
    enter(who.buyer, day, "buy", None, 5, order_type="market")
    enter(who.buyer, day, "buy", 4_000, 3)
    assert [(level.price_fen, level.quantity_t) for level in depth(day).bids] == [(4_000, 3)]
    forget(day.pk)
    enter(who.cooperative, day, "sell", 4_000, 8)
    it_is(clock, day, "09:30")
    assert set(Trade.objects.values_list("price_fen", "quantity_t")) == {(4_000, 5), (4_000, 3)}


def test_a_trade_far_from_the_reference_interrupts_trading_by_an_auction(who, market):
    with time_machine.travel(moment("10:00"), tick=False) as clock:
        enter(who.cooperative, market, "sell", 4_200, 2)
        enter(who.cooperative, market, "sell", 4_201, 5)
        # 5 % is still within, a fen more is not.
        enter(who.buyer, market, "buy", 4_200, 2)
        assert market.state == "open"
        buy = enter(who.buyer, market, "buy", 4_201, 3)
        assert (buy.status, market.state, market.auction_ends_at) == ("filled", "auction", moment("10:05"))
        waiting = enter(who.buyer, market, "buy", 4_201, 1)
        clock.move_to(moment("10:04:59"))
        step_markets()
        assert after(market).state == "auction"
        clock.move_to(moment("10:05"))
        step_markets()
        step_markets()
        assert after(market).state == "open"
        assert reread(waiting) == [("filled", "", 1)]
        # The auction's price is what the next trades are measured by.
        enter(who.buyer, market, "buy", 4_201, 1)
        assert (market.state, market.volatility_reference_fen) == ("open", 4_201)
        assert kinds(market).count("auction_open") == 1


def test_an_interruption_within_a_batch_stops_what_comes_behind_it(who, market):
    for side, actor, price_fen in (("sell", who.cooperative, 4_300), ("buy", who.buyer, 4_300)) * 2:
        new = NewOrder(f"o{Order.objects.count()}", side, price_fen, 1)
        place_order(actor=actor, market_id=market.pk, order=new)
    after(market)
    assert kinds(market) == ["submit", "submit", "auction_open", "submit", "submit"]
    assert (Trade.objects.count(), market.state) == (1, "auction")


def test_a_halt_keeps_an_auction_from_ending(who, clock, day):
    it_is(clock, day, "09:15")
    enter(who.cooperative, day, "sell", 4_000, 5)
    enter(who.buyer, day, "buy", 4_000, 5)
    halt_market(actor=who.registrar, market_id=day.pk, reason="Checking.")
    assert it_is(clock, day, "09:30").state == "halted"
    assert not Trade.objects.exists()
    resume_market(actor=who.registrar, market_id=day.pk)
    assert after(day).state == "auction"
    clock.shift(1)
    step_markets()
    assert after(day).state == "open"
    assert Trade.objects.count() == 1


def test_a_halt_over_the_close_leaves_the_auction_for_the_next_day(who, clock, day):
    it_is(clock, day, "14:57")
    sell = enter(who.cooperative, day, "sell", 4_000, 5, time_in_force="day")
    buy = enter(who.buyer, day, "buy", 4_000, 5)
    halt_market(actor=who.registrar, market_id=day.pk, reason="Checking.")
    assert it_is(clock, day, "15:00").state == "halted"
    resume_market(actor=who.registrar, market_id=day.pk)
    assert after(day).state == "closed"
    forget(day.pk)
    assert reread(sell, buy) == [("expired", "", 0), ("new", "", 0)]
    tuesday = MONDAY + dt.timedelta(days=1)
    assert it_is(clock, day, "09:15", tuesday).state == "auction"
    enter(who.cooperative, day, "sell", 3_990, 5)
    assert it_is(clock, day, "09:30", tuesday).state == "open"
    assert reread(buy) == [("filled", "", 5)]


def test_a_market_resumes_by_a_call_auction_where_that_is_said(who, market):
    with time_machine.travel(moment("10:00"), tick=False) as clock:
        halt_market(actor=who.registrar, market_id=market.pk, reason="Checking.")
        after(market)
        with pytest.raises(InvalidValue):
            resume_market(actor=who.registrar, market_id=market.pk, auction_minutes=61)
        step_markets()
        resume_market(actor=who.registrar, market_id=market.pk, auction_minutes=3)
        assert (after(market).state, market.auction_ends_at) == ("auction", moment("10:03"))
        clock.move_to(moment("10:03"))
        step_markets()
        assert after(market).state == "open"


def test_orders_of_the_day_end_at_midnight_where_the_market_is_always_open(who, market):
    with time_machine.travel(moment("23:59"), tick=False) as clock:
        step_markets()
        today = enter(who.buyer, market, "buy", 4_000, 1, time_in_force="day")
        clock.move_to(moment("00:00", MONDAY + dt.timedelta(days=1)))
        step_markets()
        after(market)
        assert reread(today) == [("expired", "", 0)]
        assert market.state == "open"


def test_who_meets_itself_in_an_auction_trades_nothing_of_it(who, clock, day):
    """The book pairs both: their tonnes are taken off, and are no volume."""
    pay_in(who, who.cooperative, 1_000_000)
    it_is(clock, day, "09:15")
    sell = enter(who.cooperative, day, "sell", 4_000, 10)
    own = enter(who.cooperative, day, "buy", 4_000, 6)
    buy = enter(who.buyer, day, "buy", 4_000, 3)
    it_is(clock, day, "09:30")
    assert reread(sell, own, buy) == [("partially_filled", "", 3), ("canceled", "self_trade", 0), ("filled", "", 3)]
    assert (sell.decremented_t, own.decremented_t, sell.remaining_t) == (6, 6, 1)
    assert list(Trade.objects.values_list("quantity_t", "price_fen")) == [(3, 4_000)]


def test_an_iceberg_that_rests_takes_part_in_an_auction_with_all_of_it(who, market):
    sell = enter(who.cooperative, market, "sell", 4_010, 20, display_t=5)
    instruct(market, [Instruction.Kind.AUCTION_OPEN], actor="system")
    after(market)
    enter(who.buyer, market, "buy", 4_010, 17)
    instruct(market, [Instruction.Kind.AUCTION_UNCROSS], actor="system")
    after(market)
    assert reread(sell) == [("partially_filled", "", 17)]
    assert [level.quantity_t for level in depth(market).asks] == [3]
    forget(market.pk)
    enter(who.buyer, market, "buy", 4_010, 3)
    assert reread(sell) == [("filled", "", 20)]


def test_markets_that_have_nothing_to_do_cost_one_query(who, clock, day, django_assert_num_queries):
    it_is(clock, day, "09:30")
    clock.move_to(moment("10:00"))
    with django_assert_num_queries(1):
        assert step_markets() == 0


def test_a_closed_market_that_loses_its_sessions_is_open(who, clock, day):
    assert day.state == "closed"
    change_market(actor=who.registrar, market_id=day.pk, reason="From now on always.", sessions=[])
    assert after(day).state == "open"
    forget(day.pk)
    enter(who.buyer, day, "buy", 4_000, 1)


def test_the_operators_orders_to_the_market_are_in_the_log(who, market):
    halt_market(actor=who.registrar, market_id=market.pk, reason="Checking.")
    resume_market(actor=who.registrar, market_id=market.pk)
    assert Record.objects.filter(kind__in=["market_halt_ordered", "market_resume_ordered"]).count() == 2


def test_a_market_with_fees_takes_its_first_instruction_before_anybody_has_paid_in(who):
    market = market_for(who, issue_to_cooperative(who, 10), taker_fee_bps=30)
    assert not Asset.objects.filter(code="CNY").exists()
    halt_market(actor=who.registrar, market_id=market.pk, reason="Not yet.")
    assert after(market).state == "halted"
