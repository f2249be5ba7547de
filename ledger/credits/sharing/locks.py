"""Let one transaction at a time share a cooperative's proceeds, or state how they are shared."""

from django.db import connection

from ledger.journal.locks import lock_accounts
from ledger.journal.selectors import cash_account
from ledger.parties.models import Organisation


def lock_sharing(cooperative: Organisation) -> None:
    """Lock a cooperative's progress, which begins here where it has none: what was sold before is not looked at.

    Locks: the cooperative's progress; the first time its cash account, so that no sale is under way meanwhile.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM ledger_sharingprogress WHERE cooperative_id = %s FOR NO KEY UPDATE", [cooperative.pk]
        )
        if cursor.fetchone():
            return
        account = cash_account(cooperative)
        if account is not None:
            lock_accounts([account.pk])
        cursor.execute(
            """
            INSERT INTO ledger_sharingprogress (cooperative_id, looked_to)
            SELECT %s, coalesce((SELECT max(id) FROM ledger_transfer WHERE credit_account_id = %s), 0)
                ON CONFLICT DO NOTHING
            """,
            [cooperative.pk, account.pk if account else None],
        )
        cursor.execute(
            "SELECT 1 FROM ledger_sharingprogress WHERE cooperative_id = %s FOR NO KEY UPDATE", [cooperative.pk]
        )


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
