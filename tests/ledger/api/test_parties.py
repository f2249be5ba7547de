"""People sign up, get tokens, and apply for organisations, which the operator approves."""

import datetime as dt
from typing import Any

import pytest
import redis
import time_machine
from django.utils import timezone
from redis.backoff import NoBackoff
from redis.retry import Retry

from ledger.models import ApiToken, Membership, Organisation, User
from ledger.parties import attempts
from ledger.parties.services import issue_token
from tests.callers import Caller, is_problem, statuses
from tests.factories import PASSWORD, MembershipFactory, OrganisationFactory, UserFactory
from tests.scenes import People

SHOWN_OF_A_TOKEN = {"id", "prefix", "name", "scopes", "networks", "created_at", "expires_at", "last_used_at"}
SIGN_UP = {"username": "lin", "password": PASSWORD, "display_name": "林"}


def sign_in(**changes: Any) -> Any:
    return Caller().send("/tokens", {"username": "lin", "password": PASSWORD, "name": "desk", **changes})


def by_token(secret: str) -> Any:
    return Caller().get("/api/v1/me", headers={"authorization": f"Bearer {secret}"})


def test_a_person_signs_up_gets_a_token_and_applies_and_the_operator_approves(who: People) -> None:
    answer = Caller().send("/users", SIGN_UP)
    assert (answer.status_code, answer.json()) == (201, {"username": "lin", "display_name": "林"})
    answer = sign_in()
    assert answer.status_code == 201
    token = answer.json()
    assert token.keys() == {*SHOWN_OF_A_TOKEN, "token"}
    assert token["token"].startswith(token["prefix"])
    assert answer["cache-control"] == "no-store"
    bearer = {"authorization": f"Bearer {token['token']}"}
    assert by_token(token["token"]).json() == {**answer_me("lin", "林"), "organisation": None, "role": None}
    caller = Caller()
    body = {"kind": "cooperative", "name": "青禾", "name_en": "Qinghe", "credit_code": "91350100M0001XH5XQ"}
    answer = caller.send("/organisations", body, **bearer)
    assert answer.status_code == 201
    organisation = answer.json()
    assert (organisation["status"], organisation["kind"]) == ("applied", "cooperative")
    me = by_token(token["token"]).json()
    assert me["role"] == "owner"
    assert me["organisation"] == {
        "id": organisation["id"],
        "kind": "cooperative",
        "status": "applied",
        "name": "青禾",
        "name_en": "Qinghe",
    }
    approved = Caller(who.registrar).send(f"/organisations/{organisation['id']}/approve")
    assert (approved.status_code, approved.json()["status"]) == (200, "approved")
    again = Caller(who.registrar).send(f"/organisations/{organisation['id']}/approve")
    assert is_problem(again, 409, "wrong_state")


def answer_me(username: str, display_name: str) -> dict[str, str]:
    return {"username": username, "display_name": display_name}


@pytest.mark.parametrize(
    ("change", "pointer", "status"),
    [
        ({"username": "l i n"}, "/username", 400),
        ({"username": "x" * 151}, "/username", 400),
        ({"password": "12345678"}, "/password", 422),
        ({"password": "x" * 201}, "/password", 400),
        ({"display_name": ""}, "/display_name", 400),
        ({"is_staff": True}, "/is_staff", 400),
    ],
)
def test_a_sign_up_that_is_not_right_makes_nobody(db: None, change: dict[str, Any], pointer: str, status: int) -> None:
    answer = Caller().send("/users", SIGN_UP | change)
    assert is_problem(answer, status, "invalid_input" if status == 400 else "invalid_value", pointer)
    assert not User.objects.exists()


def test_a_user_name_is_taken_once_however_it_is_written(db: None) -> None:
    assert Caller().send("/users", SIGN_UP).status_code == 201
    # FULLWIDTH letters are the same name.
    answer = Caller().send("/users", SIGN_UP | {"username": "ｌｉｎ"})
    assert is_problem(answer, 422, "invalid_value", "/username")
    assert sign_in(username="ｌｉｎ").status_code == 201


def test_a_wrong_name_and_a_wrong_password_are_answered_alike(db: None) -> None:
    UserFactory(username="lin", password=PASSWORD)
    UserFactory(username="left", password=PASSWORD, is_active=False)
    answers = [sign_in(password="wrong"), sign_in(username="nobody"), sign_in(username="left")]
    assert is_problem(answers[0], 401, "wrong_credentials")
    said = [{name: value for name, value in answer.json().items() if name != "request_id"} for answer in answers]
    assert said[0] == said[1] == said[2]
    assert answers[0]["www-authenticate"] == "Bearer"
    assert not ApiToken.objects.exists()


