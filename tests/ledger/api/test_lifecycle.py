"""What the API lets whom do with a project after it is handed in, and with a draft's description."""

import datetime as dt
from typing import Any

import pytest
from django.utils import timezone

from ledger.models import Membership, Project, Renewal
from ledger.projects.lifecycle import ask_withdrawal
from ledger.projects.renewals import assess_renewal, request_renewal
from tests.callers import Caller, is_problem, statuses
from tests.factories import MembershipFactory, ParcelFactory, ProjectFactory, beside, square
from tests.scenes import People

ONLY = {
    "cooperative": 403,
    "buyer": 403,
    "verifier": 403,
    "registrar": 403,
    "treasurer": 403,
    "auditor": 403,
    "stranger": 401,
}
REASON = {"reason": "as agreed"}


def project_of(who: People, status: str, **changes: Any) -> Project:
    validator = who.verifier.organisation
    return ProjectFactory(proponent=who.cooperative.organisation, status=status, validator=validator, **changes)


def ending(who: People) -> Project:
    return project_of(who, "registered", crediting_ends_on=timezone.localdate() + dt.timedelta(days=20))


@pytest.mark.parametrize(
    ("status", "step", "body", "by"),
    [
        ("registered", "suspend", REASON, {"registrar": 200}),
        ("suspended", "resume", REASON, {"registrar": 200}),
        ("submitted", "withdraw", REASON, {"cooperative": 200, "buyer": 404}),
        ("registered", "withdrawal", REASON, {"cooperative": 200}),
        ("registered", "renewals", {"ends_on": "2030-12-31"}, {"cooperative": 422}),
    ],
)
def test_each_step_is_taken_by_whom_it_belongs_to(
    who: People, status: str, step: str, body: Any, by: dict[str, int]
) -> None:
    project = project_of(who, status)
    assert statuses(who, "POST", f"/projects/{project.code}/{step}", body) == ONLY | by


def test_another_cooperative_takes_no_step(who: People) -> None:
    stranger = Caller(MembershipFactory(organisation__kind="cooperative"))
    project = ending(who)
    for step, body in (("withdrawal", REASON), ("renewals", {"ends_on": "2030-12-31"}), ("describe", {"name": "x"})):
        assert stranger.send(f"/projects/{project.code}/{step}", body).status_code == 404


def test_a_withdrawal_that_was_asked_for_is_decided_by_registrars(who: People) -> None:
    project = project_of(who, "registered")
    path = f"/projects/{project.code}/withdrawal"
    assert is_problem(Caller(who.registrar).send(f"{path}/grant"), 409, "wrong_state")
    ask_withdrawal(actor=who.cooperative, project_id=project.pk, reason="The dam broke.")
    assert statuses(who, "POST", f"{path}/grant") == ONLY | {"registrar": 200}
    assert statuses(who, "POST", f"{path}/refuse", REASON) == ONLY | {"registrar": 200}
    assert Caller(who.registrar).send(f"{path}/grant").json()["status"] == "withdrawn"
    seen = Caller().ask(f"/projects/{project.code}").json()
    assert (seen["status"], seen["withdrawal_reason"]) == ("withdrawn", "The dam broke.")


def test_a_renewal_is_asked_for_assessed_and_granted_each_by_another(who: People) -> None:
    project = ending(who)
    path, body = f"/projects/{project.code}/renewals", {"ends_on": project.crediting_ends_on + dt.timedelta(days=900)}
    assert statuses(who, "POST", path, body) == ONLY | {"cooperative": 201}
    made = Caller(who.cooperative).send(path, body).json()
    own = f"/renewals/{made['id']}"
    statement = {"statement": "The baseline still holds."}
    assert is_problem(Caller(who.registrar).send(f"{own}/grant"), 409, "wrong_state")
    assert statuses(who, "POST", f"{own}/refuse", REASON) == ONLY | {"registrar": 200}
    assert statuses(who, "POST", f"{own}/assess", statement) == ONLY | {"verifier": 200}
    assert Caller(who.verifier).send(f"{own}/assess", statement).json()["status"] == "assessed"
    assert statuses(who, "POST", f"{own}/grant") == ONLY | {"registrar": 200}
    assert Caller(who.registrar).send(f"{own}/grant").json()["status"] == "granted"
    (listed,) = Caller().ask(path).json()["results"]
    assert (listed["status"], listed["assessment"]) == ("granted", "The baseline still holds.")
    assert Caller().ask(f"/projects/{project.code}").json()["crediting_ends_on"] == str(body["ends_on"])


