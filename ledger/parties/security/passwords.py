"""Who somebody is, by password: the one way in for pages, the desk and the API. And how a password becomes another."""

from typing import NamedTuple

from django.contrib.auth import authenticate
from django.contrib.auth.password_validation import validate_password
from django.contrib.auth.tokens import default_token_generator
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.http import base36_to_int, int_to_base36
from django.utils.translation import gettext_lazy as _

from config.operations.observe.metrics import sign_in_failures
from ledger.errors import (
    InvalidValue,
    SecondFactorMissing,
    SecondFactorNeeded,
    TooManyAttempts,
    WrongCredentials,
)
from ledger.parties import second_factor
from ledger.parties.access import find_membership
from ledger.parties.attempts import count_attempt, forget_attempts, forget_codes, forgive_attempt
from ledger.parties.models import User
from ledger.parties.security.factors import check_code
from ledger.parties.security.keys import end_all_tokens
from ledger.parties.security.later import later
from ledger.parties.security.models import SecurityEvent
from ledger.parties.security.services import NOWHERE, Origin, record_security_event
from ledger.parties.security.sessions import end_sessions

MAX_PASSWORD = 200


class ResetLink(NamedTuple):
    """The two parts of a link to a new password."""

    person: str
    token: str


def person_by_password(*, username: str, password: str, origin: Origin) -> User:
    """Return whose user name and password these are; guesses are counted by name and by address.

    Raises: WrongCredentials, the same for a wrong name and a wrong password; TooManyAttempts.
    """
    username = User.normalize_username(username)
    try:
        count_attempt(username=username, address=origin.address)
    except TooManyAttempts as error:
        if error.params["begins"]:
            # A worker finds out whether there is anybody of that name: it shall not show in how long this takes.
            later("note_lockout", username=username, address=origin.address, browser=origin.browser)
        sign_in_failures.labels("too many").inc()
        raise
    # Django hashes the password for an unknown name too, so that the time taken tells nothing either.
    user = authenticate(username=username, password=password)
    if user is None:
        sign_in_failures.labels("password").inc()
        raise WrongCredentials()
    assert isinstance(user, User)
    forgive_attempt(username=username, address=origin.address)
    return user


def person_by_credentials(*, username: str, password: str, code: str, origin: Origin) -> User:
    """Return whose credentials these are, for a program: who has a second factor gives a code of it at once.

    Raises: WrongCredentials, TooManyAttempts, SecondFactorNeeded, WrongCode; SecondFactorMissing for who must have one.
    """
    user = person_by_password(username=username, password=password, origin=origin)
    if second_factor.has_second_factor(user):
        if not code:
            raise SecondFactorNeeded(field="code")
        check_code(user=user, code=code, origin=origin)
    elif second_factor.is_needed_by(find_membership(user)):
        raise SecondFactorMissing()
    return user


@transaction.atomic
def change_password(*, user: User, old: str, new: str, session_key: str | None, origin: Origin = NOWHERE) -> User:
    """Change one's password; every other session of the person ends, and every API token.

    Locks: the person, so that no token is made, and no other password set, meanwhile.
    Raises: InvalidValue (old, new), TooManyAttempts.
    """
    try:
        known = person_by_password(username=user.username, password=old, origin=origin)
    except WrongCredentials as error:
        raise _wrong_old() from error
    if User.objects.select_for_update(of=("self",)).get(pk=user.pk).password != known.password:
        # Somebody else has set another one since: it may be the owner, by a link, who locks out whoever knows the old one.
        raise _wrong_old()
    _set(user, new, "new")
    end_sessions(user=user, kept=session_key)
    end_all_tokens(user, origin=origin)
    record_security_event(user=user, kind=SecurityEvent.Kind.PASSWORD_CHANGED, origin=origin)
    return user


def _wrong_old() -> InvalidValue:
    return InvalidValue(field="old", reason=_("This is not your password."))


def reset_link(user: User) -> ResetLink:
    """Return a link by which a person sets a new password, once and for a while."""
    return ResetLink(int_to_base36(user.pk), default_token_generator.make_token(user))


def person_of_link(link: ResetLink) -> User | None:
    """Return whose new password a link is for; None where it is wrong, used or too old."""
    try:
        pk = base36_to_int(link.person)
    except ValueError:
        return None
    user = User.objects.filter(pk=pk, is_active=True).first() if pk < 2**63 else None
    return user if user is not None and default_token_generator.check_token(user, link.token) else None


@transaction.atomic
def reset_password(*, link: ResetLink, new: str, origin: Origin = NOWHERE) -> User:
    """Set a new password by a link; every session and every API token ends, and who was locked out may try again at once.

    The second factor is asked for as ever.

    Locks: the person, so that of two who use the link at once one is refused.
    Raises: InvalidValue.
    """
    found = person_of_link(link)
    user = User.objects.select_for_update(of=("self",)).filter(pk=found.pk).first() if found else None
    if user is None or not default_token_generator.check_token(user, link.token):
        raise InvalidValue(reason=_("This link was used already, or is too old. Ask for another one."))
    _set(user, new, "new")
    end_sessions(user=user, kept=None)
    end_all_tokens(user, origin=origin)
    record_security_event(user=user, kind=SecurityEvent.Kind.PASSWORD_RESET, origin=origin)
    transaction.on_commit(lambda: _let_in(user))
    return user


def _let_in(user: User) -> None:
    forget_attempts(user.username)
    forget_codes(user.pk)


def _set(user: User, password: str, field: str) -> None:
    try:
        validate_password(password, user)
    except ValidationError as error:
        raise InvalidValue(field=field, reason=" ".join(error.messages)) from error
    user.set_password(password)
    user.save(update_fields=["password"])
