"""Methodologies over the API, for everybody."""

import pytest

from ledger.quantification import METHODOLOGIES
from ledger.quantification.factors import rows_of
from tests.callers import Caller, is_problem


def test_the_list_has_every_version(db: None) -> None:
    answer = Caller().ask("/methodologies")
    assert answer.status_code == 200
    assert [one["id"] for one in answer.json()["results"]] == list(METHODOLOGIES)
    assert answer.json()["next"] is None


@pytest.mark.parametrize("name", list(METHODOLOGIES))
def test_a_methodology_has_all_its_factors_with_every_digit(db: None, name: str) -> None:
    answer = Caller().ask(f"/methodologies/{name}").json()
    factors = rows_of(*METHODOLOGIES[name].tables)
    assert [one["value"] for one in answer["factors"]] == [str(factor.value) for factor in factors]
    assert [one["is_checked"] for one in answer["factors"]] == [factor.is_checked for factor in factors]
    assert len(answer["equations"]) == len(METHODOLOGIES[name].equations)
    assert answer["valid_from"] == METHODOLOGIES[name].valid_from.isoformat()


def test_what_is_no_methodology_is_a_problem(db: None) -> None:
    assert is_problem(Caller().ask("/methodologies/rice-water-9"), 404, "not_found")
    assert is_problem(Caller().ask("/methodologies", colour="green"), 400, "invalid_input")
