"""What a soak is judged by, over samples that are made up."""

import random

import pytest

from tests.soak.judge import Window, growth, most_grown, slowing, theil_sen, window_of

HOUR = 3_600.0


def life(process_id, start, end, mb, mb_an_hour=0.0, step=5.0):
    """Return samples of a process that is born at `start`, loads for half a minute, and then grows."""
    count = int((end - start) / step)
    return [
        (start + at * step, process_id, mb - max(0.0, 30.0 - at * step) + mb_an_hour / HOUR * at * step)
        for at in range(count)
    ]


def test_the_slope_is_the_median_of_all_pairs_and_outliers_do_not_move_it():
    points = [(float(at), 2.0 * at) for at in range(40)]
    points[3], points[20] = (3.0, 500.0), (20.0, -500.0)
    assert theil_sen([points]) == pytest.approx(2.0)
    assert theil_sen([]) == theil_sen([[(1.0, 1.0)]]) == 0.0


def test_the_slope_of_many_points_is_of_every_so_many():
    lot = random.Random(1)
    points = [(float(at), 0.5 * at + lot.uniform(-5, 5)) for at in range(3_000)]
    assert theil_sen([points]) == pytest.approx(0.5, abs=0.01)


def test_a_process_that_only_warms_up_is_flat_however_often_it_is_started_again():
    samples = [each for at in range(10) for each in life(at, at * 180.0, (at + 1) * 180.0, 100.0)]
    found = growth("worker", samples, 0.0, 1_800.0)
    assert found.is_judged
    assert found.is_flat
    assert found.mb_an_hour == pytest.approx(0.0)
    assert found.lives == 5


def test_a_larger_process_in_place_of_a_smaller_one_is_no_growth():
    samples = life(1, 0.0, 1_200.0, 100.0) + life(2, 1_200.0, 1_800.0, 150.0)
    assert growth("web", samples, 0.0, 1_800.0).is_flat


def test_a_leak_is_seen_through_restarts():
    samples = [each for at in range(6) for each in life(at, at * 300.0, (at + 1) * 300.0, 100.0, mb_an_hour=60.0)]
    found = growth("worker", samples, 0.0, 1_800.0)
    assert found.mb_an_hour == pytest.approx(60.0)
    assert found.grown_mb == pytest.approx(15.0)
    assert found.is_judged
    assert not found.is_flat


def test_what_fills_caches_for_minutes_is_flat_once_they_are_full():
    samples = [(at * 5.0, 1, min(100.0 + at, 150.0)) for at in range(360)]
    assert growth("web", samples, 0.0, 1_800.0).is_flat
    slower = [(at * 5.0, 1, min(100.0 + at / 2, 250.0)) for at in range(360)]
    assert not growth("web", slower, 0.0, 1_800.0).is_flat


@pytest.mark.parametrize("step_at", [950.0, 1_350.0, 1_700.0])
def test_one_step_as_after_an_outage_is_no_leak(step_at):
    samples = [(at * 5.0, 1, 170.0 if at * 5.0 < step_at else 250.0) for at in range(360)]
    assert growth("worker", samples, 0.0, 1_800.0).is_flat
    many = [(at * 5.0, 1, 170.0 + 2 * int(at * 5.0 / 60)) for at in range(360)]
    assert not growth("worker", many, 0.0, 1_800.0).is_flat


def session(process_id, start, end, mb_an_hour=0.0):
    """Return samples of a session that fills its caches for four minutes."""
    return [
        (at, process_id, 2.0 + min(at - start, 240.0) / 24.0 + mb_an_hour / HOUR * (at - start))
        for at in (start + number * 5.0 for number in range(int((end - start) / 5.0)))
    ]


def test_sessions_that_are_begun_anew_every_ten_minutes_are_no_leak():
    samples = [
        each
        for number in range(30)
        for start in (0.0, 600.0, 1_200.0)
        for each in session(number + start, start, start + 600)
    ]
    found = most_grown("PostgreSQL", samples, 0.0, 1_800.0)
    assert found.is_judged
    assert found.is_flat
    assert found.median_mb == 12.0


def test_one_session_of_many_that_leaks_is_seen():
    samples = [each for number in range(30) for each in session(number, 0.0, 1_800.0)]
    samples += session(99, 0.0, 1_800.0, mb_an_hour=60.0)
    found = most_grown("PostgreSQL", samples, 0.0, 1_800.0)
    assert found.mb_an_hour == pytest.approx(60.0)
    assert not found.is_flat


def test_of_sessions_that_nobody_saw_for_long_nothing_is_said():
    samples = [each for number in range(30) for each in session(number, 60.0 * number, 60.0 * number + 300.0)]
    assert not most_grown("PostgreSQL", samples, 0.0, 1_800.0).is_judged


def test_of_what_was_hardly_seen_nothing_is_said():
    assert not growth("beat", life(1, 0.0, 60.0, 50.0), 0.0, 60.0).is_judged


def test_what_takes_longer_in_the_last_third_has_slowed_down():
    samples = [(float(at), 1.0 if at < 600 else 2.0) for at in range(900)]
    found = slowing("SELECT", samples, 0.0, 900.0)
    assert (found.first_ms, found.last_ms, found.ratio) == (1.0, 2.0, 2.0)
    assert found.is_judged
    assert found.has_slowed


@pytest.mark.parametrize(
    ("first", "last", "count"),
    [
        # No more than half as long again.
        (10.0, 14.9, 900),
        # Below what the clock tells apart.
        (0.05, 0.2, 900),
        # Faster.
        (5.0, 1.0, 900),
    ],
)
def test_what_has_not_slowed_down_has_not(first, last, count):
    samples = [(float(at), first if at < 600 else last) for at in range(count)]
    found = slowing("SELECT", samples, 0.0, 900.0)
    assert found.is_judged
    assert not found.has_slowed


def test_a_few_samples_are_not_enough():
    assert not slowing("SELECT", [(1.0, 1.0), (899.0, 9.0)], 0.0, 900.0).is_judged


def test_a_request_is_explained_by_a_fault_that_it_met():
    windows = [Window("web killed", 10.0, 12.0), Window("reconciled", 50.0, 60.0)]
    assert window_of(windows, 9.0, 10.5) == "web killed"
    assert window_of(windows, 17.9, 18.0) == "web killed"
    assert window_of(windows, 18.1, 19.0) is None
    assert window_of(windows, 1.0, 9.9) is None
    assert window_of(windows, 5.0, 80.0) == "reconciled"
