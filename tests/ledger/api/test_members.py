"""Members by the API: who lists, invites, changes and removes, and how two do it among the operator's people."""

from typing import Any

import pytest

from ledger.models import Membership
from tests.callers import Caller, is_problem
from tests.factories import MembershipFactory, UserFactory
from tests.scenes import People

Role = Membership.Role


def test_an_owner_invites_and_the_invited_accepts(who: People) -> None:
    owner = Caller(who.buyer)
    answer = owner.send("/invitations", {"role": "trader", "note": "小林"})
    assert (answer.status_code, answer["cache-control"]) == (201, "no-store")
    secret = answer.json()["secret"]
    listed = owner.ask("/invitations").json()["results"]
    assert [(row["note"], row["is_open"]) for row in listed] == [("小林", True)]
    assert secret not in str(listed)
    person = UserFactory()
    joined = Caller(person).send("/invitations/accept", {"secret": secret})
    assert (joined.status_code, joined.json()["role"]) == (201, "trader")
    again = Caller(UserFactory()).send("/invitations/accept", {"secret": secret})
    assert is_problem(again, 410, "invitation_over")
    assert is_problem(Caller(who.other_buyer).send("/invitations/accept", {"secret": secret}), 410, "invitation_over")
    assert [row["username"] for row in owner.ask("/members").json()["results"]] == [
        person.username,
        who.buyer.user.username,
    ]


def test_a_role_is_changed_and_a_member_removed(who: People) -> None:
    member = MembershipFactory(organisation=who.buyer.organisation, role=Role.VIEWER)
    owner, path = Caller(who.buyer), f"/members/{member.user.public_id}"
    assert owner.send(f"{path}/role", {"role": "trader"}).json()["member"]["role"] == "trader"
    assert is_problem(owner.send(f"{path}/role", {"role": "registrar"}), 422, "invalid_value", "/role")
    assert owner.send(f"{path}/remove").status_code == 200
    assert is_problem(owner.send(f"{path}/remove"), 404, "not_found")
    assert is_problem(owner.send("/members/leave"), 409, "last_owner")


@pytest.mark.parametrize("kind", ["cooperative", "other_buyer", "verifier", "registrar", "treasurer", "auditor"])
def test_members_of_another_organisation_are_nobodys_business(who: People, kind: str) -> None:
    stranger, path = Caller(getattr(who, kind)), f"/members/{who.buyer.user.public_id}"
    for step, body in (("role", {"role": "viewer"}), ("remove", {})):
        assert stranger.send(f"{path}/{step}", body).status_code in (403, 404)
    assert Membership.objects.get(pk=who.buyer.pk).role == Role.OWNER


def test_two_change_a_role_among_the_operators_people(who: People) -> None:
    director = MembershipFactory(organisation=who.registrar.organisation, role=Role.OWNER)
    answer = Caller(director).send(f"/members/{who.treasurer.user.public_id}/role", {"role": "registrar"})
    assert answer.status_code == 202
    change = answer.json()["proposal"]["id"]
    assert Membership.objects.get(pk=who.treasurer.pk).role == Role.TREASURER
    assert is_problem(Caller(director).send(f"/role-changes/{change}/confirm"), 409, "same_person")
    for stranger in (who.buyer, who.auditor, who.second_treasurer):
        assert Caller(stranger).send(f"/role-changes/{change}/confirm").status_code in (403, 404)
    assert Caller(who.registrar).send(f"/role-changes/{change}/confirm").json()["state"] == "confirmed"
    assert Membership.objects.get(pk=who.treasurer.pk).role == Role.REGISTRAR
    assert len(Caller(who.auditor).ask("/role-changes").json()["results"]) == 1
    assert Caller(who.buyer).ask("/role-changes").json()["results"] == []


def test_lists_read_as_often_however_long_they_are(who: People, django_assert_num_queries: Any) -> None:
    owner = Caller(who.buyer)
    for _ in range(3):
        MembershipFactory(organisation=who.buyer.organisation, role=Role.VIEWER)
        owner.send("/invitations", {"role": "viewer"})
    for path in ("/members", "/invitations"):
        with django_assert_num_queries(2):
            assert len(owner.ask(path).json()["results"]) >= 3
