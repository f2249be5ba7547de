"""Offers of block trades: made, countered, accepted, declined, withdrawn and expired, and what each moves and holds."""

import datetime as dt

import pytest
import time_machine
from django.utils import timezone

from ledger.errors import InvalidValue, NotAllowed, NotFound, OrganisationNotApproved
from ledger.journal.selectors import cash_account, holding_in
from ledger.models import Hold, Membership, Organisation, Record
from tests.factories import MembershipFactory, OrganisationFactory
from tests.scenes import issue_to_cooperative, market_for, pay_in
from trading.blocks.selectors import access_offer_by_id, filter_offers, find_party, negotiation, seen_by
from trading.blocks.services import (
    accept_offer,
    counter_offer,
    decline_offer,
    expire_offers,
    make_offer,
    withdraw_offer,
)
from trading.blocks.terms import OfferTerms
from trading.errors import (
    BelowMinimum,
    DuplicateProposal,
    InsufficientCredits,
    InsufficientFunds,
    MarketHalted,
    OfferNotOpen,
    OffLot,
    OffTick,
    OutsideBand,
    TooManyProposals,
    UnknownParty,
)
from trading.execution.reconciliation import reconcile
from trading.execution.services import execute_market
from trading.models import BlockOffer, ExecutedInstruction, Order, Trade
from trading.orders.phases import halt_market, resume_market
from trading.orders.rules import change_market
from trading.orders.services import NewOrder, place_order

PAID_IN = 10_000_000
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def market(who):
    """Return a market with a maker's fee of 0.1 % and a taker's of 0.35 %."""
    pay_in(who, who.buyer, PAID_IN)
    pay_in(who, who.other_buyer, PAID_IN)
    return market_for(who, issue_to_cooperative(who, 1_000), maker_fee_bps=10, taker_fee_bps=35)


@pytest.fixture(autouse=True)
def _books_are_in_order(db):
    yield
    assert [result for result in reconcile() if not result.holds] == []


def terms(name="o1", price_fen=5_000, quantity_t=100, **changes):
    return OfferTerms(name, price_fen, quantity_t, changes.get("expires_at") or timezone.now() + HOUR)


def offer_to(market, actor, counterparty, side="buy", **changes):
    named = counterparty.organisation.name
    return make_offer(actor=actor, market=market.symbol, counterparty=named, side=side, terms=terms(**changes)).offer


def change(who, market, **rules):
    change_market(actor=who.registrar, market_id=market.pk, reason="As agreed.", **rules)


@pytest.fixture
def offer(who, market):
    return offer_to(market, who.buyer, who.cooperative)


def held(actor):
    account = cash_account(actor.organisation)
    return account.held if account else 0


def kinds():
    return list(Record.objects.filter(kind__startswith="block_").order_by("id").values_list("kind", flat=True))


# Made


def test_an_offer_holds_its_worst_case(who, market, offer):
    assert (offer.state, offer.fee_bps, offer.hold.purpose) == ("open", 35, Hold.Purpose.BLOCK_OFFER)
    assert held(who.buyer) == offer.hold.remaining == 500_000 + 1_750
    assert kinds() == ["block_offered"]
    assert not Order.objects.exists()


def test_an_offer_to_sell_holds_tonnes(who, market):
    offer_to(market, who.cooperative, who.buyer, side="sell")
    assert holding_in(who.cooperative.organisation, market.asset).held == 100


def test_the_same_id_is_the_same_offer(who, market):
    at = timezone.now() + HOUR
    first, again = (offer_to(market, who.buyer, who.cooperative, expires_at=at) for _ in range(2))
    assert first == again
    assert held(who.buyer) == 501_750
    with pytest.raises(DuplicateProposal):
        offer_to(market, who.buyer, who.cooperative, expires_at=at, price_fen=5_001)
    with pytest.raises(DuplicateProposal):
        offer_to(market, who.buyer, who.other_buyer, expires_at=at)


@pytest.mark.parametrize(
    ("wrong", "refusal", "field"),
    [
        ({"price_fen": 2_799}, OutsideBand, "price_fen"),
        ({"price_fen": 5_201}, OutsideBand, "price_fen"),
        ({"price_fen": 0}, InvalidValue, "price_fen"),
        ({"price_fen": 2**63}, InvalidValue, "price_fen"),
        ({"quantity_t": 0}, InvalidValue, "quantity_t"),
        ({"quantity_t": 100_000_001}, InvalidValue, "quantity_t"),
        ({"quantity_t": 49}, BelowMinimum, "quantity_t"),
        ({"name": ""}, InvalidValue, "client_offer_id"),
        ({"name": "x" * 65}, InvalidValue, "client_offer_id"),
        ({"name": "\x00"}, InvalidValue, "client_offer_id"),
        ({"side": "both"}, InvalidValue, "side"),
        ({"quantity_t": 10_000}, InsufficientFunds, "quantity_t"),
    ],
)
def test_an_offer_outside_the_rules_is_refused(who, market, wrong, refusal, field):
    change(who, market, block_minimum_t=50)
    execute_market(market.pk)
    with pytest.raises(refusal) as refused:
        offer_to(market, who.buyer, who.cooperative, **wrong)
    assert refused.value.field == field
    assert held(who.buyer) == 0


