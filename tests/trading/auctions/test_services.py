"""One-way auctions: put up, bid for, awarded once, unsold, called off, and what each moves, holds and gives back."""

import datetime as dt

import orjson
import pytest
import time_machine
from django.utils import timezone

from ledger.errors import InvalidValue, NotAllowed, NotFound
from ledger.journal.selectors import cash_account, holding_in
from ledger.models import Hold, Membership, Record
from tests.factories import MembershipFactory
from tests.scenes import issue_to_cooperative, market_for, pay_in
from trading.auctions.closing import close_auctions
from trading.auctions.entries import commitment
from trading.auctions.selectors import auction_by_id, auctions, filter_auctions, own_bids, shown_bids
from trading.auctions.services import announce_auction, cancel_auction, place_bid, withdraw_bid
from trading.auctions.terms import BidTerms, LotTerms
from trading.errors import (
    AuctionNotOpen,
    BelowMinimum,
    BelowReserve,
    BidBinds,
    BidNotStanding,
    DuplicateProposal,
    InsufficientCredits,
    InsufficientFunds,
    MarketHalted,
    OffLot,
    OffTick,
    TooManyProposals,
)
from trading.execution.reconciliation import reconcile
from trading.execution.services import execute_market
from trading.models import Bid, Instruction, OneWayAuction, Order, Trade
from trading.orders.phases import halt_market, resume_market

PAID_IN = 10_000_000
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def market(who):
    """Return a market with a taker's fee of 0.35 %, where quantities go by tens and prices by fives."""
    pay_in(who, who.buyer, PAID_IN)
    pay_in(who, who.other_buyer, PAID_IN)
    batch = issue_to_cooperative(who, 1_000)
    return market_for(who, batch, maker_fee_bps=10, taker_fee_bps=35, lot_size_t=10, tick_size_fen=5)


@pytest.fixture(autouse=True)
def _books_are_in_order(db):
    yield
    assert [result for result in reconcile() if not result.holds] == []


def lot(market, actor, name="l1", **changes):
    terms = {"quantity_t": 100, "reserve_price_fen": 3_000, "closes_at": timezone.now() + HOUR} | changes
    return announce_auction(actor=actor, market=market.symbol, terms=LotTerms(name, **terms)).auction


@pytest.fixture
def auction(who, market):
    return lot(market, who.cooperative)


def bid(auction, actor, price_fen, quantity_t, name=None):
    terms = BidTerms(name or f"b{Bid.objects.count()}", price_fen, quantity_t)
    return place_bid(actor=actor, auction_id=auction.pk, terms=terms).bid


def close(auction):
    with time_machine.travel(auction.closes_at):
        assert close_auctions() == 1
    auction.refresh_from_db()


def held(actor):
    return cash_account(actor.organisation).held


def state_of(*bids):
    return [(each.state, each.awarded_t, each.awarded_price_fen) for each in Bid.objects.filter(pk__in=[b.pk for b in bids]).order_by("id")]  # fmt: skip


# Put up


def test_a_lot_holds_its_tonnes_from_the_start(who, market, auction):
    assert holding_in(who.cooperative.organisation, market.asset).held == 100
    assert (auction.stage, auction.fee_bps, auction.least_bid_t, auction.hold.purpose) == (
        "open", 35, 10, Hold.Purpose.AUCTION,
    )  # fmt: skip


def test_the_same_id_is_the_same_lot(who, market):
    closes_at = timezone.now() + HOUR
    first, again = (lot(market, who.cooperative, closes_at=closes_at) for _ in range(2))
    assert first == again
    assert OneWayAuction.objects.count() == 1
    for change in ({"quantity_t": 110}, {"is_sealed": False}, {"least_bid_t": 20}, {"pricing": "pay_as_bid"}):
        with pytest.raises(DuplicateProposal):
            lot(market, who.cooperative, closes_at=closes_at, **change)