def test_a_renewal_of_a_project_that_is_not_to_be_seen_is_not_found(who: People) -> None:
    project = ending(who)
    later = project.crediting_ends_on + dt.timedelta(days=900)
    renewal = request_renewal(actor=who.cooperative, project_id=project.pk, ends_on=later)
    assess_renewal(actor=who.verifier, renewal_id=renewal.pk, statement="So.")
    Project.objects.filter(pk=project.pk).update(status="draft")
    assert Caller(who.verifier).send(f"/renewals/{renewal.pk}/assess", {"statement": "So."}).status_code == 404
    assert Caller(who.registrar).send("/renewals/999999999/grant").status_code == 404
    assert Renewal.objects.get().status == "assessed"


def test_conflicts_are_declared_and_seen_by_verifiers_and_registrars(who: People) -> None:
    project = project_of(who, "submitted")
    path = f"/projects/{project.code}/conflicts"
    assert statuses(who, "POST", path, {"nature": "advised"}) == ONLY | {
        "verifier": 201,
        "registrar": 422,
        "buyer": 404,
    }
    named = {"nature": "advised", "verifier": str(who.verifier.organisation.public_id)}
    made = Caller(who.registrar).send(path, named).json()
    assert made["verifier"]["id"] == named["verifier"]
    assert is_problem(Caller(who.verifier).send(f"/projects/{project.code}/accept"), 409, "conflict_of_interest")
    unknown = named | {"verifier": "01234567-89ab-cdef-0123-456789abcdef"}
    assert is_problem(Caller(who.registrar).send(path, unknown), 404, "not_found")
    for person, count in ((who.verifier, 1), (who.auditor, 1), (who.registrar, 1), (who.cooperative, 0)):
        assert len(Caller(person).ask(path).json()["results"]) == count
    second = MembershipFactory(organisation=who.registrar.organisation, role=Membership.Role.REGISTRAR)
    lift = f"/conflicts/{made['id']}/lift"
    assert statuses(who, "POST", lift, REASON) == ONLY | {"registrar": 409}
    assert Caller(second).send(lift, REASON).json()["lifting_reason"] == "as agreed"
    assert Caller(who.verifier).send(f"/projects/{project.code}/accept").status_code == 200


def test_possible_debundling_is_shown_and_decided(who: People) -> None:
    one, other = project_of(who, "registered"), project_of(who, "validated")
    ParcelFactory(project=one, geometry=square(7))
    ParcelFactory(project=other, geometry=beside(square(7)))
    path = f"/projects/{other.code}/debundling"
    shown = Caller(who.registrar).ask(path).json()
    assert [(each["project"], each["expected_t"]) for each in shown["neighbours"]] == [(one.code, 0)]
    assert 150 < shown["neighbours"][0]["distance_m"] < 250
    assert (shown["is_decided"], shown["decisions"]) == (False, [])
    refused = Caller(who.registrar).send(f"/projects/{other.code}/register")
    assert is_problem(refused, 422, "invalid_value", "/debundling")
    decision = {"is_one_with_them": False, "reason": "Two villages, two canals."}
    assert statuses(who, "POST", path, decision) == ONLY | {"registrar": 200, "buyer": 404}
    assert Caller(who.registrar).send(path, decision).json()["is_decided"] is True
    assert Caller(who.registrar).send(f"/projects/{other.code}/register").status_code == 200
    assert Caller().ask(path).json()["decisions"][0]["reason"] == "Two villages, two canals."


