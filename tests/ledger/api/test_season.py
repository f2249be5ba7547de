"""One season over the API: from a field to a retirement, each step by whom it belongs to and by nobody else."""

from typing import Any

import pytest

from ledger.models import Batch, MonitoringReport, Project
from tests.callers import Caller, is_problem, statuses
from tests.factories import PRACTICES, SETTINGS, ProjectFactory, square
from tests.scenes import People

PROJECT = {
    "name": "清溪稻田",
    "name_en": "Qingxi paddies",
    "place": "福建",
    "province_code": "35",
    "methodology": "rice-water-1",
    "settings": SETTINGS,
    "crediting_starts_on": "2020-01-01",
    "crediting_ends_on": "2029-12-31",
}
PARCEL = {"code": "QX-01", "name": "上坂", "geometry": square(0), "practices": PRACTICES}
ONLY = {
    "cooperative": 403,
    "buyer": 403,
    "verifier": 403,
    "registrar": 403,
    "treasurer": 403,
    "auditor": 403,
    "stranger": 401,
}


@pytest.fixture
def code(who: People) -> str:
    """Return the code of a draft with one field."""
    caller = Caller(who.cooperative)
    answer = caller.send("/projects", PROJECT)
    assert answer.status_code == 201, answer.content
    code = answer.json()["code"]
    assert caller.send(f"/projects/{code}/parcels", PARCEL).status_code == 201
    return str(code)


@pytest.fixture
def registered(who: People, code: str) -> str:
    for person, step, body in (
        (who.cooperative, "submit", None),
        (who.verifier, "validate", {"statement": "meets rice-water-1"}),
        (who.registrar, "register", None),
    ):
        answer = Caller(person).send(f"/projects/{code}/{step}", body)
        assert answer.status_code == 200, answer.content
    return code


@pytest.fixture
def report_id(who: People, registered: str) -> int:
    answer = Caller(who.cooperative).send(f"/projects/{registered}/reports", {"vintage": 2022})
    assert answer.status_code == 201, answer.content
    return int(answer.json()["id"])


@pytest.fixture
def batch(who: People, report_id: int) -> dict[str, Any]:
    verify = Caller(who.verifier).send(f"/reports/{report_id}/verify", {"statement": "seen on the fields"})
    assert verify.status_code == 200, verify.content
    assert Caller(who.registrar).send(f"/reports/{report_id}/approve").status_code == 200
    answer = Caller(who.registrar).send(f"/reports/{report_id}/issue")
    assert answer.status_code == 201, answer.content
    issued: dict[str, Any] = answer.json()
    return issued


def test_a_project_is_begun_by_cooperatives_alone(who: People) -> None:
    assert statuses(who, "POST", "/projects", PROJECT) == ONLY | {"cooperative": 201}


def test_a_draft_is_seen_by_its_proponent_the_operator_and_auditors(who: People, code: str) -> None:
    expected = {
        "cooperative": 200,
        "buyer": 404,
        "verifier": 404,
        "registrar": 200,
        "treasurer": 200,
        "auditor": 200,
        "stranger": 404,
    }
    assert statuses(who, "GET", f"/projects/{code}") == expected
    assert statuses(who, "GET", f"/projects/{code}/parcels") == expected
    assert statuses(who, "GET", f"/projects/{code}/reports") == expected | {"stranger": 401}


def test_a_field_is_added_by_the_proponent_alone_with_its_area(who: People, code: str) -> None:
    parcel = PARCEL | {"code": "QX-02", "geometry": square(1)}
    answer = Caller(who.cooperative).send(f"/projects/{code}/parcels", parcel)
    assert answer.status_code == 201
    added = answer.json()
    assert float(added["area_mu"]) == pytest.approx(15 * float(added["area_ha"]))
    assert added.keys() == {
            "code", "name", "area_ha", "area_mu", "declared_area_ha", "converted_from", "geometry", "practices",
        }  # fmt: skip
    expected = ONLY | {"cooperative": 201, "buyer": 404, "verifier": 404}
    assert statuses(who, "POST", f"/projects/{code}/parcels", parcel | {"code": "X", "geometry": square(2)}) == expected


