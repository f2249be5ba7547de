"""The archive: a folder with sealed base backups, sealed WAL and sealed documents, each with a signed note of what it is."""

import datetime as dt
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.operations.backup import sealing, signing
from config.operations.backup.errors import Damaged
from ledger.transparency.notes import Verifier

BASE_FILE = f"base.tar{sealing.SUFFIX}"
BASE_NOTE = f"base{signing.SUFFIX}"
VERIFIED = "verified.json"
DOCUMENTS = "documents.txt"
"""Beside a base backup: the hashes of the documents that there were when it was begun, a line each."""
SEGMENT = re.compile(r"[0-9A-F]{24}")
HISTORY = re.compile(r"[0-9A-F]{8}\.history")
SEGMENTS_A_LOG = 0x1_0000_0000


@dataclass(frozen=True, slots=True)
class Base:
    """A base backup that is whole, as its signed note says."""

    folder: Path
    said: dict[str, Any]

    @property
    def name(self) -> str:
        """Return the moment that it was begun, which is its name."""
        return self.folder.name

    @property
    def file(self) -> Path:
        return self.folder / BASE_FILE

    @property
    def started_at(self) -> dt.datetime:
        return dt.datetime.fromisoformat(self.said["started_at"])

    @property
    def finished_at(self) -> dt.datetime:
        """Return the moment from which on one can restore by it."""
        return dt.datetime.fromisoformat(self.said["finished_at"])

    @property
    def first_segment(self) -> str:
        return str(self.said["first_segment"])

    def documents(self) -> frozenset[str] | None:
        """Return the documents that there were when it was begun; None where nobody has noted them.

        Raises: Damaged where the list is not what was signed.
        """
        if "documents_sha256" not in self.said:
            return None
        path = self.folder / DOCUMENTS
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            raise Damaged(f"{path} is missing.") from None
        if hashlib.sha256(content).hexdigest() != self.said["documents_sha256"]:
            raise Damaged(f"{path} was changed: its SHA-256 is not the one that was signed.")
        return frozenset(content.decode().split())

    @property
    def is_verified(self) -> bool:
        """Whether somebody with the private key has opened it, and PostgreSQL found every file as it was."""
        return (self.folder / VERIFIED).exists()


@dataclass(frozen=True, slots=True)
class Archive:
    """Where backups are."""

    folder: Path

    @property
    def bases_folder(self) -> Path:
        return self.folder / "bases"

    @property
    def wal(self) -> Path:
        return self.folder / "wal"

    @property
    def documents(self) -> Path:
        return self.folder / "documents"

    def make(self) -> None:
        """Make the folders where they are not there."""
        for folder in (self.folder, self.bases_folder, self.wal, self.documents):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def base_names(self) -> list[str]:
        """Return the names of the base backups that were ended, the oldest first."""
        if not self.bases_folder.is_dir():
            return []
        return sorted(path.name for path in self.bases_folder.iterdir() if not path.name.startswith("."))

    def base(self, name: str, verifier: Verifier) -> Base:
        """Return a base backup.

        Raises: Damaged where its note is not what was signed.
        """
        folder = self.bases_folder / name
        return Base(folder, signing.read_note(folder / BASE_NOTE, verifier))

    def bases(self, verifier: Verifier) -> list[Base]:
        """Return the base backups, the oldest first.

        Raises: Damaged.
        """
        return [self.base(name, verifier) for name in self.base_names()]

    def sealed_names(self) -> set[str]:
        """Return the names of the WAL that is there with its note: segments, one that is not full, histories."""
        if not self.wal.is_dir():
            return set()
        names = {path.name for path in self.wal.iterdir()}
        sealed = {name.removesuffix(sealing.SUFFIX) for name in names if name.endswith(sealing.SUFFIX)}
        return {name for name in sealed if name + signing.SUFFIX in names and not name.startswith(".")}

    def wal_file(self, name: str) -> Path:
        return self.wal / f"{name}{sealing.SUFFIX}"

    def wal_note(self, name: str) -> Path:
        return self.wal / f"{name}{signing.SUFFIX}"


def check_sealed(path: Path, said: dict[str, Any]) -> None:
    """Compare a file of the archive with what was signed of it.

    Raises: Damaged, which names the file and what is wrong with it.
    """
    try:
        size = path.stat().st_size
    except FileNotFoundError:
        raise Damaged(f"{path} is missing.") from None
    if size < said["sealed_bytes"]:
        raise Damaged(f"{path} is cut short: it has {size} of {said['sealed_bytes']} bytes.")
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != said["sealed_sha256"]:
        raise Damaged(f"{path} was changed: its SHA-256 is not the one that was signed.")


def next_segment(name: str, segment_bytes: int) -> str:
    """Return the name of the WAL segment after this one, on the same timeline."""
    a_log = SEGMENTS_A_LOG // segment_bytes
    number = int(name[8:16], 16) * a_log + int(name[16:24], 16) + 1
    return f"{name[:8]}{number // a_log:08X}{number % a_log:08X}"


def run_from(first: str, names: set[str], segment_bytes: int) -> Iterator[str]:
    """Yield the segments from this one on, as far as none is missing, over changes of the timeline."""
    wanted = first
    while True:
        if wanted in names:
            yield wanted
        elif (later := _on_a_later_timeline(wanted, names)) is not None:
            wanted = later
            continue
        else:
            return
        wanted = next_segment(wanted, segment_bytes)


def _on_a_later_timeline(wanted: str, names: set[str]) -> str | None:
    """Return the same place in the WAL on the next timeline that has it."""
    found = sorted(
        name for name in names if SEGMENT.fullmatch(name) and name[8:] == wanted[8:] and name[:8] > wanted[:8]
    )
    return found[0] if found else None
