"""The folder of documents: each file under its SHA-256, written whole or not at all, outside the web root.

A file is there before the row that names it is committed, so a row never lacks its file. What is left without a row, by a
process that was killed between the two, is swept (`sweep_orphans`).
"""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import time

from django.conf import settings
from django.db import connection, transaction

from ledger.projects.documents.models import Document

FOLDERS_BY_CHARACTERS = 2
UNFINISHED = "unfinished"
ORPHAN_AFTER_SECONDS = 86_400
CHUNK = 1 << 20
_NAME = re.compile(r"[0-9a-f]{64}")
_FILES = 0x7469_616E_6875_6910


class NoSuchFile(RuntimeError):
    """A row names a file that is not in the folder, or another than it was."""


def path_of(sha256: str) -> Path:
    """Return where the file of a hash is kept."""
    assert _NAME.fullmatch(sha256), "files are named by their hash alone"
    first, second = sha256[:FOLDERS_BY_CHARACTERS], sha256[FOLDERS_BY_CHARACTERS : 2 * FOLDERS_BY_CHARACTERS]
    return settings.DOCUMENTS_DIR / first / second / sha256


def keep(content: bytes) -> str:
    """Write a file durably, and return its hash. The row that names it is written in the same transaction.

    Locks: the folder, shared with others who add, against whoever sweeps, until the transaction ends.
    """
    assert connection.in_atomic_block, "the row of a file stands in the transaction that keeps it"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [_FILES])
    sha256 = hashlib.sha256(content).hexdigest()
    path = path_of(sha256)
    if _holds(path, content):
        os.utime(path)
    else:
        _write(path, content)
    return sha256


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except FileNotFoundError:
        return False


def _write(path: Path, content: bytes) -> None:
    unfinished: Path = settings.DOCUMENTS_DIR / UNFINISHED
    unfinished.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor, name = tempfile.mkstemp(dir=unfinished)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    # The name is durable once its folders are.
    for folder in (path.parent, path.parent.parent, settings.DOCUMENTS_DIR):
        _sync(folder)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def read(sha256: str) -> bytes:
    """Return the file of a hash.

    Raises: NoSuchFile where it is not there, or is not what it was.
    """
    try:
        content = path_of(sha256).read_bytes()
    except FileNotFoundError:
        raise NoSuchFile(f"no file {sha256}") from None
    if hashlib.sha256(content).hexdigest() != sha256:
        raise NoSuchFile(f"the file {sha256} is not what it was")
    return content


def hash_of(sha256: str) -> str | None:
    """Return what the file that is named by a hash comes to now; None where there is none."""
    try:
        with path_of(sha256).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return None


def sweep_orphans(*, older_than_seconds: int = ORPHAN_AFTER_SECONDS) -> int:
    """Delete files that no row names, and return how many. Younger ones may be those of a transaction that is not over.

    Locks: the folder, alone, for each file.
    """
    before = time() - older_than_seconds
    swept = 0
    for path in _files():
        if path.stat().st_mtime < before and _sweep(path, before):
            swept += 1
    return swept


def _files() -> Iterator[Path]:
    if settings.DOCUMENTS_DIR.is_dir():
        yield from (path for path in sorted(settings.DOCUMENTS_DIR.rglob("*")) if path.is_file())


@transaction.atomic
def _sweep(path: Path, before: float) -> bool:
    with connection.cursor() as cursor:
        # Whoever adds a file holds this until the row is committed: it is either seen below, or not begun.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_FILES])
    if path.parent.name == UNFINISHED:
        is_named = False
    elif not _NAME.fullmatch(path.name) or path != path_of(path.name):
        return False
    else:
        is_named = (
            Document.objects.filter(sha256=path.name).exists()
            or Document.objects.filter(public_sha256=path.name).exists()
        )
    if is_named or path.stat().st_mtime >= before:
        return False
    path.unlink()
    return True