def test_an_unknown_name_costs_a_hash_too(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed = []
    monkeypatch.setattr(User, "set_password", lambda self, password: hashed.append(password))
    sign_in(username="nobody", password="guess")
    assert hashed == ["guess"]


def test_guesses_end_in_a_wait_even_for_the_right_password(db: None) -> None:
    UserFactory(username="lin", password=PASSWORD)
    for _ in range(attempts.ATTEMPTS_A_NAME):
        attempts.count_attempt(username="lin", address="203.0.113.5")
    answer = sign_in()
    assert is_problem(answer, 429, "too_many_attempts")
    assert 0 < int(answer["retry-after"]) <= attempts.WINDOW_SECONDS
    assert sign_in(username="other").status_code == 401


def test_people_can_sign_in_while_redis_is_away(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    UserFactory(username="lin", password=PASSWORD)
    monkeypatch.setattr(attempts, "_redis", redis.Redis(port=1, retry=Retry(NoBackoff(), 0)))
    assert sign_in().status_code == 201


def test_an_old_token_sent_along_does_not_stand_in_the_way(db: None) -> None:
    UserFactory(username="lin", password=PASSWORD)
    body = {"username": "lin", "password": PASSWORD, "name": "desk"}
    assert Caller().send("/tokens", body, authorization="Bearer th_old").status_code == 201


def test_a_token_finds_person_and_organisation_in_one_query(who: People, django_assert_num_queries: Any) -> None:
    caller = Caller(who.buyer)
    with django_assert_num_queries(1):
        assert caller.ask("/me").json()["organisation"]["name"] == who.buyer.organisation.name


def test_a_token_that_is_over_or_revoked_or_of_somebody_who_left_is_worthless(who: People) -> None:
    user = who.buyer.user
    token, secret = issue_token(user=user, name="short", expires_at=timezone.now() + dt.timedelta(hours=1))
    assert by_token(secret).status_code == 200
    with time_machine.travel(timezone.now() + dt.timedelta(hours=2)):
        ApiToken.objects.filter(pk=token.pk).update(expires_at=timezone.now() - dt.timedelta(hours=3))
    assert is_problem(by_token(secret), 401, "authentication_failed")
    _token, secret = issue_token(user=user, name="other")
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert is_problem(by_token(secret), 401, "authentication_failed")


def test_tokens_are_listed_and_revoked_by_their_owner_alone(who: People) -> None:
    caller = Caller(who.buyer)
    token = issue_token(user=who.buyer.user, name="desk")[0]
    listed = caller.ask("/tokens").json()["results"]
    assert [row["name"] for row in listed] == ["desk", "test"]
    assert listed[0].keys() == SHOWN_OF_A_TOKEN
    assert is_problem(Caller(who.other_buyer).delete(f"/api/v1/tokens/{token.pk}"), 404, "not_found")
    assert caller.delete(f"/api/v1/tokens/{token.pk}").status_code == 204
    assert [row["name"] for row in caller.ask("/tokens").json()["results"]] == ["test"]


def test_a_person_acts_for_one_organisation(who: People) -> None:
    answer = Caller(who.buyer).send("/organisations", {"kind": "buyer", "name": "second"})
    assert is_problem(answer, 403, "not_allowed")
    answer = Caller(UserFactory()).send("/organisations", {"kind": "operator", "name": "second"})
    assert is_problem(answer, 400, "invalid_input", "/kind")
    answer = Caller(UserFactory()).send("/organisations", {"kind": "buyer", "name": who.buyer.organisation.name})
    assert is_problem(answer, 422, "invalid_value", "/name")


def test_who_may_approve_and_suspend(who: People) -> None:
    applied = OrganisationFactory(status=Organisation.Status.APPLIED)
    expected = {
        "cooperative": 404,
        "buyer": 404,
        "verifier": 404,
        "registrar": 200,
        "treasurer": 403,
        "auditor": 403,
        "stranger": 401,
    }
    assert statuses(who, "POST", f"/organisations/{applied.public_id}/approve") == expected
    suspended = f"/organisations/{who.other_buyer.organisation.public_id}/suspend"
    assert statuses(who, "POST", suspended) == expected
    assert is_problem(
        Caller(who.registrar).send("/organisations/00000000-0000-0000-0000-000000000000/approve"), 404, "not_found"
    )


def test_the_operator_and_approved_auditors_see_all_organisations_and_others_their_own(
    who: People, django_assert_num_queries: Any
) -> None:
    everyone = Organisation.objects.count()
    pretender = MembershipFactory(organisation__kind="auditor", organisation__status="applied")
    for person, count in (
        (who.registrar, everyone + 1),
        (who.auditor, everyone + 1),
        (who.buyer, 1),
        (pretender, 1),
        (UserFactory(), 0),
    ):
        caller = Caller(person)
        with django_assert_num_queries(2):
            assert len(caller.ask("/organisations").json()["results"]) == count
    assert Membership.objects.get(user=pretender.user).organisation.status == "applied"
