"""Which backups are kept: of the last days and weeks one each, and never fewer than it takes to restore today.

Nothing is thrown away before a newer backup has been verified with the private key, and the newest verified one stays
whatever its age. WAL goes that is older than the oldest backup that is kept.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from config.operations.backup.archive import SEGMENT, Archive, Base
from config.operations.backup.errors import BackupError
from ledger.transparency.notes import Verifier


@dataclass(frozen=True, slots=True)
class Plan:
    """What stays and what goes."""

    kept: tuple[Base, ...]
    bases: tuple[Base, ...]
    wal: tuple[str, ...]
    why_nothing: str = ""


def plan_pruning(archive: Archive, verifier: Verifier, *, daily: int, weekly: int) -> Plan:
    """Return what may go: keep the newest backup of each of the last `daily` days and `weekly` weeks that have one.

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
    return Plan(stays, goes, _older_wal(archive, stays[0].first_segment))


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


def _newest_of_each(periods: Sequence[str], bases: Sequence[Base], count: int) -> list[Base]:
    newest = dict(zip(periods, bases, strict=True))
    return [newest[period] for period in sorted(newest, reverse=True)[:count]]


def _older_wal(archive: Archive, first: str) -> tuple[str, ...]:
    """Return the segments before the first one that is needed, whatever their timeline, as pg_archivecleanup does."""
    names = archive.sealed_names()
    return tuple(sorted(name for name in names if SEGMENT.match(name) and name[8:24] < first[8:24]))
