"""People's second factors, and the codes that their apps show."""

import time

from allauth.mfa.models import Authenticator

from ledger.models import User
from ledger.parties.security.ciphers import encrypt
from ledger.parties.security.totp import STEP_SECONDS, code_at

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def with_app(user: User) -> Authenticator:
    """Let a person have an app, of which no code was used yet."""
    data = {"secret": encrypt(SECRET), "last_step": -1}
    return Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data=data)


def code_now(*, steps: int = 0) -> str:
    """Return what the app shows now, or so many steps from now."""
    return code_at(SECRET, int(time.time()) // STEP_SECONDS + steps)
