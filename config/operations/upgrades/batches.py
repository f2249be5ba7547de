"""Change many rows a few at a time, each batch committed, so that nobody waits long for a row and a stop loses one batch."""

import functools
import time
from collections.abc import Callable

from django.db import connection, transaction

from config.operations.upgrades.patience import again_and_again

SIZE = 2_000


def in_batches(table: str, statement: str, *, size: int = SIZE, say: Callable[[str], None] = print) -> int:
    """Run a statement over all rows of a table, `size` ids at a time, and return how many rows it has changed.

    The statement has `%(first)s` and `%(last)s` for the ids of a batch, and must pass over rows that it has changed before
    (`AND column IS NULL`): where it was stopped, it is run again from the first id. Rows that come meanwhile are the new
    code's: they have what it fills in. It rests for as long as it works.

    Locks: the rows of one batch at a time, in the order of their ids. Where it waits for one of them in vain it lets all of
    them go (patience.py), sooner than PostgreSQL would look for a deadlock and end the other one: trading never loses to it.
    """
    assert not connection.in_atomic_block, "a migration that works in batches has atomic = False"
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(min(id), 1), coalesce(max(id), 0) FROM {connection.ops.quote_name(table)}")
        first, end = cursor.fetchone()
    changed = 0
    while first <= end:
        began = time.monotonic()
        batch = functools.partial(_run, table, statement, first, min(first + size - 1, end))
        changed += again_and_again(batch, say=say)
        first += size
        time.sleep(min(time.monotonic() - began, 1.0))
    return changed


@transaction.atomic
def _run(table: str, statement: str, first: int, last: int) -> int:
    name = connection.ops.quote_name(table)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT FROM {name} WHERE id BETWEEN %s AND %s ORDER BY id FOR NO KEY UPDATE", [first, last])
        cursor.execute(statement, {"first": first, "last": last})
        return int(cursor.rowcount)
