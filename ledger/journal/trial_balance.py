"""The trial balance: what every account has given and received, now or at an instant of the past."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection

from ledger.errors import NotAllowed
from ledger.parties.access import reads_everything
from ledger.parties.models import Membership, Organisation
from ledger.texts import localized


@dataclass(frozen=True, slots=True)
class TrialBalanceRow:
    """An account. Units: fen where the asset is CNY, whole tonnes where `is_credit`. `balance` is credits less debits."""

    asset_code: str
    is_credit: bool
    purpose: str
    organisation_name: str
    account_id: int
    debits: int
    credits: int
    balance: int


@dataclass(frozen=True, slots=True)
class AssetTotal:
    """All accounts of an asset together: debits and credits are the same, and the balance is zero."""

    asset_code: str
    debits: int
    credits: int
    balance: int


def trial_balance(at: dt.datetime | None = None) -> list[TrialBalanceRow]:
    """Return every account that has given or received anything until an instant, that instant included, cash first.

    The instant is that of `Transaction.occurred_at`; without one it is now. Summed from the transfers, not from what the
    accounts say they have: reading it all takes its time in large books.
    """
    until = "JOIN ledger_transaction tx ON tx.id = transfer.transaction_id AND tx.occurred_at <= %s" if at else ""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH moved AS NOT MATERIALIZED (
                SELECT transfer.debit_account_id, transfer.credit_account_id, transfer.amount
                  FROM ledger_transfer transfer {until}
            ), sides AS (
                SELECT debit_account_id AS account_id, sum(amount) AS debits, 0 AS credits FROM moved GROUP BY 1
                 UNION ALL
                SELECT credit_account_id, 0, sum(amount) FROM moved GROUP BY 1
            ), sums AS (
                SELECT account_id, sum(debits)::bigint AS debits, sum(credits)::bigint AS credits
                  FROM sides GROUP BY account_id
            )
            SELECT asset.code, asset.kind = 'credit', account.purpose, coalesce(organisation.name, household.code, ''),
                   coalesce(organisation.name_en, ''), account.id, sums.debits, sums.credits
              FROM sums
              JOIN ledger_account account ON account.id = sums.account_id
              JOIN ledger_asset asset ON asset.id = account.asset_id
              LEFT JOIN ledger_organisation organisation ON organisation.id = account.organisation_id
              LEFT JOIN ledger_household household ON household.id = account.household_id
             ORDER BY asset.kind, asset.code, account.purpose, account.id
            """,
            [at] if at else [],
        )
        return [_row(*row) for row in cursor.fetchall()]


def trial_balance_seen_by(membership: Membership, at: dt.datetime | None = None) -> list[TrialBalanceRow]:
    """Return the trial balance to the operator and auditors.

    Raises: NotAllowed.
    """
    if not reads_everything(membership):
        raise NotAllowed()
    return trial_balance(at)


def totals(rows: Iterable[TrialBalanceRow]) -> list[AssetTotal]:
    """Return the sums of each asset, in the order of the rows."""
    found: dict[str, tuple[int, int]] = {}
    for row in rows:
        debits, credits = found.get(row.asset_code, (0, 0))
        found[row.asset_code] = debits + row.debits, credits + row.credits
    return [AssetTotal(code, debits, credits, credits - debits) for code, (debits, credits) in found.items()]


def _row(
    asset_code: str, is_credit: bool, purpose: str, name: str, name_en: str, account_id: int, debits: int, credits: int
) -> TrialBalanceRow:
    owner = localized(Organisation(name=name, name_en=name_en), "name")
    return TrialBalanceRow(asset_code, is_credit, purpose, owner, account_id, debits, credits, credits - debits)
