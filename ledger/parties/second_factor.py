"""Who needs a second factor, and whether a session has used one: every door asks here.

allauth notes in the session by which means it was opened, and for whom; what is noted for somebody else counts for nothing.
"""

import time
from typing import Any

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest

from ledger.errors import ConfirmationNeeded, SecondFactorMissing, SecondFactorUnused
from ledger.parties.models import Membership, Organisation, User

STAFF_KINDS = (Organisation.Kind.OPERATOR, Organisation.Kind.AUDITOR)
# Recovery codes are there for who has lost one of these, and are no factor by themselves.
FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def is_needed_by(membership: Membership | None) -> bool:
    """Return whether a person may act only with a second factor: those who decide about others, or read everything."""
    return (
        settings.SECOND_FACTOR_REQUIRED
        and membership is not None
        and membership.organisation.kind in STAFF_KINDS
        and membership.organisation.is_approved
    )


def has_second_factor(user: User) -> bool:
    """Return whether a person has set one up."""
    return bool(Authenticator.objects.filter(user_id=user.pk, type__in=FACTORS).exists())


def session_is_strong(request: HttpRequest) -> bool:
    """Return whether the person has used a second factor in this session."""
    return any(record.get("method") == "mfa" for record in _records(request))


def session_is_fresh(request: HttpRequest) -> bool:
    """Return whether the person has used a second factor in this session just now."""
    newest = max((record["at"] for record in _records(request) if record.get("method") == "mfa"), default=0)
    return time.time() - newest < settings.REAUTHENTICATION_SECONDS


def session_is_confirmed(request: HttpRequest) -> bool:
    """Return whether the person has shown just now who they are: by a second factor, or where there is none by password."""
    if not isinstance(request.user, User):
        return False
    methods = ("mfa",) if has_second_factor(request.user) else ("mfa", "password")
    newest = max((record["at"] for record in _records(request) if record.get("method") in methods), default=0)
    return time.time() - newest < settings.REAUTHENTICATION_SECONDS


def require_strong(request: HttpRequest, membership: Membership | None) -> None:
    """Refuse who needs a second factor and has not used one in this session.

    Raises: SecondFactorUnused, SecondFactorMissing where there is none to be used.
    """
    if is_needed_by(membership) and not session_is_strong(request):
        _refuse(request, SecondFactorUnused)


def require_fresh(request: HttpRequest) -> None:
    """Refuse to let money go to whoever has not shown just now, with a second factor, who they are.

    Raises: ConfirmationNeeded, SecondFactorMissing where there is none to be used.
    """
    if settings.SECOND_FACTOR_REQUIRED and not session_is_fresh(request):
        _refuse(request, ConfirmationNeeded)


def _refuse(request: HttpRequest, error: type[SecondFactorUnused | ConfirmationNeeded]) -> None:
    assert isinstance(request.user, User)
    raise error() if has_second_factor(request.user) else SecondFactorMissing()


def _records(request: HttpRequest) -> list[dict[str, Any]]:
    user = request.user
    return get_authentication_records(request, user) if isinstance(user, User) else []
