"""A token by password needs what a log-in by a page needs."""

from typing import Any

import pytest

from ledger.models import ApiToken, Organisation, SecurityEvent
from ledger.parties import attempts
from ledger.parties.services import approve_organisation, issue_token
from tests.callers import Caller, is_problem
from tests.factories import PASSWORD, MembershipFactory
from tests.factors import code_now, with_app
from tests.scenes import People


@pytest.fixture
def buyer(who: People) -> Any:
    who.buyer.user.set_password(PASSWORD)
    who.buyer.user.save()
    return who.buyer.user


def sign_in(user: Any, **more: str) -> Any:
    return Caller().send("/tokens", {"username": user.username, "password": PASSWORD, "name": "desk", **more})


def test_who_has_a_second_factor_gives_a_code_too(buyer: Any) -> None:
    with_app(buyer)
    assert is_problem(sign_in(buyer), 401, "second_factor_needed", "/code")
    assert is_problem(sign_in(buyer, code="abcdef"), 401, "wrong_code", "/code")
    assert not ApiToken.objects.exists()
    code = code_now()
    assert sign_in(buyer, code=code).status_code == 201
    assert is_problem(sign_in(buyer, code=code), 401, "wrong_code")


def test_whether_there_is_a_second_factor_is_told_to_who_knows_the_password(buyer: Any) -> None:
    with_app(buyer)
    answer = Caller().send("/tokens", {"username": buyer.username, "password": "wrong", "name": "desk"})
    assert is_problem(answer, 401, "wrong_credentials")


def test_guesses_of_codes_end_in_a_wait(buyer: Any) -> None:
    with_app(buyer)
    for _ in range(attempts.CODES_A_PERSON):
        sign_in(buyer, code="abcdef")
    assert is_problem(sign_in(buyer, code=code_now()), 429, "too_many_attempts")


@pytest.mark.parametrize("kind", ["registrar", "treasurer", "auditor"])
def test_people_who_need_a_second_factor_get_no_token_without(kind: str, who: People, settings: Any) -> None:
    user = getattr(who, kind).user
    user.set_password(PASSWORD)
    user.save()
    assert is_problem(sign_in(user), 403, "second_factor_missing")
    with_app(user)
    assert sign_in(user, code=code_now()).status_code == 201
    settings.SECOND_FACTOR_REQUIRED = False
    assert is_problem(sign_in(user), 401, "second_factor_needed")


def test_tokens_of_applicants_end_when_the_auditor_is_approved(who: People) -> None:
    applicant = MembershipFactory(
        organisation__kind=Organisation.Kind.AUDITOR, organisation__status=Organisation.Status.APPLIED
    )
    token, _secret = issue_token(user=applicant.user, name="early")
    approve_organisation(actor=who.registrar, organisation_id=applicant.organisation_id)
    token.refresh_from_db()
    assert token.revoked_at is not None
    assert SecurityEvent.objects.filter(user=applicant.user, kind="token_revoked").count() == 1