@pytest.mark.parametrize(("wrong", "refusal"), [({"price_fen": 5_001}, OffTick), ({"quantity_t": 55}, OffLot)])
def test_an_offer_keeps_to_the_market_s_steps(who, market, wrong, refusal):
    coarse = market_for(who, issue_to_cooperative(who, 1_000), tick_size_fen=5, lot_size_t=10)
    with pytest.raises(refusal):
        offer_to(coarse, who.buyer, who.cooperative, **wrong)


@pytest.mark.parametrize("price_fen", [2_800, 5_200])
def test_the_band_of_block_trades_is_wider_than_the_book_s(who, market, price_fen):
    assert offer_to(market, who.buyer, who.cooperative, price_fen=price_fen).price_fen == price_fen


@pytest.mark.parametrize("after", [dt.timedelta(0), -HOUR, dt.timedelta(days=31)])
def test_an_offer_ends_within_bounds(who, market, after):
    with pytest.raises(InvalidValue) as refused:
        offer_to(market, who.buyer, who.cooperative, expires_at=timezone.now() + after)
    assert refused.value.field == "expires_at"


def test_a_seller_without_the_tonnes_is_refused(who, market):
    with pytest.raises(InsufficientCredits):
        offer_to(market, who.buyer, who.cooperative, side="sell")


def test_the_other_party_is_another_approved_holder(who, market):
    OrganisationFactory(status="applied", name="新来")
    for named in (who.buyer.organisation.name, who.verifier.organisation.name, "新来", "nobody", "", "\x00"):
        with pytest.raises(UnknownParty):
            find_party(named, actor=who.buyer)
    seller = who.cooperative.organisation
    for named in (seller.name, f" {seller.name_en} ", str(seller.public_id)):
        assert find_party(named, actor=who.buyer) == seller
    OrganisationFactory(name_en=seller.name_en)
    with pytest.raises(UnknownParty):
        find_party(seller.name_en, actor=who.buyer)


@pytest.mark.parametrize("stranger", ["verifier", "registrar", "treasurer", "auditor"])
def test_only_holders_offer(who, market, stranger):
    with pytest.raises(NotAllowed):
        offer_to(market, getattr(who, stranger), who.cooperative)


def test_viewers_do_not_offer_and_neither_do_the_suspended(who, market):
    viewer = MembershipFactory(organisation=who.buyer.organisation, role=Membership.Role.VIEWER)
    with pytest.raises(NotAllowed):
        offer_to(market, viewer, who.cooperative)
    who.buyer.organisation.status = Organisation.Status.SUSPENDED
    with pytest.raises(OrganisationNotApproved):
        offer_to(market, who.buyer, who.cooperative)


def test_a_halted_market_takes_no_offers(who, market, offer):
    halt_market(actor=who.registrar, market_id=market.pk, reason="Fog.")
    execute_market(market.pk)
    for step in (lambda: offer_to(market, who.buyer, who.cooperative, name="o2"), lambda: accept(who, offer)):
        with pytest.raises(MarketHalted):
            step()
    assert withdraw_offer(actor=who.buyer, offer_id=offer.pk).state == "withdrawn"


def test_there_is_a_limit_on_open_offers(who, market, monkeypatch):
    monkeypatch.setattr("trading.blocks.services.MOST_OPEN", 1)
    offer_to(market, who.buyer, who.cooperative)
    with pytest.raises(TooManyProposals):
        offer_to(market, who.buyer, who.cooperative, name="o2")


# Seen


def test_nobody_but_the_two_sees_an_offer(who, market, offer, django_assert_num_queries):
    for party in (who.buyer, who.cooperative):
        with django_assert_num_queries(1):
            assert access_offer_by_id(offer_id=offer.pk, actor=party) == offer
    for stranger in (who.other_buyer, who.registrar, who.auditor, who.verifier):
        assert not seen_by(stranger.organisation).exists()
        with pytest.raises(NotFound):
            access_offer_by_id(offer_id=offer.pk, actor=stranger)
        for step in (accept_offer, decline_offer, withdraw_offer):
            with pytest.raises((NotFound, NotAllowed)):
                step(actor=stranger, offer_id=offer.pk)


# Accepted


def accept(who, offer):
    return accept_offer(actor=who.cooperative, offer_id=offer.pk)


