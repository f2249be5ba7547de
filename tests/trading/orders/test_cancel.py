"""Taking orders back, and markets out of trading."""

import pytest

from ledger.errors import InvalidValue, NotAllowed, NotFound
from ledger.journal.selectors import cash_account
from ledger.models import Membership, Organisation, Record
from tests.factories import MembershipFactory
from tests.scenes import issue_to_cooperative, market_for, pay_in
from trading.errors import TooLateToCancel
from trading.execution.services import execute_market
from trading.models import ExecutedInstruction, Instruction, Market, Order
from trading.orders.cancels import cancel_order, cancel_orders
from trading.orders.phases import halt_market, resume_market
from trading.orders.selectors import access_order_by_id, open_orders_of, orders_of
from trading.orders.services import NewOrder, place_order


@pytest.fixture
def market(who):
    market = market_for(who, issue_to_cooperative(who, 1_000), taker_fee_bps=35)
    pay_in(who, who.buyer, 10_000_000)
    return market


@pytest.fixture
def order(who, market):
    return place_order(actor=who.buyer, market_id=market.pk, order=NewOrder("b1", "buy", 4_000, 10))


def test_a_cancelled_order_gives_back_what_it_held(who, market, order):
    cancel_order(actor=who.buyer, order_id=order.pk)
    execute_market(market.pk)
    order.refresh_from_db()
    assert (order.status, order.reason, order.hold.remaining) == (Order.Status.CANCELED, "by_request", 0)
    account = cash_account(who.buyer.organisation)
    assert (account.balance, account.held) == (10_000_000, 0)


def test_what_was_filled_before_the_cancel_stays(who, market, order):
    place_order(actor=who.cooperative, market_id=market.pk, order=NewOrder("s1", "sell", 4_000, 4))
    cancel_order(actor=who.buyer, order_id=order.pk)
    execute_market(market.pk)
    order.refresh_from_db()
    assert (order.status, order.filled_t, order.hold.remaining) == (Order.Status.CANCELED, 4, 0)
    account = cash_account(who.buyer.organisation)
    assert (account.balance, account.held) == (10_000_000 - 16_000, 0)


def test_two_cancels_are_one(who, market, order):
    cancel_order(actor=who.buyer, order_id=order.pk)
    cancel_order(actor=who.buyer, order_id=order.pk)
    assert execute_market(market.pk) == 3
    order.refresh_from_db()
    assert order.status == Order.Status.CANCELED
    assert ExecutedInstruction.objects.filter(kind="cancel").count() == 2
    with pytest.raises(TooLateToCancel):
        cancel_order(actor=who.buyer, order_id=order.pk)


def test_a_filled_order_is_not_cancelled(who, market, order):
    place_order(actor=who.cooperative, market_id=market.pk, order=NewOrder("s1", "sell", 4_000, 10))
    execute_market(market.pk)
    with pytest.raises(TooLateToCancel):
        cancel_order(actor=who.buyer, order_id=order.pk)


def test_a_fill_that_comes_first_wins_over_the_cancel(who, market, order):
    place_order(actor=who.cooperative, market_id=market.pk, order=NewOrder("s1", "sell", 4_000, 10))
    cancel_order(actor=who.buyer, order_id=order.pk)
    execute_market(market.pk)
    order.refresh_from_db()
    assert (order.status, order.filled_t) == (Order.Status.FILLED, 10)


def test_an_order_is_its_organisations(who, market, order):
    for stranger in (who.other_buyer, who.cooperative, who.registrar):
        with pytest.raises((NotFound, NotAllowed)):
            cancel_order(actor=stranger, order_id=order.pk)
    with pytest.raises(NotFound):
        access_order_by_id(order_id=order.pk, actor=who.other_buyer)
    viewer = MembershipFactory(organisation=who.buyer.organisation, role=Membership.Role.VIEWER)
    with pytest.raises(NotAllowed):
        cancel_order(actor=viewer, order_id=order.pk)
    assert access_order_by_id(order_id=order.pk, actor=viewer) == order


def test_a_suspended_organisation_may_still_cancel(who, market, order):
    who.buyer.organisation.status = Organisation.Status.SUSPENDED
    who.buyer.organisation.save()
    assert cancel_order(actor=who.buyer, order_id=order.pk)


