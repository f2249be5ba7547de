"""What is drawn beforehand: the same from the same seed, everything that there is, and as many participants as were asked for."""

from itertools import pairwise

import pytest

from tests.soak.cast import ISSUED_T, SHARES, TONNES, TRADES, counts_of
from tests.soak.chaos import ENDS_NOTHING, FIRST, KINDS, plan_faults
from tests.soak.line import operation_of
from tests.soak.participants import KINDS as PARTICIPANTS


def test_a_seed_is_a_plan():
    assert plan_faults(7, 1_800, 30, 45) == plan_faults(7, 1_800, 30, 45)
    assert plan_faults(7, 1_800, 30, 45) != plan_faults(8, 1_800, 30, 45)


def test_half_an_hour_has_every_kind_of_fault_and_a_moment_has_the_first():
    long = plan_faults(7, 1_800, 30, 45)
    assert {planned.name for planned in long} == set(KINDS)
    assert {planned.name for planned in long[: len(FIRST)]} == set(FIRST)
    assert 45 < len(long) < 75
    assert long[0].at_seconds == 45
    assert {planned.name for planned in plan_faults(7, 1, 30, 0)} == set(FIRST)
    assert all(earlier.at_seconds < later.at_seconds for earlier, later in pairwise(long))


def test_only_some_faults_may_be_asked_for():
    assert {planned.name for planned in plan_faults(7, 600, 30, 45, only=["beat killed"])} == {"beat killed"}


def test_towards_the_end_nothing_is_ended_any_more():
    plan = plan_faults(7, 1_800, 30, 45, calm_from=1_440)
    assert {planned.name for planned in plan if planned.at_seconds >= 1_440} <= set(ENDS_NOTHING)
    assert [planned for planned in plan if planned.at_seconds < 1_440] == plan_faults(7, 1_440, 30, 45)
    assert set(ENDS_NOTHING) < set(KINDS)


@pytest.mark.parametrize("participants", [13, 20, 77, 200, 321])
def test_there_are_as_many_as_were_asked_for_and_one_of_each_kind_at_least(participants):
    counts = counts_of(participants)
    assert sum(counts.values()) == participants
    assert counts.keys() == SHARES.keys() == PARTICIPANTS.keys()
    assert min(counts.values()) >= 1
    assert counts["treasurer"] == 2


def test_two_hundred_are_as_the_shares_say():
    assert counts_of(200) == SHARES


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("/orders/12/cancel", "GET /orders/{id}/cancel"),
        ("/markets/TH-35-000001-2020-2/book?levels=1", "GET /markets/{code}/book"),
        (
            "/retirements/0b0d6f0e-7c1c-4a51-8d39-9a4c5c2f1f10/certificate.pdf",
            "GET /retirements/{uuid}/certificate.pdf",
        ),
        ("/orders?status=open&page_size=50", "GET /orders"),
        ("root:/log/checkpoint", "GET root:/log/checkpoint"),
    ],
)
def test_requests_are_told_apart_by_what_they_ask_for(path, operation):
    assert operation_of("GET", path) == operation


def test_there_is_enough_for_all_who_trade():
    counts = counts_of(200)
    assert sum(counts[kind] for kind in TRADES) * TONNES <= ISSUED_T
