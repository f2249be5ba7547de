"""What the book never does, whatever it is told; and that it does what a much simpler one would do."""

from collections import defaultdict
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading.matching import (
    Accepted,
    AuctionOpen,
    AuctionUncross,
    Cancel,
    Canceled,
    ChangeRules,
    Close,
    Decremented,
    Expire,
    Expired,
    Halt,
    MarketRules,
    Open,
    OrderBook,
    Refused,
    Rejected,
    Replace,
    Replaced,
    Resume,
    Submit,
    Traded,
)
from trading.matching.instructions import accepted, canceled
from trading.matching.sides import LARGE, close_gaps

RULES = MarketRules(tick=1, lot=1, band=(1, 30), reference=10)
NARROW = MarketRules(tick=2, lot=1, band=(8, 12), reference=11)
PRICES, QUANTITIES = st.integers(7, 13), st.integers(1, 12)
IDS = st.integers(0, 25)
SIDES = st.sampled_from(["buy", "sell"])
OWNERS = st.sampled_from("ABC")


def plain(order_ids=IDS):
    """Return limit orders, good till cancelled."""
    return st.tuples(order_ids, OWNERS, SIDES, st.just("limit"), PRICES, QUANTITIES).map(lambda row: Submit(*row))


def with_options(order, **options):
    return st.tuples(order, st.fixed_dictionaries(options)).map(lambda drawn: replace(drawn[0], **drawn[1]))


MODES = st.sampled_from(["cancel_newest", "cancel_oldest", "cancel_both", "decrement"])
limit_orders = with_options(
    plain(),
    time_in_force=st.sampled_from(["gtc", "gtc", "gtc", "day", "ioc", "fok"]),
    post_only=st.sampled_from([False, False, False, True]),
    display=st.one_of(st.none(), st.none(), st.integers(1, 4)),
    self_trade_mode=MODES,
)
market_orders = with_options(
    plain(),
    order_type=st.just("market"),
    price=st.none(),
    protection=st.one_of(st.none(), PRICES),
    self_trade_mode=MODES,
)
INSTRUCTIONS = st.lists(
    st.one_of(
        limit_orders,
        limit_orders,
        limit_orders,
        market_orders,
        st.builds(Cancel, IDS),
        st.builds(Expire, IDS),
        st.builds(Replace, IDS, st.one_of(st.none(), QUANTITIES), st.one_of(st.none(), PRICES)),
        st.sampled_from([Halt(), Resume(), Resume(), AuctionOpen(), AuctionUncross(), AuctionUncross()]),
        st.sampled_from([Close(), Open(), Open(), AuctionUncross(), Resume()]),
        st.sampled_from([RULES, RULES, NARROW]).map(ChangeRules),
    ),
    max_size=60,
)


class Watcher:
    """Follows the events of a book, knowing each order's quantity, and complains of what cannot be."""

    def __init__(self, book):
        self.book = book
        self.quantity, self.used, self.limits, self.owners, self.sides = {}, defaultdict(int), {}, {}, {}
        self.finished = set()

    def apply(self, instruction):
        in_auction = self.book.in_auction
        events = self.book.apply(instruction)
        for event in events:
            self.follow(event, instruction, in_auction)
        self.check()
        return events

    def follow(self, event, instruction, in_auction):
        match event:
            case Accepted(order_id):
                new = instruction
                self.quantity[order_id], self.used[order_id], self.limits[order_id] = new.quantity, 0, new.price
                self.owners[order_id], self.sides[order_id] = new.owner, new.side
                self.finished.discard(order_id)
            case Traded(price, quantity, maker, taker):
                assert quantity > 0
                assert maker != taker
                assert self.sides[maker] != self.sides[taker]
                if not in_auction:
                    assert self.owners[maker] != self.owners[taker]
                    assert price == self.limits[maker]
                for order_id in (maker, taker):
                    self.use(order_id, quantity)
                    limit = self.limits[order_id]
                    if limit is not None:
                        assert price <= limit if self.sides[order_id] == "buy" else price >= limit
            case Decremented(order_id, quantity):
                self.use(order_id, quantity)
            case Canceled(order_id, quantity) | Expired(order_id, quantity):
                self.use(order_id, quantity)
                self.finished.add(order_id)
            case Replaced(order_id, price, quantity):
                self.quantity[order_id], self.limits[order_id] = quantity, price

    def use(self, order_id, quantity):
        assert order_id not in self.finished
        self.used[order_id] += quantity
        assert self.used[order_id] <= self.quantity[order_id], "no order is filled beyond its quantity"

    def check(self):
        resting = list(self.book.resting())
        assert len({row.order_id for row in resting}) == len(resting)
        for row in resting:
            left = row.quantity - row.filled - row.decremented
            assert 0 < row.shown <= left
            assert left == self.quantity[row.order_id] - self.used[row.order_id], "nothing comes from or goes nowhere"
            assert row.order_id not in self.finished
        bids, asks = self.book.depth()
        assert bids == sorted(bids, reverse=True)
        assert asks == sorted(asks)
        if bids and asks and not self.book.in_auction:
            assert bids[0][0] < asks[0][0], "the book is never crossed"
        limits = [row for row in resting if row.price is not None]
        for side, sign in (("buy", -1), ("sell", 1)):
            ranks = [(sign * row.price, row.sequence) for row in limits if row.side == side]
            assert ranks == sorted(ranks), "better price first, then earlier sequence"
        shown = sum(quantity for _, quantity, _ in (*bids, *asks))
        assert shown == sum(row.shown for row in limits)


