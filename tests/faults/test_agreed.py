"""What goes wrong between two parties' decisions and their settlement: races with controls, late and doubled beats, a worker
that is killed. After each: all invariants hold, nothing lost, nothing doubled."""

import contextlib
import datetime as dt
from collections import Counter

import pytest
import time_machine

from ledger.errors import HoldChanged
from ledger.journal.selectors import cash_account
from tests.racing import Meeting, race, unlocked
from tests.scenes import bid_for, issue_to_cooperative, market_for, offer_block, pay_in, put_up_lot
from trading.auctions import closing
from trading.auctions.closing import close_auctions
from trading.auctions.services import cancel_auction, withdraw_bid
from trading.blocks.services import accept_offer, counter_offer, decline_offer, expire_offers, withdraw_offer
from trading.blocks.terms import OfferTerms
from trading.errors import AuctionNotOpen, OfferNotOpen
from trading.execution import writing
from trading.execution.reconciliation import reconcile
from trading.execution.services import execute_market
from trading.models import Bid, BlockOffer, Instruction, OneWayAuction, Order, Trade
from trading.tasks import award_auctions, expire_block_offers

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _nobody_is_woken(monkeypatch):
    """No worker runs here: what is executed, is executed by the test."""
    monkeypatch.setattr("trading.orders.agreed.wake_after_commit", lambda market: None)


def broken():
    return [result for result in reconcile() if not result.holds]


def kinds(outcomes):
    return Counter(type(outcome) for outcome in outcomes)


@pytest.fixture
def market(who):
    pay_in(who, who.buyer, 1_000_000)
    pay_in(who, who.other_buyer, 1_000_000)
    return market_for(who, issue_to_cooperative(who, 1_000), taker_fee_bps=20)


@pytest.fixture
def offer(who, market):
    return offer_block(who.buyer, who.cooperative, market, "o")


def answer_to(who, offer):
    terms = OfferTerms("c", 4_400, 10, offer.expires_at + dt.timedelta(hours=1))
    return counter_offer(actor=who.cooperative, offer_id=offer.pk, terms=terms)


def test_of_two_acceptances_one_wins(who, market, offer):
    outcomes = race(*[lambda: accept_offer(actor=who.cooperative, offer_id=offer.pk)] * 3)
    assert kinds(outcomes) == {BlockOffer: 1, OfferNotOpen: 2}
    assert (Order.objects.count(), Instruction.objects.count()) == (2, 1)
    execute_market(market.pk)
    assert Trade.objects.count() == 1
    assert broken() == []


def test_control_without_locks_an_offer_is_accepted_twice_but_for_the_hold(who, market, offer):
    """Only the hold, which can be released once, stands in the way of the second."""
    meeting = Meeting()
    outcomes = race(*[unlocked(lambda: accept_offer(actor=who.cooperative, offer_id=offer.pk), meeting)] * 2)
    assert meeting.met
    assert kinds(outcomes) == {BlockOffer: 1, HoldChanged: 1}


@pytest.mark.parametrize("rival", ["withdraw", "decline", "counter"])
def test_of_an_acceptance_and_another_decision_one_wins(who, market, offer, rival):
    steps = {
        "withdraw": lambda: withdraw_offer(actor=who.buyer, offer_id=offer.pk),
        "decline": lambda: decline_offer(actor=who.cooperative, offer_id=offer.pk),
        "counter": lambda: answer_to(who, offer),
    }
    outcomes = race(lambda: accept_offer(actor=who.cooperative, offer_id=offer.pk), steps[rival])
    assert kinds(outcomes)[OfferNotOpen] == 1
    execute_market(market.pk)
    offer.refresh_from_db()
    assert Trade.objects.count() == (offer.state == "accepted")
    assert broken() == []


def test_beats_at_the_same_moment_expire_an_offer_once(who, market, offer):
    with time_machine.travel(offer.expires_at):
        outcomes = race(*[expire_offers] * 3)
    assert sum(outcomes) == 1
    assert cash_account(who.buyer.organisation).held == 0
    assert broken() == []


def test_one_offer_s_id_at_the_same_moment_is_one_offer(who, market):
    with time_machine.travel(dt.datetime.now(dt.UTC), tick=False):
        outcomes = race(*[lambda: offer_block(who.buyer, who.cooperative, market, "same")] * 3)
    assert len({offer.pk for offer in outcomes}) == 1
    assert broken() == []


