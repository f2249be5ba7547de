"""The book, step by step, against a matcher too simple to be wrong."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.trading.matching.plain import PlainBook
from trading.matching import (
    AuctionOpen,
    AuctionUncross,
    Cancel,
    ChangeRules,
    Close,
    Expire,
    Halt,
    MarketRules,
    Open,
    Replace,
    Resume,
    Submit,
)
from trading.matching.scenarios import Recorder

RULES = st.builds(
    MarketRules,
    tick=st.sampled_from([1, 1, 1, 2]),
    lot=st.sampled_from([1, 1, 1, 2]),
    band=st.sampled_from([(1, 30), None, (8, 12)]),
    reference=st.sampled_from([10, 10, 0, 9]),
)
SIDES, OWNERS = st.sampled_from(["buy", "sell"]), st.sampled_from("ABC")
PRICES, QUANTITIES = st.integers(7, 13), st.integers(1, 12)
MODES = st.sampled_from(["cancel_newest", "cancel_oldest", "cancel_both", "decrement"])
NEW_IDS, IDS = st.integers(0, 60), st.integers(0, 60)
AT_THE_EDGES = st.sampled_from([-1, 0, 1, 7, 8, 30, 31])


class BookAndPlain(RuleBasedStateMachine):
    """Both are told the same; trades, states, refusals, depth and indicative price must be the same at every step."""

    @initialize(rules=RULES)
    def begin(self, rules):
        self.recorder, self.plain = Recorder(rules), PlainBook(rules)

    def tell(self, instruction):
        self.recorder.apply(instruction)
        self.plain.apply(instruction)

    @rule(order_id=NEW_IDS, owner=OWNERS, side=SIDES, price=PRICES, quantity=QUANTITIES, mode=MODES)
    def limit(self, order_id, owner, side, price, quantity, mode):
        self.tell(Submit(order_id, owner, side, "limit", price, quantity, self_trade_mode=mode))

    @rule(
        order_id=NEW_IDS,
        owner=OWNERS,
        side=SIDES,
        price=PRICES,
        quantity=QUANTITIES,
        time_in_force=st.sampled_from(["gtc", "day", "gtd", "ioc", "fok", "fok"]),
        post_only=st.sampled_from([False, False, True]),
        display=st.one_of(st.none(), st.integers(1, 4)),
        mode=MODES,
    )
    def with_options(self, order_id, owner, side, price, quantity, time_in_force, post_only, display, mode):
        self.tell(
            Submit(order_id, owner, side, "limit", price, quantity, time_in_force, post_only, display, mode),
        )

    @rule(
        order_id=NEW_IDS,
        owner=OWNERS,
        side=SIDES,
        quantity=QUANTITIES,
        protection=st.one_of(st.none(), PRICES, AT_THE_EDGES),
        time_in_force=st.sampled_from(["gtc", "ioc", "fok"]),
        mode=MODES,
    )
    def market(self, order_id, owner, side, quantity, protection, time_in_force, mode):
        self.tell(Submit(order_id, owner, side, "market", None, quantity, time_in_force, False, None, mode, protection))

    @rule(
        order_id=NEW_IDS,
        order_type=st.sampled_from(["limit", "market"]),
        price=st.one_of(st.none(), AT_THE_EDGES),
        quantity=AT_THE_EDGES,
        time_in_force=st.sampled_from(["gtc", "fok"]),
        post_only=st.booleans(),
        display=st.one_of(st.none(), AT_THE_EDGES),
    )
    def at_the_edges(self, order_id, order_type, price, quantity, time_in_force, post_only, display):
        self.tell(Submit(order_id, "A", "buy", order_type, price, quantity, time_in_force, post_only, display))

    @rule(order_id=IDS, quantity=st.one_of(st.none(), QUANTITIES), price=st.one_of(st.none(), PRICES))
    def replace(self, order_id, quantity, price):
        self.tell(Replace(order_id, quantity, price))

    @rule(order_id=IDS, quantity=st.one_of(st.none(), AT_THE_EDGES), price=st.one_of(st.none(), AT_THE_EDGES))
    def replace_at_the_edges(self, order_id, quantity, price):
        self.tell(Replace(order_id, quantity, price))

    @rule(order_id=IDS)
    def cancel(self, order_id):
        self.tell(Cancel(order_id))

    @rule(order_id=IDS)
    def expire(self, order_id):
        self.tell(Expire(order_id))

    @rule(change=st.sampled_from([Halt(), Resume(), Close(), Open(), AuctionOpen()]))
    def change_state(self, change):
        self.tell(change)

    @rule()
    def uncross_and_trade_on(self):
        """Without this the market would nearly always be halted, closed or in an auction."""
        for change in (AuctionUncross(), Resume(), Open()):
            self.tell(change)

    @rule(rules=RULES)
    def change_rules(self, rules):
        self.tell(ChangeRules(rules))

    @invariant()
    def say_the_same(self):
        assert self.recorder.result() == self.plain.result()
        indicated = self.recorder.book.indicative()
        assert (indicated and indicated[0]) == self.plain.auction_price()


BookAndPlain.TestCase.settings = settings(max_examples=150, stateful_step_count=50, deadline=None)
test_the_book_does_what_a_matcher_too_simple_to_be_wrong_does = BookAndPlain.TestCase
