"""The two ceremonies of a passkey (WebAuthn), each in two requests: the challenge waits in the session."""

from typing import Any

import orjson
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal import auth
from cryptography.exceptions import InvalidSignature
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.errors import InvalidValue
from ledger.parties.models import User

# What a browser, or who pretends to be one, may send that is no answer to our challenge.
_BROKEN = (ValueError, TypeError, KeyError, AttributeError, IndexError, ValidationError, InvalidSignature)


def registration_options(user: User) -> dict[str, Any]:
    """Return what a browser needs to make a passkey: one by which it logs in without a password, where it can."""
    options: dict[str, Any] = auth.begin_registration(user, False)
    options = orjson.loads(orjson.dumps(options, default=dict))
    options["publicKey"]["authenticatorSelection"] |= {"residentKey": "preferred", "requireResidentKey": False}
    return options


def registered(raw: str) -> dict[str, Any]:
    """Return a passkey that a browser has made, verified against the challenge, which is then used up.

    Raises: InvalidValue.
    """
    try:
        credential = _read(raw)
        auth.parse_registration_response(credential)
        auth.complete_registration(credential)
    except _BROKEN as error:
        raise _refusal() from error
    return credential


def login_options(user: User | None) -> dict[str, Any]:
    """Return what a browser needs to show a passkey: one of this person, or any that it has for us."""
    options: dict[str, Any] = orjson.loads(orjson.dumps(auth.begin_authentication(user), default=dict))
    return options


def shown(raw: str, *, user: User | None) -> Authenticator:
    """Return the passkey that a browser has shown, of this person or of whomever it names; the challenge is used up.

    Where it stands in for the password too, the device must have checked who holds it.

    Locks: the passkey.
    Raises: InvalidValue.
    """
    try:
        credential = _read(raw)
        said = auth.parse_authentication_response(credential).response.authenticator_data
        person = user or auth.extract_user_from_response(credential)
        passkey: Authenticator = auth.complete_authentication(person, credential)
    except _BROKEN as error:
        raise _refusal() from error
    if not person.is_active or (user is None and not said.is_user_verified()):
        raise _refusal()
    return _count_use(passkey, said.counter)


@transaction.atomic
def _count_use(passkey: Authenticator, counter: int) -> Authenticator:
    """Note that a passkey was used; one whose counter goes back was copied.

    Source: Web Authentication Level 2, §6.1.1.
    """
    locked = Authenticator.objects.select_for_update(of=("self",)).select_related("user").get(pk=passkey.pk)
    if counter and counter <= locked.data.get("counter", 0):
        raise _refusal()
    locked.data["counter"] = counter
    locked.last_used_at = timezone.now()
    locked.save(update_fields=["data", "last_used_at"])
    return locked


def _read(raw: str) -> dict[str, Any]:
    credential = orjson.loads(raw)
    if not isinstance(credential, dict):
        raise TypeError
    return credential


def _refusal() -> InvalidValue:
    return InvalidValue(reason=_("The passkey was not accepted. Try again, or choose another way."))
