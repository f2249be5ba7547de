import datetime as dt
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from ledger.models import DeclaredConflict, Membership, Project, Renewal
from ledger.projects.lifecycle import ask_withdrawal
from ledger.projects.renewals import assess_renewal, request_renewal
from tests.desk import client_of
from tests.factories import MembershipFactory, ParcelFactory, ProjectFactory, beside, square
from tests.scenes import People


def step(name: str, project: Project) -> str:
    return reverse(f"admin:ledger_project_{name}", args=[project.pk])


@pytest.fixture
def validated(who: People) -> Project:
    return ProjectFactory(status=Project.Status.VALIDATED, validated_by=who.verifier.user)


def test_registrar_registers_a_validated_project(who: People, validated: Project) -> None:
    client_of(who.registrar).post(step("register", validated))
    validated.refresh_from_db()
    assert (validated.status, validated.registered_by) == (Project.Status.REGISTERED, who.registrar.user)


@pytest.mark.parametrize("kind", ["treasurer", "auditor", "verifier", "cooperative"])
@pytest.mark.parametrize("name", ["register", "reject"])
def test_nobody_else_decides_on_a_project(kind: str, name: str, who: People, validated: Project) -> None:
    assert client_of(getattr(who, kind)).post(step(name, validated), {"reason": "no"}).status_code == 403
    validated.refresh_from_db()
    assert validated.status == Project.Status.VALIDATED


def test_who_created_a_project_does_not_register_it(who: People) -> None:
    own = ProjectFactory(status=Project.Status.VALIDATED, created_by=who.registrar.user)
    assert client_of(who.registrar).post(step("register", own)).status_code == 403
    own.refresh_from_db()
    assert own.status == Project.Status.VALIDATED


def test_registrar_rejects_a_project_with_a_reason(who: People, validated: Project) -> None:
    client_of(who.registrar).post(step("reject", validated), {"reason": "The dams are not there."})
    validated.refresh_from_db()
    assert validated.status == Project.Status.REJECTED


def test_rejecting_without_a_reason_is_refused_beside_the_field(who: People, validated: Project) -> None:
    answer = client_of(who.registrar).post(step("reject", validated), {"reason": "  "})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["reason"]
    validated.refresh_from_db()
    assert validated.status == Project.Status.VALIDATED


def test_a_draft_is_not_registered(who: People) -> None:
    draft = ProjectFactory(status=Project.Status.DRAFT)
    answer = client_of(who.registrar).post(step("register", draft))
    assert answer.status_code == 409
    assert answer.context["form"].non_field_errors()
    draft.refresh_from_db()
    assert draft.status == Project.Status.DRAFT


def test_a_project_that_is_not_there_is_not_found(who: People) -> None:
    client = client_of(who.registrar)
    for address in ("999999", "99999999999999999999", "x"):
        assert client.get(f"/admin/ledger/project/{address}/change/").status_code == 404
        assert client.post(f"/admin/ledger/project/{address}/register/").status_code == 404


def test_a_project_shows_its_parcels_and_the_way_to_all_of_them(who: People) -> None:
    parcel = ParcelFactory()
    ParcelFactory.create_batch(25, project=parcel.project)
    page = client_of(who.auditor).get(reverse("admin:ledger_project_change", args=[parcel.project.pk]))
    parcels = page.context["tables"][1]
    assert len(parcels.rows) == 20
    listed = client_of(who.auditor).get(parcels.all_url)
    assert listed.context["cl"].result_count == 26


# The life of a project at the desk


def second(who: People) -> Membership:
    return MembershipFactory(organisation=who.registrar.organisation, role=Membership.Role.REGISTRAR)


def life(who: People, status: str, **changes: Any) -> Project:
    validator = who.verifier.organisation
    return ProjectFactory(proponent=who.cooperative.organisation, status=status, validator=validator, **changes)


@pytest.mark.parametrize(
    ("name", "status", "after"),
    [
        ("suspend", "registered", "suspended"),
        ("resume", "suspended", "registered"),
        ("return", "in_validation", "draft"),
        ("decline", "in_validation", "submitted"),
        ("reject", "in_validation", "rejected"),
    ],
)
def test_a_registrar_moves_a_project_with_a_reason(who: People, name: str, status: str, after: str) -> None:
    project = life(who, status)
    assert client_of(who.registrar).get(step(name, project)).status_code == 200
    refused = client_of(who.registrar).post(step(name, project), {"reason": ""})
    assert refused.status_code == 422
    assert client_of(who.registrar).post(step(name, project), {"reason": "As agreed."}).status_code == 302
    project.refresh_from_db()
    assert project.status == after


