"""The page “Security”, and what is asked before factors change or money leaves."""

import json
import re
import time

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from ledger import tasks
from ledger.models import Payment, Payout, SecurityEvent
from ledger.parties.security import later as queue
from ledger.parties.security.factors import add_passkey, make_recovery_codes
from ledger.parties.security.services import Origin, record_security_event
from ledger.parties.security.totp import code_at
from tests.factories import PASSWORD, UserFactory
from tests.factors import code_now, with_app
from tests.scenes import pay_in
from tests.strength import strong_login, weak_login

ENGLISH = {"accept-language": "en"}
NEW = "another-paddy-in-the-hills"
PAGES = [
    "/security",
    "/security/events",
    "/security/confirm",
    "/security/setup",
    "/security/password",
    "/security/email",
    "/security/app",
    "/security/passkeys/new",
    "/security/recovery-codes",
]


@pytest.fixture
def person(db):
    return UserFactory(username="wu", password=PASSWORD)


@pytest.fixture
def queued(monkeypatch):
    """Have what is queued for a worker done here at once after a commit."""

    def send_task(name, kwargs, retry):
        getattr(tasks, name.removeprefix("ledger.tasks."))(**kwargs)

    monkeypatch.setattr(queue.app, "send_task", send_task)


@pytest.fixture
def logged_in(client, person):
    client.post("/login", {"username": "wu", "password": PASSWORD})
    return client


def kinds(user):
    return list(SecurityEvent.objects.filter(user=user).order_by("id").values_list("kind", flat=True))


@pytest.mark.parametrize("address", PAGES)
def test_a_visitor_logs_in_first(client, db, address):
    assert client.get(address)["Location"].startswith(("/login?next=", "/security/confirm?next="))
    assert client.get(address, follow=True).redirect_chain[-1][0].startswith("/login")
    assert client.post(address).status_code in (302, 405)


@pytest.mark.parametrize("kind", ["cooperative", "buyer", "verifier", "registrar", "auditor"])
@pytest.mark.parametrize("address", PAGES)
def test_everybody_has_these_pages(client, who, kind, address):
    client.force_login(getattr(who, kind).user)
    page = client.get(address, headers=ENGLISH)
    assert page.status_code == 200, address
    assert "no-store" in page["Cache-Control"]


@pytest.mark.parametrize(
    "address", ["/security/email", "/security/app", "/security/passkeys/new", "/security/recovery-codes"]
)
def test_what_changes_factors_is_only_for_who_has_just_shown_who_they_are(client, person, address):
    weak_login(client, person, ago=3_600)
    answer = client.get(address)
    assert answer["Location"] == f"/security/confirm?next={address.replace('/', '%2F')}"


def test_the_page_reads_as_often_however_much_there_is(client, who):
    person = who.buyer.user
    client.force_login(person)
    client.get("/security")
    counts = []
    for _turn in range(2):
        with CaptureQueriesContext(connection) as queries:
            client.get("/security")
        counts.append(len(queries))
        with_app(person) if not counts[1:] else None
        for number in range(5):
            record_security_event(user=person, kind="logged_in", origin=Origin("203.0.113.7"))
            add_passkey(user=person, name=f"key {number}", credential={})
    assert counts == [9, 9]


