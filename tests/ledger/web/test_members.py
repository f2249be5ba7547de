"""The pages of members, invitations and tokens."""

import datetime as dt
import re
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from ledger.models import ApiToken, Invitation, Membership, RoleChange, User
from ledger.parties.invitations import invite_member, withdraw_invitation
from ledger.parties.rights import RIGHTS, Right
from ledger.parties.services import hash_token, issue_token
from ledger.web.members import rights_table
from tests.factories import MembershipFactory, UserFactory
from tests.scenes import People

Role = Membership.Role
HOSTILE = "<script>alert(1)</script>'\">"


def browser_of(person: Membership | User | None) -> Client:
    browser = Client(headers={"accept-language": "en"})
    if person is not None:
        browser.force_login(person.user if isinstance(person, Membership) else person)
    return browser


def test_an_owner_makes_a_link_that_is_shown_once(who: People) -> None:
    browser = browser_of(who.buyer)
    page = browser.post("/members", {"role": "trader", "note": HOSTILE})
    address = re.search(r'id="invitation-link">([^<]+)<', page.content.decode())
    assert address is not None
    # With no-referrer browsers would send this page's own forms as if from nowhere, and all would be refused.
    assert (page.status_code, page["Referrer-Policy"]) == (200, "same-origin")
    assert "no-store" in page["Cache-Control"]
    again = browser.get("/members").content.decode()
    assert address[1] not in again
    assert HOSTILE not in again
    assert "&lt;script&gt;" in again


def test_whoever_is_new_comes_from_the_link_to_the_organisation(who: People) -> None:
    _invitation, secret = invite_member(actor=who.buyer, role=Role.TRADER)
    link = f"/invitations/{secret}"
    browser = browser_of(None)
    page = browser.get(link)
    assert page.status_code == 200
    assert who.buyer.organisation.name in page.content.decode()
    assert (page["Referrer-Policy"], page["X-Robots-Tag"]) == ("same-origin", "noindex, nofollow")
    given = {"display_name": "林", "username": "lin", "password": "rice-and-water-2026"}
    assert browser.post(f"/sign-up?next={link}", given)["Location"] == link
    assert browser.post(f"{link}/accept")["Location"] == "/work"
    assert Membership.objects.get(user__username="lin").role == Role.TRADER
    # Who finds the link again is in already; to everybody else it is used.
    assert browser.get(link)["Location"] == browser.post(f"{link}/accept")["Location"] == "/work"
    assert browser_of(None).get(link).status_code == browser_of(who.other_buyer).get(link).status_code == 410


def test_the_link_of_somebody_who_has_left_leads_nowhere(who: People) -> None:
    _invitation, secret = invite_member(actor=who.buyer, role=Role.TRADER)
    person = UserFactory()
    assert browser_of(person).post(f"/invitations/{secret}/accept")["Location"] == "/work"
    Membership.objects.filter(user=person).delete()
    assert browser_of(person).get(f"/invitations/{secret}").status_code == 410


def test_who_signs_up_by_an_invitation_is_told_of_it_and_may_log_in_instead(who: People) -> None:
    _invitation, secret = invite_member(actor=who.buyer, role=Role.TRADER)
    back = f"?next=/invitations/{secret}"
    page = browser_of(None).get(f"/sign-up{back}").content.decode()
    assert "come back to the invitation" in page
    assert f'href="/login{back}"' in page
    assert f'href="/sign-up{back}"' in browser_of(None).get(f"/login{back}").content.decode()
    usual = browser_of(None).get("/sign-up?next=//evil.example/").content.decode()
    assert "then the organisation" in usual
    assert 'href="/login"' in usual


@pytest.mark.parametrize(
    "elsewhere", ["https://evil.example/", "//evil.example/", "/tokens", "/invitations/../tokens\\@x"]
)
def test_a_sign_up_leads_nowhere_but_to_an_invitation(client: Any, db: None, elsewhere: str) -> None:
    given = {"display_name": "林", "username": "lin", "password": "rice-and-water-2026"}
    response = client.post("/sign-up", given, query_params={"next": elsewhere})
    assert response["Location"] == "/apply" or response["Location"].startswith("/invitations/")


