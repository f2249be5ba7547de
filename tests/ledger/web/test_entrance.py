"""The way in: what is asked, what is told, and what nobody learns."""

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.core import mail
from django.test import Client
from django.urls import reverse

from ledger import tasks
from ledger.models import SecurityEvent, User
from ledger.parties import attempts
from ledger.parties.security import later as queue
from ledger.parties.security.factors import make_recovery_codes
from ledger.parties.security.passwords import reset_link
from tests.factories import PASSWORD, MembershipFactory, UserFactory
from tests.factors import code_now, with_app
from tests.strength import WHOSE, weak_login

ENGLISH = {"accept-language": "en"}
NEW = "another-paddy-in-the-hills"


@pytest.fixture
def person(db):
    return UserFactory(username="wu", password=PASSWORD)


@pytest.fixture
def queued(monkeypatch):
    """Return what is queued for a worker; it is done here at once after a commit."""
    done = []

    def send_task(name, kwargs, retry):
        done.append((name, kwargs))
        getattr(tasks, name.removeprefix("ledger.tasks."))(**kwargs)

    monkeypatch.setattr(queue.app, "send_task", send_task)
    return done


def log_in(client, *, code=None, password=PASSWORD, following="", username="wu"):
    answer = client.post("/login", {"username": username, "password": password, "next": following}, headers=ENGLISH)
    return answer if code is None else client.post("/login/second-step", {"code": code}, headers=ENGLISH)


def is_in(client):
    return "_auth_user_id" in client.session


def test_a_log_in_is_noted_with_its_session(client, person):
    log_in(client)
    assert is_in(client)
    event = SecurityEvent.objects.select_related("origin").get(user=person)
    assert (event.kind, event.origin.address) == ("logged_in", "127.0.0.1")
    session = UserSession.objects.get(user=person)
    assert session.session_key == client.session.session_key


def test_who_has_a_second_factor_is_not_in_before_it(client, person):
    with_app(person)
    answer = log_in(client, following="/work")
    assert answer["Location"] == "/login/second-step"
    assert not is_in(client)
    assert client.get("/work")["Location"].startswith("/login")
    assert client.get("/security")["Location"].startswith("/login")
    answer = client.post("/login/second-step", {"code": code_now()})
    assert answer["Location"] == "/work"
    assert is_in(client)


def test_a_code_that_was_used_lets_nobody_else_in(client, person):
    with_app(person)
    code = code_now()
    log_in(client, code=code)
    other = Client()
    answer = log_in(other, code=code)
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["code"]
    assert not is_in(other)


def test_a_recovery_code_lets_in_once_and_is_noted(client, person):
    with_app(person)
    code = make_recovery_codes(user=person)[0]
    log_in(client, code=code)
    assert is_in(client)
    other = Client()
    log_in(other, code=code)
    assert not is_in(other)
    assert SecurityEvent.objects.filter(user=person, kind="recovery_code_used").count() == 1


def test_nobody_comes_to_the_second_step_without_the_first(client, person):
    with_app(person)
    for answer in (client.get("/login/second-step"), client.post("/login/second-step", {"code": code_now()})):
        assert (answer.status_code, answer["Location"]) == (302, "/login")
    assert not is_in(client)


def test_one_begins_again_as_somebody_else(client, person):
    with_app(person)
    log_in(client)
    client.post("/login/again")
    assert client.get("/login").status_code == 200
    assert client.get("/login/second-step")["Location"] == "/login"


def test_the_session_gets_a_new_key_with_each_step(client, person):
    with_app(person)
    client.get("/login")
    session = client.session
    session["planted"] = 1
    session.save()
    client.cookies["sessionid"] = session.session_key
    planted = session.session_key
    log_in(client, code=code_now())
    assert is_in(client)
    assert client.session.session_key != planted
    assert not is_in(_with_key(planted))


def _with_key(key):
    client = Client()
    client.cookies["sessionid"] = key
    return client


def test_what_was_shown_for_another_counts_for_nothing(client, who):
    client.force_login(who.registrar.user)
    session = client.session
    session[WHOSE] = str(who.auditor.user_id)
    session.save()
    assert client.get("/admin/")["Location"].startswith("/security/setup")


