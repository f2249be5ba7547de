"""The published scenarios give what they expect."""

import json
from pathlib import Path

import pytest

from trading.matching.scenarios import differences, run

SCENARIOS = json.loads((Path(__file__).parent / "cases.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario["name"])
def test_a_published_scenario_gives_what_it_expects(scenario):
    assert differences(run(scenario), scenario["expect"]) == []