def test_a_visitor_logs_in_before_accepting(who: People) -> None:
    _invitation, secret = invite_member(actor=who.buyer, role=Role.TRADER)
    response = browser_of(None).post(f"/invitations/{secret}/accept")
    assert response.status_code == 302
    assert response["Location"].startswith("/login")


def test_who_acts_for_an_organisation_is_told_so(who: People) -> None:
    _invitation, secret = invite_member(actor=who.buyer, role=Role.TRADER)
    page = browser_of(who.other_buyer).get(f"/invitations/{secret}")
    assert "already" in page.content.decode()
    assert browser_of(who.other_buyer).post(f"/invitations/{secret}/accept").status_code == 409


def test_a_withdrawn_link_and_a_guess_say_what_to_do(who: People) -> None:
    invitation, secret = invite_member(actor=who.buyer, role=Role.TRADER)
    withdraw_invitation(actor=who.buyer, public_id=invitation.public_id)
    for link, status in ((secret, 410), ("guess", 404), ("%00", 404), ("x" * 300, 404)):
        page = browser_of(None).get(f"/invitations/{link}")
        assert page.status_code == status, link
        assert "new one" in page.content.decode()
    assert browser_of(UserFactory()).post(f"/invitations/{secret}/accept").status_code == 410


def test_an_owner_changes_a_role_and_removes(who: People) -> None:
    member = MembershipFactory(organisation=who.buyer.organisation, role=Role.VIEWER, user__display_name=HOSTILE)
    browser, address = browser_of(who.buyer), f"/members/{member.user.public_id}"
    assert HOSTILE not in browser.get(address).content.decode()
    assert browser.post(address, {"role": "treasurer"})["Location"] == "/members"
    assert Membership.objects.get(pk=member.pk).role == Role.TREASURER
    refused = browser.post(address, {"role": "treasurer"})
    assert (refused.status_code, list(refused.context["form"].errors)) == (422, ["role"])
    assert browser.post(address, {"role": "registrar"}).status_code == 422
    assert browser.post(f"{address}/remove")["Location"] == "/members"
    assert not Membership.objects.filter(pk=member.pk).exists()
    assert browser.get(address).status_code == 404


def test_only_owners_find_the_doors(who: People) -> None:
    viewer = MembershipFactory(organisation=who.buyer.organisation, role=Role.VIEWER)
    browser = browser_of(viewer)
    page = browser.get("/members").content.decode()
    assert "Invite somebody" not in page
    assert browser.post("/members", {"role": "owner"}).status_code == 422
    assert browser.post(f"/members/{who.buyer.user.public_id}", {"role": "viewer"}).status_code == 422
    assert browser.post(f"/members/{who.buyer.user.public_id}/remove").status_code == 403
    assert not Invitation.objects.exists()
    assert Membership.objects.get(pk=who.buyer.pk).role == Role.OWNER


@pytest.mark.parametrize("kind", ["cooperative", "other_buyer", "verifier"])
def test_a_stranger_finds_no_member(who: People, kind: str) -> None:
    browser, address = browser_of(getattr(who, kind)), f"/members/{who.buyer.user.public_id}"
    assert browser.get(address).status_code == 404
    assert browser.post(f"{address}/remove").status_code == 404


@pytest.mark.parametrize("address", ["/members", "/members/leave", "/tokens"])
def test_a_visitor_logs_in_first(db: None, address: str) -> None:
    assert browser_of(None).get(address)["Location"].startswith("/login")


def test_one_leaves_and_the_last_owner_does_not(who: People) -> None:
    viewer = MembershipFactory(organisation=who.buyer.organisation, role=Role.VIEWER)
    browser = browser_of(viewer)
    assert browser.get("/members/leave").status_code == 200
    assert browser.post("/members/leave")["Location"] == "/login"
    assert not Membership.objects.filter(pk=viewer.pk).exists()
    assert browser_of(who.buyer).post("/members/leave").status_code == 409