def test_a_draft_is_described_by_its_cooperative_part_by_part(who: People) -> None:
    draft = project_of(who, "draft")
    path = f"/projects/{draft.code}/describe"
    body = {
        "county_code": "350627",
        "starts_on": "2020-03-01",
        "covered_by_ndc": "inside",
        "co_benefits": ["sdg_13", "sdg_2"],
        "labels": [{"name": "CCB", "label_type": "certification"}],
        "is_listed_elsewhere": True,
        "other_listings": [{"registry": "Verra", "number": "VCS-1"}],
    }
    assert statuses(who, "POST", path, body) == ONLY | {"cooperative": 200, "verifier": 404, "buyer": 404}
    shown = Caller(who.cooperative).send(path, body).json()
    assert (shown["county"], shown["co_benefits"]) == ("漳州市南靖县", ["sdg_2", "sdg_13"])
    assert shown["other_listings"] == [{"registry": "Verra", "number": "VCS-1", "link": "", "status": ""}]
    assert (shown["sector"], shown["project_type"]) == (
        "Agriculture Forestry and Other Land Use (AFOLU)",
        "Methane avoidance",
    )
    again = Caller(who.cooperative).send(path, {"name": "新名"}).json()
    assert (again["name"], again["county_code"]) == ("新名", "350627")


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        ({"county_code": "999999"}, 422, "/county_code"),
        ({"county_code": "110101"}, 422, "/county_code"),
        ({"methodology": "soc-tier1-1"}, 400, "/methodology"),
        ({"co_benefits": ["sdg_18"]}, 400, "/co_benefits/0"),
        ({"project_link": "javascript:alert(1)"}, 422, "/project_link"),
        ({"other_listings": [{"registry": "Verra"}]}, 400, "/other_listings/0/number"),
        ({"is_listed_elsewhere": True, "other_listings": []}, 422, "/other_listings"),
        ({"estimations": [{"starts_on": "2020-01-01", "ends_on": "soon", "quantity_t": 1}]}, 422, None),
        ({"estimations": [{"starts_on": "2019-01-01", "ends_on": "2020-01-01", "quantity_t": 1}]}, 422, "/estimations"),
    ],
)
def test_a_description_that_is_not_right_is_refused(who: People, body: Any, status: int, pointer: str | None) -> None:
    draft = project_of(who, "draft")
    answer = Caller(who.cooperative).send(f"/projects/{draft.code}/describe", body)
    assert is_problem(answer, status, "invalid_input" if status == 400 else "invalid_value", pointer)
    unchanged = Project.objects.get(pk=draft.pk)
    assert (unchanged.county_code, unchanged.other_listings, unchanged.estimations) == ("", [], [])


def test_the_baseline_is_stated_for_fields_of_a_draft(who: People) -> None:
    draft = project_of(who, "draft")
    one, other = ParcelFactory(project=draft, baseline_evidence=""), ParcelFactory(project=draft, baseline_evidence="")
    path = f"/projects/{draft.code}/baseline"
    assert statuses(who, "POST", path, {"evidence": "photos"}) == ONLY | {
        "cooperative": 200,
        "verifier": 404,
        "buyer": 404,
    }
    Caller(who.cooperative).send(path, {"evidence": "photos", "parcels": [one.code]})
    refused = Caller(who.cooperative).send(f"/projects/{draft.code}/submit")
    assert is_problem(refused, 422, "invalid_value", "/baseline_evidence")
    assert other.code in refused.json()["detail"]
    missing = Caller(who.cooperative).send(path, {"evidence": "photos", "parcels": ["nowhere"]})
    assert is_problem(missing, 404, "not_found")
