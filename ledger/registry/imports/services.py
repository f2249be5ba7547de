"""Take files of other registries' data in, and import them: all good rows of a file in one transaction, or none.

A file that is taken in waits until a worker comes. The worker holds the row of the import locked as long as it works: whoever is
killed leaves nothing behind, and the import waiting as it was.
"""

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO
from uuid import uuid4

import orjson
import redis
from django.conf import settings
from django.core.cache import cache
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from ledger.errors import InvalidValue
from ledger.parties.access import require_registrar
from ledger.parties.models import Membership, User
from ledger.registry.imports.reading import FileRefused, Line, Refusal, read_header, read_lines
from ledger.registry.imports.rows import READERS, REQUIRED, WANTED, RowRefused, Today
from ledger.registry.models import ReferenceImport, ReferenceRefusal
from ledger.texts import is_storable

_IMPORTS = 0x7469_616E_6875_6925
MAX_BYTES = 500_000_000
MOST_REFUSALS_KEPT = 10_000
ROWS_A_REPORT = 5_000
PROJECTS_AT_ONCE = 1_000
PROGRESS_SECONDS = 3_600
_STAGE = """
COPY ledger_stagedcredit (source_id, line, project, quantity_t, vintage, transaction_on, transaction_type)
FROM STDIN (FORMAT BINARY)
"""
_STAGE_TYPES = ("int8", "int8", "varchar", "int8", "int2", "date", "varchar")
# Of transactions that are alike in a file, each is counted: the same file again, or a longer one, adds only what is new.
_CREDITS = """
INSERT INTO ledger_referencecredit
       (project_id, quantity_t, vintage, transaction_on, transaction_type, occurrence, source_id)
SELECT project.id, quantity_t, vintage, transaction_on, transaction_type,
       row_number() OVER (PARTITION BY project.id, transaction_on, transaction_type, vintage, quantity_t ORDER BY line),
       staged.source_id
  FROM ledger_stagedcredit staged
  JOIN ledger_referenceproject project ON project.project_id = staged.project
 WHERE staged.source_id = %s
 ORDER BY line
    ON CONFLICT DO NOTHING
"""
_UNKNOWN = """
SELECT line, project FROM ledger_stagedcredit staged
 WHERE source_id = %s
   AND NOT EXISTS (SELECT FROM ledger_referenceproject project WHERE project.project_id = staged.project)
 ORDER BY line
"""
_PROJECT_COLUMNS = (
    *("project_id", "name", "registry", "proponent", "protocol", "category", "country", "status"),
    *("listed_on", "issued_t", "retired_t", "is_compliance", "project_url"),
)
_COLUMNS = ", ".join(_PROJECT_COLUMNS)
_PROJECTS = f"""
INSERT INTO ledger_referenceproject AS known ({_COLUMNS}, source_id)
SELECT {_COLUMNS}, %s
  FROM jsonb_to_recordset(%s::jsonb) AS given (
       project_id text, name text, registry text, proponent text, protocol text, category text, country text, status text,
       listed_on date, issued_t bigint, retired_t bigint, is_compliance boolean, project_url text)
    ON CONFLICT (project_id) DO UPDATE
   SET ({_COLUMNS}, source_id) = ({", ".join(f"excluded.{name}" for name in (*_PROJECT_COLUMNS, "source_id"))})
 WHERE ({", ".join(f"known.{name}" for name in _PROJECT_COLUMNS)})
       IS DISTINCT FROM ({", ".join(f"excluded.{name}" for name in _PROJECT_COLUMNS)})
RETURNING xmax = 0
"""
UNKNOWN_PROJECT = gettext_noop("This project is not known: import the projects first.")
TWICE = gettext_noop("This project stands in the file already.")
GONE = gettext_noop("The file is not there any more: hand it in again.")


def begin_import(*, actor: Membership, chunks: Iterable[bytes], file_name: str) -> ReferenceImport:
    """Take a file in; a worker imports it. A file that was taken in before is not taken in again: its import comes back.

    Raises: NotAllowed, InvalidValue (its first line is not that of a list of projects or of credits; too large).
    """
    require_registrar(actor)
    return take_in(chunks=chunks, file_name=file_name, by=actor.user)