def test_the_operators_owner_proposes_and_the_registrar_confirms(who: People) -> None:
    director = MembershipFactory(organisation=who.registrar.organisation, role=Role.OWNER)
    browser = browser_of(director)
    browser.post(f"/members/{who.treasurer.user.public_id}", {"role": "registrar"})
    change = RoleChange.objects.get()
    assert Membership.objects.get(pk=who.treasurer.pk).role == Role.TREASURER
    assert browser.post(f"/members/changes/{change.pk}/confirm").status_code == 409
    page = browser_of(who.registrar).get("/members").content.decode()
    assert f"/members/changes/{change.pk}/confirm" in page
    assert browser_of(who.registrar).post(f"/members/changes/{change.pk}/confirm").status_code == 302
    assert Membership.objects.get(pk=who.treasurer.pk).role == Role.REGISTRAR


def test_the_list_is_read_as_often_however_long_it_is(who: People, django_assert_num_queries: Any) -> None:
    browser = browser_of(who.buyer)
    for _ in range(4):
        MembershipFactory(organisation=who.buyer.organisation, role=Role.VIEWER)
        invite_member(actor=who.buyer, role=Role.VIEWER)
    with django_assert_num_queries(5):
        page = browser.get("/members")
    assert len(page.context["members"]) == 5


def test_the_table_of_rights_is_what_services_go_by() -> None:
    for kind, roles in RIGHTS.items():
        table = rights_table(kind)
        assert len(table["roles"]) == len(roles)
        for held in roles.values():
            assert all(isinstance(right, Right) for right in held)
        assert any("Invite" in str(label) or "邀请" in str(label) for label, _held in table["rows"])


# Tokens


def test_a_token_is_made_with_scopes_an_end_and_networks(who: People) -> None:
    browser = browser_of(who.buyer)
    given = {"name": HOSTILE, "scopes": ["read", "trade"], "networks": "203.0.113.0/24\n2001:db8::1"}
    page = browser.post("/tokens", given)
    token = ApiToken.objects.get(token_hash=hash_token(page.context["secret"]))
    assert (token.scopes, token.networks) == (["read", "trade"], ["203.0.113.0/24", "2001:db8::1/128"])
    assert token.organisation == who.buyer.organisation
    assert 89 <= (token.expires_at - timezone.now()).days <= 91
    listed = browser.get("/tokens").content.decode()
    assert HOSTILE not in listed
    assert page.context["secret"] not in listed


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"scopes": []}, "scopes"),
        ({"scopes": ["king"]}, "scopes"),
        ({"name": ""}, "name"),
        ({"expires_on": "2020-01-01"}, "expires_on"),
        ({"expires_on": "9999-12-31"}, "expires_on"),
        ({"networks": "everywhere"}, "networks"),
        ({"networks": "10.0.0.1/8"}, "networks"),
    ],
)
def test_terms_that_cannot_be_are_refused_beside_the_field(who: People, changed: dict[str, Any], field: str) -> None:
    given = {"name": "ERP", "scopes": ["read"], "networks": ""} | changed
    answer = browser_of(who.buyer).post("/tokens", given)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert not ApiToken.objects.exists()


def test_all_tokens_are_revoked_by_one_button(who: People) -> None:
    for at in range(3):
        issue_token(user=who.buyer.user, name=str(at))
    other, _secret = issue_token(user=who.other_buyer.user, name="other")
    assert browser_of(who.buyer).post("/tokens/revoke")["Location"] == "/tokens"
    assert not ApiToken.objects.filter(user=who.buyer.user, revoked_at=None).exists()
    other.refresh_from_db()
    assert other.revoked_at is None


def test_a_token_that_ends_soon_says_so(who: People) -> None:
    issue_token(user=who.buyer.user, name="ERP", expires_at=timezone.now() + dt.timedelta(days=3))
    assert "ends soon" in browser_of(who.buyer).get("/tokens").content.decode()


def test_the_tokens_are_read_as_often_however_many_they_are(who: People, django_assert_num_queries: Any) -> None:
    for at in range(12):
        issue_token(user=who.buyer.user, name=str(at))
    browser = browser_of(who.buyer)
    with django_assert_num_queries(5):
        browser.get("/tokens")
