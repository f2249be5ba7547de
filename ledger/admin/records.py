"""From a row to the records of the log that prove it.

A transaction names its record. Every other fact is found by the kind of its records and the name that their entries give
it: in the very bytes, since canonical JSON says a thing in one way only. `record_by_kind` (migrations/0010) leaves the
records of transactions out, which are most; and where the times of a thing are known, only the records about these times
are looked at.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from django.db import connection
from django.utils.translation import gettext

from ledger.admin.display import Table, link, moment
from ledger.admin.timeline import RECORDS, first_ids
from ledger.transparency.models import Record

MOST_RECORDS = 50
NEAR = dt.timedelta(minutes=2)
"""A record and the times of its fact are written in one transaction."""


RecordIds = Sequence[int | None]


@dataclass(frozen=True, slots=True)
class Named:
    """Records whose entries name a thing: of which kinds, and by which keys and values."""

    kinds: tuple[str, ...]
    names: Mapping[str, str | int | None]


def ids_naming(named: Named, *, near: Sequence[dt.datetime | None] | None = None) -> list[int]:
    """Return the numbers of the newest records that name a thing: of all, or of those about the times that are given."""
    if near is None:
        return _find(named, "true", [])
    windows = _windows([at for at in near if at is not None])
    if not windows:
        return []
    within = " OR ".join(["id >= %s AND id < %s"] * len(windows))
    return _find(named, within, [bound for window in windows for bound in window])


def _find(named: Named, within: str, bounds: Sequence[int]) -> list[int]:
    needles = [b'"%s":%s' % (key.encode(), orjson.dumps(value)) for key, value in named.names.items()]
    says = " AND ".join(["position(%s::bytea IN entry) > 0"] * len(needles))
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT id FROM ledger_record
             WHERE kind = ANY(%s) AND kind <> 'transaction_posted' AND ({within}) AND {says}
             ORDER BY id DESC LIMIT {MOST_RECORDS}
            """,
            [list(named.kinds), *bounds, *needles],
        )
        return [row[0] for row in cursor.fetchall()]


def _windows(moments: Sequence[dt.datetime]) -> list[tuple[int, int]]:
    edges = [(at - NEAR, at + NEAR) for at in moments]
    ids = first_ids(RECORDS, [edge for pair in edges for edge in pair])
    return [(ids[start], ids[end]) for start, end in edges] if ids else []


def records_table(record_ids: RecordIds) -> Table | None:
    """Return the records that prove an object as a table, the newest first, or None where there are none."""
    found = [record_id for record_id in record_ids if record_id is not None]
    records = Record.objects.filter(pk__in=found).select_related("leaf").defer("entry").order_by("-id") if found else []
    if not records:
        return None
    rows: list[tuple[object, ...]] = [
        (link(record, str(record.pk)), record.kind, moment(record.created_at), index_text(record)) for record in records
    ]
    columns = (gettext("Record"), gettext("Kind"), gettext("Written at"), gettext("Index in the log"))
    return Table(gettext("Records of the log that prove it"), columns, rows, figures=frozenset({3}))


def index_text(record: Any) -> str:
    """Return the place of a record in the log, or that it waits for one."""
    return str(record.leaf.index) if hasattr(record, "leaf") else gettext("waits for its place")