def test_an_app_is_set_up_and_the_session_is_strong(client, who):
    weak_login(client, who.registrar.user)
    page = client.get("/security/app?next=/work", headers=ENGLISH)
    assert "<svg" in page.content.decode()
    secret = page.context["secret"].replace(" ", "")
    code = code_at(secret, int(time.time()) // 30)
    wrong = client.post("/security/app", {"code": "abcdef", "next": "/work"})
    assert (wrong.status_code, list(wrong.context["form"].errors)) == (422, ["code"])
    # The secret stays the same while one tries.
    assert wrong.context["secret"] == page.context["secret"]
    shown = client.post("/security/app", {"code": code, "next": "/work"}, headers=ENGLISH)
    assert (shown.status_code, len(shown.context["codes"])) == (200, 10)
    assert 'href="/work"' in shown.content.decode()
    assert shown.context["codes"][0] not in client.get("/security").content.decode()
    assert client.get("/work").status_code == 200
    assert client.get("/admin/").status_code == 200
    assert kinds(who.registrar.user) == ["factor_added", "recovery_codes_made"]


def test_recovery_codes_are_made_anew_by_a_form_alone(client, person):
    with_app(person)
    old = make_recovery_codes(user=person)
    client.force_login(person)
    client.get("/security/recovery-codes")
    shown = client.post("/security/recovery-codes")
    assert set(shown.context["codes"]).isdisjoint(old)
    assert client.get("/security").context["codes_left"] == 10


def test_a_factor_is_removed_after_a_page_that_says_so(client, person):
    app = with_app(person)
    client.force_login(person)
    assert client.get(f"/security/factors/{app.pk}/remove").status_code == 200
    assert Authenticator.objects.filter(pk=app.pk).exists()
    client.post(f"/security/factors/{app.pk}/remove")
    assert not Authenticator.objects.filter(pk=app.pk).exists()
    assert kinds(person) == ["factor_removed"]


def test_who_needs_a_factor_is_told_why_it_stays(client, who):
    app = with_app(who.auditor.user)
    client.force_login(who.auditor.user)
    answer = client.post(f"/security/factors/{app.pk}/remove", headers=ENGLISH)
    assert (answer.status_code, "add another way" in answer.content.decode()) == (409, True)


def test_anothers_factors_are_not_there(client, person):
    other = with_app(UserFactory())
    client.force_login(person)
    for address in (f"/security/factors/{other.pk}/remove", f"/security/passkeys/{other.pk}/name"):
        assert client.get(address).status_code == 404
        assert client.post(address, {"name": "x"}).status_code == 404


def test_the_password_does_not_stand_in_for_the_factor(client, person):
    with_app(person)
    weak_login(client, person)
    answer = client.get("/security/recovery-codes")
    assert answer["Location"].startswith("/security/confirm")
    refused = client.post("/security/confirm", {"password": PASSWORD}, headers=ENGLISH)
    assert refused.status_code == 422
    assert client.get("/security/recovery-codes").status_code == 302
    assert client.post("/security/confirm", {"code": code_now()})["Location"] == "/security"
    assert client.get("/security/recovery-codes").status_code == 200


def test_who_has_no_factor_confirms_by_password(client, person):
    weak_login(client, person, ago=3_600)
    assert client.get("/security/email").status_code == 302
    refused = client.post("/security/confirm", {"password": "wrong"})
    assert refused.status_code == 422
    answer = client.post("/security/confirm", {"password": PASSWORD, "next": "/security/email"})
    assert answer["Location"] == "/security/email"
    assert client.get("/security/email").status_code == 200


FORGED = {
    "id": "AA",
    "rawId": "AA",
    "type": "public-key",
    "clientExtensionResults": {},
    "response": {
        "clientDataJSON": "e30",
        "authenticatorData": "A" * 60,
        "signature": "AA",
        "userHandle": "OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5",
    },
}
NO_PASSKEYS = [
    *("x", "1", "[]", "{}", '{"id": 1}', "\u0000", "{" * 5_000),
    json.dumps(FORGED | {"response": {}}),
    json.dumps(FORGED | {"response": {"userHandle": "\u0000"}}),
    json.dumps(FORGED),
]


@pytest.mark.parametrize("credential", NO_PASSKEYS)
def test_what_is_no_passkey_is_refused_and_never_fails(client, person, credential):
    with_app(person)
    client.post("/login/passkey/challenge")
    answer = client.post("/login/passkey", {"credential": credential})
    assert answer.status_code == 422
    assert "_auth_user_id" not in client.session
    client.force_login(person)
    client.get("/security/passkeys/new")
    assert client.post("/security/passkeys/new", {"credential": credential}).status_code == 422
    assert client.post("/security/confirm", {"credential": credential}).status_code == 422
    assert not Authenticator.objects.filter(user=person, type="webauthn").exists()


# Password, sessions, e-mail


def test_a_new_password_ends_every_other_session(client, logged_in, person):
    others = [Client() for _ in range(2)]
    for other in others:
        other.post("/login", {"username": "wu", "password": PASSWORD})
    key = client.session.session_key
    answer = client.post("/security/password", {"old": PASSWORD, "new": NEW})
    assert answer["Location"] == "/security"
    assert client.get("/security").status_code == 200
    assert client.session.session_key != key
    assert all(other.get("/security").status_code == 302 for other in others)
    assert [session.session_key for session in UserSession.objects.filter(user=person)] == [client.session.session_key]
    person.refresh_from_db()
    assert person.check_password(NEW)
    assert kinds(person)[-1] == "password_changed"


@pytest.mark.parametrize(
    ("given", "field"), [({"old": "wrong", "new": NEW}, "old"), ({"old": PASSWORD, "new": "1"}, "new")]
)
def test_a_password_that_cannot_be_changed_says_beside_the_field_why(client, person, given, field):
    client.force_login(person)
    answer = client.post("/security/password", given)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    person.refresh_from_db()
    assert person.check_password(PASSWORD)


def test_one_ends_a_session_of_ones_own_alone(logged_in, person):
    other = Client(headers={"user-agent": "Mozilla/5.0 (Linux; Android 14) Chrome/130.0 Mobile Safari/537.36"})
    other.post("/login", {"username": "wu", "password": PASSWORD})
    page = logged_in.get("/security", headers=ENGLISH).content.decode()
    assert "Chrome · Android" in page
    theirs = UserSession.objects.get(session_key=other.session.session_key)
    stranger = Client()
    stranger.force_login(UserFactory())
    assert stranger.post(f"/security/sessions/{theirs.pk}/end").status_code == 404
    assert other.get("/security").status_code == 200
    logged_in.post(f"/security/sessions/{theirs.pk}/end")
    assert other.get("/security").status_code == 302
    assert logged_in.get("/security").status_code == 200
    assert kinds(person)[-1] == "session_ended"


def test_one_ends_all_other_sessions(logged_in):
    others = [Client() for _ in range(3)]
    for other in others:
        other.post("/login", {"username": "wu", "password": PASSWORD})
    logged_in.post("/security/sessions/end-others")
    assert [other.get("/security").status_code for other in others] == [302] * 3
    assert logged_in.get("/security").status_code == 200


def test_an_address_counts_once_its_link_is_followed(client, person, queued, django_capture_on_commit_callbacks):
    client.force_login(person)
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/security/email", {"email": "Wu@Example.cn"}, headers=ENGLISH)
    (message,) = mail.outbox
    address = re.search(r"http://testserver(\S+)", message.body)[1]
    person.refresh_from_db()
    assert person.email == ""
    # A mail program that opens the link confirms nothing.
    assert client.get(address).status_code == 200
    assert not EmailAddress.objects.filter(verified=True).exists()
    client.post(address)
    person.refresh_from_db()
    assert person.email == "wu@example.cn"
    assert client.get(address).status_code == 410
    # With another one the old address is told.
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/security/email", {"email": "new@example.cn"}, headers=ENGLISH)
    with django_capture_on_commit_callbacks(execute=True):
        client.post(re.search(r"http://testserver(\S+)", mail.outbox[-1].body)[1], headers=ENGLISH)
    assert ["wu@example.cn"] in [message.to for message in mail.outbox[-2:]]
    assert list(EmailAddress.objects.values_list("email", flat=True)) == ["new@example.cn"]


def test_an_address_of_another_is_not_told_apart_before_its_mail_is_read(
    client, person, queued, django_capture_on_commit_callbacks
):
    EmailAddress.objects.create(user=UserFactory(), email="taken@example.cn", verified=True, primary=True)
    client.force_login(person)
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post("/security/email", {"email": "taken@example.cn"})
    assert answer["Location"] == "/security"
    confirmed = client.post(re.search(r"http://testserver(\S+)", mail.outbox[0].body)[1])
    assert confirmed.status_code == 422
    assert EmailAddress.objects.get(verified=True).user != person


def test_an_address_is_removed(client, person):
    EmailAddress.objects.create(user=person, email="wu@example.cn", verified=True, primary=True)
    client.force_login(person)
    client.post("/security/email/remove")
    assert not EmailAddress.objects.filter(user=person).exists()


@pytest.mark.parametrize(
    "email", ["", "wu", "wu@", "a@b\r\nBcc: c@d.cn", "x" * 300 + "@example.cn", "wu@example.cn\x00"]
)
def test_what_is_no_address_is_refused(client, person, email):
    client.force_login(person)
    answer = client.post("/security/email", {"email": email})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["email"])