def test_cancels_are_taken_while_the_market_is_halted(who, market, order):
    execute_market(market.pk)
    halt_market(actor=who.registrar, market_id=market.pk, reason="Checking.")
    cancel_order(actor=who.buyer, order_id=order.pk)
    execute_market(market.pk)
    order.refresh_from_db()
    assert order.status == Order.Status.CANCELED


def test_open_orders_are_those_that_can_still_trade(who, market, order, django_assert_num_queries):
    other = place_order(actor=who.buyer, market_id=market.pk, order=NewOrder("b2", "buy", 4_000, 10))
    cancel_order(actor=who.buyer, order_id=order.pk)
    execute_market(market.pk)
    with django_assert_num_queries(2):
        assert [(row.pk, row.market.symbol) for row in orders_of(who.buyer.organisation)] == [
            (other.pk, market.symbol),
            (order.pk, market.symbol),
        ]
        assert list(open_orders_of(who.buyer.organisation, market)) == [other]


# Halts


def test_a_halt_and_a_resumption_are_recorded_and_take_effect_in_turn(who, market):
    halt_market(actor=who.registrar, market_id=market.pk, reason="  Checking.  ")
    market.refresh_from_db()
    assert market.state == Market.State.OPEN
    execute_market(market.pk)
    market.refresh_from_db()
    assert (market.state, market.halt_reason) == (Market.State.HALTED, "Checking.")
    resume_market(actor=who.registrar, market_id=market.pk)
    execute_market(market.pk)
    market.refresh_from_db()
    assert (market.state, market.halt_reason) == (Market.State.OPEN, "")
    kinds = Record.objects.filter(kind__startswith="market_").order_by("id").values_list("kind", flat=True)
    assert list(kinds) == ["market_opened", "market_halt_ordered", "market_resume_ordered"]


@pytest.mark.parametrize("reason", ["", "  ", "r" * 201, "\x00"])
def test_a_halt_has_a_reason_that_can_be_shown(who, market, reason):
    with pytest.raises(InvalidValue) as refusal:
        halt_market(actor=who.registrar, market_id=market.pk, reason=reason)
    assert refusal.value.field == "reason"
    assert not Instruction.objects.exists()


@pytest.mark.parametrize("stranger", ["buyer", "cooperative", "verifier", "treasurer", "auditor"])
def test_only_registrars_halt_and_resume(who, market, stranger):
    with pytest.raises(NotAllowed):
        halt_market(actor=getattr(who, stranger), market_id=market.pk, reason="No.")
    with pytest.raises(NotAllowed):
        resume_market(actor=getattr(who, stranger), market_id=market.pk)


def test_a_market_that_is_not_there_is_not_halted(who):
    with pytest.raises(NotFound):
        halt_market(actor=who.registrar, market_id=2**62, reason="No.")


def test_all_orders_are_cancelled_at_once_or_those_of_a_market_or_side(who, market):
    other = market_for(who, issue_to_cooperative(who, 100))
    pay_in(who, who.buyer, 10_000_000)
    for at, (where, side, actor) in enumerate(
        [(market, "buy", who.buyer), (market, "sell", who.cooperative), (other, "buy", who.buyer)] * 2
    ):
        price_fen = 3_900 if side == "buy" else 4_100
        place_order(actor=actor, market_id=where.pk, order=NewOrder(f"all-{at}", side, price_fen, 1))
    execute_market(market.pk)
    assert cancel_orders(actor=who.buyer, market_id=market.pk, side="sell") == 0
    assert cancel_orders(actor=who.buyer, market_id=market.pk) == 2
    # Those of the other market wait for their own market still: they are cancelled before they rest.
    assert cancel_orders(actor=who.buyer) == 2
    assert cancel_orders(actor=who.buyer) == 0
    for where in (market, other):
        execute_market(where.pk)
    statuses = Order.objects.values_list("organisation", "status").distinct()
    assert set(statuses) == {(who.buyer.organisation_id, "canceled"), (who.cooperative.organisation_id, "new")}


def test_a_viewer_cancels_nothing(who, market):
    viewer = MembershipFactory(organisation=who.buyer.organisation, role=Membership.Role.VIEWER)
    with pytest.raises(NotAllowed):
        cancel_orders(actor=viewer)