def take_in(*, chunks: Iterable[bytes], file_name: str, by: User | None = None) -> ReferenceImport:
    """Take a file in, for whoever may.

    Raises: InvalidValue.
    """
    path = folder() / f"{uuid4().hex}.part"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        sha256, size = _store(path, chunks)
        kind = _kind_of(path)
        os.replace(path, file_of(kind, sha256))
    finally:
        path.unlink(missing_ok=True)
    name = "".join(letter for letter in file_name[-200:] if is_storable(letter) and letter.isprintable())
    try:
        with transaction.atomic():
            return ReferenceImport.objects.create(
                kind=kind,
                file_name=name,
                sha256=sha256,
                size_bytes=size,
                imported_by=by,
                created_at=timezone.now(),
            )
    except IntegrityError:
        known = ReferenceImport.objects.exclude(state=ReferenceImport.State.FAILED).get(kind=kind, sha256=sha256)
        if known.state == ReferenceImport.State.DONE:
            file_of(kind, sha256).unlink(missing_ok=True)
        return known


def folder() -> Path:
    """Return where files lie that are being imported."""
    return Path(settings.REGISTRY_FILES) / "imports"


def file_of(kind: str, sha256: str) -> Path:
    """Return where the file of an import lies while it waits."""
    return folder() / f"{kind}-{sha256}.csv"


def _store(path: Path, chunks: Iterable[bytes]) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as file:
        for chunk in chunks:
            size += len(chunk)
            if size > MAX_BYTES:
                reason = _("The file is larger than %(most)s MB: split it.") % {"most": MAX_BYTES // 1_000_000}
                raise InvalidValue(field="file", reason=reason)
            digest.update(chunk)
            file.write(chunk)
    return digest.hexdigest(), size


def _kind_of(path: Path) -> str:
    """Return what a file lists, by the names of its columns.

    Raises: InvalidValue.
    """
    try:
        with path.open("rb") as file:
            names = set(read_header(file))
    except FileRefused as refused:
        raise InvalidValue(field="file", reason=_(refused.message) % refused.params) from None
    kinds = [kind for kind in reversed(ReferenceImport.Kind.values) if names >= set(REQUIRED[kind])]
    if not kinds:
        needed = " / ".join(", ".join(REQUIRED[kind]) for kind in ReferenceImport.Kind.values)
        reason = _("The first line does not name the columns of OffsetsDB's projects or credits: %(columns)s.")
        raise InvalidValue(field="file", reason=reason % {"columns": needed})
    return str(kinds[0])


def run_waiting_imports() -> int:
    """Import the files that wait and that nobody else is importing; return how many there were."""
    waiting = ReferenceImport.objects.filter(state=ReferenceImport.State.WAITING).order_by("id")
    return sum(run_import(import_id=found) for found in list(waiting.values_list("pk", flat=True)))


def run_import(*, import_id: int) -> bool:
    """Import a file that waits; return whether it was this call that did.

    What was read of it is seen in `rows_so_far` meanwhile, and by nobody else in the tables until all of it is there.

    Locks: the import; then an advisory lock, so that two files do not wait for each other's rows.
    """
    with transaction.atomic():
        waiting = ReferenceImport.objects.select_for_update(skip_locked=True, of=("self",))
        source = waiting.filter(pk=import_id, state=ReferenceImport.State.WAITING).first()
        if source is None:
            return False
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_IMPORTS])
        path = file_of(source.kind, source.sha256)
        try:
            with transaction.atomic():
                _import(source, path)
            source.state = ReferenceImport.State.DONE
        except FileRefused as refused:
            _fail(source, refused)
        source.finished_at = timezone.now()
        source.save()
    path.unlink(missing_ok=True)
    return True


def rows_so_far(source: ReferenceImport) -> int:
    """Return how many rows of a file have been read by now."""
    if source.state != ReferenceImport.State.WAITING:
        return source.rows_read
    with contextlib.suppress(redis.RedisError):
        return int(cache.get(_progress_key(source.pk)) or 0)
    return 0


