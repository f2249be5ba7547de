"""The log's signing key: an Ed25519 seed in a file of mode 0600, made at first start, never in the database.

While one key gives way to another, the next one lies beside it in a file that ends in `.next` (rotation.py).
"""

import functools
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings

from ledger.transparency.notes import Signer
from ledger.transparency.seeds import make_seed, read_seed


class LogKeyMismatch(RuntimeError):
    """The log's history asks for another key than there is: to sign with this one would fork the log."""


def key_file() -> Path:
    """Return where the signing key is."""
    return Path(settings.LOG_SIGNING_KEY_FILE)


def next_key_file() -> Path:
    """Return where the next signing key is while keys change."""
    path = key_file()
    return path.with_name(f"{path.name}.next")


@functools.cache
def log_signer() -> Signer:
    """Return the signer whose key this process found in the key file first; it is made where there is none.

    Raises: ValueError where the file does not hold 32 bytes in base64; PermissionError where others can read it.
    """
    make_seed(key_file())
    return signer_in(key_file())


def signer_in(path: Path) -> Signer:
    """Return the log's signer with the key in a file.

    Raises: FileNotFoundError; ValueError, PermissionError as `log_signer`.
    """
    return Signer(settings.LOG_ORIGIN, read_seed(path))


def signer_of(vkey: str) -> Signer:
    """Return the signer of this verifier key, from the key file or the next one.

    Raises: LogKeyMismatch where neither holds it; ValueError, PermissionError as `log_signer`.
    """
    # The key file a second time: the next one may have taken its name meanwhile.
    for path in (key_file(), next_key_file(), key_file()):
        try:
            signer = signer_in(path)
        except FileNotFoundError:
            continue
        if signer.vkey == vkey:
            return signer
    raise LogKeyMismatch(
        f"The log is to be signed with {vkey}, whose private key is not in {key_file()} (nor in {next_key_file().name} "
        "beside it). Nothing is signed: put that key there, or rotate from it with `manage.py rotate_log_key`."
    )


def verify_fast(public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Return whether an Ed25519 signature holds, as `ed25519.verify`, for keys that a verifier key has vouched for."""
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True
