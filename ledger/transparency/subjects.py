"""Find the records of a project, a field, a report or a retirement by what they are about.

A transaction names its record itself; these facts do not, and their records are found by an index on the stored bytes
(migrations/sql/record_subjects.sql), however long the log is.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection


@dataclass(frozen=True, slots=True)
class Place:
    """Where a fact is recorded; the index in the log is None while the record waits for one."""

    record_id: int
    log_index: int | None


def project_subject(code: str) -> str:
    """Return what the records of a project's registration are about."""
    return f"project {code}"


def parcel_subject(project_code: str, parcel_code: str) -> str:
    """Return what the records of a field are about."""
    return f"parcel {project_code} {parcel_code}"


def report_subject(report_id: int) -> str:
    """Return what the records of a report, and of the batches issued for it, are found by."""
    return f"report {report_id}"


def batch_subject(code: str) -> str:
    """Return what the record of a batch is about: it is found by its report, of which it may be one of several."""
    return f"batch {code}"


def retirement_subject(public_id: object) -> str:
    """Return what the record of a retirement is about."""
    return f"retirement {public_id}"


def places_of(subjects: Iterable[str]) -> dict[tuple[str, str], Place]:
    """Return where each (kind, subject) is recorded, in one query; of one that was recorded twice the later place."""
    with connection.cursor() as cursor:
        cursor.execute(_PLACES, [list(subjects)])
        return {(kind, subject): Place(record_id, index) for kind, subject, record_id, index in cursor.fetchall()}


# The kinds as the index has them, so that PostgreSQL knows that it may use it.
_PLACES = """
SELECT record.kind,
       CASE record.kind WHEN 'batch_issued' THEN 'batch ' || (log_entry(record.entry) -> 'body' ->> 'asset')
                        ELSE record_subject(record.kind, record.entry) END,
       record.id, leaf.index
  FROM ledger_record record
  LEFT JOIN ledger_logleaf leaf ON leaf.record_id = record.id
 WHERE record.kind IN ('project_created', 'project_submitted', 'project_validated', 'project_registered', 'parcel_added',
                       'report_submitted', 'report_verified', 'report_approved', 'batch_issued', 'credits_retired')
   AND record_subject(record.kind, record.entry) = ANY(%s)
 ORDER BY record.id
"""
