"""Write records beside the facts that they prove."""

import base64
import contextlib
import datetime as dt
import functools
import os
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import orjson
from django.db import transaction
from django.utils import timezone

from ledger import freezes
from ledger.rows import array_of, draw_ids, insert_rows, update_rows
from ledger.transparency.models import Record

ENTRY_VERSION = 1
MAX_ENTRY_BYTES = 65_535
NONCE_BYTES = 16
# Sorted, and nothing but JSON's own types: what orjson would write of itself (times, dataclasses) is refused, and so are
# whole numbers that not every reader of JSON can tell from their neighbours.
CANONICAL = (
    orjson.OPT_SORT_KEYS
    | orjson.OPT_PASSTHROUGH_DATETIME
    | orjson.OPT_PASSTHROUGH_DATACLASS
    | orjson.OPT_STRICT_INTEGER
)


class NewRecord(NamedTuple):
    kind: str
    body: dict[str, Any]
    actor: str
    at: dt.datetime


def append_record(
    *, kind: str, body: dict[str, Any], actor: str, at: dt.datetime | None = None, record_id: int | None = None
) -> int:
    """Record one fact, inside the transaction that makes it true, and return the record's id.

    `record_id` is given where it was drawn already.

    Raises: ValueError for a body that is too large, TypeError for one that canonical JSON cannot say exactly.
    """
    ids = None if record_id is None else [record_id]
    return append_records([NewRecord(kind, body, actor, at or timezone.now())], ids)[0]


def append_records(records: Iterable[NewRecord], ids: Sequence[int] | None = None) -> Sequence[int]:
    """Record many facts, inside the transaction that makes them true, and return their ids in order.

    `ids` are given where they were drawn already: a caller who works ahead draws them before it hands over its writes.

    Raises: ValueError, TypeError as `append_record`.
    """
    assert transaction.get_connection().in_atomic_block, "a record stands in the transaction of its fact"
    if ids is None:
        records = list(records)
        ids = draw_ids(Record, len(records))
    if not ids:
        return ids
    now = timezone.now()
    rows = [
        (record_id, record.kind, encode_entry(record_id, record, nonce), now)
        for record_id, record, nonce in zip(ids, records, _nonces(len(ids)), strict=True)
    ]
    # Most facts are of other kinds, and nothing is asked of the database for them.
    with freezes.letting_through() if freezes.is_still_recorded(row[1] for row in rows) else contextlib.nullcontext():
        _write(rows)
    return ids


def _write(rows: Sequence[tuple[int, str, bytes, dt.datetime]]) -> None:
    ids = [row[0] for row in rows]
    insert_rows(Record, ("id", "kind", "entry", "created_at"), ("int8", "varchar", "bytea", "timestamptz"), rows)
    update_rows(
        "INSERT INTO ledger_unsequencedrecord (record_id) SELECT unnest(%s::bigint[])",
        [array_of(ids)],
        count=len(ids),
        otherwise=AssertionError("a record does not wait"),
    )


def encode_entry(record_id: int, record: NewRecord, nonce: str) -> bytes:
    """Return the exact bytes that the log hashes.

    Source: RFC 8785; keys are ASCII and numbers whole, where sorted compact JSON is canonical.
    """
    entry = orjson.dumps(
        {
            "v": ENTRY_VERSION,
            "id": str(record_id),
            "kind": record.kind,
            "at": format_time(record.at),
            "actor": record.actor,
            "nonce": nonce,
            "body": record.body,
        },
        option=CANONICAL,
        default=_refuse,
    )
    if len(entry) > MAX_ENTRY_BYTES:
        raise ValueError(f"A {record.kind} record of {len(entry)} bytes is over {MAX_ENTRY_BYTES}: log its hash.")
    return entry


@functools.lru_cache(maxsize=64)
def format_time(at: dt.datetime) -> str:
    """Return a time as the log writes it: RFC 3339, UTC, microseconds. Remembered: a batch shares one time."""
    return at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _refuse(value: object) -> None:
    raise TypeError(f"{type(value).__name__} has no canonical form in the log; write it as a string.")


def _nonces(count: int) -> list[str]:
    pool = os.urandom(NONCE_BYTES * count)
    return [
        base64.urlsafe_b64encode(pool[start : start + NONCE_BYTES]).rstrip(b"=").decode()
        for start in range(0, len(pool), NONCE_BYTES)
    ]
