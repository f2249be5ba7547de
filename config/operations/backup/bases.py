"""Make a base backup: `pg_basebackup` as one stream, checked against PostgreSQL's own manifest while it is sealed.

Nothing stands on a disk unsealed, and a backup has its name only once it is whole.
"""

import datetime as dt
import hashlib
import os
import re
import shutil
import tarfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pyrage

from config.operations.backup import sealing, signing
from config.operations.backup.archive import BASE_FILE, BASE_NOTE, DOCUMENTS, Archive, Base
from config.operations.backup.documents import names_in
from config.operations.backup.errors import BackupError
from config.operations.backup.manifest import MANIFEST, compare, read_manifest
from config.operations.backup.source import Source, program
from ledger.transparency.notes import Signer

LABEL = "backup_label"
_LABEL_LINE = re.compile(r"START WAL LOCATION: (\S+) \(file ([0-9A-F]{24})\)")


@dataclass(slots=True)
class Contents:
    """What went by in the stream: the hash of each file, the label and the manifest."""

    hashes: dict[str, str] = field(default_factory=dict)
    label: str = ""
    manifest: dict[str, Any] = field(default_factory=dict)


def take_base(
    archive: Archive,
    source: Source,
    recipients: list[pyrage.x25519.Recipient],
    signer: Signer,
    *,
    documents: Path | None = None,
    bin_dir: str = "",
) -> Base:
    """Back the whole server up as it is now, and return the backup; one that was broken off leaves nothing that counts.

    With it goes a list of the `documents` that there are as it begins: by these retention knows which it needs.

    Raises: BackupError where the server ends it, or a file is not what its manifest says.
    """
    archive.make()
    _remove_unfinished(archive)
    facts = source.facts()
    started_at = dt.datetime.now(dt.UTC)
    name = started_at.strftime("%Y%m%dT%H%M%S.%fZ")
    draft = archive.bases_folder / f".{name}"
    draft.mkdir(mode=0o700)
    # Before the database is copied: what has gone by then, no moment that can be restored by this backup has.
    # Where the folder is away there is no list, and as long as that backup is kept no document goes.
    noted = {} if documents is None or not documents.is_dir() else _note_documents(documents, source, draft / DOCUMENTS)
    # One stream, with the WAL that it needs in it: it can be restored even where the archive has nothing else.
    command = [program("pg_basebackup", bin_dir), "-D", "-", "-F", "tar", "-X", "fetch", "-c", "fast"]
    command += ["--manifest-checksums=SHA256", "--no-password", "-l", f"tianhui {name}"]
    with source.output_of(command) as output:
        contents, sealed = _seal_checked(output, draft / BASE_FILE, recipients)
    lsn, first_segment = _read_label(contents.label)
    said = {
        "kind": "base",
        "name": name,
        "system_identifier": facts.system_identifier,
        "version": facts.version,
        "segment_bytes": facts.segment_bytes,
        "started_at": started_at.isoformat(),
        "finished_at": dt.datetime.now(dt.UTC).isoformat(),
        "start_lsn": lsn,
        "first_segment": first_segment,
        "end_lsn": contents.manifest["WAL-Ranges"][-1]["End-LSN"],
        "files": len(contents.hashes),
        "database": source.database,
        "owner": source.user,
        **noted,
        **vars_of(sealed),
    }
    signing.write_note(draft / BASE_NOTE, said, signer)
    os.rename(draft, archive.bases_folder / name)
    sealing.sync_folder(archive.bases_folder)
    return Base(archive.bases_folder / name, said)


def _note_documents(folder: Path, source: Source, target: Path) -> dict[str, Any]:
    """Write down which documents there are, and which the database names though they may be missing."""
    needed = names_in(folder) | (source.documents_named() or frozenset())
    content = "".join(f"{name}\n" for name in sorted(needed)).encode()
    target.write_bytes(content)
    return {"documents": content.count(b"\n"), "documents_sha256": hashlib.sha256(content).hexdigest()}


def vars_of(sealed: sealing.Sealed) -> dict[str, Any]:
    """Return what a note says of a sealed file."""
    return {name: getattr(sealed, name) for name in sealing.Sealed.__slots__}


def _remove_unfinished(archive: Archive) -> None:
    """Remove what a backup that was killed has left; one that is being made has changed within the hour."""
    before = dt.datetime.now(dt.UTC).timestamp() - 3_600
    for path in archive.bases_folder.glob(".*"):
        newest = max((each.stat().st_mtime for each in [path, *path.iterdir()]), default=0.0)
        if newest < before:
            shutil.rmtree(path)


def _seal_checked(
    output: IO[bytes], target: Any, recipients: list[pyrage.x25519.Recipient]
) -> tuple[Contents, sealing.Sealed]:
    reading, writing = os.pipe()
    contents = Contents()
    problems: list[BaseException] = []

    def check() -> None:
        with os.fdopen(reading, "rb") as stream:
            try:
                _read_contents(stream, contents)
            except Exception as error:
                problems.append(error)
            # To its end, so that whoever writes does not wait for ever.
            while stream.read(sealing.CHUNK):
                pass

    thread = threading.Thread(target=check, name="check of the backup")
    thread.start()
    try:
        with os.fdopen(writing, "wb") as copy:
            sealed = sealing.seal(_Tee(output, copy), target, recipients)
    finally:
        thread.join()
    if problems or not contents.manifest:
        raise BackupError(f"What pg_basebackup sent is not whole: {problems[0] if problems else 'it has no manifest'}.")
    compare(contents.manifest, contents.hashes)
    return contents, sealed


class _Tee:
    def __init__(self, source: IO[bytes], copy: IO[bytes]) -> None:
        self._source, self._copy = source, copy

    def read(self, size: int = -1, /) -> bytes:
        chunk = self._source.read(size)
        self._copy.write(chunk)
        return chunk


def _read_contents(stream: IO[bytes], contents: Contents) -> None:
    with tarfile.open(fileobj=stream, mode="r|", bufsize=sealing.CHUNK) as tar:
        for member in tar:
            if not member.isfile():
                continue
            file = tar.extractfile(member)
            assert file is not None
            name = member.name.removeprefix("./")
            if name in (LABEL, MANIFEST):
                content = file.read()
                contents.hashes[name] = hashlib.sha256(content).hexdigest()
                if name == LABEL:
                    contents.label = content.decode()
                else:
                    contents.manifest = read_manifest(content)
            else:
                contents.hashes[name] = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]


def _read_label(label: str) -> tuple[str, str]:
    found = _LABEL_LINE.search(label)
    if found is None:
        raise BackupError("What pg_basebackup sent has no label that says where its WAL begins.")
    return found[1], found[2]
