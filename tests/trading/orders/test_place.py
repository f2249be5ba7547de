"""Entering orders: every refusal, what is held, and what a repeated id gives."""

import pytest

from ledger.errors import NotAllowed, NotFound, OrganisationNotApproved
from ledger.journal.posting import MAX_AMOUNT
from ledger.journal.selectors import cash_account
from ledger.models import Account, Hold, Membership, Organisation
from tests.factories import MembershipFactory
from tests.scenes import issue_to_cooperative, market_for, pay_in
from trading.errors import (
    DuplicateOrder,
    InsufficientCredits,
    InsufficientFunds,
    InvalidOrder,
    MarketHalted,
    OffLot,
    OffTick,
    OutsideBand,
)
from trading.execution.services import execute_market
from trading.markets.services import open_market
from trading.models import Instruction, Market, Order
from trading.orders.phases import halt_market, resume_market
from trading.orders.services import MAX_ORDERS_A_CALL, NewOrder, place_order, place_orders

BAND = (3_600, 4_400)


@pytest.fixture
def market(who):
    """Return a market around 40 yuan ±10 %, with 1,000 t at the cooperative's and 100,000 yuan at the buyer's."""
    market = market_for(who, issue_to_cooperative(who, 1_000))
    pay_in(who, who.buyer, 10_000_000)
    return market


def buy(price_fen=4_000, quantity_t=10, client_order_id="b1"):
    return NewOrder(client_order_id, "buy", price_fen, quantity_t)


def sell(price_fen=4_000, quantity_t=10, client_order_id="s1"):
    return NewOrder(client_order_id, "sell", price_fen, quantity_t)


def place(actor, market, order):
    return place_order(actor=actor, market_id=market.pk, order=order)


def credit_account(actor, market):
    return Account.objects.get(organisation=actor.organisation, asset=market.asset)


def assert_nothing_was_entered():
    assert not Order.objects.exists()
    assert not Hold.objects.exists()
    assert not Instruction.objects.exists()
    assert not Account.objects.exclude(held=0).exists()


def test_a_buy_holds_what_it_can_cost(who, market):
    order = place(who.buyer, market, buy(4_100, 25))
    order.refresh_from_db()
    assert (order.status, order.filled_t, order.remaining_t) == (Order.Status.PENDING_NEW, 0, 25)
    assert order.hold.remaining == 4_100 * 25
    assert cash_account(who.buyer.organisation).held == 4_100 * 25
    assert Instruction.objects.get().order == order


def test_a_sell_holds_its_tonnes(who, market):
    order = place(who.cooperative, market, sell(4_100, 25))
    assert order.hold.remaining == 25
    assert credit_account(who.cooperative, market).held == 25


@pytest.mark.parametrize(
    ("price_fen", "quantity_t", "held_fen"),
    [(4_000, 10, 40_000 + 140), (3_999, 1, 3_999 + 13), (3_601, 7, 25_207 + 88), (4_400, 1_000, 4_400_000 + 15_400)],
)
def test_a_buy_holds_the_fee_too_rounded_down_to_the_fen(who, price_fen, quantity_t, held_fen):
    market = market_for(who, issue_to_cooperative(who, 1_000), taker_fee_bps=35)
    pay_in(who, who.buyer, held_fen)
    order = place(who.buyer, market, buy(price_fen, quantity_t))
    assert order.hold.remaining == held_fen
    assert cash_account(who.buyer.organisation).available == 0


def test_a_buy_that_the_fee_makes_too_dear_is_refused(who):
    market = market_for(who, issue_to_cooperative(who, 1_000), taker_fee_bps=35)
    pay_in(who, who.buyer, 40_139)
    with pytest.raises(InsufficientFunds) as refusal:
        place(who.buyer, market, buy(4_000, 10))
    assert refusal.value.params == {"available": 40_139, "needed": 40_140}
    pay_in(who, who.buyer, 1)
    assert place(who.buyer, market, buy(4_000, 10))


@pytest.mark.parametrize("price_fen", BAND)
def test_the_edges_of_the_band_are_inside(who, market, price_fen):
    assert place(who.buyer, market, buy(price_fen))


