"""Find rows by time in tables of millions, without an index on the time: their ids grow with it.

Where an id stands in time is found by halving: some 25 looks into the primary key for ten million rows. Rows that were
written at the same moment by several do not stand in strict order, hence the margin on both sides; the exact times are
compared within it.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection

MARGIN = dt.timedelta(hours=1)
"""No transaction is open for so long between drawing its ids and its time."""


@dataclass(frozen=True, slots=True)
class Timeline:
    """Rows whose ids grow with time: their table, what to read them with their time from, their id and their time there,
    and the time for Django.
    """

    table: str
    source: str
    id: str
    at: str
    lookup: str


TRANSACTIONS = Timeline("ledger_transaction", "ledger_transaction", "id", "occurred_at", "occurred_at")
TRANSFERS = Timeline(
    "ledger_transfer",
    "ledger_transfer JOIN ledger_transaction ON ledger_transaction.id = ledger_transfer.transaction_id",
    "ledger_transfer.id",
    "ledger_transaction.occurred_at",
    "transaction__occurred_at",
)
RECORDS = Timeline("ledger_record", "ledger_record", "id", "created_at", "created_at")


def first_ids(timeline: Timeline, moments: Iterable[dt.datetime]) -> dict[dt.datetime, int]:
    """Return, for each moment, the id from which on rows are as late as that, in one query; nothing for an empty table."""
    wanted = list(set(moments))
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH RECURSIVE halving (moment, low, high) AS (
                SELECT moment, bounds.low, bounds.high + 1
                  FROM unnest(%s::timestamptz[]) AS moment
                 CROSS JOIN (SELECT min(id) AS low, max(id) AS high FROM {timeline.table}) AS bounds
                 UNION ALL
                SELECT halving.moment,
                       CASE WHEN middle.at < halving.moment THEN middle.id + 1 ELSE halving.low END,
                       CASE WHEN middle.at < halving.moment THEN halving.high ELSE (halving.low + halving.high) / 2 END
                  FROM halving
                  LEFT JOIN LATERAL (SELECT {timeline.id} AS id, {timeline.at} AS at
                                       FROM {timeline.source}
                                      WHERE {timeline.id} >= (halving.low + halving.high) / 2
                                        AND {timeline.id} < halving.high
                                      ORDER BY {timeline.id} LIMIT 1) AS middle ON true
                 WHERE halving.low < halving.high
            )
            SELECT moment, low FROM halving WHERE low = high
            """,
            [wanted],
        )
        return dict(cursor.fetchall())