@pytest.mark.parametrize(
    "name", ["suspend", "resume", "return", "decline", "withdraw", "keep", "debundling", "conflict"]
)
@pytest.mark.parametrize("kind", ["treasurer", "auditor", "verifier", "cooperative"])
def test_nobody_else_moves_a_project(who: People, kind: str, name: str) -> None:
    project = life(who, "registered")
    assert client_of(getattr(who, kind)).post(step(name, project), {"reason": "no"}).status_code == 403


def test_who_suspended_a_project_sees_no_button_that_resumes_it(who: People) -> None:
    project = life(who, "registered")
    client_of(who.registrar).post(step("suspend", project), {"reason": "Drained wrongly."})
    assert client_of(who.registrar).post(step("resume", project), {"reason": "Mended."}).status_code == 403
    assert client_of(second(who)).post(step("resume", project), {"reason": "Mended."}).status_code == 302


def test_a_withdrawal_is_granted_or_refused(who: People) -> None:
    gone, kept = life(who, "registered"), life(who, "suspended")
    for project in (gone, kept):
        ask_withdrawal(actor=who.cooperative, project_id=project.pk, reason="The dam broke.")
    assert "The dam broke." in client_of(who.registrar).get(step("withdraw", gone)).content.decode()
    client_of(who.registrar).post(step("withdraw", gone))
    client_of(who.registrar).post(step("keep", kept), {"reason": "Credits are owed."})
    statuses = dict(Project.objects.values_list("pk", "status"))
    assert (statuses[gone.pk], statuses[kept.pk]) == ("withdrawn", "suspended")


def test_debundling_is_decided_where_there_are_neighbours(who: People) -> None:
    one, other = life(who, "registered"), life(who, "validated")
    field = ParcelFactory(project=one, geometry=square(80))
    ParcelFactory(project=other, geometry=beside(field.geometry))
    page = client_of(who.registrar).get(reverse("admin:ledger_project_change", args=[other.pk])).content.decode()
    assert (one.code in page, step("debundling", other) in page) == (True, True)
    too_early = client_of(who.registrar).post(step("register", other))
    assert too_early.status_code == 422
    answer = {"is_one_with_them": "no", "reason": "Two villages."}
    assert client_of(who.registrar).post(step("debundling", other), answer).status_code == 302
    assert client_of(who.registrar).post(step("register", other)).status_code == 302
    lonely = life(who, "validated")
    page = client_of(who.registrar).get(reverse("admin:ledger_project_change", args=[lonely.pk])).content.decode()
    assert step("debundling", lonely) not in page


def test_a_renewal_is_decided_at_the_desk(who: People) -> None:
    ends_on = timezone.localdate() + dt.timedelta(days=9)
    made = []
    for _time in range(2):
        project = life(who, "registered", crediting_ends_on=ends_on)
        later = ends_on + dt.timedelta(days=400)
        renewal = request_renewal(actor=who.cooperative, project_id=project.pk, ends_on=later)
        made.append(assess_renewal(actor=who.verifier, renewal_id=renewal.pk, statement="So."))
    granted, refused = (
        reverse(f"admin:ledger_renewal_{name}", args=[each.pk])
        for name, each in zip(("grant", "refuse"), made, strict=True)
    )
    for kind in ("treasurer", "auditor", "verifier"):
        assert client_of(getattr(who, kind)).post(granted).status_code == 403
    assert client_of(who.registrar).post(granted).status_code == 302
    assert client_of(who.registrar).post(refused, {"reason": "Common practice."}).status_code == 302
    assert [each.status for each in Renewal.objects.order_by("id")] == ["granted", "refused"]


def test_a_conflict_is_declared_for_a_verifier_and_lifted_by_another(who: People) -> None:
    project = life(who, "submitted")
    given = {"verifier": who.verifier.organisation_id, "nature": "financial", "note": "Shares."}
    assert client_of(who.registrar).post(step("conflict", project), given).status_code == 302
    conflict = DeclaredConflict.objects.get()
    lift = reverse("admin:ledger_declaredconflict_lift", args=[conflict.pk])
    assert client_of(who.registrar).post(lift, {"reason": "Mistaken."}).status_code == 403
    assert client_of(second(who)).post(lift, {"reason": "Mistaken."}).status_code == 302
    twice = client_of(who.registrar).post(step("conflict", project), given | {"verifier": ""})
    assert twice.status_code == 422
