"""The public lists by the API: the same filters as on the pages, and reference data apart."""

import pytest

from ledger.registry.imports.services import run_import, take_in
from tests.callers import Caller, is_problem, statuses
from tests.factories import ProjectFactory
from tests.ledger.registry.test_import import CREDITS, PROJECTS
from tests.scenes import issue_to_cooperative


def codes(query):
    return [each["code"] for each in Caller().ask("/projects", **query).json()["results"]]


def test_projects_are_filtered(who):
    owner = who.cooperative.organisation
    one = ProjectFactory(name="甲稻田", county_code="350627", proponent=owner)
    two = ProjectFactory(name="乙土壤", province_code="43", methodology="soc-tier1-1")
    batch = issue_to_cooperative(who, 5, project=one)
    assert codes({}) == [two.code, one.code]
    for query, found in (
        ({"q": "稻田"}, one),
        ({"province": "43"}, two),
        ({"county": "350627"}, one),
        ({"methodology": "soc-tier1-1"}, two),
        ({"vintage": batch.vintage}, one),
        ({"proponent": str(owner.public_id)}, one),
    ):
        assert codes(query) == [found.code], query
    assert codes({"status": "draft"}) == []


def test_batches_and_retirements_are_filtered(who):
    one, two = issue_to_cooperative(who, 5, buffer_t=1), issue_to_cooperative(who, 5)
    caller = Caller(who.cooperative)
    sent = {"batch": one.asset.code, "quantity_t": 1, "beneficiary_name": "隐名", "purpose": "event"}
    caller.send("/retirements", sent | {"is_beneficiary_public": False})
    for query, found in (
        ({"project": one.project.code}, [one]),
        ({"holds": "buffer"}, [one]),
        ({"vintage": two.vintage}, [each for each in (two, one) if each.vintage == two.vintage]),
        ({"project": "none"}, []),
    ):
        listed = Caller().ask("/batches", **query).json()["results"]
        assert [each["code"] for each in listed] == [each.asset.code for each in found], query
    for query, count in (
        ({"batch": one.asset.code}, 1),
        ({"batch": two.asset.code}, 0),
        ({"purpose": "event"}, 1),
        ({"purpose": "product"}, 0),
        ({"project": one.project.code}, 1),
        ({"year": 1999}, 0),
        ({"q": "隐名"}, 0),
    ):
        for someone in (Caller(), caller):
            assert len(someone.ask("/retirements", **query).json()["results"]) == count, query


def test_reference_data_are_listed_apart(db, settings, tmp_path):
    settings.REGISTRY_FILES = tmp_path
    for content in (PROJECTS, CREDITS):
        run_import(import_id=take_in(chunks=[content], file_name="x.csv").pk)
    listed = Caller().ask("/references/projects", registry="verra").json()["results"]
    assert [each["project_id"] for each in listed] == ["VCS2", "VCS1"]
    assert len(Caller().ask("/references/credits", q="VCS2").json()["results"]) == 1
    assert len(Caller().ask("/references/credits").json()["results"]) == 4
    assert Caller().ask("/projects").json()["results"] == []


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/projects", {"vintage": "x"}),
        ("/projects", {"proponent": "x"}),
        ("/projects", {"province": "355"}),
        ("/projects", {"status": "none"}),
        ("/projects", {"q": "x" * 101}),
        ("/batches", {"holds": "x"}),
        ("/batches", {"vintage": "99999"}),
        ("/retirements", {"purpose": "x"}),
        ("/retirements", {"year": "-1"}),
        ("/references/projects", {"none": "x"}),
    ],
)
def test_a_wrong_filter_is_refused_and_named(db, path, query):
    answer = Caller().ask(path, **query)
    assert is_problem(answer, 400, answer.json()["code"], f"/{next(iter(query))}")


def test_everybody_may_read_them(who):
    for path in ("/references/projects", "/references/credits", "/batches", "/retirements", "/projects"):
        assert set(statuses(who, "GET", path).values()) == {200}
