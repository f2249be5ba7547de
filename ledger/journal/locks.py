"""Take the journal's rows one at a time, always in the same order, so that no two writers wait for each other."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection

from ledger.errors import UnknownAccount

MAX_BIGINT = 2**63 - 1


@dataclass(slots=True)
class LockedAccount:
    id: int
    asset_id: int
    is_credit: bool
    purpose: str
    balance: int
    held: int

    @property
    def is_source(self) -> bool:
        """Whether the account carries the negative side of an asset."""
        return self.purpose in ("bank", "issuance")

    @property
    def available(self) -> int:
        return self.balance - self.held


def lock_accounts(account_ids: Iterable[int]) -> dict[int, LockedAccount]:
    """Lock accounts until the transaction ends, and return them as they are now.

    Locks: account rows in id order, FOR NO KEY UPDATE (rows that refer to them may still be inserted).
    Raises: UnknownAccount.
    """
    ids = sorted(set(account_ids))
    if ids and not 0 < ids[0] <= ids[-1] <= MAX_BIGINT:
        raise UnknownAccount(account=ids[0] if ids[0] <= 0 else ids[-1])
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT account.id, account.asset_id, asset.kind = 'credit', account.purpose, account.balance, account.held
              FROM ledger_account account
              JOIN ledger_asset asset ON asset.id = account.asset_id
             WHERE account.id = ANY(%s)
             ORDER BY account.id
               FOR NO KEY UPDATE OF account
            """,
            [ids],
        )
        accounts = {row[0]: LockedAccount(*row) for row in cursor.fetchall()}
    if len(accounts) != len(ids):
        raise UnknownAccount(account=min(set(ids) - accounts.keys()))
    return accounts


def lock_serial_issue() -> None:
    """Let one transaction at a time draw serial numbers.

    Locks: the serial counter, until the transaction ends.
    """
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO ledger_serialcounter (id, next_serial) VALUES (1, 1) ON CONFLICT DO NOTHING")
        cursor.execute("SELECT 1 FROM ledger_serialcounter WHERE id = 1 FOR UPDATE")
