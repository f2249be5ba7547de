import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from ledger.models import ApiToken, Membership, Organisation, User
from ledger.parties.services import hash_token
from tests.factories import PASSWORD, MembershipFactory, UserFactory

ENGLISH = {"accept-language": "en"}


@pytest.fixture
def person(db):
    return UserFactory(username="wu", password=PASSWORD)


def test_one_logs_in_and_comes_to_where_one_wanted_to_go(client, person):
    response = client.post("/login?next=/work", {"username": "wu", "password": PASSWORD, "next": "/work"})
    assert (response.status_code, response["Location"]) == (302, "/work")


@pytest.mark.parametrize("given", [{"username": "wu", "password": "no"}, {"username": "nobody", "password": PASSWORD}])
def test_a_wrong_name_and_a_wrong_password_get_one_message(client, person, given):
    response = client.post("/login", given, headers=ENGLISH)
    assert response.context["form"].non_field_errors() == ["The user name or the password is wrong."]
    assert "_auth_user_id" not in client.session


def test_a_log_in_leads_nowhere_else(client, person):
    given = {"username": "wu", "password": PASSWORD, "next": "https://elsewhere.example/"}
    assert client.post("/login", given)["Location"] == reverse("home")


def test_one_logs_out_by_a_form_alone(client, person):
    client.force_login(person)
    assert client.get("/logout").status_code == 405
    assert client.post("/logout").status_code == 302
    assert "_auth_user_id" not in client.session


def test_one_signs_up_and_is_led_on_to_an_organisation(client, db):
    given = {"display_name": "吴社长", "username": "wu", "password": "rice-and-water-2026"}
    response = client.post("/sign-up", given)
    assert (response.status_code, response["Location"]) == (302, "/apply")
    assert client.session["_auth_user_id"] == str(User.objects.get(username="wu").pk)


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"username": "taken"}, "username"), ({"password": "12345"}, "password"), ({"display_name": ""}, "display_name")],
)
def test_a_sign_up_says_beside_the_field_what_is_wrong(client, db, changed, field):
    UserFactory(username="taken")
    given = {"display_name": "吴", "username": "wu", "password": "rice-and-water-2026"} | changed
    response = client.post("/sign-up", given)
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert User.objects.count() == 1


def test_one_applies_for_an_organisation_and_sees_that_it_waits(client, person):
    client.force_login(person)
    given = {"kind": "cooperative", "name": "龙山合作社", "name_en": "Longshan", "credit_code": "9135 0100-m0001xh5xq"}
    assert client.post("/apply", given)["Location"] == "/apply"
    organisation = Organisation.objects.get(name="龙山合作社")
    assert (organisation.status, organisation.applied_by) == ("applied", person)
    assert organisation.credit_code == "91350100M0001XH5XQ"
    assert Membership.objects.get(user=person).role == "owner"
    page = client.get("/apply")
    assert page.context["organisation"] == organisation
    assert "ledger/accounts/application.html" in [template.name for template in page.templates]


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"kind": "operator"}, "kind"),
        ({"name": " "}, "name"),
        ({"name": "taken"}, "name"),
        ({"credit_code": "1"}, "credit_code"),
        ({"credit_code": "91350100M0001XH5X4"}, "credit_code"),
        ({"kind": "cooperative"}, "credit_code"),
    ],
)
def test_an_application_says_beside_the_field_what_is_wrong(client, person, changed, field):
    MembershipFactory(organisation__name="taken")
    client.force_login(person)
    response = client.post("/apply", {"kind": "buyer", "name": "新公司"} | changed)
    assert response.status_code == 422
    assert list(response.context["form"].errors) == [field]
    assert not Membership.objects.filter(user=person).exists()


def test_the_language_is_chosen_by_a_form(client, db):
    client.post("/language", {"language": "en", "next": "/projects"})
    assert client.get("/projects").context["LANGUAGE_CODE"] == "en"


def test_a_token_is_shown_once_and_kept_as_a_hash(client, who):
    client.force_login(who.buyer.user)
    last_day = timezone.localdate() + dt.timedelta(days=1)
    response = client.post("/tokens", {"name": "ERP", "scopes": ["read"], "expires_on": last_day.isoformat()})
    secret = response.context["secret"]
    token = ApiToken.objects.get(token_hash=hash_token(secret))
    assert (token.name, timezone.localdate(token.expires_at)) == ("ERP", last_day + dt.timedelta(days=1))
    assert "no-store" in response["Cache-Control"]
    assert secret not in client.get("/tokens").content.decode()


def test_a_token_cannot_have_expired_before_it_is_made(client, who):
    client.force_login(who.buyer.user)
    response = client.post("/tokens", {"name": "ERP", "scopes": ["read"], "expires_on": "2020-01-01"})
    assert (response.status_code, list(response.context["form"].errors)) == (422, ["expires_on"])
    assert not ApiToken.objects.exists()


def test_one_revokes_ones_own_token_alone(client, who):
    client.force_login(who.buyer.user)
    client.post("/tokens", {"name": "ERP", "scopes": ["read"]})
    token = ApiToken.objects.get()
    client.force_login(who.other_buyer.user)
    assert client.post(f"/tokens/{token.pk}/revoke").status_code == 404
    client.force_login(who.buyer.user)
    assert client.post(f"/tokens/{token.pk}/revoke").status_code == 302
    token.refresh_from_db()
    assert token.revoked_at is not None


def test_who_acts_for_nobody_is_led_to_the_application(client, person):
    client.force_login(person)
    for address in ("/tokens", "/work", "/withdraw", "/projects/new"):
        assert client.get(address)["Location"] == "/apply"


@pytest.mark.parametrize("address", ["/tokens", "/work", "/withdraw", "/projects/new", "/apply", "/holdings/1"])
def test_a_stranger_logs_in_first(client, db, address):
    response = client.get(address)
    assert (response.status_code, response["Location"]) == (302, f"/login?next={address}")