@pytest.mark.parametrize(
    ("order", "error", "field"),
    [
        (buy(3_599), OutsideBand, "price_fen"),
        (buy(4_401), OutsideBand, "price_fen"),
        (buy(0), OutsideBand, "price_fen"),
        (buy(-4_000), OutsideBand, "price_fen"),
        (buy(10**30), OutsideBand, "price_fen"),
        (buy(quantity_t=0), InvalidOrder, "quantity_t"),
        (buy(quantity_t=-1), InvalidOrder, "quantity_t"),
        (buy(quantity_t=100_000_001), InvalidOrder, "quantity_t"),
        (buy(quantity_t=10**30), InvalidOrder, "quantity_t"),
        (NewOrder("x", "long", 4_000, 1), InvalidOrder, "side"),
        (NewOrder("x", "", 4_000, 1), InvalidOrder, "side"),
        (buy(client_order_id=""), InvalidOrder, "client_order_id"),
        (buy(client_order_id="i" * 65), InvalidOrder, "client_order_id"),
        (buy(client_order_id="a\x00b"), InvalidOrder, "client_order_id"),
        (buy(client_order_id="half \ud800"), InvalidOrder, "client_order_id"),
        (buy(quantity_t=2_501), InsufficientFunds, "quantity_t"),
        (sell(quantity_t=1), InsufficientCredits, "quantity_t"),
    ],
)
def test_an_order_that_breaks_a_rule_is_refused_and_holds_nothing(who, market, order, error, field):
    with pytest.raises(error) as refusal:
        place(who.buyer, market, order)
    assert refusal.value.field == field
    assert_nothing_was_entered()


def test_tick_and_lot_are_kept(who):
    batch = issue_to_cooperative(who, 1_000)
    market = open_market(
        actor=who.registrar,
        asset_id=batch.asset_id,
        symbol="X",
        reference_price_fen=4_000,
        tick_size_fen=5,
        lot_size_t=10,
    )
    with pytest.raises(OffTick) as refusal:
        place(who.cooperative, market, sell(4_001, 10))
    assert refusal.value.params == {"tick": 5}
    with pytest.raises(OffLot) as refusal:
        place(who.cooperative, market, sell(4_000, 15))
    assert refusal.value.params == {"lot": 10}
    assert_nothing_was_entered()
    assert place(who.cooperative, market, sell(4_005, 20))


def test_an_order_is_never_worth_more_than_a_transfer_may_move(who):
    """A fill that cannot be posted would stop the market for ever."""
    batch = issue_to_cooperative(who, 1_000)
    market = market_for(who, batch, reference_price_fen=100_000_000_00)
    account = Account.objects.create(organisation=who.buyer.organisation, asset_id=cash_id(who), balance=2**62)
    most = MAX_AMOUNT // 100_000_000_00
    with pytest.raises(InvalidOrder) as refusal:
        place(who.buyer, market, buy(100_000_000_00, most + 1))
    assert refusal.value.field == "quantity_t"
    assert place(who.buyer, market, buy(100_000_000_00, most)).hold.account_id == account.pk


def cash_id(who):
    pay_in(who, who.other_buyer, 1)
    return cash_account(who.other_buyer.organisation).asset_id


def test_only_approved_traders_of_holders_enter_orders(who, market):
    viewer = MembershipFactory(organisation=who.buyer.organisation, role=Membership.Role.VIEWER)
    for actor in (viewer, who.verifier, who.auditor, who.registrar, who.treasurer):
        with pytest.raises(NotAllowed):
            place(actor, market, buy())
    for status in (Organisation.Status.APPLIED, Organisation.Status.SUSPENDED):
        with pytest.raises(OrganisationNotApproved):
            place(MembershipFactory(organisation__status=status), market, buy())
    trader = MembershipFactory(organisation=who.buyer.organisation, role=Membership.Role.TRADER)
    assert place(trader, market, buy())


def test_a_market_that_is_not_there_is_not_found(who):
    with pytest.raises(NotFound):
        place_order(actor=who.buyer, market_id=2**62, order=buy())


def test_a_halted_market_takes_no_orders_and_says_why(who, market):
    halt_market(actor=who.registrar, market_id=market.pk, reason="The data are being checked.")
    execute_market(market.pk)
    with pytest.raises(MarketHalted) as refusal:
        place(who.buyer, market, buy())
    assert refusal.value.params == {"reason": "The data are being checked."}
    resume_market(actor=who.registrar, market_id=market.pk)
    execute_market(market.pk)
    assert place(who.buyer, market, buy())


def test_an_order_that_the_halt_overtakes_is_rejected_and_its_hold_released(who, market):
    halt_market(actor=who.registrar, market_id=market.pk, reason="Checking.")
    order = place(who.buyer, market, buy())
    execute_market(market.pk)
    order.refresh_from_db()
    assert (order.status, order.reason, order.hold.remaining) == (Order.Status.REJECTED, "market_halted", 0)
    assert cash_account(who.buyer.organisation).held == 0