@pytest.mark.parametrize(
    ("change", "refusal", "field"),
    [
        ({"quantity_t": 0}, InvalidValue, "quantity_t"),
        ({"quantity_t": 95}, OffLot, "quantity_t"),
        ({"quantity_t": 1_010}, InsufficientCredits, "quantity_t"),
        ({"quantity_t": 100_000_010}, InvalidValue, "quantity_t"),
        ({"reserve_price_fen": 0}, InvalidValue, "reserve_price_fen"),
        ({"reserve_price_fen": 3_001}, OffTick, "reserve_price_fen"),
        ({"reserve_price_fen": 2**63}, InvalidValue, "reserve_price_fen"),
        ({"least_bid_t": 5}, OffLot, "least_bid_t"),
        ({"least_bid_t": 0}, InvalidValue, "least_bid_t"),
        ({"least_bid_t": 110}, InvalidValue, "least_bid_t"),
        ({"pricing": "dutch"}, InvalidValue, "pricing"),
        ({"closes_at": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}, InvalidValue, "closes_at"),
        ({"closes_at": dt.datetime(9000, 1, 1, tzinfo=dt.UTC)}, InvalidValue, "closes_at"),
        ({"closes_at": dt.datetime(2020, 1, 1)}, InvalidValue, "closes_at"),  # noqa: DTZ001
        ({"opens_at": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)}, InvalidValue, "opens_at"),
        ({"name": ""}, InvalidValue, "client_auction_id"),
    ],
)
def test_a_lot_outside_the_rules_is_refused(who, market, change, refusal, field):
    with pytest.raises(refusal) as refused:
        lot(market, who.cooperative, **change)
    assert refused.value.field == field
    assert not OneWayAuction.objects.exists()


def test_only_holders_of_the_credits_put_up_a_lot(who, market):
    with pytest.raises(InsufficientCredits):
        lot(market, who.buyer)
    viewer = MembershipFactory(organisation=who.cooperative.organisation, role=Membership.Role.VIEWER)
    for stranger in (who.verifier, who.registrar, who.auditor, viewer):
        with pytest.raises(NotAllowed):
            lot(market, stranger)


def test_there_is_a_limit_on_lots_and_on_bids(who, market, auction, monkeypatch):
    monkeypatch.setattr("trading.auctions.services.MOST_OPEN", 1)
    monkeypatch.setattr("trading.auctions.services.MOST_BIDS", 1)
    with pytest.raises(TooManyProposals):
        lot(market, who.cooperative, name="l2")
    bid(auction, who.buyer, 3_000, 10)
    with pytest.raises(TooManyProposals):
        bid(auction, who.buyer, 3_000, 10)
    bid(auction, who.other_buyer, 3_000, 10)


# Bids


def test_a_bid_deposits_its_whole_worst_case(who, auction):
    placed = bid(auction, who.buyer, 5_000, 40)
    assert held(who.buyer) == placed.hold.remaining == 200_000 + 700
    assert placed.hold.purpose == Hold.Purpose.SEALED_BID


def test_the_same_id_is_the_same_bid(who, market, auction):
    first, again = (bid(auction, who.buyer, 5_000, 40, "b") for _ in range(2))
    assert first == again
    other = lot(market, who.cooperative, name="l2")
    for step in (lambda: bid(auction, who.buyer, 5_005, 40, "b"), lambda: bid(other, who.buyer, 5_000, 40, "b")):
        with pytest.raises(DuplicateProposal):
            step()
    assert held(who.buyer) == 200_700


@pytest.mark.parametrize(
    ("price_fen", "quantity_t", "refusal", "field"),
    [
        (2_995, 20, BelowReserve, "price_fen"),
        (3_001, 20, OffTick, "price_fen"),
        (0, 20, InvalidValue, "price_fen"),
        (2**63, 20, InvalidValue, "price_fen"),
        (3_000, 10, BelowMinimum, "quantity_t"),
        (3_000, 25, OffLot, "quantity_t"),
        (3_000, 110, InvalidValue, "quantity_t"),
        (3_000, 0, InvalidValue, "quantity_t"),
        (200_000, 100, InsufficientFunds, "quantity_t"),
    ],
)
def test_a_bid_outside_the_rules_is_refused(who, market, price_fen, quantity_t, refusal, field):
    auction = lot(market, who.cooperative, least_bid_t=20)
    with pytest.raises(refusal) as refused:
        bid(auction, who.buyer, price_fen, quantity_t)
    assert refused.value.field == field
    assert held(who.buyer) == 0


