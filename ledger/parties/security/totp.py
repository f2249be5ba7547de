"""Codes of an app, by RFC 6238 (SHA-1, six digits, thirty seconds), as every such app makes them."""

import base64
import hashlib
import hmac
import secrets
from urllib.parse import quote, urlencode

SECRET_BYTES = 20
STEP_SECONDS = 30
DIGITS = 6
DRIFT_STEPS = 1
"""How many steps a phone's clock may be off, either way."""


def new_secret() -> str:
    """Return a secret in base32, as people type it."""
    return base64.b32encode(secrets.token_bytes(SECRET_BYTES)).decode()


def code_at(secret: str, step: int) -> str:
    """Return the code of a step.

    Source: RFC 4226 §5.3.
    """
    digest = hmac.new(base64.b32decode(secret), step.to_bytes(8, "big"), hashlib.sha1).digest()
    offset = digest[-1] & 0x0F
    value = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{value % 10**DIGITS:0{DIGITS}}"


def step_of(secret: str, code: str, *, at: float, after: int = -1) -> int | None:
    """Return the step around a time (in seconds of Unix) of which this is the code, where it is later than `after`.

    A code that was used is refused with all before it: `after` is the step of the last one that was taken.

    Source: RFC 6238 §5.2.
    """
    now = int(at) // STEP_SECONDS
    found = None
    for step in range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1):
        # Each is compared, so that the time taken does not tell which one it was.
        if hmac.compare_digest(code_at(secret, step).encode(), code.encode()) and step > after:
            found = step
    return found


def address_of(secret: str, *, name: str, issuer: str) -> str:
    """Return what an app reads from the picture: otpauth://totp/…"""
    query = urlencode({"secret": secret, "issuer": issuer}, quote_via=quote)
    return f"otpauth://totp/{quote(f'{issuer}:{name}')}?{query}"


def in_groups(secret: str) -> str:
    """Return a secret as it is read out: four letters at a time."""
    return " ".join(secret[start : start + 4] for start in range(0, len(secret), 4))