@settings(max_examples=400, deadline=None)
@given(INSTRUCTIONS)
def test_whatever_it_is_told_the_book_stays_a_book(instructions):
    watcher = Watcher(OrderBook(RULES))
    for instruction in instructions:
        watcher.apply(instruction)


@settings(max_examples=150, deadline=None)
@given(INSTRUCTIONS, st.data())
def test_a_book_put_back_goes_on_as_the_first_would_have(instructions, data):
    book = OrderBook(RULES)
    cut = data.draw(st.integers(0, len(instructions)))
    for instruction in instructions[:cut]:
        book.apply(instruction)
    again = OrderBook.restore(
        book.rules,
        book.resting(),
        sequence=book.sequence,
        halted=book.halted,
        closed=book.closed,
        in_auction=book.in_auction,
    )
    assert [again.apply(each) for each in instructions[cut:]] == [book.apply(each) for each in instructions[cut:]]
    assert list(again.resting()) == list(book.resting())
    assert again.depth() == book.depth()


@settings(max_examples=100, deadline=None)
@given(INSTRUCTIONS)
def test_the_same_instructions_give_the_same_events(instructions):
    one, two = OrderBook(RULES), OrderBook(RULES)
    assert [one.apply(each) for each in instructions] == [two.apply(each) for each in instructions]


@settings(max_examples=150, deadline=None)
@given(INSTRUCTIONS)
def test_what_is_refused_or_rejected_changes_nothing(instructions):
    book = OrderBook(RULES)
    for instruction in instructions:
        before = list(book.resting()), book.sequence, book.halted, book.closed, book.in_auction
        events = book.apply(instruction)
        if events and isinstance(events[0], Refused | Rejected):
            assert len(events) == 1
            assert (list(book.resting()), book.sequence, book.halted, book.closed, book.in_auction) == before


@settings(max_examples=150, deadline=None)
@given(INSTRUCTIONS)
def test_a_fill_or_kill_order_trades_whole_or_not_at_all(instructions):
    book = OrderBook(RULES)
    for instruction in instructions:
        before = list(book.resting())
        events = book.apply(instruction)
        if isinstance(instruction, Submit) and instruction.time_in_force == "fok" and isinstance(events[0], Accepted):
            traded = sum(event.quantity for event in events if isinstance(event, Traded))
            assert traded in (0, instruction.quantity)
            if not traded:
                assert events[1:] == [canceled(instruction.order_id, instruction.quantity, "fok_not_filled")]
                assert list(book.resting()) == before


# The auction, against every price there is


def volumes(orders, price):
    bought = sum(o.quantity for o in orders if o.side == "buy" and (o.price is None or o.price >= price))
    sold = sum(o.quantity for o in orders if o.side == "sell" and (o.price is None or o.price <= price))
    return min(bought, sold), abs(bought - sold)


auction_orders = st.lists(
    st.one_of(
        plain(),
        with_options(plain(), order_type=st.just("market"), price=st.none()),
    ),
    max_size=15,
).map(lambda orders: [replace(order, order_id=at) for at, order in enumerate(orders)])


