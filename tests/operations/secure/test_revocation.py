"""What is taken back is worth nothing at once: sessions, tokens, roles, accounts, organisations, keys."""

import pytest
import redis
from django.conf import settings
from django.core import signing
from django.test import Client, override_settings
from django.urls import reverse

from config.hints import hint_client
from ledger.errors import InvalidValue, NotAllowed, SamePerson, WrongState
from ledger.models import AccountLock, ApiToken, SecurityEvent
from ledger.parties.members import change_role, remove_member
from ledger.parties.security import ciphers
from ledger.parties.security.locking import lock_account, unlock_account
from ledger.parties.security.passwords import change_password, reset_link, reset_password
from ledger.parties.security.sessions import end_sessions, sessions_of
from ledger.parties.services import approve_organisation, suspend_organisation
from ledger.webhooks import sealing
from tests.callers import Caller, is_problem
from tests.factories import MembershipFactory
from trading.marketdata.access import Grant, grant_of_token, read_grant, ticket_key

PASSWORD = "a long enough password"
NEW = "another long enough password"


@pytest.fixture
def person(who):
    """Return a buyer's owner who knows a password, beside another owner."""
    MembershipFactory(organisation=who.buyer.organisation, role="owner")
    user = who.buyer.user
    user.set_password(PASSWORD)
    user.save()
    return who.buyer


def logged_in(person) -> Client:
    client = Client(headers={"accept-language": "en"})
    answer = client.post(reverse("login"), {"username": person.user.username, "password": PASSWORD})
    assert answer.status_code == 302
    assert is_in(client)
    return client


def is_in(client: Client) -> bool:
    return client.get(reverse("security")).status_code == 200


def answers(caller: Caller) -> int:
    return caller.ask("/me").status_code


def test_a_new_password_ends_other_sessions_and_every_token_at_once(person):
    here, elsewhere, robot = logged_in(person), logged_in(person), Caller(person)
    assert answers(robot) == 200
    user = person.user
    user.refresh_from_db()
    change_password(user=user, old=PASSWORD, new=NEW, session_key=here.session.session_key)
    assert not is_in(elsewhere)
    assert is_problem(robot.ask("/me"), 401, "authentication_failed")
    assert SecurityEvent.objects.filter(user=user, kind="token_revoked").count() == 1


def test_a_password_set_by_mail_ends_every_session_and_token(person):
    here, robot = logged_in(person), Caller(person)
    person.user.refresh_from_db()
    reset_password(link=reset_link(person.user), new=NEW)
    assert not is_in(here)
    assert answers(robot) == 401


def test_a_locked_account_is_out_everywhere_at_once_and_another_lets_it_in(who, person):
    here, robot = logged_in(person), Caller(person)
    lock = lock_account(actor=who.registrar, user_id=person.user_id, reason="A call from the bank.")
    assert not is_in(here)
    assert answers(robot) == 401
    refused = Client().post(reverse("login"), {"username": person.user.username, "password": PASSWORD})
    assert refused.status_code == 422
    with pytest.raises(SamePerson):
        unlock_account(actor=who.registrar, lock_id=lock.pk)
    owner = MembershipFactory(organisation=who.registrar.organisation, role="owner")
    unlock_account(actor=owner, lock_id=lock.pk)
    logged_in(person)
    # A key that may have been copied stays worthless.
    assert answers(robot) == 401
    kinds = SecurityEvent.objects.filter(user=person.user).values_list("kind", flat=True)
    assert {"account_locked", "account_unlocked"} <= set(kinds)


def test_who_may_lock_and_what_is_refused(who, person):
    for other in (who.treasurer, who.cooperative, who.auditor, who.verifier):
        with pytest.raises(NotAllowed):
            lock_account(actor=other, user_id=person.user_id, reason="Why not.")
    with pytest.raises(SamePerson):
        lock_account(actor=who.registrar, user_id=who.registrar.user_id, reason="Myself.")
    with pytest.raises(InvalidValue):
        lock_account(actor=who.registrar, user_id=person.user_id, reason=" ")
    lock_account(actor=who.registrar, user_id=person.user_id, reason="Once.")
    with pytest.raises(WrongState):
        lock_account(actor=who.registrar, user_id=person.user_id, reason="Twice.")
    assert AccountLock.objects.count() == 1


