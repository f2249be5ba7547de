"""Which backups are kept: of the last days and weeks one each, and never fewer than it takes to restore today.

Nothing is thrown away before a newer backup has been verified with the private key, and the newest verified one stays
whatever its age. WAL goes that is older than the oldest backup that is kept.

A document goes once no moment that can still be restored has it: no row of the database names it, it is not in the product's folder
any more, it stands in the list of no backup that is kept, and has been in the archive since before the oldest of these was begun (one
that came and went between two backups is in no list). Where any of that cannot be said, all stay.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from config.operations.backup.archive import SEGMENT, Archive, Base
from config.operations.backup.documents import names_in, names_in_archive, remove_documents, sealed_at
from config.operations.backup.errors import BackupError
from ledger.transparency.notes import Verifier


@dataclass(frozen=True, slots=True)
class Plan:
    """What stays and what goes."""

    kept: tuple[Base, ...]
    bases: tuple[Base, ...]
    wal: tuple[str, ...]
    why_nothing: str = ""
    documents: tuple[str, ...] = ()
    # Why documents stay that would not have to.
    why_no_documents: str = ""


@dataclass(frozen=True, slots=True)
class Documents:
    """The documents that the product has: its folder, and the hashes that rows name (None: they cannot be read)."""

    folder: Path
    named: frozenset[str] | None


CLOCKS_SECONDS = 3_600.0
"""By how much the clocks of the archive's disk and of the host that backs up may differ."""
FEW, SHARE = 20, 0.1
"""So many documents, or this share of all, go without being asked about: more than that, and a disk may just have been away."""


def plan_pruning(
    archive: Archive,
    verifier: Verifier,
    *,
    daily: int,
    weekly: int,
    documents: Documents | None = None,
    many_documents: bool = False,
) -> Plan:
    """Return what may go: keep the newest backup of each of the last `daily` days and `weekly` weeks that have one.

    `documents` says which the product has: without it none go. `many_documents` lets more go than a few.

    Raises: BackupError for numbers that keep nothing, Damaged where a note is not what was signed.
    """
    if daily < 1 or weekly < 0:
        raise BackupError("Keep at least one day's backup: --daily 1 or more, --weekly 0 or more.")
    bases = archive.bases(verifier)
    verified = [base for base in bases if base.is_verified]
    if not verified:
        return Plan(tuple(bases), (), (), "no backup has been verified: nothing goes")
    newest = verified[-1]
    kept = {base.name for base in bases if base.started_at >= newest.started_at}
    # Only verified ones count as a day's or a week's backup.
    kept |= {
        base.name for base in _newest_of_each([f"{each.started_at:%Y-%m-%d}" for each in verified], verified, daily)
    }
    kept |= {base.name for base in _newest_of_each([f"{each.started_at:%G-%V}" for each in verified], verified, weekly)}
    stays = tuple(base for base in bases if base.name in kept)
    goes = tuple(base for base in bases if base.name not in kept)
    wal = _older_wal(archive, stays[0].first_segment)
    unneeded, why = _unneeded_documents(archive, stays, documents)
    if len(unneeded) > max(FEW, SHARE * len(names_in_archive(archive))) and not many_documents:
        why = f"{len(unneeded)} documents would go: make sure that no disk was away, and say --many-documents"
        unneeded = ()
    return Plan(stays, goes, wal, documents=unneeded, why_no_documents=why)


def _unneeded_documents(
    archive: Archive, kept: Sequence[Base], documents: Documents | None
) -> tuple[tuple[str, ...], str]:
    """Return the documents that no moment has which can be restored; or why that cannot be said."""
    if documents is None:
        return (), "the product's folder of documents was not named (DOCUMENTS_DIR)"
    if not documents.folder.is_dir():
        # A disk that is away is not the same as no documents.
        return (), f"{documents.folder} is not there"
    if documents.named is None:
        return (), "which documents the database names cannot be read (docs/backup.md, Retention)"
    needed = names_in(documents.folder) | documents.named
    for base in kept:
        listed = base.documents()
        if listed is None:
            return (), f"{base.name} has no list of its documents"
        needed |= listed
    before = kept[0].started_at.timestamp() - CLOCKS_SECONDS
    gone = sorted(names_in_archive(archive) - needed)
    return tuple(name for name in gone if sealed_at(archive, name) < before), ""


def prune(plan: Plan, archive: Archive) -> None:
    """Throw away what may go: WAL last, so that at no moment a backup lacks what it needs."""
    for base in plan.bases:
        # Unnamed first: what is half gone is no backup.
        gone = archive.bases_folder / f".{base.name}"
        base.folder.rename(gone)
        shutil.rmtree(gone)
    for name in plan.wal:
        archive.wal_note(name).unlink(missing_ok=True)
        archive.wal_file(name).unlink(missing_ok=True)
    remove_documents(archive, plan.documents)


def _newest_of_each(periods: Sequence[str], bases: Sequence[Base], count: int) -> list[Base]:
    newest = dict(zip(periods, bases, strict=True))
    return [newest[period] for period in sorted(newest, reverse=True)[:count]]


def _older_wal(archive: Archive, first: str) -> tuple[str, ...]:
    """Return the segments before the first one that is needed, whatever their timeline, as pg_archivecleanup does."""
    names = archive.sealed_names()
    return tuple(sorted(name for name in names if SEGMENT.match(name) and name[8:24] < first[8:24]))