def test_an_accepted_offer_settles_as_it_says_and_both_pay_the_same_fee(who, market, offer):
    accepted = accept(who, offer)
    assert (accepted.state, accepted.outcome) == ("accepted", "accepted")
    buy, sell = accepted.buy_order, accepted.sell_order
    assert {(order.trading_mode, order.status, order.time_in_force) for order in (buy, sell)} == {
        ("block_trade", "pending_new", "fok")
    }
    assert (held(who.buyer), holding_in(who.cooperative.organisation, market.asset).held) == (501_750, 100)
    assert [result for result in reconcile() if not result.holds] == []
    assert execute_market(market.pk) == 1
    trade = Trade.objects.get()
    assert (trade.trading_mode, trade.price_fen, trade.quantity_t, trade.taker_side) == (
        "block_trade", 5_000, 100, "sell",
    )  # fmt: skip
    assert (trade.buy_order, trade.sell_order) == (buy, sell)
    assert (trade.buyer_fee_fen, trade.seller_fee_fen) == (1_750, 1_750)
    assert cash_account(who.buyer.organisation).balance == PAID_IN - 501_750
    assert cash_account(who.cooperative.organisation).balance == 500_000 - 1_750
    assert holding_in(who.buyer.organisation, market.asset).balance == 100
    assert held(who.buyer) == 0
    assert access_offer_by_id(offer_id=offer.pk, actor=who.buyer).outcome == "settled"
    assert kinds() == ["block_offered", "block_accepted"]


def test_a_block_trade_does_not_touch_the_book(who, market, offer):
    resting = place_order(actor=who.cooperative, market_id=market.pk, order=NewOrder("s", "sell", 4_000, 5))
    execute_market(market.pk)
    accept(who, offer)
    execute_market(market.pk)
    place_order(actor=who.other_buyer, market_id=market.pk, order=NewOrder("b", "buy", 4_000, 5))
    execute_market(market.pk)
    resting.refresh_from_db()
    assert (resting.status, resting.sequence) == ("filled", 1)
    assert list(Trade.objects.order_by("id").values_list("trading_mode", "quantity_t")) == [
        ("block_trade", 100), ("listing", 5),
    ]  # fmt: skip


def test_who_accepts_needs_what_it_gives(who, market):
    offer = offer_to(market, who.buyer, who.cooperative, quantity_t=1_001)
    with pytest.raises(InsufficientCredits):
        accept(who, offer)
    offer.refresh_from_db()
    assert offer.state == "open"


def test_only_the_named_party_decides(who, market, offer):
    for step in (accept_offer, decline_offer):
        with pytest.raises(NotAllowed):
            step(actor=who.buyer, offer_id=offer.pk)
    with pytest.raises(NotAllowed):
        withdraw_offer(actor=who.cooperative, offer_id=offer.pk)
    viewer = MembershipFactory(organisation=who.cooperative.organisation, role=Membership.Role.VIEWER)
    for step in (accept_offer, decline_offer):
        with pytest.raises(NotAllowed):
            step(actor=viewer, offer_id=offer.pk)


def test_rules_of_the_day_apply_when_it_is_accepted(who, market, offer):
    change(who, market, block_band_percent=20)
    execute_market(market.pk)
    with pytest.raises(OutsideBand):
        accept(who, offer)


def test_the_fee_is_the_one_that_was_shown(who, market, offer):
    change(who, market, taker_fee_bps=50)
    execute_market(market.pk)
    change(who, market, taker_fee_bps=0, maker_fee_bps=0)
    accept(who, offer)
    # The books are in order also while it waits, and where there are no fees any more when its turn comes.
    assert [result for result in reconcile() if not result.holds] == []
    execute_market(market.pk)
    assert (Trade.objects.get().buyer_fee_fen, Trade.objects.get().seller_fee_fen) == (1_750, 1_750)


def test_a_suspended_proposer_s_offer_is_not_accepted(who, market, offer):
    Organisation.objects.filter(pk=who.buyer.organisation_id).update(status="suspended")
    with pytest.raises(OrganisationNotApproved):
        accept(who, offer)
    Organisation.objects.filter(pk=who.buyer.organisation_id).update(status="approved")


def test_a_halt_that_comes_first_rejects_both_orders(who, market, offer):
    halt_market(actor=who.registrar, market_id=market.pk, reason="Fog.")
    accepted = accept(who, offer)
    execute_market(market.pk)
    for order in (accepted.buy_order, accepted.sell_order):
        order.refresh_from_db()
        assert (order.status, order.reason, order.hold.remaining) == ("rejected", "market_halted", 0)
    assert (held(who.buyer), holding_in(who.cooperative.organisation, market.asset).held) == (0, 0)
    assert access_offer_by_id(offer_id=offer.pk, actor=who.buyer).outcome == "rejected"
    assert not Trade.objects.exists()
    resume_market(actor=who.registrar, market_id=market.pk)
    execute_market(market.pk)


