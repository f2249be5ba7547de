"""What a key to the API looks like, and what is kept of it."""

import hashlib

TOKEN_PREFIX = "th_"


def hash_token(secret: str) -> bytes:
    """Return what is kept of a token. It is long and random: a fast hash is enough."""
    return hashlib.sha256(secret.encode()).digest()
