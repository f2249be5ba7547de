"""One season over the API: from a field to a retirement, each step by whom it belongs to and by nobody else."""

from typing import Any

import pytest

from ledger.models import Batch, MonitoringReport, Project
from tests.callers import Caller, is_problem, statuses
from tests.factories import PRACTICES, SETTINGS, MembershipFactory, ProjectFactory, square
from tests.ledger.projects.test_risk import ANSWERS
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
NOT_ELSEWHERE = {"is_listed_elsewhere": False}
BASELINE = {"evidence": "records of the water station"}
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
    declare(caller, code)
    return str(code)


def declare(caller: Caller, code: str) -> None:
    """Declare what must be declared of a draft before it is handed in."""
    assert caller.send(f"/projects/{code}/describe", NOT_ELSEWHERE).status_code == 200
    assert caller.send(f"/projects/{code}/baseline", BASELINE).status_code == 200


@pytest.fixture
def registered(who: People, code: str) -> str:
    for person, step, body in (
        (who.cooperative, "submit", None),
        (who.verifier, "accept", None),
        (who.verifier, "validate", {"statement": "meets rice-water-1"}),
        (who.registrar, "register", None),
    ):
        answer = Caller(person).send(f"/projects/{code}/{step}", body)
        assert answer.status_code == 200, answer.content
    return code


@pytest.fixture
def verifier_id(who: People) -> str:
    return str(who.verifier.organisation.public_id)


@pytest.fixture
def report_id(who: People, registered: str, verifier_id: str) -> int:
    answer = Caller(who.cooperative).send(f"/projects/{registered}/reports", {"vintage": 2020})
    assert answer.status_code == 201, answer.content
    report_id = int(answer.json()["id"])
    handed_in = Caller(who.cooperative).send(f"/reports/{report_id}/submit", {"verifier": verifier_id})
    assert handed_in.status_code == 200, handed_in.content
    return report_id


@pytest.fixture
def batch(who: People, report_id: int) -> dict[str, Any]:
    assert Caller(who.verifier).send(f"/reports/{report_id}/accept").status_code == 200
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
    described = {"declared_area_ha", "converted_from", "baseline_evidence"}
    assert added.keys() == {"code", "name", "area_ha", "area_mu", "geometry", "practices"} | described
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
    declare(caller, code)
    answer = caller.send(f"/projects/{code}/submit")
    assert is_problem(answer, 422, "invalid_value")
    assert answer.json()["errors"][0]["pointer"] != "/is_listed_elsewhere"
    assert Project.objects.get().status == "draft"


def test_each_step_of_a_project_is_taken_by_whom_it_belongs_to(who: People, code: str) -> None:
    foreign = {"buyer": 404, "verifier": 404}
    assert statuses(who, "POST", f"/projects/{code}/submit") == ONLY | foreign | {"cooperative": 200}
    answer = Caller(who.cooperative).send(f"/projects/{code}/submit")
    assert answer.json()["status"] == "submitted"
    assert answer.json()["forecast"]["result"]["net_t"] > 0
    statement, reason = {"statement": "meets rice-water-1"}, {"reason": "no map"}
    foreign = {"buyer": 404}
    assert statuses(who, "POST", f"/projects/{code}/accept") == ONLY | foreign | {"verifier": 200}
    accepted = Caller(who.verifier).send(f"/projects/{code}/accept").json()
    assert accepted["status"] == "in_validation"
    assert accepted["validator"]["id"] == str(who.verifier.organisation.public_id)
    assert statuses(who, "POST", f"/projects/{code}/validate", statement) == ONLY | foreign | {"verifier": 200}
    giving_up = {"verifier": 200, "registrar": 200}
    for step in ("decline", "return"):
        assert statuses(who, "POST", f"/projects/{code}/{step}", reason) == ONLY | foreign | giving_up
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


