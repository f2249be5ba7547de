"""Who gets how much, and at what price: by example, and for any bids whatever."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading.auctions.award import PAY_AS_BID, UNIFORM, StandingBid, award, ranked

BIDS = st.lists(st.tuples(st.integers(1, 60), st.integers(1, 40)), max_size=30).map(
    lambda rows: [StandingBid(at, price, quantity) for at, (price, quantity) in enumerate(rows, 1)]
)
RULES = st.fixed_dictionaries(
    {
        "quantity_t": st.integers(1, 200),
        "reserve_price_fen": st.integers(1, 60),
        "pricing": st.sampled_from([UNIFORM, PAY_AS_BID]),
    }
)
EXAMPLE = [StandingBid(1, 50, 30), StandingBid(2, 70, 30), StandingBid(3, 60, 30), StandingBid(4, 60, 30)]


def won(pricing, quantity_t=75, reserve_price_fen=50):
    return award(EXAMPLE, quantity_t=quantity_t, reserve_price_fen=reserve_price_fen, pricing=pricing)


def test_the_highest_price_comes_first_then_the_earlier_bid_and_the_last_gets_what_is_left():
    assert won(UNIFORM) == [(2, 30, 60), (3, 30, 60), (4, 15, 60)]
    assert won(PAY_AS_BID) == [(2, 30, 70), (3, 30, 60), (4, 15, 60)]


def test_a_lot_that_is_wanted_less_than_whole_is_sold_in_part():
    assert won(UNIFORM, quantity_t=500) == [(2, 30, 50), (3, 30, 50), (4, 30, 50), (1, 30, 50)]


def test_below_the_reserve_nothing_is_sold():
    assert won(UNIFORM, reserve_price_fen=71) == []
    assert award([], quantity_t=1, reserve_price_fen=1, pricing=UNIFORM) == []


@given(BIDS, RULES)
def test_no_more_is_awarded_than_the_lot_nor_than_was_bid_for(bids, rules):
    found = award(bids, **rules)
    wanted = {bid.id: bid.quantity_t for bid in bids if bid.price_fen >= rules["reserve_price_fen"]}
    assert sum(each.quantity_t for each in found) == min(rules["quantity_t"], sum(wanted.values()))
    assert all(0 < each.quantity_t <= wanted[each.id] for each in found)
    assert len({each.id for each in found}) == len(found)


@given(BIDS, RULES)
def test_nobody_pays_less_than_the_reserve_or_more_than_the_own_bid(bids, rules):
    by_id = {bid.id: bid for bid in bids}
    for each in award(bids, **rules):
        assert rules["reserve_price_fen"] <= each.price_fen <= by_id[each.id].price_fen


@given(BIDS, RULES)
def test_no_loser_stands_above_a_winner_and_only_the_last_winner_gets_a_part(bids, rules):
    found = award(bids, **rules)
    order = [bid.id for bid in ranked(bids)]
    assert [each.id for each in found] == order[: len(found)]
    by_id = {bid.id: bid for bid in bids}
    assert all(each.quantity_t == by_id[each.id].quantity_t for each in found[:-1])


@given(BIDS, RULES)
def test_a_uniform_price_is_the_lowest_winning_bid_s_for_all(bids, rules):
    found = award(bids, **rules | {"pricing": UNIFORM})
    by_id = {bid.id: bid for bid in bids}
    assert {each.price_fen for each in found} <= {min((by_id[each.id].price_fen for each in found), default=0)}
    paid = award(bids, **rules | {"pricing": PAY_AS_BID})
    assert [(each.id, each.quantity_t) for each in paid] == [(each.id, each.quantity_t) for each in found]
    assert all(each.price_fen == by_id[each.id].price_fen for each in paid)


@given(BIDS, RULES, st.integers())
def test_the_same_bids_in_whatever_order_give_the_same(bids, rules, seed):
    shuffled = random.Random(seed).sample(bids, len(bids))
    assert award(shuffled, **rules) == award(bids, **rules) == award(iter(bids), **rules)


@pytest.mark.parametrize("pricing", [UNIFORM, PAY_AS_BID])
def test_a_lot_of_one_bid_sells_at_its_price(pricing):
    assert award([EXAMPLE[0]], quantity_t=10, reserve_price_fen=10, pricing=pricing) == [(1, 10, 50)]
