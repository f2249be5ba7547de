"""Hashes of what the log does not spell out."""

import hashlib
from collections.abc import Iterable


def texts_sha256(parts: Iterable[str]) -> str:
    """Return the hash of texts, each after its length in characters, so that none runs into the next."""
    return hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode()).hexdigest()