def test_who_may_not_bid(who, auction):
    viewer = MembershipFactory(organisation=who.buyer.organisation, role=Membership.Role.VIEWER)
    for stranger in (who.cooperative, who.verifier, who.registrar, who.auditor, viewer):
        with pytest.raises(NotAllowed):
            bid(auction, stranger, 3_000, 10)
    with pytest.raises(NotFound):
        place_bid(actor=who.buyer, auction_id=0, terms=BidTerms("x", 3_000, 10))


def test_bids_come_between_opening_and_close_however_late_the_beat(who, market):
    auction = lot(market, who.cooperative, opens_at=timezone.now() + HOUR, closes_at=timezone.now() + 2 * HOUR)
    assert auction.stage == "announced"
    with pytest.raises(AuctionNotOpen):
        bid(auction, who.buyer, 3_000, 10)
    with time_machine.travel(auction.opens_at, tick=False):
        placed = bid(auction, who.buyer, 3_000, 10)
    with time_machine.travel(auction.closes_at, tick=False):
        assert auction.stage == "closing"
        for step in (
            lambda: bid(auction, who.buyer, 3_000, 10),
            lambda: withdraw_bid(actor=who.buyer, bid_id=placed.pk),
        ):
            with pytest.raises(AuctionNotOpen):
                step()
        assert close_auctions() == 1


def test_a_sealed_bid_can_be_taken_back_before_the_close(who, auction):
    placed = bid(auction, who.buyer, 5_000, 40)
    for stranger in (who.other_buyer, who.cooperative, who.registrar):
        with pytest.raises((NotFound, NotAllowed)):
            withdraw_bid(actor=stranger, bid_id=placed.pk)
    assert withdraw_bid(actor=who.buyer, bid_id=placed.pk).state == "withdrawn"
    assert held(who.buyer) == 0
    with pytest.raises(BidNotStanding):
        withdraw_bid(actor=who.buyer, bid_id=placed.pk)
    close(auction)
    assert auction.state == "unsold"


def test_a_bid_that_everyone_sees_binds(who, market):
    auction = lot(market, who.cooperative, is_sealed=False)
    placed = bid(auction, who.buyer, 5_000, 40)
    assert placed.hold.purpose == Hold.Purpose.BID
    assert list(shown_bids(auction)) == [placed]
    with pytest.raises(BidBinds):
        withdraw_bid(actor=who.buyer, bid_id=placed.pk)


# Sealed


def entries(kind):
    return [orjson.loads(bytes(entry)) for entry in Record.objects.filter(kind=kind).order_by("id").values_list("entry", flat=True)]  # fmt: skip


def test_nothing_tells_a_sealed_bid_before_the_close(who, auction):
    placed = bid(auction, who.buyer, 7_655, 70)
    assert not shown_bids(auction).exists()
    [entry] = entries("bid_placed")
    assert entry["body"] == {
        "auction": str(auction.pk),
        "bid": str(placed.pk),
        "organisation": str(who.buyer.organisation.public_id),
        "commitment": commitment(placed),
    }
    told = [bytes(entry) for entry in Record.objects.values_list("entry", flat=True)]
    assert not any(b"7655" in entry or placed.nonce.encode() in entry for entry in told)
    close(auction)
    assert list(shown_bids(auction)) == [placed]
    [revealed] = entries("bid_revealed")
    assert revealed["body"] | {"order": None} == {
        "auction": str(auction.pk),
        "bid": str(placed.pk),
        "organisation": str(who.buyer.organisation.public_id),
        "nonce": placed.nonce,
        "price_fen": 7_655,
        "quantity_t": 70,
        "awarded_t": 70,
        "awarded_price_fen": 7_655,
        "order": None,
    }