@pytest.mark.parametrize(
    "following",
    ["https://elsewhere.example/", "//elsewhere.example", "/\\elsewhere.example", "javascript:alert(1)", "http:///x"],
)
def test_nothing_leads_elsewhere(client, person, following):
    with_app(person)
    log_in(client, following=following)
    assert client.post("/login/second-step", {"code": code_now()})["Location"] == "/"
    assert client.get("/login", {"next": following})["Location"] == "/"
    assert following not in client.get("/security/setup", {"next": following}).content.decode()
    client.logout()
    assert following not in client.get("/login", {"next": following}).content.decode()


def test_the_log_in_wants_a_token_against_forged_requests(person):
    client = Client(enforce_csrf_checks=True)
    for address in ("/login", "/login/passkey", "/login/passkey/challenge", "/password", "/sign-up"):
        assert client.post(address, {"username": "wu", "password": PASSWORD}).status_code == 403, address
    assert not is_in(client)


def test_an_unknown_name_costs_a_hash_too(client, db, monkeypatch):
    hashed = []
    monkeypatch.setattr(User, "set_password", lambda self, password: hashed.append(password))
    log_in(client, username="nobody", password="guess")
    assert hashed == ["guess"]


def test_who_is_locked_out_is_told_how_long_and_where_to_go(client, person, queued, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(attempts.ATTEMPTS_A_NAME + 2):
            answer = log_in(client, password="wrong")
    assert answer.status_code == 429
    assert "Try again in 15 minutes" in answer.context["form"].non_field_errors()[0]
    assert reverse("password_forgotten") in answer.content.decode()
    assert log_in(client).status_code == 429
    # The first that is over the limit is noted, and the others are not.
    assert [name for name, _said in queued].count("ledger.tasks.note_lockout") == 1
    assert SecurityEvent.objects.get(user=person).kind == "locked"


def test_an_unknown_name_is_locked_just_alike(client, db, queued, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        for _ in range(attempts.ATTEMPTS_A_NAME + 1):
            answer = log_in(client, username="nobody")
    assert answer.status_code == 429
    assert [name for name, _said in queued] == ["ledger.tasks.note_lockout"]
    assert not SecurityEvent.objects.exists()


def test_right_passwords_do_not_add_up(client, person):
    for _ in range(attempts.ATTEMPTS_A_NAME + 5):
        other = Client()
        log_in(other)
        assert is_in(other)


def test_behind_a_proxy_each_caller_counts_alone(client, person, settings):
    settings.NUM_PROXIES = 1
    forwarded = {"x-forwarded-for": "6.6.6.6, 203.0.113.9"}
    client.post("/login", {"username": "wu", "password": PASSWORD}, headers=forwarded)
    assert SecurityEvent.objects.select_related("origin").get().origin.address == "203.0.113.9"


# A new password by e-mail


@pytest.fixture
def reachable(person):
    EmailAddress.objects.create(user=person, email="wu@example.cn", verified=True, primary=True)
    return person


def link_in(message):
    return re.search(r"http://testserver(\S+)", message.body)[1]


def ask(client, email, capture):
    with capture(execute=True):
        return client.post("/password", {"email": email}, headers=ENGLISH)


def test_a_locked_person_comes_in_by_mail(client, reachable, queued, django_capture_on_commit_callbacks):
    capture = django_capture_on_commit_callbacks
    for _ in range(attempts.ATTEMPTS_A_NAME + 1):
        log_in(client, password="wrong")
    elsewhere = Client()
    elsewhere.force_login(reachable)
    ask(client, "WU@example.cn", capture)
    (message,) = mail.outbox
    assert message.to == ["wu@example.cn"]
    address = link_in(message)
    assert client.get(address).status_code == 200
    with capture(execute=True):
        answer = client.post(address, {"new": NEW})
    assert answer["Location"] == "/login"
    assert not is_in(client)
    assert elsewhere.get("/security")["Location"].startswith("/login")
    log_in(client, password=NEW)
    assert is_in(client)
    # It is good once.
    assert Client().get(address).status_code == 410
    assert Client().post(address, {"new": "yet-another-paddy"}).status_code == 410
    assert SecurityEvent.objects.filter(user=reachable, kind="password_reset").exists()


def test_a_new_password_does_not_stand_in_for_the_second_factor(client, reachable):
    with_app(reachable)
    link = reset_link(reachable)
    client.post(reverse("password_reset_link", kwargs=link._asdict()), {"new": NEW})
    assert log_in(client, password=NEW)["Location"] == "/login/second-step"


def test_whether_an_address_is_known_is_told_to_nobody(client, reachable, queued, django_capture_on_commit_callbacks):
    EmailAddress.objects.create(user=UserFactory(), email="unverified@example.cn")
    answers = [
        ask(client, email, django_capture_on_commit_callbacks)
        for email in ("wu@example.cn", "not@example.cn", "unverified@example.cn")
    ]
    assert {answer.status_code for answer in answers} == {200}
    texts = {
        re.sub(r"[a-z]+@example.cn|value=\"\w+\"", "", answer.content.decode()).replace("  ", " ") for answer in answers
    }
    assert len(texts) == 1
    # The same is queued for each; only a worker finds out.
    assert [name for name, _said in queued] == ["ledger.tasks.mail_password_reset"] * 3
    assert [message.to for message in mail.outbox] == [["wu@example.cn"]]


def test_a_weak_new_password_is_refused_and_the_link_stays_good(client, reachable):
    address = reverse("password_reset_link", kwargs=reset_link(reachable)._asdict())
    answer = client.post(address, {"new": "12345678"})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, ["new"])
    assert client.get(address).status_code == 200


@pytest.mark.parametrize("address", ["/password/1/x", "/password/zzzzzzzzzzzzzzzzzzzzzzz/abc-def", "/email/x:y:z"])
def test_a_link_that_is_not_whole_is_over(client, db, address):
    assert client.get(address).status_code == 410
    assert client.post(address, {"new": NEW}).status_code == 410


def test_mails_to_one_mailbox_are_limited(client, reachable, queued, django_capture_on_commit_callbacks):
    for _ in range(attempts.MAILS_A_MAILBOX + 3):
        answer = ask(client, "wu@example.cn", django_capture_on_commit_callbacks)
    assert answer.status_code == 422
    assert len(mail.outbox) == attempts.MAILS_A_MAILBOX


# Second factors that are needed


@pytest.mark.parametrize("kind", ["registrar", "treasurer", "auditor"])
def test_the_password_alone_opens_nothing_to_the_operator_and_auditors(kind, who, client):
    user = getattr(who, kind).user
    user.set_password(PASSWORD)
    user.save()
    log_in(client, username=user.username)
    assert client.get("/work")["Location"] == "/security/setup?next=%2Fwork"
    assert client.get("/admin/")["Location"] == "/security/setup?next=%2Fadmin%2F"
    assert client.get("/log/tile/entries/000").status_code == 403
    answer = client.get("/api/v1/me", headers=ENGLISH)
    assert (answer.status_code, answer.json()["code"]) == (403, "second_factor_missing")
    with_app(user)
    assert client.get("/work")["Location"] == "/security/confirm?next=%2Fwork"
    assert client.get("/api/v1/organisations").json()["code"] == "second_factor_unused"
    assert client.post("/security/confirm?next=/work", {"code": code_now(), "next": "/work"})["Location"] == "/work"
    assert client.get("/work").status_code == 200
    assert client.get("/api/v1/me").status_code == 200


def test_a_member_who_is_too_weak_sees_public_pages_as_a_visitor(who, client):
    weak_login(client, who.registrar.user)
    page = client.get("/projects")
    assert page.status_code == 200
    assert not page.context["membership"]
    assert client.get("/apply")["Location"].startswith("/security/setup")


def test_where_it_is_not_required_the_password_is_enough_and_pages_say_so(who, client, settings):
    settings.SECOND_FACTOR_REQUIRED = False
    weak_login(client, who.registrar.user)
    page = client.get("/work", headers=ENGLISH)
    assert page.status_code == 200
    assert "two-step verification is not required here" in page.content.decode()
    assert client.get("/admin/").status_code == 200


def test_an_applicant_who_is_not_approved_yet_needs_none(db, client):
    applicant = MembershipFactory(organisation__kind="auditor", organisation__status="applied")
    weak_login(client, applicant.user)
    assert client.get("/apply").status_code == 200
