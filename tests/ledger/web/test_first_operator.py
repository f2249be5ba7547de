"""The pages on which the operator's first person makes their account."""

import datetime as dt

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from ledger.models import Membership, User
from ledger.parties.first_operator import as_typed, offer_first_operator
from tests.factories import MembershipFactory, UserFactory
from tests.scenes import People
from tests.strength import strong_login

NAME = "田汇登记中心"
GIVEN = {"display_name": "陈", "username": "chen", "password": "rice-and-water-2026"}


@pytest.fixture
def code(db: None) -> str:
    return offer_first_operator(name=NAME)[1]


@pytest.fixture
def visitor() -> Client:
    return Client(headers={"accept-language": "en"})


def test_the_code_is_typed_and_leads_to_an_account_with_a_second_factor(visitor: Client, code: str) -> None:
    assert visitor.get("/first-operator").status_code == 200
    link = visitor.post("/first-operator", {"code": code.lower()})["Location"]
    assert link == f"/first-operator/{as_typed(code)}"
    page = visitor.get(link)
    assert NAME in page.content.decode()
    assert (page["X-Robots-Tag"], "no-store" in page["Cache-Control"]) == ("noindex, nofollow", True)
    assert visitor.post(link, GIVEN)["Location"] == "/work"
    assert Membership.objects.get(user__username="chen").role == "owner"
    # Nothing is done for the operator before a second factor is there, and has been used.
    assert visitor.get("/work")["Location"].startswith("/security/setup")
    assert visitor.get("/members")["Location"].startswith("/security/setup")
    assert visitor.get("/admin/")["Location"].startswith("/security/setup")


@pytest.mark.parametrize(
    ("changed", "field"),
    [({"password": "12345678"}, "password"), ({"username": ""}, "username"), ({"username": "a b"}, "username")],
)
def test_what_is_wrong_is_said_beside_the_field_and_the_rest_is_kept(
    visitor: Client, code: str, changed: dict[str, str], field: str
) -> None:
    page = visitor.post(f"/first-operator/{as_typed(code)}", GIVEN | changed)
    assert page.status_code == 422
    assert page.context["form"].errors.keys() == {field}
    assert 'value="陈"' in page.content.decode()
    assert not User.objects.exists()


def test_a_wrong_code_is_refused_clearly(visitor: Client, code: str) -> None:
    typed = visitor.post("/first-operator", {"code": "no such code"})
    assert (typed.status_code, 'value="no such code"' in typed.content.decode()) == (422, True)
    for method in (visitor.get, visitor.post):
        page = method("/first-operator/AAAAAAAAAAAAAAAAAAAA")
        assert page.status_code == 404
        assert "There is no such code." in page.content.decode()
        assert "manage.py first_operator" in page.content.decode()


def test_a_used_code_and_one_that_is_over_say_so(visitor: Client, code: str) -> None:
    link = f"/first-operator/{as_typed(code)}"
    with time_machine.travel(timezone.now() + dt.timedelta(hours=1, minutes=1), tick=False):
        assert visitor.post(link, GIVEN).status_code == 410
    assert visitor.post(link, GIVEN).status_code == 302
    page = Client(headers={"accept-language": "en"}).get(link)
    assert page.status_code == 410
    assert "manage.py first_operator" in page.content.decode()


def test_whoever_has_an_account_takes_the_role_with_it(visitor: Client, code: str) -> None:
    person = UserFactory()
    visitor.force_login(person)
    invitation = visitor.get(f"/first-operator/{as_typed(code)}")["Location"]
    assert invitation == f"/invitations/{as_typed(code)}"
    assert "whoever runs the server" in visitor.get(invitation).content.decode()
    assert visitor.post(f"{invitation}/accept")["Location"] == "/work"
    assert Membership.objects.get(user=person).role == "owner"


def test_whoever_acts_for_somebody_already_does_not_become_the_first(who_without_operator: Client, code: str) -> None:
    answer = who_without_operator.post(f"/invitations/{as_typed(code)}/accept")
    assert answer.status_code == 409
    assert not Membership.objects.filter(organisation__kind="operator").exists()


@pytest.fixture
def who_without_operator(db: None) -> Client:
    browser = Client()
    browser.force_login(MembershipFactory().user)
    return browser


def test_alone_one_is_told_whom_to_invite_first(visitor: Client, code: str) -> None:
    visitor.post(f"/first-operator/{as_typed(code)}", GIVEN)
    strong_login(visitor, User.objects.get())
    assert "You are alone" in visitor.get("/members").content.decode()
    page = visitor.post("/members", {"role": "registrar", "note": ""}).content.decode()
    assert "It needs nobody to confirm it" in page
    assert "Another has to confirm it first" in visitor.post("/members", {"role": "viewer"}).content.decode()


def test_two_are_not_told_that_they_are_alone(who: People, visitor: Client) -> None:
    strong_login(visitor, who.registrar.user)
    assert "You are alone" not in visitor.get("/members").content.decode()