def _tell_progress(import_id: int, count: int) -> None:
    """Say how far an import is, where there is a cache to say it in: the import itself needs none."""
    with contextlib.suppress(redis.RedisError):
        cache.set(_progress_key(import_id), count, PROGRESS_SECONDS)


def _progress_key(import_id: int) -> str:
    return f"reference-import:{import_id}"


def _fail(source: ReferenceImport, refused: FileRefused) -> None:
    source.state = ReferenceImport.State.FAILED
    source.failure = {"message": refused.message, "params": refused.params}
    source.rows_read = source.rows_accepted = source.rows_refused = source.rows_new = 0


class _Run:
    """What a run has read and refused so far. Of the refused rows a report keeps the first ten thousand."""

    def __init__(self, source: ReferenceImport) -> None:
        self.source = source
        self.read = 0
        self.refused = 0
        self.kept: list[ReferenceRefusal] = []

    def refuse(self, line: int, refusal: Refusal) -> None:
        self.refused += 1
        if len(self.kept) < MOST_REFUSALS_KEPT:
            self.kept.append(
                ReferenceRefusal(
                    source=self.source, line=line, field=refusal.field, reason=refusal.reason, given=refusal.given
                )
            )

    def good_rows(self, lines: Iterable[Line], today: Today) -> Iterator[tuple[int, Any]]:
        """Yield what can be kept of a file, each with its line."""
        read = READERS[self.source.kind]
        for line in lines:
            self.read += 1
            if self.read % ROWS_A_REPORT == 0:
                _tell_progress(self.source.pk, self.read)
            if line.refusal is not None:
                self.refuse(line.number, line.refusal)
                continue
            try:
                row = read(line.fields, today)
            except RowRefused as refused:
                self.refuse(line.number, refused.refusal)
            else:
                yield line.number, row


def _import(source: ReferenceImport, path: Path) -> None:
    run = _Run(source)
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise FileRefused(GONE) from None
    with file:
        keep = _keep_projects if source.kind == ReferenceImport.Kind.PROJECTS else _keep_credits
        source.rows_new = keep(run, file)
    ReferenceRefusal.objects.bulk_create(run.kept, batch_size=1_000)
    source.rows_read, source.rows_refused = run.read, run.refused
    source.rows_accepted = run.read - run.refused


def _lines(run: _Run, file: BinaryIO) -> Iterator[tuple[int, Any]]:
    kind = run.source.kind
    return run.good_rows(read_lines(file, WANTED[kind], REQUIRED[kind]), Today(timezone.localdate()))


def _keep_credits(run: _Run, file: BinaryIO) -> int:
    """Stage all good rows, then keep those of known projects; return how many were new."""
    source_id = run.source.pk
    with connection.cursor() as cursor:
        with cursor.copy(_STAGE) as copy:
            copy.set_types(_STAGE_TYPES)
            for line, row in _lines(run, file):
                copy.write_row((source_id, line, *row))
        cursor.execute(_CREDITS, [source_id])
        new: int = cursor.rowcount
        cursor.execute(_UNKNOWN, [source_id])
        while some := cursor.fetchmany(1_000):
            for line, project in some:
                run.refuse(line, Refusal(UNKNOWN_PROJECT, "project_id", project))
        cursor.execute("DELETE FROM ledger_stagedcredit WHERE source_id = %s", [source_id])
    return new


def _keep_projects(run: _Run, file: BinaryIO) -> int:
    """Keep all good rows, over what an earlier file said of the same projects; return how many were new."""
    seen: set[str] = set()
    some: list[dict[str, Any]] = []
    new = 0
    for line, row in _lines(run, file):
        if row["project_id"] in seen:
            run.refuse(line, Refusal(TWICE, "project_id", row["project_id"]))
            continue
        seen.add(row["project_id"])
        some.append(row)
        if len(some) == PROJECTS_AT_ONCE:
            new += _write_projects(run.source, some)
            some = []
    return new + (_write_projects(run.source, some) if some else 0)


def _write_projects(source: ReferenceImport, rows: list[dict[str, Any]]) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_PROJECTS, [source.pk, orjson.dumps(rows).decode()])
        return sum(is_new for (is_new,) in cursor.fetchall())
