"""Scenarios give what they expect: the published ones, and one for nearly every sentence of the design page."""

import json
from pathlib import Path

import pytest

from tests.trading.matching.plain import PlainBook
from trading.matching.reading import read
from trading.matching.scenarios import differences, run

HERE = Path(__file__).parent
SCENARIOS = [
    scenario
    for name in ("cases.json", "sentences.json")
    for scenario in json.loads((HERE / name).read_text(encoding="utf-8"))
]
# The plain matcher knows whole numbers only.
OF_WHOLE_NUMBERS = [scenario for scenario in SCENARIOS if scenario["name"] != "numbers are whole"]


def name_of(scenario):
    return scenario["name"]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=name_of)
def test_a_scenario_gives_what_it_expects(scenario):
    assert differences(run(scenario), scenario["expect"]) == []


@pytest.mark.parametrize("scenario", OF_WHOLE_NUMBERS, ids=name_of)
def test_the_plain_matcher_expects_the_same(scenario):
    """It is what the book is compared with: so it must be right."""
    rules, instructions = read(scenario)
    plain = PlainBook(rules)
    for instruction in instructions:
        plain.apply(instruction)
    assert differences(plain.result(), scenario["expect"]) == []
