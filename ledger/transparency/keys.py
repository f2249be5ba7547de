"""The log's signing key: an Ed25519 seed in a file of mode 0600, made at first start, never in the database."""

import base64
import functools
import os
import tempfile
from pathlib import Path

from django.conf import settings

from ledger.transparency.notes import Signer

SEED_BYTES = 32


@functools.cache
def log_signer() -> Signer:
    """Return what signs the log's checkpoints.

    Raises: ValueError where the file does not hold 32 bytes in base64; PermissionError where others can read it.
    """
    path = Path(settings.LOG_SIGNING_KEY_FILE)
    if not path.exists():
        _make(path)
    if path.stat().st_mode & 0o077:
        raise PermissionError(f"{path} can be read by others: chmod 600 it, and rotate the key.")
    seed = base64.b64decode(path.read_text(encoding="ascii").strip(), validate=True)
    if len(seed) != SEED_BYTES:
        raise ValueError(f"{path} must hold {SEED_BYTES} bytes in base64.")
    return Signer(settings.LOG_ORIGIN, seed)


def _make(path: Path) -> None:
    """Write a fresh seed; of two threads or processes that try at once, the first one's stands."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, fresh = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")  # of mode 0600
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(os.urandom(SEED_BYTES)) + b"\n")
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(fresh)
