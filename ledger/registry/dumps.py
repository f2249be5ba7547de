"""All that is public in one file a day: a zip archive with every table of `downloads`, as CSV and as JSON, and its SHA-256."""

import datetime as dt
import hashlib
import os
import zipfile
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from ledger.registry.chunks import Addresses
from ledger.registry.downloads import TABLES, as_csv, as_json
from ledger.registry.models import RegistryDump
from ledger.registry.search import ProjectTerms

_LOCK = 0x7469_616E_6875_6924
KEPT = 14
"""How many days' files are kept; their hashes are kept for ever."""


def dump_path(name: str) -> Path:
    """Return where a dump's file lies."""
    return Path(settings.REGISTRY_FILES) / "dumps" / name


def write_dump() -> RegistryDump | None:
    """Write today's dump where there is none yet, and take those away that are no longer kept; return it, or None.

    Locks: an advisory lock, so that two do not write at once.
    """
    day = timezone.localdate()
    name = f"tianhui-registry-{day:%Y%m%d}.zip"
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
            if not cursor.fetchone()[0] or RegistryDump.objects.filter(name=name).exists():
                return None
        # One snapshot for all tables, so that what one of them names the others have.
        made = _write(name, day)
    _take_away_old()
    return made


def _write(name: str, day: dt.date) -> RegistryDump:
    path = dump_path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    counts: dict[str, int] = {}
    with zipfile.ZipFile(beside, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
        for (schema, table), content in TABLES.items():
            for form in ("csv", "json"):
                rows = _Counted(content.rows(ProjectTerms(), Addresses(settings.PUBLIC_URL)))
                lines = as_csv(content.fields, rows) if form == "csv" else as_json(rows)
                with archive.open(f"{schema}/{table}.{form}", "w") as file:
                    for line in lines:
                        file.write(line)
                counts[f"{schema}/{table}"] = rows.count
    os.replace(beside, path)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return RegistryDump.objects.create(
        name=name,
        dated_on=day,
        sha256=sha256,
        size_bytes=path.stat().st_size,
        row_counts=counts,
        made_at=timezone.now(),
    )


class _Counted:
    """Rows that are counted as they are read."""

    def __init__(self, rows: object) -> None:
        self.rows = iter(rows)  # type: ignore[call-overload]
        self.count = 0

    def __iter__(self) -> "_Counted":
        return self

    def __next__(self) -> dict[str, object]:
        row: dict[str, object] = next(self.rows)
        self.count += 1
        return row


def _take_away_old() -> None:
    for old in RegistryDump.objects.order_by("-id")[KEPT : KEPT * 2]:
        dump_path(old.name).unlink(missing_ok=True)
