"""Keep the secrets of second factors encrypted: a copy of the database alone opens nothing."""

import base64

from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.encoding import force_bytes


def encrypt(secret: str) -> str:
    """Return a secret as it is stored, under a key that comes of SECRET_KEY."""
    return _cipher().encrypt(secret.encode()).decode()


def decrypt(stored: str) -> str:
    """Return a stored secret; those under SECRET_KEY_FALLBACKS are still read.

    Raises: cryptography.fernet.InvalidToken.
    """
    return _cipher().decrypt(stored.encode()).decode()


def _cipher() -> MultiFernet:
    secrets = (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)
    return MultiFernet([_key_of(force_bytes(secret)) for secret in secrets])


def _key_of(secret: bytes) -> Fernet:
    key = HKDF(SHA256(), 32, salt=None, info=b"tianhui second factors").derive(secret)
    return Fernet(base64.urlsafe_b64encode(key))