def test_the_instruction_says_all_that_a_replay_needs(who, market, offer):
    accepted = accept(who, offer)
    execute_market(market.pk)
    executed = ExecutedInstruction.objects.get()
    assert (executed.kind, executed.order_id) == ("agreed", None)
    assert f'"buy":{accepted.buy_order_id}' in executed.content
    assert '"maker":"buy"' in executed.content


# Decided otherwise


def test_a_counter_takes_the_place_of_what_it_answers(who, market, offer):
    answer = counter_offer(actor=who.cooperative, offer_id=offer.pk, terms=terms("c1", 5_100, 50)).offer
    offer.refresh_from_db()
    assert (offer.state, offer.hold.remaining, held(who.buyer)) == ("countered", 0, 0)
    assert (answer.side, answer.replaces, answer.fee_bps) == ("sell", offer, 35)
    assert holding_in(who.cooperative.organisation, market.asset).held == 50
    with pytest.raises(OfferNotOpen):
        accept(who, offer)
    back = counter_offer(actor=who.buyer, offer_id=answer.pk, terms=terms("c2", 5_050, 60)).offer
    assert [each.pk for each in negotiation(answer)] == [offer.pk, answer.pk, back.pk]
    accept_offer(actor=who.cooperative, offer_id=back.pk)
    execute_market(market.pk)
    assert Trade.objects.get().value_fen == 5_050 * 60
    assert kinds() == [
        "block_offered", "block_countered", "block_offered", "block_countered", "block_offered", "block_accepted",
    ]  # fmt: skip


def test_a_counter_sent_twice_is_one(who, market, offer):
    wanted = terms("c1", 5_100, 50)
    first, again = (counter_offer(actor=who.cooperative, offer_id=offer.pk, terms=wanted) for _ in range(2))
    assert (first.offer, first.replayed, again.replayed) == (again.offer, False, True)


def test_a_counter_that_is_refused_leaves_the_offer_open(who, market, offer):
    with pytest.raises(OutsideBand):
        counter_offer(actor=who.cooperative, offer_id=offer.pk, terms=terms("c1", 9_000, 50))
    with pytest.raises(InsufficientCredits):
        counter_offer(actor=who.cooperative, offer_id=offer.pk, terms=terms("c1", 5_000, 1_001))
    with pytest.raises(NotAllowed):
        counter_offer(actor=who.buyer, offer_id=offer.pk, terms=terms("c1"))
    offer.refresh_from_db()
    assert offer.state == "open"


@pytest.mark.parametrize("step", ["decline", "withdraw"])
def test_an_offer_that_is_over_gives_back_what_it_held(who, market, offer, step):
    if step == "decline":
        decline_offer(actor=who.cooperative, offer_id=offer.pk)
    else:
        withdraw_offer(actor=who.buyer, offer_id=offer.pk)
    assert held(who.buyer) == 0
    for again in (lambda: accept(who, offer), lambda: withdraw_offer(actor=who.buyer, offer_id=offer.pk)):
        with pytest.raises(OfferNotOpen):
            again()


def test_an_offer_expires_once_and_a_late_beat_changes_nothing(who, market, offer):
    with time_machine.travel(offer.expires_at, tick=False):
        for step in (
            lambda: accept(who, offer),
            lambda: counter_offer(actor=who.cooperative, offer_id=offer.pk, terms=terms("c1")),
            lambda: withdraw_offer(actor=who.buyer, offer_id=offer.pk),
        ):
            with pytest.raises(OfferNotOpen):
                step()
        assert access_offer_by_id(offer_id=offer.pk, actor=who.buyer).outcome == "expired"
        assert (expire_offers(), expire_offers()) == (1, 0)
    offer.refresh_from_db()
    assert (offer.state, offer.decided_by, held(who.buyer)) == ("expired", None, 0)
    assert kinds() == ["block_offered", "block_expired"]


def test_the_beat_leaves_open_what_is_not_over(who, market, offer):
    assert expire_offers() == 0
    offer.refresh_from_db()
    assert offer.state == "open"


def test_offers_are_found_by_what_they_show_as(who, market, offer):
    def shown(outcome):
        return list(filter_offers(seen_by(who.buyer.organisation), symbol=market.symbol, outcome=outcome))

    assert shown("open") == [offer]
    accept(who, offer)
    assert (shown("open"), shown("accepted"), shown("settled")) == ([], [offer], [])
    execute_market(market.pk)
    assert (shown("accepted"), shown("settled"), shown("rejected"), shown("expired")) == ([], [offer], [], [])
    assert list(filter_offers(seen_by(who.buyer.organisation), symbol="NONE", outcome=None)) == []
    assert BlockOffer.objects.count() == 1
