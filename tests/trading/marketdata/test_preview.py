"""What a preview says of an order is what the market then does with it, where nothing happens in between."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from ledger.errors import DomainError, NotAllowed, OrganisationNotApproved
from ledger.models import Account, Hold, Membership, Organisation
from tests.factories import MembershipFactory
from tests.scenes import People, issue_to_cooperative, market_for, pay_in, people
from trading.errors import InsufficientCredits, InsufficientFunds, MarketHalted, OffLot, OutsideBand, OverLimit
from trading.execution.services import execute_market
from trading.marketdata import preview
from trading.marketdata.preview import Fill, Preview, preview_order
from trading.markets.limits import set_limit
from trading.models import Instruction, Market, Order, Trade
from trading.orders.phases import SYSTEM, halt_market, instruct
from trading.orders.services import place_order, place_orders
from trading.orders.terms import NewOrder

PRICES, TONNES = st.integers(3_996, 4_004), st.integers(1, 12)
TERMS = st.one_of(
    st.just({}),
    st.fixed_dictionaries({"time_in_force": st.sampled_from(["ioc", "fok", "day"])}),
    st.just({"order_type": "market"}),
    st.just({"post_only": True}),
)
MODES = st.sampled_from(["cancel_newest", "cancel_oldest", "cancel_both", "decrement"])
ACTORS = st.sampled_from(["cooperative", "buyer", "other_buyer"])
ENTRIES = st.tuples(ACTORS, st.sampled_from(["buy", "sell"]), PRICES, TONNES, TERMS, MODES)


class Floor:
    """A market with its people, all of whom can buy and sell."""

    def __init__(self) -> None:
        self.who: People = people()
        self.market = market_for(self.who, issue_to_cooperative(self.who, 1_000), maker_fee_bps=3, taker_fee_bps=37)
        for actor in (self.who.cooperative, self.who.buyer, self.who.other_buyer):
            pay_in(self.who, actor, 30_000_000)
        for number, buyer in enumerate((self.who.buyer, self.who.other_buyer)):
            self.enter(self.who.cooperative, NewOrder(f"seed {number}", "sell", 4_000, 200))
            self.enter(buyer, NewOrder(f"seed {number}", "buy", 4_000, 200))
        self.entered = 0

    def enter(self, actor: Membership, order: NewOrder) -> Order:
        placed = place_order(actor=actor, market_id=self.market.pk, order=order)
        execute_market(self.market.pk)
        placed.refresh_from_db()
        return placed

    def order(self, side: str, price_fen: int, quantity_t: int, terms: dict[str, Any], mode: str) -> NewOrder:
        self.entered += 1
        price = None if terms.get("order_type") == "market" else price_fen
        return NewOrder(f"o{self.entered}", side, price, quantity_t, self_trade_mode=mode, **terms)


def what_came(floor: Floor, order: Order, last_trade: int) -> tuple[list[Fill], int]:
    """Return what an order has traded at which price, and the fees that its side paid."""
    at_price: dict[int, int] = {}
    fee = 0
    for trade in Trade.objects.filter(market=floor.market, pk__gt=last_trade).order_by("pk"):
        at_price[trade.price_fen] = at_price.get(trade.price_fen, 0) + trade.quantity_t
        fee += trade.buyer_fee_fen if order.side == "buy" else trade.seller_fee_fen
    return [Fill(*pair) for pair in at_price.items()], fee


class PreviewTests(TestCase):  # type: ignore[misc]
    def asked(self, actor: Membership, market: Market, new: NewOrder) -> tuple[Preview | None, DomainError | None]:
        """Return what is said of an order, or its refusal."""
        try:
            return preview_order(actor=actor, market=market, order=new), None
        except DomainError as refusal:
            return None, refusal

    @settings(max_examples=12, deadline=None)
    @given(entries=st.lists(ENTRIES, min_size=2, max_size=14))
    def test_what_is_said_is_what_happens(self, entries: list[Any]) -> None:
        floor = Floor()
        for name, *terms in entries:
            actor, new = getattr(floor.who, name), floor.order(*terms)
            market = Market.objects.get(pk=floor.market.pk)
            last_trade = Trade.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
            said, refusal = self.asked(actor, market, new)
            if said is None:
                (result,) = place_orders(actor=actor, market_id=market.pk, orders=[new])
                assert type(result.error) is type(refusal)
                continue
            order = floor.enter(actor, new)
            assert said.is_whole
            assert (said.fills, said.fee_fen) == what_came(floor, order, last_trade)
            assert said.filled_t == order.filled_t
            assert said.rests_t == (order.remaining_t if order.is_open else 0)
            assert said.reason == order.reason
            if order.is_open:
                held = Hold.objects.get(pk=order.hold_id).remaining
                assert held == said.cover.needed or said.filled_t or order.decremented_t


@pytest.fixture
def floor(db):
    return Floor()


def said_of(floor, actor, order):
    return preview_order(actor=actor, market=Market.objects.get(pk=floor.market.pk), order=order)


def test_an_order_that_crosses_says_levels_average_fee_and_what_rests(floor, django_assert_num_queries):
    floor.enter(floor.who.cooperative, NewOrder("s1", "sell", 4_010, 5))
    floor.enter(floor.who.other_buyer, NewOrder("s2", "sell", 4_020, 5))
    floor.market.refresh_from_db()
    with django_assert_num_queries(3):
        said = preview_order(actor=floor.who.buyer, market=floor.market, order=NewOrder("b", "buy", 4_020, 12))
    assert said.fills == [Fill(4_010, 5), Fill(4_020, 5)]
    assert (said.filled_t, said.rests_t, said.ended_t, said.average_fen) == (10, 2, 0, 4_015)
    assert said.fee_fen == 74 + 74
    assert said.total_fen == 20_050 + 20_100 + 148
    assert said.cover.needed == 4_020 * 12 + 178


def test_nothing_is_written_by_asking(floor):
    floor.enter(floor.who.cooperative, NewOrder("s1", "sell", 4_010, 5))
    before = (Order.objects.count(), Hold.objects.count(), Instruction.objects.count())
    held = list(Account.objects.order_by("pk").values_list("held", flat=True))
    said_of(floor, floor.who.buyer, NewOrder("b", "buy", 4_010, 5))
    assert (Order.objects.count(), Hold.objects.count(), Instruction.objects.count()) == before
    assert list(Account.objects.order_by("pk").values_list("held", flat=True)) == held


def test_an_own_order_in_the_way_is_said(floor):
    floor.enter(floor.who.buyer, NewOrder("mine", "sell", 4_010, 5))
    floor.enter(floor.who.cooperative, NewOrder("theirs", "sell", 4_020, 5))
    said = said_of(floor, floor.who.buyer, NewOrder("b", "buy", 4_020, 8))
    assert (said.fills, said.ended_t, said.reason) == ([], 8, "self_trade")
    kept = said_of(floor, floor.who.buyer, NewOrder("b", "buy", 4_020, 8, self_trade_mode="cancel_oldest"))
    assert (kept.fills, kept.rests_t, kept.own_t) == ([Fill(4_020, 5)], 3, 5)


def test_what_an_iceberg_hides_is_not_told(floor):
    floor.enter(floor.who.cooperative, NewOrder("ice", "sell", 4_010, 50, display_t=5))
    said = said_of(floor, floor.who.buyer, NewOrder("b", "buy", 4_010, 20))
    assert (said.filled_t, said.rests_t) == (5, 15)
    order = floor.enter(floor.who.buyer, NewOrder("b", "buy", 4_010, 20))
    assert order.filled_t == 20


def test_a_book_that_is_deeper_than_is_looked_at_is_told_as_far_as_that(floor, monkeypatch):
    monkeypatch.setattr(preview, "MOST_ORDERS", 2)
    for number in range(4):
        floor.enter(floor.who.cooperative, NewOrder(f"s{number}", "sell", 4_010, 1))
    enough = said_of(floor, floor.who.buyer, NewOrder("b", "buy", 4_010, 2))
    assert (enough.filled_t, enough.is_whole) == (2, True)
    short = said_of(floor, floor.who.buyer, NewOrder("b", "buy", 4_010, 4))
    assert (short.filled_t, short.is_whole) == (2, False)


@pytest.mark.parametrize(
    ("order", "refusal"),
    [
        (NewOrder("b", "buy", 4_401, 1), OutsideBand),
        (NewOrder("b", "buy", 4_000, 100_000), InsufficientFunds),
        (NewOrder("b", "sell", 4_000, 900), InsufficientCredits),
    ],
)
def test_what_entry_would_refuse_is_refused(floor, order, refusal):
    with pytest.raises(refusal):
        said_of(floor, floor.who.buyer, order)


def test_rules_limits_and_halts_refuse_too(floor):
    Market.objects.update(lot_size_t=10)
    with pytest.raises(OffLot):
        said_of(floor, floor.who.buyer, NewOrder("b", "buy", 4_000, 5))
    set_limit(
        actor=floor.who.registrar,
        organisation_id=floor.who.buyer.organisation_id,
        market_id=None,
        largest_order_fen=1_000,
        reason="Trial",
    )
    with pytest.raises(OverLimit):
        said_of(floor, floor.who.buyer, NewOrder("b", "buy", 4_000, 10))
    halt_market(actor=floor.who.registrar, market_id=floor.market.pk, reason="Check")
    execute_market(floor.market.pk)
    with pytest.raises(MarketHalted):
        said_of(floor, floor.who.buyer, NewOrder("b", "buy", 4_000, 10))


def test_nobody_asks_who_may_not_trade(floor):
    viewer = MembershipFactory(organisation=floor.who.buyer.organisation, role=Membership.Role.VIEWER)
    for person in (viewer, floor.who.verifier, floor.who.registrar, floor.who.auditor):
        with pytest.raises(NotAllowed):
            said_of(floor, person, NewOrder("b", "buy", 4_000, 1))
    Organisation.objects.filter(pk=floor.who.buyer.organisation_id).update(status="suspended")
    floor.who.buyer.organisation.refresh_from_db()
    with pytest.raises(OrganisationNotApproved):
        said_of(floor, floor.who.buyer, NewOrder("b", "buy", 4_000, 1))


def test_who_has_no_account_yet_is_told_what_is_missing(floor):
    with pytest.raises(InsufficientFunds) as refusal:
        said_of(floor, MembershipFactory(), NewOrder("b", "buy", 4_000, 1))
    assert refusal.value.params["available"] == 0


class CallAuctionTests(TestCase):  # type: ignore[misc]
    @settings(max_examples=10, deadline=None)
    @given(
        entries=st.lists(
            st.tuples(
                st.sampled_from(["cooperative", "other_buyer"]), st.just("buy") | st.just("sell"), PRICES, TONNES
            ),
            max_size=10,
        ),
        last=st.tuples(st.sampled_from(["buy", "sell"]), PRICES, TONNES, st.booleans()),
    )
    def test_a_call_auction_comes_to_what_is_said(self, entries: list[Any], last: Any) -> None:
        floor = Floor()
        instruct(floor.market, [Instruction.Kind.AUCTION_OPEN], actor=SYSTEM)
        execute_market(floor.market.pk)
        sides = {"cooperative": "sell", "other_buyer": "buy"}
        for number, (name, _side, price, quantity) in enumerate(entries):
            # One side each: an order of one's own on the other side takes nothing off the volume.
            floor.enter(getattr(floor.who, name), NewOrder(f"e{number}", sides[name], price, quantity))
        side, price, quantity, is_market = last
        new = NewOrder("last", side, None if is_market else price, quantity, "market" if is_market else "limit")
        said = said_of(floor, floor.who.buyer, new)
        order = floor.enter(floor.who.buyer, new)
        last_trade = Trade.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        instruct(floor.market, [Instruction.Kind.AUCTION_UNCROSS], actor=SYSTEM)
        execute_market(floor.market.pk)
        order.refresh_from_db()
        fills, _fee = what_came(floor, order, last_trade)
        assert (
            [] if said.indicative is None else [Fill(said.indicative.price_fen, said.indicative.quantity_t)]
        ) == fills
        assert said.indicative_t == order.filled_t
