"""Serial numbers that a leg names: just these are delivered, and the rest stays where it was."""

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.journal.posting import Leg, Posting, post_transactions
from ledger.journal.reconciliation import INVARIANTS, check
from ledger.journal.selectors import serial_blocks
from ledger.journal.services import open_account
from ledger.models import Account, SerialBlock
from tests.scenes import issue_to_cooperative


@pytest.fixture
def tonnes(who):
    """Return the owner of the serial numbers 1 to 20, and two accounts with none."""
    batch = issue_to_cooperative(who, 20)
    others = [open_account(organisation=each.organisation, asset=batch.asset) for each in (who.buyer, who.other_buyer)]
    assert batch.serials.lower == 1
    return Account.objects.get(organisation=who.cooperative.organisation, asset=batch.asset), *others


def post(*legs):
    return post_transactions([Posting("transfer", legs, "system", timezone.now())])[0]


def owned(account):
    return [(block.serials.lower, block.serials.upper - 1) for block in serial_blocks(account)]


def ages(account):
    """Return an account's runs, the oldest first."""
    blocks = SerialBlock.objects.filter(account=account).order_by("id")
    return [(block.serials.lower, block.serials.upper - 1) for block in blocks]


def test_a_run_is_cut_out_of_the_middle_of_a_block(tonnes):
    owner, buyer, _ = tonnes
    posted = post(Leg(owner.pk, buyer.pk, 3, ((9, 11),)))
    assert posted.serials == (((9, 11),),)
    assert (owned(owner), owned(buyer)) == ([(1, 8), (12, 20)], [(9, 11)])


@pytest.mark.parametrize(
    ("named", "rest"), [((1, 4), [(5, 20)]), ((17, 20), [(1, 16)]), ((1, 20), []), ((5, 5), [(1, 4), (6, 20)])]
)
def test_a_run_is_cut_from_either_end_or_takes_it_all(tonnes, named, rest):
    owner, buyer, _ = tonnes
    post(Leg(owner.pk, buyer.pk, named[1] - named[0] + 1, (named,)))
    assert (owned(owner), owned(buyer)) == (rest, [named])


def test_a_run_goes_over_several_blocks_and_several_runs_out_of_one(tonnes):
    owner, buyer, other = tonnes
    for _ in range(3):
        post(Leg(owner.pk, buyer.pk, 4))
    assert owned(buyer) == [(1, 4), (5, 8), (9, 12)]
    post(Leg(buyer.pk, other.pk, 8, ((3, 6), (8, 9), (11, 12))))
    assert (owned(buyer), owned(other)) == ([(1, 2), (7, 7), (10, 10)], [(3, 6), (8, 9), (11, 12)])


def test_what_remains_keeps_its_age_but_the_upper_part_of_a_block_in_two(tonnes):
    owner, buyer, other = tonnes
    post(Leg(owner.pk, buyer.pk, 6))
    post(Leg(owner.pk, buyer.pk, 6))
    post(Leg(buyer.pk, other.pk, 2, ((3, 4),)))
    assert ages(buyer) == [(1, 2), (7, 12), (5, 6)]


def test_named_and_chosen_numbers_of_one_owner_do_not_get_in_each_others_way(tonnes):
    owner, buyer, other = tonnes
    posted = post(Leg(owner.pk, buyer.pk, 5), Leg(owner.pk, other.pk, 3, ((2, 4),)), Leg(owner.pk, buyer.pk, 12))
    assert posted.serials[1] == ((2, 4),)
    assert owned(other) == [(2, 4)]
    assert owned(buyer) == [(1, 1), (5, 20)]
    assert owned(owner) == []


def test_a_call_cuts_in_three_queries_however_many_runs_there_are(tonnes, django_assert_num_queries):
    owner, buyer, other = tonnes
    post(Leg(owner.pk, buyer.pk, 10, tuple((number, number) for number in range(1, 20, 2))))
    with django_assert_num_queries(13):
        post(Leg(buyer.pk, other.pk, 1, ((1, 1),)))
    with django_assert_num_queries(13):
        post(Leg(buyer.pk, other.pk, 9, tuple((number, number) for number in range(3, 20, 2))))


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    steps=st.lists(
        st.tuples(st.integers(0, 2), st.integers(0, 2), st.sets(st.integers(1, 20), min_size=1)), min_size=1, max_size=8
    )
)
def test_whatever_is_named_moves_and_nothing_else(tonnes, steps):
    """Against a model of twenty numbers, each with its owner."""
    owners = {
        number: at
        for at, account in enumerate(tonnes)
        for low, high in owned(account)
        for number in range(low, high + 1)
    }
    for giver, receiver, numbers in steps:
        given_now = sorted(number for number in numbers if owners[number] == giver)
        if giver == receiver or not given_now:
            continue
        runs = tuple((number, number) for number in given_now)
        post(Leg(tonnes[giver].pk, tonnes[receiver].pk, len(given_now), runs))
        owners |= dict.fromkeys(given_now, receiver)
    for at, account in enumerate(tonnes):
        found = [number for low, high in owned(account) for number in range(low, high + 1)]
        assert found == sorted(number for number, owner in owners.items() if owner == at)
    assert [result for result in check([each for each in INVARIANTS if each.number != 7]) if not result.holds] == []
