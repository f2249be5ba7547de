"""The trial balance: what each account was debited and credited, now and as of any past instant."""

import datetime as dt
from dataclasses import dataclass

from django.db import connection


@dataclass(frozen=True, slots=True)
class TrialBalanceRow:
    """One account. The debit side gives, the credit side receives: the balance is credits less debits.

    Units: fen of CNY, or tonnes where the asset is of credits.
    """

    asset_code: str
    is_credit: bool
    purpose: str
    organisation_name: str | None
    account_id: int
    debits: int
    credits: int
    balance: int


def trial_balance(at: dt.datetime | None = None) -> list[TrialBalanceRow]:
    """Return every account that was ever moved up to then, cash first, from the transfers alone, in one query."""
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
            SELECT asset.code, asset.kind = 'credit', account.purpose, organisation.name, account.id,
                   sums.debits, sums.credits, sums.credits - sums.debits
              FROM sums
              JOIN ledger_account account ON account.id = sums.account_id
              JOIN ledger_asset asset ON asset.id = account.asset_id
              LEFT JOIN ledger_organisation organisation ON organisation.id = account.organisation_id
             ORDER BY asset.kind, asset.code, account.purpose, organisation.name, account.id
            """,
            [at] if at else [],
        )
        return [TrialBalanceRow(*row) for row in cursor.fetchall()]
