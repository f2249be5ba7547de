"""Methodologies as versioned objects; and the stored sheets of the first ones, byte for byte."""

import dataclasses
import hashlib
import json
from decimal import Decimal
from pathlib import Path

import orjson
import pytest

from ledger.quantification import METHODOLOGIES, factor_tables, quantify
from ledger.quantification.deductions import conservativeness
from ledger.quantification.sheet import factors_of
from tests.cases import rice, soil

CASES = json.loads((Path(__file__).parent / "cases.json").read_text(encoding="utf-8"))
# Over the sheets of all published cases, in order, as they were hashed into logs: they must never come out otherwise.
SHEETS_SHA256 = "4353b796719a8a94b971dd967f7f98c1fa501b663fbe2fa50a2789028cb750a9"


def test_stored_sheets_of_the_first_methodologies_come_to_the_same_bytes():
    found = hashlib.sha256()
    for case in CASES:
        found.update(orjson.dumps(quantify(case).as_dict(), option=orjson.OPT_SORT_KEYS))
    assert found.hexdigest() == SHEETS_SHA256


def test_what_was_computed_in_fewer_digits_before_changes_nothing():
    case = rice(version=1, amendments=[{"kind": "compost", "t_per_ha": "7.77"}])
    METHODOLOGIES["rice-water-1"].quantify(case)
    (scaling,) = [line for line in quantify(case).lines if line.symbol == "SFo" and line.scenario == "project"]
    assert len(scaling.result.as_tuple().digits) == 50


@pytest.mark.parametrize("methodology", METHODOLOGIES.values(), ids=lambda methodology: methodology.id)
def test_a_methodology_says_what_it_is(methodology):
    assert METHODOLOGIES[methodology.id] is methodology
    assert methodology.id.endswith(f"-{methodology.version}")
    assert methodology.title
    assert methodology.source
    assert methodology.sector == "Agriculture Forestry and Other Land Use (AFOLU)"
    assert set(methodology.tables) <= {factor.table for factor in factor_tables().values()}
    with pytest.raises(dataclasses.FrozenInstanceError):
        methodology.version = 9


def test_a_version_is_superseded_by_one_that_there_is_and_that_is_later():
    superseded = [methodology for methodology in METHODOLOGIES.values() if not methodology.is_current]
    assert [methodology.id for methodology in superseded] == ["rice-water-1"]
    for methodology in superseded:
        successor = METHODOLOGIES[methodology.superseded_by]
        assert successor.is_current
        assert successor.version > methodology.version
        assert successor.valid_from > methodology.valid_from


def test_small_scale_and_reversible_as_specified():
    assert {key: one.small_scale_limit_t for key, one in METHODOLOGIES.items() if one.is_small_scale} == {
        "rice-water-1": 60_000,
        "rice-water-2": 60_000,
    }
    assert {key for key, one in METHODOLOGIES.items() if one.is_reversible} == {"soc-tier1-1", "soc-measured-1"}


@pytest.mark.parametrize("case", [*CASES[:2], rice(), soil(2)], ids=lambda case: case["methodology"])
def test_a_sheets_lines_are_equations_and_factors_that_the_methodology_names(case):
    methodology = METHODOLOGIES[case["methodology"]]
    sheet = quantify(case).as_dict()
    tables = {
        tuple(sorted(factor.cited.items())) for factor in factor_tables().values() if factor.table in methodology.tables
    }
    for line in sheet["lines"]:
        for cited in factors_of(line, sheet).values():
            assert tuple(sorted(cited.items())) in tables


@pytest.mark.parametrize("case", [rice(3), soil(3)], ids=lambda case: case["methodology"])
def test_later_sheets_list_each_factor_once(case):
    computed = quantify(case)
    sheet = computed.as_dict()
    assert len({json.dumps(factor, sort_keys=True) for factor in sheet["factors"]}) == len(sheet["factors"])
    for line, written in zip(computed.lines, sheet["lines"], strict=True):
        assert factors_of(written, sheet) == line.factors
    assert json.loads(json.dumps(sheet)) == sheet


def test_more_uncertainty_is_never_a_larger_factor():
    shares = [conservativeness(Decimal(tenths) / 10).value for tenths in range(0, 2_000, 5)]
    assert shares == sorted(shares, reverse=True)
