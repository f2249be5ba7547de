"""The published cases give what they expect."""

import json
from pathlib import Path

import pytest

from ledger.quantification import quantify
from ledger.quantification.__main__ import agrees

CASES = json.loads((Path(__file__).parent / "cases.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_a_published_case_gives_what_it_expects(case):
    result = quantify(case).result.as_dict()
    assert {key: result[key] for key, wanted in case["expect"].items() if not agrees(result[key], wanted)} == {}
