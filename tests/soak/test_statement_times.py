"""Statements' times from PostgreSQL's own log."""

from time import time

import pytest

from tests.soak.statement_times import StatementTimes

PREFIX = f"{time():.3f} 42"


@pytest.fixture
def log(tmp_path):
    path = tmp_path / "postgres.log"
    path.write_text("from before\n", encoding="utf-8")
    return path


@pytest.fixture
def times(log):
    found = StatementTimes(log)
    found.start()
    found._ended.set()
    return found


def write(log, *lines, mode="a"):
    with log.open(mode, encoding="utf-8") as file:
        file.write("".join(f"{line}\n" for line in lines))


def test_statements_are_told_apart_by_their_number_and_their_text_is_kept(times, log):
    write(
        log,
        f"{PREFIX} LOG:  duration: 1.500 ms  statement: SELECT 1",
        "\t  FROM somewhere",
        f"{PREFIX} LOG:  duration: 2.500 ms  execute _pg3_7: SELECT 1",
        f"{PREFIX} LOG:  duration: 0.100 ms  parse <unnamed>: SELECT 1",
        f"{PREFIX} LOG:  duration: 0.100 ms  statement: COMMIT",
        f"{PREFIX} LOG:  checkpoint starting: time",
    )
    times.stop()
    assert [(each.number, each.ms) for each in times.timed] == [("42", 1.5), ("42", 2.5)]
    assert times.text_of("42") == "SELECT 1 FROM somewhere"


def test_errors_are_counted_by_what_they_are(times, log):
    write(log, f'{PREFIX} ERROR:  relation "a" is gone', f'{PREFIX} ERROR:  relation "b" is gone')
    times.stop()
    assert times.said == {"relation … is gone": 2}


def test_of_a_deadlock_is_kept_who_waited_for_whom(times, log):
    write(
        log,
        f"{PREFIX} ERROR:  deadlock detected",
        f"{PREFIX} DETAIL:  Process 1 waits for ShareLock on transaction 7; blocked by process 2.",
        "\tProcess 2 waits for ShareLock on transaction 8; blocked by process 1.",
        f"{PREFIX} HINT:  See server log for query details.",
        "\tsomething else",
    )
    times.stop()
    (told,) = times.deadlocks
    assert told.startswith("Process 1 waits")
    assert told.endswith("blocked by process 1.")
    assert times.said == {"deadlock detected": 1}


def test_a_log_that_begins_anew_is_read_from_its_beginning_and_half_a_line_waits(times, log):
    write(log, f"{PREFIX} LOG:  duration: 1.000 ms  statement: SELECT 1", "x" * 500)
    times._read()
    write(log, f"{PREFIX} LOG:  duration: 2.000 ms  statement: SELECT 1", f"{PREFIX} LOG:  dura", mode="w")
    times._read()
    times.stop()
    assert [each.ms for each in times.timed] == [1.0, 2.0]
