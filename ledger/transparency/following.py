"""Follow the log: whoever acts on what was recorded takes each record once, in the order of the log.

Notices and webhooks are written this way: the facts know nothing of them, and a worker that dies has neither told a thing
twice nor left one out, since the follower's place moves in the transaction of what it writes.
"""

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection, transaction
from django.utils import timezone

from ledger.transparency.models import LogFollower, LogLeaf

CHUNK = 5_000
"""How many places of the log one transaction moves on by."""


@dataclass(frozen=True, slots=True)
class LoggedRecord:
    """A record at its place in the log, read."""

    index: int
    record_id: int
    kind: str
    at: dt.datetime
    actor: str
    body: dict[str, Any]


Take = Callable[[Sequence[LoggedRecord]], None]


@transaction.atomic
def follow_log(
    name: str, *, kinds: Collection[str], take: Take, limit: int = CHUNK, families: Collection[str] = ()
) -> int:
    """Hand a follower the next records of the log that are of some kinds, and return by how many places it went on.

    `families` are beginnings of kinds that others may add to, such as `security_`.

    `take` writes inside this transaction; it is not called where none of the records is of these kinds. A follower that
    nobody knows begins at the log's first entry; one that comes later is given its place by a migration.

    Locks: the follower's row; returns 0 at once where another process is at it.
    """
    follower = _lock(name)
    if follower is None:
        return 0
    last = LogLeaf.objects.order_by("-index").values_list("index", flat=True).first()
    size = 0 if last is None else last + 1
    end = min(follower.next_index + limit, size)
    went_on = end - follower.next_index
    if went_on <= 0:
        return 0
    records = _read(follower.next_index, end, kinds, families)
    if records:
        take(records)
    LogFollower.objects.filter(pk=name).update(next_index=end, followed_at=timezone.now())
    return went_on


def _lock(name: str) -> LogFollower | None:
    LogFollower.objects.bulk_create([LogFollower(name=name)], ignore_conflicts=True)
    return LogFollower.objects.select_for_update(skip_locked=True).filter(pk=name).first()


def _read(start: int, end: int, kinds: Collection[str], families: Collection[str]) -> list[LoggedRecord]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT leaf.index, record.id, record.kind, record.entry
              FROM ledger_logleaf leaf JOIN ledger_record record ON record.id = leaf.record_id
             WHERE leaf.index >= %s AND leaf.index < %s
               AND (record.kind = ANY(%s::text[]) OR split_part(record.kind, '_', 1) || '_' = ANY(%s::text[]))
             ORDER BY leaf.index
            """,
            [start, end, sorted(kinds), sorted(families)],
        )
        rows = cursor.fetchall()
    return [_record(*row) for row in rows]


def _record(index: int, record_id: int, kind: str, entry: bytes) -> LoggedRecord:
    said = orjson.loads(bytes(entry))
    return LoggedRecord(index, record_id, kind, dt.datetime.fromisoformat(said["at"]), said["actor"], said["body"])
