"""Let one transaction at a time share a cooperative's proceeds, or state how they are shared."""

from django.db import connection

from ledger.journal.locks import lock_accounts
from ledger.journal.selectors import cash_account
from ledger.parties.models import Organisation


def lock_sharing(cooperative: Organisation) -> int:
    """Lock a cooperative's sharing, and return the newest transfer to its cash; 0 where there is none.

    Its progress begins here where it has none: what was sold before is not looked at.

    Locks: the cooperative's progress, then its cash account, so that no sale is under way meanwhile.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO ledger_sharingprogress (cooperative_id, looked_to) VALUES (%s, -1) ON CONFLICT DO NOTHING",
            [cooperative.pk],
        )
        cursor.execute(
            "SELECT 1 FROM ledger_sharingprogress WHERE cooperative_id = %s FOR NO KEY UPDATE", [cooperative.pk]
        )
        account = cash_account(cooperative)
        if account is not None:
            lock_accounts([account.pk])
        newest = newest_transfer(account.pk if account else 0)
        cursor.execute(
            "UPDATE ledger_sharingprogress SET looked_to = %s WHERE cooperative_id = %s AND looked_to = -1",
            [newest, cooperative.pk],
        )
    return newest


def newest_transfer(account_id: int) -> int:
    """Return the newest transfer that an account has received; 0 where there is none. Exact while the account is locked."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(id), 0) FROM ledger_transfer WHERE credit_account_id = %s", [account_id])
        return int(cursor.fetchone()[0])


def try_lock_sharing(cooperative_id: int) -> int | None:
    """Lock a cooperative's progress, and return up to where it has got; None where somebody else is at it."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT looked_to FROM ledger_sharingprogress WHERE cooperative_id = %s FOR NO KEY UPDATE SKIP LOCKED
            """,
            [cooperative_id],
        )
        row: tuple[int] | None = cursor.fetchone()
    return row[0] if row else None
