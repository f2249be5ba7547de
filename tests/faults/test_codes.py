"""A code of a second factor is good once, also for two who send it at the same moment; so is a link to a new password."""

import pytest

from ledger.errors import InvalidValue, TooManyAttempts, WrongCode
from ledger.parties import attempts
from ledger.parties.security.factors import check_code, make_recovery_codes
from ledger.parties.security.passwords import reset_link, reset_password
from tests.factories import UserFactory
from tests.factors import code_now, with_app
from tests.racing import race


@pytest.fixture
def person(transactional_db):
    return UserFactory(username="wu")


def of_kind(outcomes, kind):
    return [outcome for outcome in outcomes if isinstance(outcome, kind)]


def test_of_racing_senders_of_a_code_one_is_let_in(person):
    with_app(person)
    code = code_now()
    outcomes = race(*[lambda: check_code(user=person, code=code)] * 4)
    assert len(of_kind(outcomes, WrongCode)) == 3
    (recovery, *_rest) = make_recovery_codes(user=person)
    outcomes = race(*[lambda: check_code(user=person, code=recovery)] * 4)
    assert len(of_kind(outcomes, WrongCode)) == 3


def test_of_racing_users_of_a_link_one_sets_the_password(person):
    link = reset_link(person)
    calls = [lambda at=at: reset_password(link=link, new=f"paddy-by-the-stream-{at}") for at in range(3)]
    outcomes = race(*calls)
    assert len(of_kind(outcomes, InvalidValue)) == 2


def test_of_racing_guesses_one_begins_the_lockout():
    def guess():
        attempts.count_attempt(username="wu", address="203.0.113.5")

    outcomes = race(*[guess] * (attempts.ATTEMPTS_A_NAME + 5))
    refused = of_kind(outcomes, TooManyAttempts)
    assert [len(refused), sum(error.params["begins"] for error in refused)] == [5, 1]