def test_a_cancelled_auction_s_bids_stay_sealed(who, auction):
    bid(auction, who.buyer, 7_655, 70)
    cancel_auction(actor=who.registrar, auction_id=auction.pk, reason="The lot is disputed.")
    auction.refresh_from_db()
    assert not shown_bids(auction).exists()
    told = [bytes(entry) for entry in Record.objects.values_list("entry", flat=True)]
    assert not any(b"7655" in entry for entry in told)


# Award


def test_an_award_settles_at_one_price_and_gives_back_the_rest(who, market, auction):
    low = bid(auction, who.buyer, 4_000, 60)
    high = bid(auction, who.other_buyer, 5_000, 50)
    late = bid(auction, who.other_buyer, 4_000, 20)
    close(auction)
    assert auction.state == "awarded"
    assert state_of(low, high, late) == [("won", 50, 4_000), ("won", 50, 4_000), ("lost", 0, None)]
    # What is not awarded is released at once; the difference of the prices with the settlement.
    assert (held(who.buyer), held(who.other_buyer)) == (200_000 + 700, 250_000 + 875)
    assert [result for result in reconcile() if not result.holds] == []
    assert execute_market(market.pk) == 1
    assert (held(who.buyer), held(who.other_buyer)) == (0, 0)
    trades = Trade.objects.order_by("id")
    assert [(each.price_fen, each.quantity_t, each.trading_mode, each.taker_side) for each in trades] == [
        (4_000, 50, "one_way_auction", "buy")
    ] * 2
    assert {(each.buyer_fee_fen, each.seller_fee_fen) for each in trades} == {(700, 700)}
    assert cash_account(who.cooperative.organisation).balance == 400_000 - 1_400
    assert cash_account(who.other_buyer.organisation).balance == PAID_IN - 200_700
    assert holding_in(who.buyer.organisation, market.asset).balance == 50
    sell = auction.sell_order
    assert (sell.status, sell.quantity_t, sell.filled_t, sell.price_fen) == ("filled", 100, 100, 3_000)
    assert [entry["body"]["sell_order"] for entry in entries("one_way_auction_awarded")] == [str(sell.pk)]


def test_a_lot_can_be_paid_as_bid_and_sold_in_part(who, market):
    auction = lot(market, who.cooperative, pricing="pay_as_bid")
    bid(auction, who.buyer, 4_000, 60)
    bid(auction, who.other_buyer, 5_000, 30)
    close(auction)
    execute_market(market.pk)
    assert list(Trade.objects.order_by("id").values_list("price_fen", "quantity_t")) == [(5_000, 30), (4_000, 60)]
    holding = holding_in(who.cooperative.organisation, market.asset)
    assert (holding.balance, holding.held) == (910, 0)


def test_a_lot_that_nobody_bid_for_goes_back(who, market, auction):
    close(auction)
    assert (auction.state, auction.sell_order) == ("unsold", None)
    assert holding_in(who.cooperative.organisation, market.asset).held == 0
    assert not Instruction.objects.exists()


def test_an_award_happens_once(who, market, auction):
    bid(auction, who.buyer, 4_000, 60)
    with time_machine.travel(auction.closes_at):
        assert [close_auctions() for _ in range(3)] == [1, 0, 0]
    assert Instruction.objects.filter(kind="agreed").count() == 1
    assert Order.objects.count() == 2


def test_nothing_is_awarded_early(who, auction):
    bid(auction, who.buyer, 4_000, 60)
    assert close_auctions() == 0
    with pytest.raises(NotAllowed):
        cancel_auction(actor=who.buyer, auction_id=auction.pk, reason="No.")


