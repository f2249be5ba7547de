"""Parting an amount exactly."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.credits.sharing.remainders import Claim, apportion, mixed

WEIGHTS = st.lists(st.integers(0, 10**12), min_size=1, max_size=60).filter(any)
AMOUNTS = st.integers(0, 10**12)


def claims(weights):
    return [Claim((f"{at:03d}", at), weight) for at, weight in enumerate(weights)]


def test_ties_are_decided_by_name_and_small_shares_come_to_nothing():
    assert apportion(100, claims([1, 1, 1])) == [34, 33, 33]
    assert apportion(2, claims([1, 1, 1])) == [1, 1, 0]
    assert apportion(10, claims([0, 1])) == [0, 10]
    assert apportion(1, claims([1, 2])) == [0, 1]


@given(AMOUNTS, WEIGHTS)
def test_parts_are_exactly_the_amount_each_within_one_of_its_quota(amount, weights):
    parts = apportion(amount, claims(weights))
    assert sum(parts) == amount
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part - Fraction(amount * weight, sum(weights))) < 1
        assert weight or not part


@given(AMOUNTS, WEIGHTS)
def test_who_weighs_more_never_gets_less(amount, weights):
    parts = apportion(amount, claims(weights))
    by_weight = sorted(zip(weights, parts, strict=True))
    for (lighter, less), (heavier, more) in pairwise(by_weight):
        assert less <= more or (lighter == heavier and less == more + 1)


@given(AMOUNTS, WEIGHTS, st.randoms(use_true_random=False))
def test_it_does_not_matter_in_which_order_claims_come(amount, weights, lot):
    made = claims(weights)
    shuffled = lot.sample(made, len(made))
    by_name = dict(zip([claim.name for claim in made], apportion(amount, made), strict=True))
    assert apportion(amount, shuffled) == [by_name[claim.name] for claim in shuffled]


@pytest.mark.parametrize(("amount", "weights"), [(-1, [1]), (1, []), (1, [0, 0]), (1, [2, -1])])
def test_what_cannot_be_parted_is_refused(amount, weights):
    with pytest.raises(ValueError, match="weights"):
        apportion(amount, claims(weights))


@given(WEIGHTS, st.integers(1, 9_999))
def test_kinds_of_weights_count_for_exactly_their_part(weights, bps):
    equal = [1] * len(weights)
    both = mixed([(bps, weights), (10_000 - bps, equal)])
    for weight, one in zip(both, weights, strict=True):
        exact = Fraction(bps * one, 10_000 * sum(weights)) + Fraction(10_000 - bps, 10_000 * len(weights))
        assert Fraction(weight, sum(both)) == exact


def test_a_kind_of_which_nobody_has_anything_is_left_out():
    assert mixed([(5_000, [0, 0]), (5_000, [1, 1])]) == [5_000, 5_000]
    assert mixed([(10_000, [0, 0])]) == []