# The same id again


def test_an_id_that_was_used_gives_the_first_order(who, market):
    first = place(who.buyer, market, buy())
    again = place_orders(actor=who.buyer, market_id=market.pk, orders=[buy()])[0]
    assert again.replayed
    assert again.order == first
    assert cash_account(who.buyer.organisation).held == 40_000
    assert Instruction.objects.count() == 1


def test_an_id_gives_the_first_order_also_when_that_is_finished(who, market):
    order = place(who.buyer, market, buy())
    place(who.cooperative, market, sell())
    execute_market(market.pk)
    assert place(who.buyer, market, buy()) == order
    assert Instruction.objects.count() == 0


@pytest.mark.parametrize("order", [buy(4_001), buy(quantity_t=11), sell(client_order_id="b1")])
def test_an_id_with_other_content_is_refused(who, market, order):
    place(who.buyer, market, buy())
    with pytest.raises(DuplicateOrder) as refusal:
        place(who.buyer, market, order)
    assert (refusal.value.field, refusal.value.params) == ("client_order_id", {"client_order_id": "b1"})


def test_an_id_for_another_market_is_refused(who, market):
    place(who.buyer, market, buy())
    other = market_for(who, issue_to_cooperative(who, 1))
    with pytest.raises(DuplicateOrder):
        place(who.buyer, other, buy())


def test_an_id_is_each_organisations_own(who, market):
    place(who.buyer, market, buy(client_order_id="1"))
    assert place(who.cooperative, market, sell(client_order_id="1"))


# Many at once


def test_each_order_of_a_call_is_accepted_or_refused_by_itself(who, market):
    pay_in(who, who.other_buyer, 100_000)
    orders = [
        buy(4_000, 10, "a"),  # leaves 60,000 fen
        buy(9_999, 10, "b"),
        buy(4_000, 16, "c"),  # too dear by now
        buy(4_000, 10, "a"),  # the first again
        buy(4_000, 11, "a"),
        buy(4_000, 15, "d"),  # takes the rest
        buy(3_600, 1, "e"),
        buy(4_000, 1, "f\x00"),
    ]
    results = place_orders(actor=who.other_buyer, market_id=market.pk, orders=orders)
    assert [type(result.error) if result.error else None for result in results] == [
        None, OutsideBand, InsufficientFunds, None, DuplicateOrder, None, InsufficientFunds, InvalidOrder,
    ]  # fmt: skip
    assert results[2].error.params == {"available": 60_000, "needed": 64_000}
    assert results[3].replayed
    assert results[3].order is results[0].order
    assert list(Order.objects.order_by("id").values_list("client_order_id", flat=True)) == ["a", "d"]
    assert list(Instruction.objects.order_by("id").values_list("order_id", flat=True)) == [
        results[0].order.pk,
        results[5].order.pk,
    ]
    assert cash_account(who.other_buyer.organisation).available == 0


def test_a_call_may_buy_and_sell(who, market):
    pay_in(who, who.cooperative, 40_000)
    results = place_orders(actor=who.cooperative, market_id=market.pk, orders=[sell(4_400, 7), buy(3_600, 2)])
    assert not [result.error for result in results if result.error]
    assert cash_account(who.cooperative.organisation).held == 7_200
    assert credit_account(who.cooperative, market).held == 7


@pytest.mark.parametrize("count", [0, MAX_ORDERS_A_CALL + 1])
def test_a_call_enters_one_to_a_thousand(who, market, count):
    with pytest.raises(InvalidOrder):
        place_orders(actor=who.buyer, market_id=market.pk, orders=[buy(client_order_id=str(at)) for at in range(count)])


def test_a_thousand_orders_take_as_many_queries_as_one(who, market, django_assert_max_num_queries):
    place(who.buyer, market, buy(3_600, 1, "first"))
    with django_assert_max_num_queries(10):
        place(who.buyer, market, buy(3_600, 1, "one"))
    with django_assert_max_num_queries(10):
        results = place_orders(
            actor=who.buyer, market_id=market.pk, orders=[buy(3_600, 1, str(at)) for at in range(1_000)]
        )
    assert not any(result.error for result in results)
    ids = [result.order.pk for result in results]
    assert ids == sorted(ids)
    assert Market.objects.get(pk=market.pk).last_sequence == 0