# Money


@pytest.fixture
def rich(who):
    pay_in(who, who.buyer, 1_000_000)
    return who.buyer.user


def withdrawals():
    return Payment.objects.filter(direction="withdrawal").count()


def test_money_leaves_once_a_second_factor_was_used_just_now(client, rich):
    strong_login(client, rich)
    client.post("/withdraw", {"amount_fen": "10"})
    assert withdrawals() == 1


def test_who_has_no_factor_sets_one_up_before_money_leaves(client, rich):
    weak_login(client, rich)
    answer = client.post("/withdraw", {"amount_fen": "12.50"}, headers=ENGLISH)
    assert answer["Location"] == "/security/setup?next=%2Fwithdraw"
    assert withdrawals() == 0
    assert "/security/confirm" in client.get("/withdraw", headers=ENGLISH).content.decode()


@pytest.mark.parametrize("login", [weak_login, strong_login])
def test_who_has_one_confirms_and_finds_the_form_as_it_was(client, rich, login):
    with_app(rich)
    login(client, rich, ago=3_600)
    answer = client.post("/withdraw", {"amount_fen": "12.50"})
    assert answer["Location"] == "/security/confirm?next=%2Fwithdraw"
    assert withdrawals() == 0
    answer = client.post(answer["Location"], {"code": code_now(), "next": "/withdraw"}, follow=True)
    # Nothing is sent by itself.
    assert withdrawals() == 0
    assert answer.context["form"]["amount_fen"].value() == "12.50"
    # It was handed out once.
    assert client.get("/withdraw").context["form"]["amount_fen"].value() is None
    client.post("/withdraw", {"amount_fen": "12.50"})
    assert withdrawals() == 1


@pytest.mark.parametrize("address", ["/api/v1/payments/withdrawals", "/api/v1/payouts"])
def test_the_api_lets_no_money_go_by_a_session_that_has_not_confirmed(client, who, rich, address):
    person = rich if "payments" in address else who.cooperative.user
    body = {"amount_fen": 1_000} if "payments" in address else {}
    weak_login(client, person)
    answer = client.post(address, json.dumps(body), content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "second_factor_missing")
    with_app(person)
    answer = client.post(address, json.dumps(body), content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "confirmation_needed")
    assert withdrawals() == 0
    assert not Payout.objects.exists()


def test_a_payout_to_households_is_confirmed_too(client, who):
    weak_login(client, who.cooperative.user)
    assert client.post("/sharing/payouts")["Location"] == "/security/setup?next=%2Fsharing"
    assert not Payout.objects.exists()
