"""Whatever members and operator do, in whatever order: the books hold, the replay agrees, nothing stands still."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from ledger.errors import DomainError
from tests.scenes import People, issue_to_cooperative, market_for, pay_in, people
from trading.execution.books import forget, live_book
from trading.execution.reconciliation import reconcile
from trading.execution.services import execute_market
from trading.models import Instruction, Market, Order
from trading.orders.cancels import cancel_orders
from trading.orders.phases import SYSTEM, halt_market, instruct, resume_market
from trading.orders.replaces import replace_order
from trading.orders.rules import change_market
from trading.orders.services import place_orders
from trading.orders.terms import NewOrder

PRICES, TONNES = st.integers(3_996, 4_004), st.integers(1, 12)
TERMS = st.one_of(
    st.fixed_dictionaries({"time_in_force": st.sampled_from(["ioc", "fok", "day"])}),
    st.fixed_dictionaries({"order_type": st.just("market")}),
    st.fixed_dictionaries({"order_type": st.just("market"), "time_in_force": st.just("day")}),
    st.fixed_dictionaries({}, optional={"post_only": st.just(True), "display_t": st.integers(1, 4)}),
)
MODES = st.sampled_from(["cancel_newest", "cancel_oldest", "cancel_both", "decrement"])
ACTORS = st.sampled_from(["cooperative", "buyer", "other_buyer"])
PHASES = st.sampled_from(["auction_open", "auction_uncross", "open", "close", "new_day", "end_day"])

ENTRIES = st.tuples(ACTORS, st.sampled_from(["buy", "sell"]), PRICES, TONNES, TERMS, MODES)
ACTIONS = st.one_of(
    *[ENTRIES.map(lambda entry: ("enter", *entry))] * 5,
    *[st.tuples(st.just("replace"), st.integers(0, 30), st.none() | PRICES, st.none() | TONNES)] * 2,
    st.tuples(st.just("cancel_all"), ACTORS),
    st.tuples(st.just("phase"), PHASES),
    *[st.tuples(st.just("call_auction"), st.lists(ENTRIES, max_size=8))] * 2,
    st.tuples(st.just("halt")),
    st.tuples(st.just("resume"), st.sampled_from([0, 3])),
    st.tuples(
        st.just("change"),
        st.sampled_from(
            [
                {"reference_price_fen": 4_003},
                {"band_percent": 1},
                {"tick_size_fen": 2},
                {"lot_size_t": 2},
                {"taker_fee_bps": 40},
                {"volatility_percent": 1},
            ]
        ),
    ),
    st.tuples(st.just("execute")),
    st.tuples(st.just("forget")),
)


class Season:
    """A market with its people, to whom things are done."""

    def __init__(self) -> None:
        self.who: People = people()
        self.market = market_for(self.who, issue_to_cooperative(self.who, 1_000), maker_fee_bps=3, taker_fee_bps=30)
        for actor in (self.who.cooperative, self.who.buyer, self.who.other_buyer):
            pay_in(self.who, actor, 3_000_000)
        self.entered = 0

    def enter(self, name: str, side: str, price_fen: int, quantity_t: int, terms: dict[str, Any], mode: str) -> None:
        price = None if terms.get("order_type") == "market" else price_fen
        self.entered += 1
        new = NewOrder(str(self.entered), side, price, quantity_t, self_trade_mode=mode, **terms)
        place_orders(actor=getattr(self.who, name), market_id=self.market.pk, orders=[new])

    def replace(self, at: int, price_fen: int | None, quantity_t: int | None) -> None:
        order = Order.objects.order_by("id")[at : at + 1].first()
        if order is not None:
            actor = order.organisation.memberships.get()
            replace_order(actor=actor, order_id=order.pk, price_fen=price_fen, quantity_t=quantity_t)

    def cancel_all(self, name: str) -> None:
        cancel_orders(actor=getattr(self.who, name))

    def phase(self, kind: str) -> None:
        instruct(self.market, [Instruction.Kind(kind)], actor=SYSTEM)

    def call_auction(self, entries: list[Any]) -> None:
        self.phase("auction_open")
        for entry in entries:
            self.enter(*entry)
        self.phase("auction_uncross")

    def halt(self) -> None:
        halt_market(actor=self.who.registrar, market_id=self.market.pk, reason="Checking.")

    def resume(self, minutes: int) -> None:
        resume_market(actor=self.who.registrar, market_id=self.market.pk, auction_minutes=minutes)

    def change(self, rules: dict[str, int]) -> None:
        change_market(actor=self.who.registrar, market_id=self.market.pk, reason="Why not.", **rules)

    def execute(self) -> None:
        execute_market(self.market.pk)

    def forget(self) -> None:
        execute_market(self.market.pk)
        forget(self.market.pk)


class AnySeason(TestCase):
    @settings(max_examples=40, deadline=None)
    @given(st.lists(ACTIONS, max_size=25))
    def test_the_books_hold_whatever_is_done(self, actions: list[Any]) -> None:
        season = Season()
        for name, *arguments in actions:
            try:
                getattr(season, name)(*arguments)
            except DomainError:
                # What is refused has changed nothing: the invariants see to that.
                continue
        season.execute()
        assert not Instruction.objects.exists()
        market = Market.objects.get(pk=season.market.pk)
        live = live_book(market)
        forget(market.pk)
        anew = live_book(market)
        assert list(anew.book.resting()) == list(live.book.resting())
        assert {order.id: order for order in live.orders.values()} == anew.orders
        assert [f"{result.name}: {result.detail}" for result in reconcile() if not result.holds] == []