@pytest.mark.parametrize(
    "geometry",
    [
        {},
        {"type": "Polygon"},
        {"type": "Polygon", "coordinates": []},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 1], [0, 1], [1, 0], [0, 0]]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 95], [0, 0]]]},
        {"type": "Polygon", "coordinates": [[["0", 0], [1, 0], [1, 1], [0, 0]]]},
        {"type": "Point", "coordinates": [0, 0]},
        square(0),
    ],
)
def test_land_that_is_none_or_is_claimed_is_refused(who: People, code: str, geometry: Any) -> None:
    parcel = PARCEL | {"code": "QX-02", "geometry": geometry}
    answer = Caller(who.cooperative).send(f"/projects/{code}/parcels", parcel)
    assert is_problem(answer, 422, "invalid_value", "/geometry")


def test_practices_cannot_claim_an_area(who: People, code: str) -> None:
    practices = PRACTICES | {"area_ha": "1000000"}
    answer = Caller(who.cooperative).send(
        f"/projects/{code}/parcels", {**PARCEL, "code": "X", "geometry": square(1), "practices": practices}
    )
    assert is_problem(answer, 422, "invalid_value", "/practices/area_ha")


@pytest.mark.parametrize("tonnes", ["1e30", "-1", "NaN", 5, "1" * 31])
def test_practices_beyond_reason_give_no_project(who: People, tonnes: Any) -> None:
    season = PRACTICES["seasons"][0]
    amended = season["baseline"] | {"amendments": [{"kind": "farm_yard_manure", "t_per_ha": tonnes}]}
    practices = {"seasons": [season | {"baseline": amended}]}
    caller = Caller(who.cooperative)
    code = caller.send("/projects", PROJECT).json()["code"]
    caller.send(f"/projects/{code}/parcels", PARCEL | {"practices": practices})
    answer = caller.send(f"/projects/{code}/submit")
    assert is_problem(answer, 422, "invalid_value")
    assert Project.objects.get().status == "draft"


def test_each_step_of_a_project_is_taken_by_whom_it_belongs_to(who: People, code: str) -> None:
    foreign = {"buyer": 404, "verifier": 404}
    assert statuses(who, "POST", f"/projects/{code}/submit") == ONLY | foreign | {"cooperative": 200}
    answer = Caller(who.cooperative).send(f"/projects/{code}/submit")
    assert answer.json()["status"] == "submitted"
    assert answer.json()["forecast"]["result"]["net_t"] > 0
    statement, reason = {"statement": "meets rice-water-1"}, {"reason": "no map"}
    foreign = {"buyer": 404}
    assert statuses(who, "POST", f"/projects/{code}/validate", statement) == ONLY | foreign | {"verifier": 200}
    rejecting = {"verifier": 200, "registrar": 200}
    assert statuses(who, "POST", f"/projects/{code}/reject", reason) == ONLY | foreign | rejecting
    early = Caller(who.registrar).send(f"/projects/{code}/register")
    assert is_problem(early, 409, "wrong_state")
    validated = Caller(who.verifier).send(f"/projects/{code}/validate", statement).json()
    assert (validated["status"], validated["validation_statement"]) == ("validated", "meets rice-water-1")
    assert statuses(who, "POST", f"/projects/{code}/register") == ONLY | foreign | {"registrar": 200}


def test_a_registered_project_is_public(who: People, registered: str) -> None:
    shown = Caller().ask(f"/projects/{registered}").json()
    assert shown["parcel_count"] == 1
    assert float(shown["total_area_mu"]) == pytest.approx(15 * float(shown["total_area_ha"]))
    assert shown["batches"] == []
    assert shown["proponent"] == {
        "id": str(who.cooperative.organisation.public_id),
        "name": who.cooperative.organisation.name,
        "name_en": who.cooperative.organisation.name_en,
    }
    assert [row["code"] for row in Caller().ask("/projects").json()["results"]] == [registered]
    assert Caller().ask(f"/projects/{registered}/parcels").json()["results"][0]["code"] == "QX-01"
    late = Caller(who.cooperative).send(f"/projects/{registered}/parcels", PARCEL | {"code": "late"})
    assert is_problem(late, 409, "wrong_state")


def test_projects_are_listed_in_a_few_queries_however_many(who: People, django_assert_num_queries: Any) -> None:
    ProjectFactory.create_batch(3, proponent=who.cooperative.organisation)
    caller = Caller(who.auditor)
    with django_assert_num_queries(2):
        assert len(caller.ask("/projects").json()["results"]) == 3


