"""A report from samples that are made up: whole, well-formed, and it says what is not as it must be."""

import json
from xml.etree import ElementTree

import pytest

from tests.soak.findings import Findings, Tried
from tests.soak.judge import Window
from tests.soak.plots import Line, binned, number, plot, rate, thinned
from tests.soak.report import Report
from tests.soak.sampler import Memory, Progress, Sampler, Table
from tests.soak.statement_times import StatementTimes, Timed

START, END = 1_000.0, 1_900.0


@pytest.fixture
def found(tmp_path):
    sampler, statements = Sampler(None), StatementTimes(tmp_path / "postgres.log")
    seconds = [START + at for at in range(900)]
    sampler.memory += [Memory(at, "web", 7, 100.0) for at in seconds[::5]]
    sampler.progress += [Progress(at, int(at) * 3, int(at), int(at), 2, 0.1, 3, 0.2) for at in seconds]
    sampler.tables += [Table(at, "trading_order", 10, 1, 2**20, 0) for at in seconds[::15]]
    statements.timed += [Timed(at, "1", 0.4) for at in seconds]
    statements._texts["1"] = "SELECT <everything>\tFROM trading_order"
    tried = [Tried("maker", "POST /orders", 201, at, 0.01) for at in seconds]
    faults = [Window("web killed", START + 100, START + 103)]
    checks = [Window("reconciled", START + 300, START + 310)]
    return Findings(START, END, faults, checks, tried, sampler, statements)


@pytest.fixture
def report():
    report = Report(7, 900.0, {"maker": 2}, ["  45.0 s  web killed"])
    report.add("orders entered", "900")
    return report


def test_where_all_is_well_nothing_is_said(found):
    assert list(found.judge()) == []


def test_a_deadlock_is_a_problem(found):
    found.statements.deadlocks.append(
        "Process 1 waits for ShareLock on transaction 7; blocked by process 2.\n\tProcess 2 …"
    )
    assert list(found.judge()) == ["a deadlock: Process 1 waits for ShareLock on transaction 7; blocked by process 2."]


def test_a_report_is_a_page_that_needs_nothing_else(found, report, tmp_path):
    report.faults = [
        {
            "name": "web killed",
            "is_clock_back": True,
            "began_at": 100.0,
            "up_at": 101.0,
            "over_at": 103.0,
            "seconds": 3.0,
            "recovered": {"answered": 2.0, "executed": 2.5, "logged": 1.0, "told": 3.0},
        }
    ]
    report.write(tmp_path / "report", found)
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "http" not in page
    assert "<script" not in page
    assert "SELECT &lt;everything&gt; FROM trading_order" in page
    assert "<title>web killed, 3.0 s</title>" in page
    body = page.removeprefix("<!doctype html>").replace('<meta charset="utf-8">', "")
    ElementTree.fromstring(body.replace('content="width=device-width, initial-scale=1">', 'content="" />'))
    content = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))
    assert content["holds"]
    assert content["memory"][0]["is_flat"]
    assert content["statements"][0]["ratio"] == 1.0
    assert (tmp_path / "report" / "report.txt").read_text(encoding="utf-8").startswith("orders entered  900\n")


@pytest.mark.parametrize(
    ("tried", "words"),
    [
        (Tried("maker", "POST /orders", 503, START + 500, 0.1), "1 × 503 to POST /orders, while nothing was wrong"),
        # On a connection on which nothing had been asked since the fault, by then long over.
        (
            Tried("maker", "POST /orders", 503, START + 115, 0.1, 14.0),
            "1 × 503 to POST /orders, while nothing was wrong",
        ),
        (
            Tried("maker", "POST /orders", 0, START + 115, 0.1, 5.0),
            "1 × no answer to POST /orders, while nothing was wrong",
        ),
        # That all is checked meanwhile is no reason.
        (Tried("maker", "POST /orders", 0, START + 305, 0.1), "1 × no answer to POST /orders, while nothing was wrong"),
        (Tried("maker", "POST /orders", 500, START + 101, 0.1), "1 × 500 to POST /orders, during: web killed"),
    ],
)
def test_a_failure_that_nothing_explains_is_named(found, tried, words):
    found.tried.append(tried)
    assert list(found.judge()) == [words]


@pytest.mark.parametrize(
    "tried",
    [
        Tried("maker", "POST /orders", 503, START + 101, 0.1),
        Tried("maker", "POST /orders", 0, START + 99, 2.0),
        # Its connection was kept from before the fault.
        Tried("maker", "POST /orders", 0, START + 115, 0.0, 14.0),
        # Somebody who sends what nobody should is not always answered.
        Tried("faulty", "POST /orders", 0, START + 500, 0.1),
        Tried("faulty", "POST /orders", 422, START + 500, 0.1),
    ],
)
def test_a_failure_in_a_fault_is_counted_and_no_problem(found, tried):
    found.tried.append(tried)
    assert list(found.judge()) == []


def test_what_grows_and_what_slows_down_is_named(found):
    late = START + 600
    found.sampler.memory += [Memory(at, "worker", 8, 50.0 + (at - START) / 10) for at, *_rest in found.sampler.memory]
    found.statements.timed[:] = [Timed(at, "1", 0.4 if at < late else 4.0) for at, *_rest in found.statements.timed]
    found.tried[:] = [each._replace(seconds=0.01 if each.at < late else 0.03) for each in found.tried]
    memory, statement, request = found.judge()
    assert memory.startswith("memory of worker grows by 360 MB an hour")
    assert statement.startswith("statement takes 10.0 times as long (0.40 → 4.00 ms): SELECT <everything>")
    assert request.startswith("request takes 3.0 times as long (10.00 → 30.00 ms): POST /orders")


def test_a_report_of_problems_says_so(report, found, tmp_path):
    report.problems = [f"problem {at}" for at in range(100)]
    assert "100 PROBLEMS" in report.lines()
    assert report.lines()[-1] == "… and 40 more"
    report.write(tmp_path, found)
    assert "Soak: 100 problems." in (tmp_path / "report.html").read_text(encoding="utf-8")


# Plots


def test_lines_are_thinned_to_the_medians_of_stretches():
    points = [(float(at), 1_000.0 if at == 5 else 1.0) for at in range(1_000)]
    found = thinned(points, 100)
    assert len(found) == 100
    assert found[0] == (4.5, 1.0)
    assert thinned(points[:3], 100) == points[:3]


def test_samples_are_gathered_in_stretches():
    assert binned([(1.0, 5.0), (2.0, 7.0), (31.0, 1.0)], 10.0, max) == [(5.0, 7.0), (35.0, 1.0)]
    assert rate([1.0, 2.0, 31.0], 10.0) == [(5.0, 0.2), (15.0, 0.0), (25.0, 0.0), (35.0, 0.1)]
    assert rate([], 10.0) == []


def test_a_plot_breaks_where_something_was_away_and_marks_why():
    figure = plot(
        "Memory <of all>", "MB", [Line("web", [(0, 1), (1, 2), (50, 3)], 10.0)], [Window("killed", 2, 49)], 60
    )
    parsed = ElementTree.fromstring(figure)
    assert len(parsed.findall(".//polyline")) == 2
    assert [each.text for each in parsed.iter("title")] == ["killed, 47.0 s", "web"]
    assert "Nothing was measured" in plot("Empty", "", [Line("none", [])], [], 60)


@pytest.mark.parametrize(
    ("value", "written"), [(0, "0"), (0.01234, "0.0123"), (1.5, "1.50"), (12.34, "12.3"), (12_345.6, "12,346")]
)
def test_numbers_have_the_digits_that_tell_something(value, written):
    assert number(value) == written
