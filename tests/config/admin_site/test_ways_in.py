"""Who gets into the desk, and by which way."""

import pytest
from django.test import Client

from ledger.models import Organisation
from tests.desk import client_of
from tests.factories import PASSWORD, MembershipFactory, UserFactory
from tests.factors import code_now, with_app
from tests.scenes import People
from tests.strength import weak_login


@pytest.mark.parametrize("kind", ["cooperative", "buyer", "other_buyer", "verifier"])
def test_everyone_else_gets_a_refusal_and_no_log_in_loop(kind: str, who: People) -> None:
    client = client_of(getattr(who, kind))
    for address in (
        "/admin/",
        "/admin/login/",
        "/admin/ledger/project/",
        "/admin/reconcile/",
        "/admin/password_change/",
    ):
        assert client.get(address).status_code == 403, address
    assert client.post("/admin/ledger/payment/enter-deposit/", {"reason": "x"}).status_code == 403


def test_who_is_refused_can_log_out_there(who: People) -> None:
    client = client_of(who.buyer)
    client.post("/admin/logout/")
    assert "_auth_user_id" not in client.session


def test_visitor_is_sent_to_the_log_in(db: None) -> None:
    answer = Client().get("/admin/ledger/project/")
    assert (answer.status_code, answer["Location"]) == (302, "/admin/login/?next=/admin/ledger/project/")
    assert Client().post("/admin/ledger/payment/enter-deposit/", {"amount_fen": "1"}).status_code == 302
    assert Client().get("/admin/login/")["Location"] == "/login?next=%2Fadmin%2F"
    elsewhere = Client().get("/admin/login/", {"next": "https://elsewhere.example/"})
    assert elsewhere["Location"] == "/login?next=%2Fadmin%2F"


@pytest.mark.django_db
@pytest.mark.parametrize("status", [Organisation.Status.APPLIED, Organisation.Status.SUSPENDED])
def test_auditor_whose_organisation_is_not_approved_stays_outside(status: str) -> None:
    applicant = MembershipFactory(organisation__kind=Organisation.Kind.AUDITOR, organisation__status=status)
    assert client_of(applicant).get("/admin/").status_code == 403


@pytest.mark.django_db
def test_staff_flag_and_superuser_flag_alone_open_nothing() -> None:
    person = UserFactory(is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(person)
    assert client.get("/admin/").status_code == 403
    assert client.get("/admin/ledger/user/").status_code == 403


def test_the_desk_has_no_way_in_of_its_own(who: People) -> None:
    who.auditor.user.set_password(PASSWORD)
    who.auditor.user.save()
    client = Client()
    given = {"username": who.auditor.user.username, "password": PASSWORD, "next": "/admin/ledger/project/"}
    assert client.post("/admin/login/", given)["Location"] == "/login?next=%2Fadmin%2Fledger%2Fproject%2F"
    assert "_auth_user_id" not in client.session


def test_auditor_logs_in_with_a_code_and_reads_the_desk(who: People) -> None:
    who.auditor.user.set_password(PASSWORD)
    who.auditor.user.save()
    with_app(who.auditor.user)
    client = Client()
    given = {"username": who.auditor.user.username, "password": PASSWORD, "next": "/admin/"}
    assert client.post("/login", given)["Location"] == "/login/second-step"
    assert client.get("/admin/").status_code == 302
    answer = client.post("/login/second-step", {"code": code_now()}, follow=True)
    assert answer.redirect_chain[-1][0] == "/admin/"
    assert answer.status_code == 200


@pytest.mark.parametrize("kind", ["registrar", "treasurer", "auditor"])
def test_without_a_second_factor_the_desk_is_closed(kind: str, who: People) -> None:
    person = getattr(who, kind)
    client = weak_login(Client(), person.user)
    assert client.get("/admin/")["Location"] == "/security/setup?next=%2Fadmin%2F"
    assert client.get("/admin/login/?next=/admin/")["Location"] == "/security/setup?next=%2Fadmin%2F"
    assert client.post("/admin/ledger/payment/enter-deposit/", {"reason": "x"}).status_code == 403
    with_app(person.user)
    answer = client.get("/admin/ledger/project/?q=x")
    assert answer["Location"] == "/security/confirm?next=%2Fadmin%2Fledger%2Fproject%2F%3Fq%3Dx"
