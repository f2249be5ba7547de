"""Follow one serial number from account to account.

No index on the serial numbers that transfers move: it would cost every settlement. What an account gives is found by its
account and the order of the transfers, so the way of one number is followed forward: from where it came to life, each time
to the next transfer in which its holder gave it on. Times of holding do not overlap, so at most every transfer of the batch
is looked at once, and of many holders' transfers only the share of the one who holds it.
"""

from dataclasses import dataclass

from django.db import connection

from ledger.errors import NotFound
from ledger.journal.models import SerialBlock, Transfer

ACCOUNTS = ("debit_account__organisation", "credit_account__organisation")


@dataclass(frozen=True, slots=True)
class Path:
    """The transfers that moved a serial number, in order, and whether there are more after them."""

    transfers: list[Transfer]
    goes_on: bool


def path_of(serial: int, *, issued_by_id: int, after_id: int | None, most: int) -> Path:
    """Return the transfers that moved a serial number: `most` of them, from its issuance (a transaction) on.

    Where `after_id` names a transfer that moved it, those after that one. Two queries, however long the path is.

    Raises: NotFound where the transfer that is named has not moved it.
    """
    bounds = {"serial": serial, "issued_by": issued_by_id, "after": after_id, "most": most + 1}
    with connection.cursor() as cursor:
        cursor.execute(_ISSUED_ON if after_id is None else _AFTER, bounds)
        steps = cursor.fetchall()
    if after_id is not None and not steps:
        raise NotFound(field="after")
    ids = [transfer_id for transfer_id, step in steps if step]
    found = Transfer.objects.filter(pk__in=ids[:most]).select_related("transaction", *ACCOUNTS).order_by("pk")
    return Path(list(found), len(ids) > most)


def block_of(serial: int) -> SerialBlock | None:
    """Return the run of serial numbers that a number is in now, with the account that owns it."""
    return SerialBlock.objects.filter(serials__contains=serial).select_related("account__organisation").first()


# OFFSET 0 keeps the order of the index: without it PostgreSQL, which takes one serial number for rarer than it is, reads
# and sorts all that the account ever gave.
_PATH = """
WITH RECURSIVE path AS (
    {start}
    UNION ALL
    SELECT given.id, given.credit_account_id, path.step + 1
      FROM path
     CROSS JOIN LATERAL (
            SELECT transfer.id, transfer.credit_account_id
              FROM (SELECT id, credit_account_id, serials
                      FROM ledger_transfer
                     WHERE debit_account_id = path.credit_account_id AND id > path.id
                     ORDER BY id
                    OFFSET 0) AS transfer
             WHERE transfer.serials @> %(serial)s::bigint
             LIMIT 1) AS given
     WHERE path.step < %(most)s::int
)
SELECT id, step FROM path ORDER BY step
"""
_ISSUED_ON = _PATH.format(
    start="""
    (SELECT id, credit_account_id, 1 AS step
       FROM ledger_transfer
      WHERE transaction_id = %(issued_by)s AND serials @> %(serial)s::bigint)
    """
)
_AFTER = _PATH.format(
    start="""
    (SELECT id, credit_account_id, 0 AS step
       FROM ledger_transfer
      WHERE id = %(after)s AND serials @> %(serial)s::bigint)
    """
)
