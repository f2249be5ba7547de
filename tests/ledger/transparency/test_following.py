"""Followers of the log."""

import pytest
from django.db import transaction
from django.utils import timezone

from ledger.transparency.following import follow_log
from ledger.transparency.models import LogFollower
from ledger.transparency.sequencer import sequence_log
from ledger.transparency.services import NewRecord, append_records
from tests.racing import race


def write(*kinds):
    append(*kinds)
    sequence_log()


def append(*kinds):
    with transaction.atomic():
        append_records([NewRecord(kind, {"said": kind}, "system", timezone.now()) for kind in kinds])


def followed(*, kinds, limit=5_000):
    seen = []
    went_on = follow_log("test", kinds=kinds, take=seen.extend, limit=limit)
    return went_on, [(record.index, record.kind, record.body["said"]) for record in seen]


def test_each_record_is_taken_once_in_the_order_of_the_log(db):
    write("a", "b", "a")
    assert followed(kinds={"a", "b"}) == (3, [(0, "a", "a"), (1, "b", "b"), (2, "a", "a")])
    assert followed(kinds={"a", "b"}) == (0, [])
    write("b")
    assert followed(kinds={"a", "b"}) == (1, [(3, "b", "b")])


def test_records_of_other_kinds_are_passed_by(db):
    write("a", "b", "a")
    assert followed(kinds={"b"}) == (3, [(1, "b", "b")])
    write("a")
    assert followed(kinds={"b"}) == (1, [])
    assert LogFollower.objects.get().next_index == 4


def test_a_family_of_kinds_is_taken_whatever_it_comes_to_hold(db):
    write("member_added", "members", "security_x", "b", "remember_me", "member_new")
    seen = []
    assert follow_log("test", kinds={"b"}, families={"member_"}, take=seen.extend) == 6
    assert [record.kind for record in seen] == ["member_added", "b", "member_new"]


def test_what_waits_for_its_place_is_taken_when_it_has_one(db):
    append("a")
    assert followed(kinds={"a"}) == (0, [])
    sequence_log()
    assert followed(kinds={"a"}) == (1, [(0, "a", "a")])


def test_a_follower_goes_on_by_bounded_steps(db):
    write("a", "a", "a")
    assert followed(kinds={"a"}, limit=2) == (2, [(0, "a", "a"), (1, "a", "a")])
    assert followed(kinds={"a"}, limit=2) == (1, [(2, "a", "a")])


def test_a_follower_that_fails_has_its_place_still(db):
    write("a")

    def fail(records):
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError), transaction.atomic():
        follow_log("test", kinds={"a"}, take=fail)
    assert followed(kinds={"a"}) == (1, [(0, "a", "a")])


@pytest.mark.django_db(transaction=True)
def test_two_at_once_take_nothing_twice():
    write(*["a"] * 40)
    seen = []

    def take():
        for _turn in range(30):
            follow_log("test", kinds={"a"}, take=lambda records: seen.extend(r.index for r in records), limit=5)

    assert race(take, take) == [None, None]
    follow_log("test", kinds={"a"}, take=lambda records: seen.extend(r.index for r in records))
    assert sorted(seen) == list(range(40))