@settings(max_examples=300, deadline=None)
@given(auction_orders)
def test_an_auction_trades_the_most_that_any_price_allows(orders):
    book = OrderBook(RULES)
    book.apply(AuctionOpen())
    for order in orders:
        assert isinstance(book.apply(order)[0], Accepted)
    indicated = book.indicative()
    watcher = Watcher(book)
    for order in orders:
        watcher.follow(accepted(order.order_id, 0), order, True)
    events = watcher.apply(AuctionUncross())
    most = max(volumes(orders, price)[0] for price in range(1, 31))
    trades = [event for event in events if isinstance(event, Traded)]
    assert sum(trade.quantity for trade in trades) == most
    if not most:
        assert indicated is None
        return
    price = events[0].price
    assert indicated == (price, most)
    assert {trade.price for trade in trades} == {price}
    assert volumes(orders, price)[0] == most
    # Whoever would have paid more, or taken less, has traded in full before anybody at the price itself.
    better_buys = sum(o.quantity for o in orders if o.side == "buy" and (o.price is None or o.price > price))
    better_sells = sum(o.quantity for o in orders if o.side == "sell" and (o.price is None or o.price < price))
    unfilled = {row.order_id for row in book.resting()} | {e.order_id for e in events if isinstance(e, Canceled)}
    for order in orders:
        better = better_buys if order.side == "buy" else better_sells
        is_better = order.price is None or (order.price > price if order.side == "buy" else order.price < price)
        if is_better and better <= most:
            assert order.order_id not in unfilled


def test_a_mode_that_the_book_does_not_know_is_a_programmers_error():
    """It would otherwise look at the same two orders for ever."""
    book = OrderBook(RULES)
    book.apply(Submit(1, "A", "sell", "limit", 10, 1))
    with pytest.raises(AssertionError):
        book.apply(Submit(2, "A", "buy", "limit", 10, 1, self_trade_mode="never_mind"))


# What a level costs


def test_a_level_that_loses_many_of_its_first_orders_keeps_their_order_and_little_of_their_room():
    level = {order_id: order_id for order_id in range(10_000)}
    for order_id in range(9_900):
        del level[order_id]
    close_gaps(level)
    assert list(level.items()) == [(order_id, order_id) for order_id in range(9_900, 10_000)]
    assert level.__sizeof__() < LARGE


def test_a_level_that_is_well_filled_is_left_alone():
    for size in (1, 10, 100, 1_000, 10_923, 21_846):
        level = dict.fromkeys(range(size), 1)
        before = level.__sizeof__()
        close_gaps(level)
        assert level.__sizeof__() == before


def test_makers_taken_one_by_one_from_a_large_level_keep_their_order():
    book = OrderBook(RULES)
    for order_id in range(2_000):
        book.apply(Submit(order_id, "A", "sell", "limit", 10, 1))
    makers = [event.maker_id for at in range(2_000) for event in book.apply(taker(2_000 + at)) if is_trade(event)]
    assert makers == list(range(2_000))
    assert list(book.resting()) == []


def taker(order_id):
    return Submit(order_id, "B", "buy", "limit", 10, 1)


def is_trade(event):
    return isinstance(event, Traded)


@given(st.lists(plain(), max_size=20))
def test_who_meets_itself_in_an_auction_may_be_spared_the_trade(orders):
    """What others trade, and what becomes of each order, is the same whether own orders are paired or taken off."""
    owners = {order.order_id: order.owner for order in reversed(orders)}
    outcomes = []
    for pairs_own in (True, False):
        book = OrderBook(RULES)
        for instruction in (AuctionOpen(), *orders):
            book.apply(instruction)
        events = book.apply(AuctionUncross(pairs_own))
        trades = [event for event in events if isinstance(event, Traded)]
        own = [trade for trade in trades if owners[trade.maker_id] == owners[trade.taker_id]]
        taken_off = [event for event in events if isinstance(event, Decremented)]
        assert pairs_own or not own
        assert not (pairs_own and taken_off)
        others = [trade for trade in trades if trade not in own]
        left = {row.order_id: row.quantity - row.filled - row.decremented for row in book.resting()}
        off = sum(event.quantity for event in taken_off) // 2 + sum(trade.quantity for trade in own)
        outcomes.append((others, left, off))
        anew = OrderBook.restore(RULES, book.resting(), sequence=book.sequence)
        assert list(anew.resting()) == list(book.resting())
    assert outcomes[0] == outcomes[1]
