"""Copy the documents: files that are named by their hash and never change, so each is sealed once and checked by its name."""

import contextlib
import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pyrage

from config.operations.backup import sealing
from config.operations.backup.archive import Archive
from config.operations.backup.errors import BackupError, Damaged

_NAME = re.compile(r"[0-9a-f]{64}")


def names_in(folder: Path) -> set[str]:
    """Return the hashes of the documents that the product keeps in a folder."""
    return {path.name for path in folder.glob("??/??/*") if _NAME.fullmatch(path.name)}


def names_in_archive(archive: Archive) -> set[str]:
    """Return the hashes of the documents in the archive."""
    return {path.name.removesuffix(sealing.SUFFIX) for path in archive.documents.glob(f"*/*{sealing.SUFFIX}")}


def copy_documents(archive: Archive, folder: Path, recipients: list[pyrage.x25519.Recipient]) -> int:
    """Seal the documents that the archive has not, and return how many those were.

    One that was away and is there anew counts from then on: retention goes by how long nobody has needed a document.
    """
    if not folder.is_dir():
        return 0
    there = names_in_archive(archive)
    copied = 0
    for path in folder.glob("??/??/*"):
        if not _NAME.fullmatch(path.name):
            continue
        if path.name in there:
            _renew(path, _place(archive, path.name))
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


def _renew(path: Path, sealed: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        if (written_at := path.stat().st_mtime) > sealed.stat().st_mtime:
            os.utime(sealed, (written_at, written_at))


def remove_documents(archive: Archive, names: Iterable[str]) -> None:
    """Remove documents from the archive."""
    for name in names:
        _place(archive, name).unlink(missing_ok=True)


def sealed_at(archive: Archive, name: str) -> float:
    """Return since when the archive has a document, or when it was last there anew (seconds since 1970)."""
    return _place(archive, name).stat().st_mtime


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