@pytest.fixture
def auction(who, market):
    auction = put_up_lot(who.cooperative, market, "l")
    bid_for(who.buyer, auction, "b1", quantity_t=8)
    bid_for(who.other_buyer, auction, "b2", quantity_t=8)
    return auction


def test_beats_at_the_same_moment_award_an_auction_once(who, market, auction):
    with time_machine.travel(auction.closes_at):
        outcomes = race(*[close_auctions] * 3)
    assert sum(outcomes) == 1
    assert Instruction.objects.filter(kind="agreed").count() == 1
    execute_market(market.pk)
    assert Trade.objects.count() == 2
    assert broken() == []


def test_control_without_the_lock_only_the_holds_refuse_a_second_award(who, market, auction, monkeypatch):
    meeting = Meeting()

    def unlocked_auction(auction_id):
        found = OneWayAuction.objects.select_related("market__asset", "seller", "hold").get(pk=auction_id)
        meeting.wait()
        return found

    monkeypatch.setattr(closing, "lock_due", unlocked_auction)
    with time_machine.travel(auction.closes_at):
        outcomes = race(*[close_auctions] * 2)
    assert meeting.met
    assert kinds(outcomes) == {int: 1, HoldChanged: 1}


def test_an_award_and_a_cancellation_are_one(who, market, auction):
    with time_machine.travel(auction.closes_at):
        outcomes = race(
            close_auctions,
            lambda: cancel_auction(actor=who.registrar, auction_id=auction.pk, reason="Disputed."),
        )
    auction.refresh_from_db()
    assert (auction.state == "awarded") == isinstance(outcomes[1], AuctionNotOpen)
    execute_market(market.pk)
    assert Trade.objects.count() == (2 if auction.state == "awarded" else 0)
    assert broken() == []


def test_bids_and_withdrawals_beside_each_other_keep_the_books(who, market, auction):
    def bids(actor, name):
        for at in range(5):
            bid = bid_for(actor, auction, f"{name}{at}", quantity_t=1)
            if at % 2:
                withdraw_bid(actor=actor, bid_id=bid.pk)

    outcomes = race(lambda: bids(who.buyer, "x"), lambda: bids(who.other_buyer, "y"), lambda: bids(who.buyer, "z"))
    assert outcomes == [None] * 3
    assert broken() == []
    assert Bid.objects.filter(state="withdrawn").count() == 6


def test_a_beat_that_comes_late_or_twice_changes_nothing(who, market, auction, offer):
    for days in (1, 1, 20):
        with time_machine.travel(auction.closes_at + dt.timedelta(days=days)):
            award_auctions()
            expire_block_offers()
            execute_market(market.pk)
    auction.refresh_from_db()
    offer.refresh_from_db()
    assert (auction.state, offer.state) == ("awarded", "expired")
    assert Trade.objects.count() == 2
    assert broken() == []


class Killed(BaseException):
    """The worker is gone in the middle of its work."""


@pytest.mark.parametrize("where", ["_write_orders", "settle", "_write_trades", "_record_instructions"])
def test_a_worker_killed_between_award_and_settlement_loses_nothing(who, market, auction, monkeypatch, where):
    with time_machine.travel(auction.closes_at):
        close_auctions()
    with monkeypatch.context() as patch:

        def die(*_arguments):
            raise Killed

        patch.setattr(writing, where, die)
        with contextlib.suppress(Killed):
            execute_market(market.pk)
    assert not Trade.objects.exists()
    assert set(Order.objects.values_list("status", flat=True)) == {"pending_new"}
    assert broken() == []
    execute_market(market.pk)
    execute_market(market.pk)
    assert Trade.objects.count() == 2
    assert cash_account(who.buyer.organisation).held == 0
    assert broken() == []


def test_a_beat_killed_in_the_middle_of_an_award_has_done_nothing(who, market, auction, monkeypatch):
    with monkeypatch.context() as patch, time_machine.travel(auction.closes_at):

        def die(*_arguments):
            raise Killed

        patch.setattr("trading.auctions.closing.decide_auction", die)
        with contextlib.suppress(Killed):
            close_auctions()
    auction.refresh_from_db()
    assert (auction.state, Order.objects.count()) == ("open", 0)
    assert broken() == []
    with time_machine.travel(auction.closes_at):
        assert close_auctions() == 1
    assert OneWayAuction.objects.get().state == "awarded"
    execute_market(market.pk)
    assert broken() == []