def test_each_step_of_a_report_is_taken_by_whom_it_belongs_to(who: People, registered: str, verifier_id: str) -> None:
    path = f"/projects/{registered}/reports"
    assert statuses(who, "POST", path, {"vintage": 2020}) == ONLY | {"cooperative": 201}
    draft = Caller(who.cooperative).send(path, {"vintage": 2020}).json()
    assert (draft["status"], draft["sheet"], draft["due_on"]) == ("draft", None, None)
    again = Caller(who.cooperative).send(path, {"vintage": 2020})
    assert is_problem(again, 422, "invalid_value", "/vintage")
    path = f"/reports/{draft['id']}"
    hidden = dict.fromkeys(ONLY, 404) | {"cooperative": 200, "stranger": 401}
    assert statuses(who, "GET", path) == statuses(who, "GET", f"{path}/preview") == hidden
    assert statuses(who, "POST", f"{path}/practices", {"practices": {"QX-01": PRACTICES}}) == hidden
    assert statuses(who, "POST", f"{path}/submit", {"verifier": verifier_id}) == hidden
    assert statuses(who, "POST", f"{path}/discard") == hidden | {"cooperative": 204}
    preview = Caller(who.cooperative).ask(f"{path}/preview").json()
    report = Caller(who.cooperative).send(f"{path}/submit", {"verifier": verifier_id}).json()
    assert report["status"] == "submitted"
    assert preview["sheet"]["result"]["net_t"] == report["net_t"] == report["buffer_t"] + report["issuable_t"]
    assert report["due_on"] is not None
    assert statuses(who, "POST", f"{path}/accept") == ONLY | {"verifier": 200}
    assert statuses(who, "POST", f"{path}/decline", {"reason": "no time"}) == ONLY | {"verifier": 200}
    assert statuses(who, "POST", f"{path}/reject", {"reason": "no diary"}) == ONLY | {"verifier": 409, "registrar": 200}
    assert is_problem(Caller(who.verifier).send(f"{path}/verify", {"statement": "seen"}), 409, "wrong_state")
    Caller(who.verifier).send(f"{path}/accept")
    assert statuses(who, "POST", f"{path}/verify", {"statement": "seen"}) == ONLY | {"verifier": 200}
    rejecting = {"verifier": 200, "registrar": 200}
    assert statuses(who, "POST", f"{path}/reject", {"reason": "no diary"}) == ONLY | rejecting
    assert is_problem(Caller(who.registrar).send(f"{path}/approve"), 409, "wrong_state")
    verified = Caller(who.verifier).send(f"{path}/verify", {"statement": "seen"}).json()
    assert verified["verifier"]["id"] == verifier_id
    assert statuses(who, "POST", f"{path}/approve") == ONLY | {"registrar": 200}
    assert is_problem(Caller(who.registrar).send(f"{path}/issue"), 409, "wrong_state")
    assert Caller(who.registrar).send(f"{path}/approve").json()["status"] == "approved"
    assert statuses(who, "POST", f"{path}/issue") == ONLY | {"registrar": 201}
    part = Caller(who.registrar).send(f"{path}/issue", {"quantity_t": 5}).json()
    assert (part["quantity_t"], part["tranche"], part["report"]) == (5, 1, report["id"])
    assert Caller(who.buyer).ask(path).json()["issued_t"] == 5
    rest = Caller(who.registrar).send(f"{path}/issue").json()
    assert (rest["code"], rest["tranche"]) == (f"{part['code']}-2", 2)


