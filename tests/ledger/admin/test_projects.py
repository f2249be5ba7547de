import pytest
from django.urls import reverse

from ledger.models import Project
from tests.desk import client_of
from tests.factories import ParcelFactory, ProjectFactory
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