def test_each_step_of_a_report_is_taken_by_whom_it_belongs_to(who: People, registered: str) -> None:
    path = f"/projects/{registered}/reports"
    assert statuses(who, "POST", path, {"vintage": 2022}) == ONLY | {"cooperative": 201}
    report = Caller(who.cooperative).send(path, {"vintage": 2022}).json()
    assert report["status"] == "submitted"
    assert report["sheet"]["result"]["net_t"] == report["net_t"] == report["buffer_t"] + report["issuable_t"]
    again = Caller(who.cooperative).send(path, {"vintage": 2022})
    assert is_problem(again, 422, "invalid_value", "/vintage")
    path = f"/reports/{report['id']}"
    assert statuses(who, "POST", f"{path}/verify", {"statement": "seen"}) == ONLY | {"verifier": 200}
    rejecting = {"verifier": 200, "registrar": 200}
    assert statuses(who, "POST", f"{path}/reject", {"reason": "no diary"}) == ONLY | rejecting
    assert is_problem(Caller(who.registrar).send(f"{path}/approve"), 409, "wrong_state")
    verified = Caller(who.verifier).send(f"{path}/verify", {"statement": "seen"}).json()
    assert verified["verifier"]["id"] == str(who.verifier.organisation.public_id)
    assert statuses(who, "POST", f"{path}/approve") == ONLY | {"registrar": 200}
    assert is_problem(Caller(who.registrar).send(f"{path}/issue"), 409, "wrong_state")
    assert Caller(who.registrar).send(f"{path}/approve").json()["status"] == "approved"
    assert statuses(who, "POST", f"{path}/issue") == ONLY | {"registrar": 201}


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({}, 400, "/vintage"),
        ({"vintage": "2022"}, 400, "/vintage"),
        ({"vintage": 2019}, 422, "/vintage"),
        ({"vintage": 2200}, 422, "/vintage"),
        ({"vintage": 2022, "practices": []}, 400, "/practices"),
        ({"vintage": 2022, "practices": {"QX-01": 5}}, 400, "/practices/QX-01"),
        ({"vintage": 2022, "practices": {"nowhere": {}}}, 422, "/practices"),
        ({"vintage": 2022, "practices": {"QX-01": {"area_ha": "9"}}}, 422, None),
        ({"vintage": 2022, "practices": {"QX-01": {"seasons": []}}}, 422, None),
    ],
)
def test_a_report_that_is_not_right_is_refused(
    who: People, registered: str, body: Any, status: int, pointer: str | None
) -> None:
    answer = Caller(who.cooperative).send(f"/projects/{registered}/reports", body)
    assert is_problem(answer, status, "invalid_input" if status == 400 else "invalid_value", pointer)
    assert not MonitoringReport.objects.exists()


def test_a_report_of_another_draft_is_not_there(who: People, report_id: int) -> None:
    assert statuses(who, "GET", f"/reports/{report_id}") == {
        "cooperative": 200,
        "buyer": 200,
        "verifier": 200,
        "registrar": 200,
        "treasurer": 200,
        "auditor": 200,
        "stranger": 401,
    }
    Project.objects.update(status=Project.Status.DRAFT)
    assert is_problem(Caller(who.buyer).ask(f"/reports/{report_id}"), 404, "not_found")
    assert is_problem(Caller(who.verifier).send(f"/reports/{report_id}/verify", {"statement": "x"}), 404, "not_found")


def test_reports_are_listed_without_their_calculations(
    who: People, registered: str, report_id: int, django_assert_num_queries: Any
) -> None:
    caller = Caller(who.buyer)
    with django_assert_num_queries(3):
        listed = caller.ask(f"/projects/{registered}/reports").json()["results"]
    assert [row["id"] for row in listed] == [report_id]
    assert "sheet" not in listed[0]


def test_issued_credits_are_public_and_issued_once(who: People, report_id: int, batch: dict[str, Any]) -> None:
    tonnes = batch["quantity_t"]
    assert int(batch["last_serial"]) - int(batch["first_serial"]) + 1 == tonnes
    assert batch["supply"] == {"issued": tonnes, "held": tonnes, "buffer": 0, "retired": 0, "cancelled": 0}
    assert Caller().ask(f"/batches/{batch['code']}").json() == batch
    assert Caller().ask("/batches").json()["results"] == [batch]
    project = Caller().ask(f"/projects/{batch['project']}").json()
    assert project["batches"] == [{"code": batch["code"], "vintage": 2022, "quantity_t": tonnes, "buffer_t": 0}]
    assert is_problem(Caller(who.registrar).send(f"/reports/{report_id}/issue"), 409, "already_issued")
    assert Batch.objects.count() == 1