def test_findings_are_opened_answered_and_closed_by_whom_it_belongs_to(
    who: People, registered: str, report_id: int
) -> None:
    path = f"/reports/{report_id}"
    Caller(who.verifier).send(f"{path}/accept")
    asked = {"kind": "corrective_action", "text": "August is missing."}
    assert statuses(who, "POST", f"{path}/findings", asked) == ONLY | {"verifier": 201}
    finding = Caller(who.verifier).send(f"{path}/findings", asked).json()
    assert (finding["number"], finding["status"], finding["report"]) == (1, "open", report_id)
    assert is_problem(Caller(who.verifier).send(f"{path}/verify", {"statement": "seen"}), 409, "findings_open")
    listed = {
        name: len(Caller(getattr(who, name)).ask(f"{path}/findings").json()["results"])
        for name in ONLY
        if name != "stranger"
    }
    assert listed == {"cooperative": 1, "buyer": 0, "verifier": 1, "registrar": 1, "treasurer": 1, "auditor": 1}
    step = f"/findings/{finding['id']}"
    others = ONLY | {"buyer": 404}
    practices = {"practices": {"QX-01": {"seasons": [PRACTICES["seasons"][0] | {"days": 56}]}}}
    assert statuses(who, "POST", f"{path}/correct", practices) == ONLY | {"cooperative": 200}
    before = Caller(who.buyer).ask(path).json()
    corrected = Caller(who.cooperative).send(f"{path}/correct", practices).json()
    assert corrected["net_t"] < before["net_t"]
    assert [version["sheet_sha256"] for version in corrected["versions"]] == [before["sheet_sha256"]]
    assert statuses(who, "POST", f"{step}/answer", {"answer": "Added."}) == others | {"cooperative": 200}
    Caller(who.cooperative).send(f"{step}/answer", {"answer": "Added."})
    assert statuses(who, "POST", f"{step}/reopen", {"reason": "Where?"}) == others | {"verifier": 200}
    assert statuses(who, "POST", f"{step}/close", {"note": "Good."}) == others | {"verifier": 200}
    assert Caller(who.verifier).send(f"{step}/close", {"note": "Good."}).json()["status"] == "closed"
    assert Caller(who.verifier).send(f"{path}/verify", {"statement": "seen"}).status_code == 200
    assert len(Caller(who.buyer).ask(f"{path}/findings").json()["results"]) == 1


def test_a_registrar_assigns_another_verifier(who: People, report_id: int) -> None:
    other = MembershipFactory(organisation__kind="verifier")
    body = {"verifier": str(other.organisation.public_id), "reason": "too slow"}
    path = f"/reports/{report_id}"
    assert statuses(who, "POST", f"{path}/assign", body) == ONLY | {"cooperative": 409, "registrar": 200}
    Caller(who.registrar).send(f"{path}/assign", body)
    assert is_problem(Caller(who.verifier).send(f"{path}/accept"), 403, "not_assigned")
    assert Caller(other).send(f"{path}/accept").json()["status"] == "in_verification"
    named = {row["id"] for row in Caller(who.cooperative).ask("/verifiers").json()["results"]}
    assert named == {str(each.organisation.public_id) for each in (who.verifier, other)}


def test_the_risk_is_stated_and_confirmed_by_whom_it_belongs_to(who: People) -> None:
    project = ProjectFactory(
        proponent=who.cooperative.organisation,
        methodology="soc-tier1-1",
        settings={"risk_percent": "12"},
        validator=who.verifier.organisation,
    )
    path = f"/projects/{project.code}/risks"
    assert statuses(who, "POST", path, {"answers": ANSWERS}) == ONLY | {"cooperative": 201}
    bad = Caller(who.cooperative).send(path, {"answers": ANSWERS | {"longevity": "under_40_years"}})
    assert is_problem(bad, 422, "invalid_value", "/answers/longevity")
    stated = Caller(who.cooperative).send(path, {"answers": ANSWERS}).json()
    assert (stated["risk_percent"], stated["natural"]) == (13, "6.50")
    assert statuses(who, "POST", f"/risks/{stated['id']}/refuse", {"reason": "no"}) == ONLY | {"verifier": 200}
    assert statuses(who, "POST", f"/risks/{stated['id']}/confirm") == ONLY | {"verifier": 200}
    Caller(who.verifier).send(f"/risks/{stated['id']}/confirm")
    (shown,) = Caller().ask(path).json()["results"]
    assert (shown["status"], shown["verifier"]["id"]) == ("confirmed", str(who.verifier.organisation.public_id))


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
    assert project["batches"] == [{"code": batch["code"], "vintage": 2020, "quantity_t": tonnes, "buffer_t": 0}]
    assert is_problem(Caller(who.registrar).send(f"/reports/{report_id}/issue"), 409, "already_issued")
    assert Batch.objects.count() == 1
