"""The journal says what its records in the log say: accounts, transactions, and every transfer of them."""

from django.utils.translation import gettext_lazy as _

from ledger.journal.reconciliation.invariants import Invariant, entries

INVARIANTS = (
    Invariant(
        9,
        _("each account is as its record says that it was opened"),
        f"""
        SELECT coalesce(account.id::text, said.body ->> 'account') AS account, said.record_id AS record
          FROM (SELECT account.id, asset.code, account.purpose,
                       CASE WHEN account.organisation_id IS NOT NULL THEN coalesce(organisation.public_id::text, '') END AS organisation,
                       CASE WHEN account.household_id IS NOT NULL THEN coalesce(household.public_id::text, '') END AS household
                  FROM ledger_account account
                  LEFT JOIN ledger_asset asset ON asset.id = account.asset_id
                  LEFT JOIN ledger_household household ON household.id = account.household_id
                  LEFT JOIN ledger_organisation organisation ON organisation.id = account.organisation_id) account
          FULL JOIN ({entries("account_opened")}) said ON said.body ->> 'account' = account.id::text
         WHERE account.id IS NULL OR said.record_id IS NULL
            OR (account.code, account.purpose, account.organisation, account.household) IS DISTINCT FROM
               (said.body ->> 'asset', said.body ->> 'purpose', said.body ->> 'organisation', said.body ->> 'household')
        """,
    ),
    Invariant(
        9,
        _("each asset is one that the log has opened accounts in, and cash is CNY alone"),
        f"""
        SELECT asset.id AS asset, asset.code, asset.kind
          FROM ledger_asset asset
         WHERE asset.kind <> CASE asset.code WHEN 'CNY' THEN 'cash' ELSE 'credit' END
            OR asset.code NOT IN (SELECT body ->> 'asset' FROM ({entries("account_opened")}) said
                                   WHERE body ->> 'asset' IS NOT NULL)
        """,
    ),
    Invariant(
        9,
        _("each transaction is what its record says"),
        f"""
        SELECT coalesce(tx.id::text, said.body ->> 'transaction') AS transaction, said.record_id AS record
          FROM ledger_transaction tx
          FULL JOIN ({entries("transaction_posted")}) said ON said.record_id = tx.record_id
         WHERE tx.id IS NULL OR said.record_id IS NULL
            OR (tx.id::text, tx.kind, log_time(tx.occurred_at), tx.actor, tx.idempotency_key, tx.reverses_id::text)
               IS DISTINCT FROM
               (said.body ->> 'transaction', said.body ->> 'kind', said.body ->> 'occurred_at', said.actor,
                said.body ->> 'idempotency_key', said.body ->> 'reverses')
        """,
    ),
    Invariant(
        9,
        _("each transfer is what the record of its transaction says, serial numbers and all"),
        # Where a record has room for a hash only, the runs are hashed; elsewhere they are compared themselves.
        f"""
        SELECT coalesce(transfer.id, said.id) AS transfer, coalesce(transfer.transaction, said.transaction) AS transaction
          FROM (SELECT id::text, transaction_id::text AS transaction, debit_account_id::text AS debit,
                       credit_account_id::text AS credit, amount::text, log_serials(serials) AS serials
                  FROM ledger_transfer) transfer
          FULL JOIN (SELECT transfer ->> 'transfer' AS id, said.body ->> 'transaction' AS transaction,
                            transfer ->> 'debit' AS debit, transfer ->> 'credit' AS credit, transfer ->> 'amount' AS amount,
                            replace((transfer -> 'serials')::text, ' ', '') AS serials,
                            transfer ->> 'serials_sha256' AS sha256
                       FROM ({entries("transaction_posted")}) said,
                            jsonb_path_query(said.body, '$.transfers[*]') transfer) said ON said.id = transfer.id
         WHERE transfer.id IS NULL OR said.id IS NULL
            OR (transfer.transaction, transfer.debit, transfer.credit, transfer.amount) IS DISTINCT FROM
               (said.transaction, said.debit, said.credit, said.amount)
            OR CASE WHEN said.sha256 IS NULL THEN transfer.serials IS DISTINCT FROM said.serials
                    ELSE encode(sha256(convert_to(transfer.serials, 'UTF8')), 'hex') IS DISTINCT FROM said.sha256 END
        """,
    ),
)
