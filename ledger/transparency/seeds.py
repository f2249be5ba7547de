"""Private keys in files: an Ed25519 seed in base64, of mode 0600, made at first start. Knows no framework."""

import base64
import os
import tempfile
from pathlib import Path

SEED_BYTES = 32


def read_seed(path: Path) -> bytes:
    """Return the seed that a file holds.

    Raises: ValueError where the file does not hold 32 bytes in base64; PermissionError where others can read it.
    """
    if path.stat().st_mode & 0o077:
        raise PermissionError(f"{path} can be read by others: chmod 600 it, and rotate the key.")
    try:
        seed = base64.b64decode(path.read_text(encoding="ascii").strip(), validate=True)
    except ValueError:
        seed = b""
    if len(seed) != SEED_BYTES:
        raise ValueError(f"{path} must hold {SEED_BYTES} bytes in base64.")
    return seed


def make_seed(path: Path) -> None:
    """Write a fresh seed where there is none; of two threads or processes that try at once, the first one's stands."""
    if not path.exists():
        write_seed(path, os.urandom(SEED_BYTES))


def write_seed(path: Path, seed: bytes) -> None:
    """Write a seed, durably, for its owner alone. A file that is there already stays as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, fresh = tempfile.mkstemp(dir=path.parent, prefix=f"{path.name}.")  # of mode 0600
    with os.fdopen(descriptor, "wb") as file:
        file.write(base64.b64encode(seed) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(fresh)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
