"""Second factors: an app's codes, passkeys, and recovery codes for who has lost both."""

import time
from typing import Any, NamedTuple

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.operations.observe.metrics import sign_in_failures
from ledger.errors import InvalidValue, LastFactor, NotFound, TooManyAttempts, WrongCode
from ledger.parties import second_factor
from ledger.parties.access import find_membership
from ledger.parties.attempts import count_code, forget_codes
from ledger.parties.models import User
from ledger.parties.security.ciphers import decrypt, encrypt
from ledger.parties.security.later import later
from ledger.parties.security.models import SecurityEvent
from ledger.parties.security.services import NOWHERE, Origin, record_security_event
from ledger.parties.security.totp import step_of

Type = Authenticator.Type
MAX_PASSKEYS = 20
MAX_NAME = 60
PUNCTUATION = str.maketrans("", "", " -\t\u3000")


class NewFactor(NamedTuple):
    """A factor that was added, and the recovery codes that were made with the first one: shown this once."""

    factor: Authenticator
    recovery_codes: list[str]


def check_code(*, user: User, code: str, origin: Origin = NOWHERE) -> Authenticator:
    """Take a code of a person's app, or a recovery code, and return whose it was. Each is good once.

    Locks: the person's factors.
    Raises: WrongCode, TooManyAttempts.
    """
    try:
        count_code(user.pk)
    except TooManyAttempts as error:
        if error.params["begins"]:
            later("note_lockout", username=user.username, address=origin.address, browser=origin.browser)
        raise
    factor = _take(user, _tidy(code), origin)
    if factor is None:
        sign_in_failures.labels("code").inc()
        raise WrongCode(field="code")
    forget_codes(user.pk)
    return factor


@transaction.atomic
def _take(user: User, code: str, origin: Origin) -> Authenticator | None:
    # Whoever sends the same code at the same moment waits here, and then finds it used.
    factors = Authenticator.objects.select_for_update().filter(
        user_id=user.pk, type__in=(Type.TOTP, Type.RECOVERY_CODES)
    )
    for factor in factors.order_by("pk"):
        if factor.type == Type.TOTP and _take_totp(factor, code):
            return factor
        if factor.type == Type.RECOVERY_CODES and RecoveryCodes(factor).validate_code(code):
            record_security_event(user=user, kind=SecurityEvent.Kind.RECOVERY_CODE_USED, origin=origin)
            return factor
    return None


def _take_totp(factor: Authenticator, code: str) -> bool:
    step = step_of(decrypt(factor.data["secret"]), code, at=time.time(), after=factor.data["last_step"])
    if step is None:
        return False
    factor.data["last_step"] = step
    factor.last_used_at = timezone.now()
    factor.save(update_fields=["data", "last_used_at"])
    return True


@transaction.atomic
def add_totp(*, user: User, secret: str, code: str, origin: Origin = NOWHERE) -> NewFactor:
    """Let a person use an app, once it has shown a right code, which is then used.

    Locks: the person.
    Raises: WrongCode; InvalidValue for somebody who has an app already.
    """
    _lock(user)
    if Authenticator.objects.filter(user_id=user.pk, type=Type.TOTP).exists():
        raise InvalidValue(reason=_("An app is set up already. Remove it before you set up another one."))
    step = step_of(secret, _tidy(code), at=time.time())
    if step is None:
        raise WrongCode(field="code")
    factor = Authenticator.objects.create(
        user=user, type=Type.TOTP, data={"secret": encrypt(secret), "last_step": step}, last_used_at=timezone.now()
    )
    return _added(user, factor, origin)


@transaction.atomic
def add_passkey(*, user: User, name: str, credential: dict[str, Any], origin: Origin = NOWHERE) -> NewFactor:
    """Let a person use a passkey whose registration was verified.

    Locks: the person.
    Raises: InvalidValue for one too many, or a name that is too long.
    """
    _lock(user)
    passkeys = Authenticator.objects.filter(user_id=user.pk, type=Type.WEBAUTHN).count()
    if passkeys >= MAX_PASSKEYS:
        raise InvalidValue(
            reason=_("At most %(most)s passkeys can be kept. Remove one first.") % {"most": MAX_PASSKEYS}
        )
    data = {"name": _name(name), "credential": credential}
    return _added(user, Authenticator.objects.create(user=user, type=Type.WEBAUTHN, data=data), origin)


def _added(user: User, factor: Authenticator, origin: Origin) -> NewFactor:
    record_security_event(user=user, kind=SecurityEvent.Kind.FACTOR_ADDED, origin=origin)
    has_codes = Authenticator.objects.filter(user_id=user.pk, type=Type.RECOVERY_CODES).exists()
    return NewFactor(factor, [] if has_codes else _make_codes(user, origin))


@transaction.atomic
def make_recovery_codes(*, user: User, origin: Origin = NOWHERE) -> list[str]:
    """Make new recovery codes, which are shown this once; the old ones are worthless.

    Locks: the person.
    Raises: InvalidValue for somebody who has no second factor that they could stand in for.
    """
    _lock(user)
    if not second_factor.has_second_factor(user):
        raise InvalidValue(reason=_("Recovery codes stand in for an app or a passkey. Set up one of these first."))
    Authenticator.objects.filter(user_id=user.pk, type=Type.RECOVERY_CODES).delete()
    return _make_codes(user, origin)


def _make_codes(user: User, origin: Origin) -> list[str]:
    record_security_event(user=user, kind=SecurityEvent.Kind.RECOVERY_CODES_MADE, origin=origin)
    codes: list[str] = RecoveryCodes.activate(user).generate_codes()
    return codes


@transaction.atomic
def rename_passkey(*, user: User, factor_id: int, name: str) -> Authenticator:
    """Give one's passkey another name.

    Raises: NotFound, InvalidValue.
    """
    factor = Authenticator.objects.select_for_update().filter(pk=factor_id, user_id=user.pk, type=Type.WEBAUTHN).first()
    if factor is None:
        raise NotFound()
    factor.data["name"] = _name(name)
    factor.save(update_fields=["data"])
    return factor


@transaction.atomic
def remove_factor(*, user: User, factor_id: int, origin: Origin = NOWHERE) -> None:
    """Take one of one's factors away; with the last one go the recovery codes.

    Locks: the person.
    Raises: NotFound; LastFactor for who needs one.
    """
    _lock(user)
    factors = Authenticator.objects.filter(user_id=user.pk, type__in=second_factor.FACTORS)
    factor = factors.filter(pk=factor_id).first()
    if factor is None:
        raise NotFound()
    is_last = not factors.exclude(pk=factor_id).exists()
    if is_last and second_factor.is_needed_by(find_membership(user)):
        raise LastFactor()
    factor.delete()
    if is_last:
        Authenticator.objects.filter(user_id=user.pk).delete()
    record_security_event(user=user, kind=SecurityEvent.Kind.FACTOR_REMOVED, origin=origin)


def _lock(user: User) -> None:
    User.objects.select_for_update(of=("self",)).get(pk=user.pk)


def _tidy(code: str) -> str:
    """Return a code without what people type between its figures."""
    return code.translate(PUNCTUATION)


def _name(name: str) -> str:
    name = name.strip()
    if len(name) > MAX_NAME or not name.isprintable():
        raise InvalidValue(field="name", reason=_("A name has at most %(most)s characters.") % {"most": MAX_NAME})
    return name or str(_("Passkey"))
