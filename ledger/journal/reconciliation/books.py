"""The books by themselves: balances, transfers, holds, batches and serial numbers agree with one another."""

from django.utils.translation import gettext_lazy as _

from ledger.journal.reconciliation.invariants import Invariant

# What its record names, and the columns that name it; where it is there twice, both rows are what the record says.
ONCE = {
    "ledger_asset": "code",
    "ledger_organisation": "public_id",
    "ledger_household": "public_id",
    "ledger_invitation": "public_id",
    "ledger_membership": "user_id",
    "ledger_rolechange": "id",
    "ledger_project": "province_code, number",
    "ledger_parcel": "project_id, code",
    "ledger_batch": "transaction_id",
    "ledger_cancellation": "public_id",
    "ledger_credittransfer": "public_id",
    "ledger_retirement": "public_id",
    "ledger_reversal": "public_id",
    "ledger_logtile": "level, number",
}

INVARIANTS = (
    Invariant(
        9,
        _("what has one record is there once"),
        " UNION ALL ".join(
            f"SELECT '{table}' AS table, concat_ws(' ', {columns}) AS name, count(*) AS times"
            f" FROM {table} GROUP BY {columns} HAVING count(*) > 1"
            for table, columns in ONCE.items()
        ),
    ),
    Invariant(
        1,
        _("per asset, all balances sum to zero"),
        """
        SELECT asset.code AS asset, sum(account.balance) AS sum
          FROM ledger_account account JOIN ledger_asset asset ON asset.id = account.asset_id
         GROUP BY asset.code HAVING sum(account.balance) <> 0
        """,
    ),
    Invariant(
        2,
        _("each balance is its credits minus its debits"),
        """
        SELECT account.id AS account, account.balance, coalesce(posted.net, 0) AS posted
          FROM ledger_account account
          FULL JOIN (SELECT account_id, sum(net) AS net
                       FROM (SELECT credit_account_id AS account_id, sum(amount) AS net
                               FROM ledger_transfer GROUP BY credit_account_id
                              UNION ALL
                             SELECT debit_account_id, -sum(amount) FROM ledger_transfer GROUP BY debit_account_id) moved
                      GROUP BY account_id) posted ON posted.account_id = account.id
         WHERE account.id IS NULL OR account.balance <> coalesce(posted.net, 0)
        """,
    ),
    Invariant(
        2,
        _("no transfer stands alone, crosses assets or moves other serial numbers than its amount"),
        """
        SELECT transfer.id AS transfer
          FROM ledger_transfer transfer
          LEFT JOIN ledger_transaction tx ON tx.id = transfer.transaction_id
          LEFT JOIN ledger_account debit ON debit.id = transfer.debit_account_id
          LEFT JOIN ledger_account credit ON credit.id = transfer.credit_account_id
          LEFT JOIN ledger_asset asset ON asset.id = debit.asset_id
         WHERE tx.id IS NULL OR debit.asset_id IS DISTINCT FROM credit.asset_id
            OR (asset.kind = 'credit') <> (transfer.serials IS NOT NULL)
            OR transfer.amount <> coalesce((SELECT sum(upper(run) - lower(run)) FROM unnest(transfer.serials) run),
                                           transfer.amount)
        """,
    ),
    Invariant(
        2,
        _("each transaction moves something"),
        """
        SELECT tx.id AS transaction
          FROM ledger_transaction tx
         WHERE NOT EXISTS (SELECT 1 FROM ledger_transfer transfer WHERE transfer.transaction_id = tx.id)
        """,
    ),
    Invariant(
        3,
        _("what is held is the sum of the holds"),
        """
        SELECT account.id AS account, account.held, coalesce(holds.remaining, 0) AS holds
          FROM ledger_account account
          FULL JOIN (SELECT account_id, sum(remaining) AS remaining FROM ledger_hold GROUP BY account_id) holds
                    ON holds.account_id = account.id
         WHERE account.id IS NULL OR account.held <> coalesce(holds.remaining, 0)
        """,
    ),
    Invariant(
        3,
        _("pending withdrawals, and they alone of payments, hold their amount"),
        """
        SELECT payment.id AS payment, hold.id AS hold, payment.status, hold.remaining
          FROM ledger_payment payment
          FULL JOIN (SELECT * FROM ledger_hold WHERE purpose = 'withdrawal') hold ON hold.id = payment.hold_id
         WHERE payment.id IS NULL
            OR coalesce(hold.remaining, 0) <> CASE WHEN payment.direction = 'withdrawal'
                    AND payment.status = 'requested' THEN payment.amount_fen ELSE 0 END
        """,
    ),
    Invariant(
        4,
        _("per batch, issued = held by organisations + buffer + retired + cancelled"),
        """
        SELECT asset.code AS batch, batch.quantity_t AS issued, coalesce(sum(account.balance), 0) AS accounted
          FROM ledger_batch batch
          JOIN ledger_asset asset ON asset.id = batch.asset_id
          LEFT JOIN ledger_account account ON account.asset_id = asset.id AND account.purpose <> 'issuance'
         GROUP BY asset.code, batch.quantity_t
        HAVING batch.quantity_t <> coalesce(sum(account.balance), 0)
        """,
    ),
    Invariant(
        4,
        _("the batches, and they alone, are what has been issued"),
        """
        SELECT asset.code AS asset, batch.quantity_t AS batch, -account.balance AS issued
          FROM ledger_account account
          JOIN ledger_asset asset ON asset.id = account.asset_id
          FULL JOIN ledger_batch batch ON batch.asset_id = asset.id
         WHERE (account.purpose = 'issuance' OR account.id IS NULL)
           AND batch.quantity_t IS DISTINCT FROM -account.balance
           AND (batch.id IS NOT NULL OR account.balance <> 0)
        """,
    ),
    Invariant(
        5,
        _("per account, the serial blocks' lengths sum to the balance"),
        """
        SELECT account.id AS account, account.balance, coalesce(blocks.length, 0) AS serials
          FROM (SELECT account.* FROM ledger_account account JOIN ledger_asset asset ON asset.id = account.asset_id
                 WHERE asset.kind = 'credit' AND account.purpose <> 'issuance') account
          FULL JOIN (SELECT account_id, asset_id, sum(upper(serials) - lower(serials)) AS length
                       FROM ledger_serialblock GROUP BY account_id, asset_id) blocks
                    ON blocks.account_id = account.id AND blocks.asset_id = account.asset_id
         WHERE account.id IS NULL OR account.balance <> coalesce(blocks.length, 0)
        """,
    ),
    Invariant(
        5,
        _("no serial block leaves its batch, and none overlap"),
        """
        SELECT block.id AS block, block.serials::text
          FROM ledger_serialblock block LEFT JOIN ledger_batch batch ON batch.asset_id = block.asset_id
         WHERE batch.id IS NULL OR NOT block.serials <@ batch.serials
         UNION ALL
        SELECT id, serials::text
          FROM (SELECT id, serials, lower(serials) < lag(upper(serials)) OVER (ORDER BY serials) AS runs_over
                  FROM ledger_serialblock) neighbours
         WHERE runs_over
        """,
    ),
    Invariant(
        2,
        _("no balance was ever below zero, but of the accounts that carry the negative side"),
        """
        SELECT account_id AS account, transaction_id AS transaction, running.balance
          FROM (SELECT account_id, transaction_id,
                       sum(amount) OVER (PARTITION BY account_id ORDER BY transaction_id) AS balance
                  FROM (SELECT credit_account_id AS account_id, transaction_id, amount FROM ledger_transfer
                         UNION ALL
                        SELECT debit_account_id, transaction_id, -amount FROM ledger_transfer) moved) running
          JOIN ledger_account account ON account.id = running.account_id
         WHERE running.balance < 0 AND account.purpose NOT IN ('bank', 'issuance')
        """,
    ),
    Invariant(
        5,
        _("each account owns the serial numbers that it has received and not given"),
        # At each number where a run begins or ends: what was received, less what was given, less what is owned.
        """
        SELECT account_id AS account, serial, sum(step) AS difference
          FROM (SELECT credit_account_id AS account_id, serial, step
                  FROM ledger_transfer, unnest(serials) run,
                       LATERAL (VALUES (lower(run), 1), (upper(run), -1)) AS edge (serial, step)
                 UNION ALL
                SELECT debit_account_id, serial, step
                  FROM ledger_transfer, unnest(serials) run,
                       LATERAL (VALUES (lower(run), -1), (upper(run), 1)) AS edge (serial, step)
                 UNION ALL
                SELECT account_id, serial, step
                  FROM ledger_serialblock,
                       LATERAL (VALUES (lower(serials), -1), (upper(serials), 1)) AS edge (serial, step)) edges
         WHERE account_id NOT IN (SELECT id FROM ledger_account WHERE purpose = 'issuance')
         GROUP BY account_id, serial HAVING sum(step) <> 0
        """,
    ),
    Invariant(
        5,
        _("serial numbers are drawn by one counter, without gaps"),
        """
        SELECT counter.count AS counters, counter.next_serial, issued.next_serial AS issued_up_to
          FROM (SELECT count(*) AS count, coalesce(max(next_serial) FILTER (WHERE id = 1), 1) AS next_serial
                  FROM ledger_serialcounter) counter,
               (SELECT coalesce(sum(upper(serials) - lower(serials)), 0) + 1 AS next_serial FROM ledger_batch) issued
         WHERE counter.next_serial <> issued.next_serial OR counter.count > 1
        """,
    ),
)
