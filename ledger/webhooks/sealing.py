"""Secrets of webhooks: made here, shown once, and kept sealed by a key that is not in the database."""

import base64
import hashlib
import secrets

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

PREFIX = "whsec_"
SECRET_BYTES = 32


def new_secret() -> str:
    """Return a new secret, as Standard Webhooks write it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def seal(secret: str) -> bytes:
    """Return a secret as the database may hold it."""
    return _keys().encrypt(secret.encode())


def unseal(sealed: bytes | memoryview) -> str | None:
    """Return the secret again, None where SECRET_KEY has become another since: then it must be rotated."""
    try:
        return _keys().decrypt(bytes(sealed)).decode()
    except InvalidToken:
        return None


def _keys() -> MultiFernet:
    # A key of SECRET_KEY_FALLBACKS still opens what it has sealed.
    words = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return MultiFernet(
        [Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"webhooks\n" + word.encode()).digest())) for word in words]
    )
