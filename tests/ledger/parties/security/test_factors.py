"""Second factors: each code is good once, whoever sends it first."""

import pytest
import redis
import time_machine
from allauth.mfa.models import Authenticator
from django.utils import timezone
from redis.backoff import NoBackoff
from redis.retry import Retry

from ledger.errors import InvalidValue, LastFactor, NotFound, TooManyAttempts, WrongCode
from ledger.models import SecurityEvent
from ledger.parties import attempts
from ledger.parties.second_factor import has_second_factor
from ledger.parties.security.factors import (
    add_passkey,
    add_totp,
    check_code,
    make_recovery_codes,
    remove_factor,
    rename_passkey,
)
from ledger.parties.security.totp import code_at, new_secret
from tests.factors import SECRET, code_now, with_app


def kinds(user):
    return list(SecurityEvent.objects.filter(user=user).order_by("id").values_list("kind", flat=True))


def test_a_code_is_good_once(who):
    person = who.buyer.user
    factor = with_app(person)
    code = code_now()
    assert check_code(user=person, code=code) == factor
    with pytest.raises(WrongCode):
        check_code(user=person, code=code)
    factor.refresh_from_db()
    assert factor.last_used_at is not None


def test_a_code_is_read_as_people_type_it(who):
    with_app(who.buyer.user)
    code = code_now()
    check_code(user=who.buyer.user, code=f" {code[:3]} {code[3:]} ")


def test_a_code_of_another_is_refused(who):
    with_app(who.buyer.user)
    with pytest.raises(WrongCode):
        check_code(user=who.other_buyer.user, code=code_now())


def test_guesses_of_codes_end_in_a_wait_even_for_the_right_one(who):
    person = who.buyer.user
    with_app(person)
    for _ in range(attempts.CODES_A_PERSON):
        with pytest.raises(WrongCode):
            check_code(user=person, code="000000" if code_now() != "000000" else "000001")
    with pytest.raises(TooManyAttempts):
        check_code(user=person, code=code_now())
    with_app(who.other_buyer.user)
    check_code(user=who.other_buyer.user, code=code_now())


def test_a_right_code_begins_the_count_anew(who):
    person = who.buyer.user
    with_app(person)
    for _ in range(attempts.CODES_A_PERSON - 1):
        with pytest.raises(WrongCode):
            check_code(user=person, code="abcdef")
    check_code(user=person, code=code_now())
    with pytest.raises(WrongCode):
        check_code(user=person, code="abcdef")


def test_while_redis_is_away_a_code_is_still_good_once(who, monkeypatch):
    monkeypatch.setattr(attempts, "_redis", redis.Redis(port=1, retry=Retry(NoBackoff(), 0)))
    person, code = who.buyer.user, code_now()
    with_app(person)
    check_code(user=person, code=code)
    with pytest.raises(WrongCode):
        check_code(user=person, code=code)


def test_the_first_factor_brings_recovery_codes_each_good_once(who):
    person, secret = who.buyer.user, new_secret()
    with time_machine.travel(timezone.now(), tick=False):
        step = int(timezone.now().timestamp()) // 30
        added = add_totp(user=person, secret=secret, code=code_at(secret, step))
        assert len(set(added.recovery_codes)) == 10
        # What set the app up is used with that.
        with pytest.raises(WrongCode):
            check_code(user=person, code=code_at(secret, step))
    code = added.recovery_codes[3]
    assert check_code(user=person, code=code).type == "recovery_codes"
    with pytest.raises(WrongCode):
        check_code(user=person, code=code)
    assert kinds(person) == ["factor_added", "recovery_codes_made", "recovery_code_used"]
    new = make_recovery_codes(user=person)
    with pytest.raises(WrongCode):
        check_code(user=person, code=added.recovery_codes[4])
    check_code(user=person, code=new[0])


def test_secrets_are_not_stored_as_they_are(who):
    secret = new_secret()
    with time_machine.travel(timezone.now(), tick=False):
        add_totp(user=who.buyer.user, secret=secret, code=code_at(secret, int(timezone.now().timestamp()) // 30))
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in stored


def test_a_wrong_code_sets_nothing_up(who):
    with pytest.raises(WrongCode):
        add_totp(user=who.buyer.user, secret=SECRET, code="abcdef")
    assert not has_second_factor(who.buyer.user)


def test_who_needs_a_factor_keeps_the_last_one(who):
    with_app(who.registrar.user)
    app = Authenticator.objects.get(user=who.registrar.user)
    with pytest.raises(LastFactor):
        remove_factor(user=who.registrar.user, factor_id=app.pk)
    add_passkey(user=who.registrar.user, name="钥匙", credential={})
    remove_factor(user=who.registrar.user, factor_id=app.pk)
    assert has_second_factor(who.registrar.user)


def test_with_the_last_factor_go_the_recovery_codes(who):
    person = who.buyer.user
    added = add_passkey(user=person, name="", credential={})
    assert len(added.recovery_codes) == 10
    remove_factor(user=person, factor_id=added.factor.pk)
    assert not Authenticator.objects.filter(user=person).exists()
    with pytest.raises(InvalidValue):
        make_recovery_codes(user=person)


def test_nobody_touches_anothers_factor(who):
    added = add_passkey(user=who.buyer.user, name="mine", credential={})
    for change in (
        lambda: remove_factor(user=who.other_buyer.user, factor_id=added.factor.pk),
        lambda: rename_passkey(user=who.other_buyer.user, factor_id=added.factor.pk, name="theirs"),
    ):
        with pytest.raises(NotFound):
            change()
    assert Authenticator.objects.get(pk=added.factor.pk).data["name"] == "mine"


@pytest.mark.parametrize("name", ["x" * 61, "a\x00b", "a\nb", "\u202e"])
def test_a_name_that_cannot_be_shown_is_refused(who, name):
    added = add_passkey(user=who.buyer.user, name="mine", credential={})
    with pytest.raises(InvalidValue):
        rename_passkey(user=who.buyer.user, factor_id=added.factor.pk, name=name)
