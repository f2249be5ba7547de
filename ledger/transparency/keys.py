"""The log's signing key: an Ed25519 seed in a file of mode 0600, made at first start, never in the database."""

import functools
from pathlib import Path

from django.conf import settings

from ledger.transparency.notes import Signer
from ledger.transparency.seeds import make_seed, read_seed


@functools.cache
def log_signer() -> Signer:
    """Return what signs the log's checkpoints.

    Raises: ValueError where the file does not hold 32 bytes in base64; PermissionError where others can read it.
    """
    path = Path(settings.LOG_SIGNING_KEY_FILE)
    make_seed(path)
    return Signer(settings.LOG_ORIGIN, read_seed(path))