def test_a_halted_market_s_auctions_are_awarded_when_it_resumes(who, market, auction):
    bid(auction, who.buyer, 4_000, 60)
    halt_market(actor=who.registrar, market_id=market.pk, reason="Fog.")
    execute_market(market.pk)
    with pytest.raises(MarketHalted):
        bid(auction, who.other_buyer, 4_000, 60)
    with time_machine.travel(auction.closes_at):
        assert close_auctions() == 0
        resume_market(actor=who.registrar, market_id=market.pk)
        execute_market(market.pk)
        assert close_auctions() == 1
        execute_market(market.pk)
    assert Trade.objects.count() == 1


def test_a_halt_between_award_and_settlement_gives_everything_back(who, market, auction):
    bid(auction, who.buyer, 4_000, 60)
    bid(auction, who.other_buyer, 4_000, 60)
    halt_market(actor=who.registrar, market_id=market.pk, reason="Fog.")
    close(auction)
    execute_market(market.pk)
    assert set(Order.objects.values_list("status", "reason")) == {("rejected", "market_halted")}
    assert (held(who.buyer), held(who.other_buyer)) == (0, 0)
    assert holding_in(who.cooperative.organisation, market.asset).held == 0
    assert not Trade.objects.exists()


# Called off


def test_the_operator_calls_an_auction_off_with_a_reason(who, market, auction):
    placed = bid(auction, who.buyer, 4_000, 60)
    for stranger in (who.buyer, who.treasurer, who.auditor):
        with pytest.raises(NotAllowed):
            cancel_auction(actor=stranger, auction_id=auction.pk, reason="No.")
    for reason in ("", " ", "x" * 201, "\x00"):
        with pytest.raises(InvalidValue):
            cancel_auction(actor=who.registrar, auction_id=auction.pk, reason=reason)
    cancelled = cancel_auction(actor=who.registrar, auction_id=auction.pk, reason=" Disputed. ")
    assert (cancelled.state, cancelled.reason) == ("cancelled", "Disputed.")
    assert state_of(placed) == [("void", 0, None)]
    assert (held(who.buyer), holding_in(who.cooperative.organisation, market.asset).held) == (0, 0)
    with pytest.raises(AuctionNotOpen):
        cancel_auction(actor=who.registrar, auction_id=auction.pk, reason="Again.")
    with time_machine.travel(auction.closes_at):
        assert close_auctions() == 0


def test_the_seller_takes_a_lot_back_only_before_bids_are_taken(who, market, auction):
    with pytest.raises(AuctionNotOpen):
        cancel_auction(actor=who.cooperative, auction_id=auction.pk, reason="No.")
    later = lot(market, who.cooperative, name="l2", opens_at=timezone.now() + HOUR, closes_at=timezone.now() + 2 * HOUR)
    assert cancel_auction(actor=who.cooperative, auction_id=later.pk, reason="A mistake.").state == "cancelled"
    assert holding_in(who.cooperative.organisation, market.asset).held == 100


# Read


def test_auctions_are_found_by_what_they_show_as(who, market, auction):
    soon = auction.closes_at - HOUR / 2
    later = lot(market, who.cooperative, name="l2", opens_at=soon, closes_at=soon + HOUR)

    def shown(stage):
        return list(filter_auctions(auctions(), symbol=market.symbol, stage=stage))

    assert (shown("open"), shown("announced"), shown("closing")) == ([auction], [later], [])
    with time_machine.travel(auction.closes_at):
        assert (shown("closing"), shown("open")) == ([auction], [later])
        close_auctions()
        assert shown("unsold") == [auction]
    assert list(filter_auctions(auctions(), symbol="NONE", stage=None)) == []


def test_reads_take_one_query(who, auction, django_assert_num_queries):
    placed = bid(auction, who.buyer, 4_000, 60)
    with django_assert_num_queries(1):
        found = auction_by_id(auction.pk)
        assert (found.market.symbol, found.seller) == (auction.market.symbol, who.cooperative.organisation)
    with django_assert_num_queries(1):
        assert [(each.pk, each.auction.market.symbol) for each in own_bids(who.buyer.organisation)] == [
            (placed.pk, auction.market.symbol)
        ]
