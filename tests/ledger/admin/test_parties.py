import pytest
from django.urls import reverse

from ledger.models import Membership, Organisation, Record, RoleChange
from tests.desk import client_of
from tests.factories import MembershipFactory, OrganisationFactory, UserFactory
from tests.scenes import People


def step(name: str, organisation: Organisation) -> str:
    return reverse(f"admin:ledger_organisation_{name}", args=[organisation.pk])


@pytest.fixture
def applicant(who: People) -> Organisation:
    return OrganisationFactory(status=Organisation.Status.APPLIED, applied_by=UserFactory())


def test_registrar_approves_an_organisation(who: People, applicant: Organisation) -> None:
    client = client_of(who.registrar)
    asked = client.get(step("approve", applicant))
    assert (asked.status_code, asked.context["target"]) == (200, applicant)
    done = client.post(step("approve", applicant))
    assert done["Location"] == reverse("admin:ledger_organisation_change", args=[applicant.pk])
    applicant.refresh_from_db()
    assert applicant.status == Organisation.Status.APPROVED
    assert applicant.approved_by == who.registrar.user


def test_asking_alone_approves_nothing(who: People, applicant: Organisation) -> None:
    client_of(who.registrar).get(step("approve", applicant))
    applicant.refresh_from_db()
    assert applicant.status == Organisation.Status.APPLIED


@pytest.mark.parametrize("kind", ["treasurer", "auditor", "buyer", "verifier"])
def test_nobody_else_approves(kind: str, who: People, applicant: Organisation) -> None:
    client = client_of(getattr(who, kind))
    assert client.get(step("approve", applicant)).status_code == 403
    assert client.post(step("approve", applicant)).status_code == 403
    applicant.refresh_from_db()
    assert applicant.status == Organisation.Status.APPLIED


def test_applicant_does_not_approve_what_they_applied_for(who: People) -> None:
    own = OrganisationFactory(status=Organisation.Status.APPLIED, applied_by=who.registrar.user)
    client = client_of(who.registrar)
    page = client.get(reverse("admin:ledger_organisation_change", args=[own.pk]))
    assert (page.context["offered"], page.context["needs_another"]) == ([], True)
    assert client.post(step("approve", own)).status_code == 403


def test_approving_twice_is_refused_and_says_why(who: People, applicant: Organisation) -> None:
    client = client_of(who.registrar)
    client.post(step("approve", applicant))
    before = Record.objects.count()
    again = client.post(step("approve", applicant))
    assert again.status_code == 409
    assert "approved" in again.context["form"].non_field_errors()[0]
    assert Record.objects.count() == before


def test_registrar_suspends_and_approves_again(who: People) -> None:
    client = client_of(who.registrar)
    client.post(step("suspend", who.buyer.organisation))
    who.buyer.organisation.refresh_from_db()
    assert who.buyer.organisation.status == Organisation.Status.SUSPENDED
    client.post(step("approve", who.buyer.organisation))
    who.buyer.organisation.refresh_from_db()
    assert who.buyer.organisation.is_approved


def test_steps_are_offered_when_they_are_due(who: People, applicant: Organisation) -> None:
    client = client_of(who.registrar)
    for organisation, expected in ((applicant, ["approve"]), (who.buyer.organisation, ["suspend"])):
        page = client.get(reverse("admin:ledger_organisation_change", args=[organisation.pk]))
        assert [url for _label, url, _grave in page.context["offered"]] == [
            step(name, organisation) for name in expected
        ]


@pytest.fixture
def owner(who: People) -> Membership:
    return MembershipFactory(organisation=who.registrar.organisation, role=Membership.Role.OWNER)


ADD_PERSON = "/admin/ledger/membership/add-person/"


def test_owner_of_the_operator_proposes_a_person_and_another_adds_them(owner: Membership, who: People) -> None:
    newcomer = UserFactory()
    client_of(owner).post(ADD_PERSON, {"username": newcomer.username, "role": "treasurer"})
    change = RoleChange.objects.get(person=newcomer)
    assert not Membership.objects.filter(user=newcomer).exists()
    confirm = reverse("admin:ledger_rolechange_confirm", args=[change.pk])
    assert client_of(owner).post(confirm).status_code == 403
    assert client_of(who.registrar).post(confirm).status_code == 302
    added = Membership.objects.get(user=newcomer)
    assert (added.organisation, added.role) == (owner.organisation, "treasurer")


def test_owner_of_the_operator_proposes_another_role_and_that_one_leaves(owner: Membership, who: People) -> None:
    for step_name, given, role in (("change-role", {"role": "viewer"}, "viewer"), ("remove-person", {}, "")):
        client_of(owner).post(reverse(f"admin:ledger_membership_{step_name}", args=[who.treasurer.pk]), given)
        change = RoleChange.objects.get(state=RoleChange.State.PROPOSED)
        assert (change.person, change.role) == (who.treasurer.user, role)
        client_of(who.registrar).post(reverse("admin:ledger_rolechange_confirm", args=[change.pk]))
    assert not Membership.objects.filter(user=who.treasurer.user).exists()


def test_a_refused_change_changes_nothing(owner: Membership, who: People) -> None:
    client_of(owner).post(
        reverse("admin:ledger_membership_change-role", args=[who.treasurer.pk]), {"role": "registrar"}
    )
    change = RoleChange.objects.get()
    client_of(who.registrar).post(reverse("admin:ledger_rolechange_refuse", args=[change.pk]))
    change.refresh_from_db()
    assert (change.state, change.decided_by) == ("refused", who.registrar.user)
    assert Membership.objects.get(user=who.treasurer.user).role == "treasurer"


def test_a_name_that_nobody_has_is_refused_beside_the_field(owner: Membership) -> None:
    answer = client_of(owner).post(ADD_PERSON, {"username": "nobody", "role": "treasurer"})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["username"]


def test_who_acts_for_somebody_already_is_not_added(owner: Membership, who: People) -> None:
    answer = client_of(owner).post(ADD_PERSON, {"username": who.buyer.user.username, "role": "treasurer"})
    assert answer.status_code == 409
    assert Membership.objects.get(user=who.buyer.user).organisation == who.buyer.organisation


@pytest.mark.parametrize("kind", ["registrar", "treasurer", "auditor", "buyer"])
def test_nobody_else_adds_a_person(kind: str, who: People) -> None:
    newcomer = UserFactory()
    client = client_of(getattr(who, kind))
    assert client.post(ADD_PERSON, {"username": newcomer.username, "role": "owner"}).status_code == 403
    assert not Membership.objects.filter(user=newcomer).exists()