def test_who_is_removed_is_out_and_whose_role_is_less_can_do_less_at_once(who, person):
    owner = person.organisation.memberships.exclude(pk=person.pk).get()
    robot, here = Caller(person), logged_in(person)
    change_role(actor=owner, public_id=person.user.public_id, role="viewer")
    order = {"market": "NONE", "client_order_id": "a", "side": "buy", "price_fen": 1, "quantity_t": 1}
    assert is_problem(robot.send("/orders", order), 403, "not_allowed")
    remove_member(actor=owner, public_id=person.user.public_id)
    assert answers(robot) == 401
    assert not is_in(here)


def test_the_tokens_of_a_suspended_organisation_are_refused_until_it_is_approved_again(who, person):
    robot = Caller(person)
    secret = robot.defaults["HTTP_AUTHORIZATION"].removeprefix("Bearer ")
    grant = grant_of_token(secret, "203.0.113.1")
    assert grant is not None
    assert grant.still_holds
    suspend_organisation(actor=who.registrar, organisation_id=person.organisation_id)
    assert is_problem(robot.ask("/me"), 403, "organisation_suspended")
    assert not grant.still_holds
    # Its people still read what is theirs by the pages.
    assert is_in(logged_in(person))
    approve_organisation(actor=who.registrar, organisation_id=person.organisation_id)
    assert answers(robot) == 200


def test_a_stream_that_a_page_has_opened_ends_with_its_session(person):
    client = logged_in(person)
    session = sessions_of(person.user).get(session_key=client.session.session_key)
    grant = Grant(person.user_id, person.organisation_id, None, is_ticket=True, session_id=session.pk)
    assert grant.still_holds
    end_sessions(user=person.user)
    assert not grant.still_holds


def test_the_ticket_of_a_page_names_its_session_and_the_ticket_of_a_token_its_token(person):
    client = logged_in(person)
    token = client.cookies["csrftoken"].value if "csrftoken" in client.cookies else ""
    answer = client.post(
        "/api/v1/streams/ticket", "{}", content_type="application/json", headers={"x-csrftoken": token}
    )
    assert answer.status_code == 201, answer.content
    grant = read_grant(hint_client().get(ticket_key(answer.json()["ticket"])))
    assert grant.session_id is not None
    assert grant.token_hash is None
    by_token = Caller(person).send("/streams/ticket").json()["ticket"]
    grant = read_grant(hint_client().get(ticket_key(by_token)))
    assert grant.session_id is None
    assert ApiToken.objects.filter(token_hash=bytes.fromhex(grant.token_hash)).exists()


@pytest.mark.django_db(transaction=True)
def test_streams_are_told_at_once_of_what_ends(person):
    with redis.Redis.from_url(settings.REDIS_URL) as client, client.pubsub() as heard:
        heard.subscribe("revoked")
        assert heard.get_message(timeout=10)["type"] == "subscribe"
        end_sessions(user=person.user)
        assert heard.get_message(timeout=10)["data"] == str(person.user_id).encode()


def test_a_new_secret_key_reads_what_the_old_one_wrote_until_the_old_one_is_dropped(person):
    with override_settings(SECRET_KEY="old", SECRET_KEY_FALLBACKS=[]):
        factor, hook, word = ciphers.encrypt("JBSWY3DP"), sealing.seal("whsec_x"), signing.dumps("a", salt="s")
        link = reset_link(person.user)
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=["old"]):
        assert ciphers.decrypt(factor) == "JBSWY3DP"
        assert sealing.unseal(hook) == "whsec_x"
        assert signing.loads(word, salt="s") == "a"
        reset_password(link=link, new=NEW)
        # What is written from now on needs the old key no more.
        again = ciphers.encrypt(ciphers.decrypt(factor))
    with override_settings(SECRET_KEY="new", SECRET_KEY_FALLBACKS=[]):
        assert ciphers.decrypt(again) == "JBSWY3DP"
        with pytest.raises(signing.BadSignature):
            signing.loads(word, salt="s")
