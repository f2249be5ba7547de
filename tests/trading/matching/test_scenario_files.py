"""python -m trading.matching: what it prints, and what it says of files that cannot be run."""

import json

import pytest

from trading.matching.__main__ import main

SELL = {"op": "submit", "id": "a", "owner": "A", "side": "sell", "type": "limit", "price": 100, "qty": 5}
GOOD = {"name": "one order", "source": "a book", "commands": [SELL], "expect": {"orders": {"a": {"status": "new"}}}}


@pytest.fixture
def tool(tmp_path, monkeypatch, capsys):
    """Return a function that runs the tool on a text and returns its exit status, output and complaints."""

    def run_tool(text, *options):
        path = tmp_path / "scenarios.json"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        monkeypatch.setattr("sys.argv", ["matching", str(path), *options])
        return main(), *capsys.readouterr()

    return run_tool


def test_it_prints_the_same_list_with_results(tool):
    status, printed, complaints = tool(json.dumps(GOOD))
    assert (status, complaints) == (0, "")
    (scenario,) = json.loads(printed)
    result = scenario.pop("result")
    assert scenario == GOOD
    assert result["book"] == {"bids": [], "asks": [[100, 5, 1]]}


def test_it_checks_and_says_what_differs(tool):
    wrong = GOOD | {"name": "wrong", "expect": {"orders": {"a": {"filled": 5}}, "trades": []}}
    assert tool(json.dumps(GOOD), "--check")[:2] == (0, "1 of 1 scenarios as expected\n")
    status, printed, _ = tool(json.dumps([GOOD, wrong]), "--check")
    assert status == 1
    assert printed == "wrong: orders.a.filled: 0 instead of 5\n1 of 2 scenarios as expected\n"


def test_orders_may_be_numbered(tool):
    status, _, _ = tool(
        json.dumps({"commands": [SELL | {"id": 7}], "expect": {"orders": {"7": {"status": "new"}}}}), "--check"
    )
    assert status == 0


def submit(**fields):
    return {"commands": [SELL | fields]}


def market(**fields):
    return {"market": fields, "commands": []}


@pytest.mark.parametrize(
    ("scenario", "says"),
    [
        (3, "a scenario is an object with a list of commands"),
        ({"commands": 3}, "a scenario is an object with a list of commands"),
        ({"commands": [], "expect": 3}, "expect: an object is needed"),
        ({"commands": [3]}, "commands[0]: a command is an object in 3"),
        ({"commands": [SELL, {}]}, "commands[1]: op is missing in {}"),
        ({"commands": [{"op": "buy"}]}, "commands[0]: op is one of auction_open, auction_uncross, cancel"),
        ({"commands": [{"op": ["halt"]}]}, "commands[0]: op is one of"),
        ({"commands": [{"op": "cancel"}]}, "commands[0]: id is missing"),
        ({"commands": [{"op": "cancel", "id": {}}]}, "commands[0]: id is a text or a whole number"),
        ({"commands": [{"op": "rules"}]}, "commands[0]: an object is needed"),
        (submit(owner=None), "commands[0]: owner is a text or a whole number"),
        (submit(side="hold"), "commands[0]: side is one of buy, sell"),
        (submit(tif="never"), "commands[0]: tif is one of day, fok, gtc, gtd, ioc"),
        (submit(stp=["decrement"]), "commands[0]: stp is one of"),
        (submit(post_only="no"), "commands[0]: post_only is true or false"),
        (market(tick=0), "market: tick is a whole number from 1 on"),
        (market(lot="1"), "market: lot is a whole number from 1 on"),
        (market(reference=-1), "market: reference is a whole number from 0 on"),
        (market(band=[5, 1]), "market: band is null, or the lowest and the highest price"),
        (market(band=[True, 5]), "market: band is null, or the lowest and the highest price"),
        ({"market": [], "commands": []}, "market: an object is needed"),
    ],
)
def test_a_scenario_that_cannot_be_run_is_named_and_nothing_is_printed(tool, scenario, says):
    status, printed, complaints = tool(json.dumps([GOOD, scenario]))
    assert (status, printed) == (2, "")
    assert says in complaints


@pytest.mark.parametrize("text", ["", '{"a"', b"\xff\xfe", "[" * 100_000, "1" * 5_000])
def test_a_file_that_is_no_json_is_a_message_and_not_a_traceback(tool, text):
    status, printed, complaints = tool(text)
    assert (status, printed) == (2, "")
    assert complaints.count("\n") == 1


def test_a_file_that_is_not_there(tool, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["matching", "/nowhere/scenarios.json"])
    assert main() == 2
    assert "No such file" in capsys.readouterr().err


@pytest.mark.parametrize("field", ["price", "qty", "display"])
@pytest.mark.parametrize("value", [None, "5", 5.0, 1e400, True, [], {}, -(10**30), 10**30])
def test_whatever_stands_for_a_number_is_an_order_that_is_taken_or_rejected(tool, field, value):
    for order in (SELL, SELL | {"type": "market", "price": None, "protection": value}):
        later = [{"op": "replace", "id": "a", "qty": value}, {"op": "replace", "id": "a", "price": value}]
        status, printed, _ = tool(json.dumps({"commands": [order | {field: value}, *later]}))
        assert status == 0
        assert json.loads(printed)[0]["result"]["orders"]["a"]["status"] in ("new", "canceled", "rejected")
