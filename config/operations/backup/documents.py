"""Copy the documents: files that are named by their hash and never change, so each is sealed once and checked by its name."""

import os
import re
import tempfile
from pathlib import Path

import pyrage

from config.operations.backup import sealing
from config.operations.backup.archive import Archive
from config.operations.backup.errors import BackupError, Damaged

_NAME = re.compile(r"[0-9a-f]{64}")


def copy_documents(archive: Archive, folder: Path, recipients: list[pyrage.x25519.Recipient]) -> int:
    """Seal the documents that the archive has not, and return how many those were."""
    if not folder.is_dir():
        return 0
    there = {path.name.removesuffix(sealing.SUFFIX) for path in archive.documents.glob(f"*/*{sealing.SUFFIX}")}
    copied = 0
    for path in folder.glob("??/??/*"):
        if not _NAME.fullmatch(path.name) or path.name in there:
            continue
        target = _place(archive, path.name)
        target.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            with path.open("rb") as file:
                sealed = sealing.seal(file, target, recipients)
        except FileNotFoundError:
            # Swept meanwhile: no document names it.
            continue
        if sealed.plain_sha256 != path.name:
            target.unlink()
            raise BackupError(f"{path} is not what its name says: it was changed. See `manage.py verify_documents`.")
        copied += 1
    return copied


def restore_documents(archive: Archive, folder: Path, identities: list[pyrage.x25519.Identity]) -> int:
    """Write the documents of the archive into a folder, as the product keeps them, and return how many there were.

    Raises: Damaged for one that is not what its name says.
    """
    restored = 0
    for path in sorted(archive.documents.glob(f"*/*{sealing.SUFFIX}")):
        name = path.name.removesuffix(sealing.SUFFIX)
        target = folder / name[:2] / name[2:4] / name
        if not target.exists():
            _restore(path, name, target, identities)
        restored += 1
    return restored


def _restore(path: Path, name: str, target: Path, identities: list[pyrage.x25519.Identity]) -> None:
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            if sealing.unseal(path, file, identities) != name:
                raise Damaged(f"{path} is another document than its name says.")
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, target)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def _place(archive: Archive, sha256: str) -> Path:
    assert _NAME.fullmatch(sha256)
    return archive.documents / sha256[:2] / f"{sha256}{sealing.SUFFIX}"
