"""Transfers of credits: what they hold, and that they are what their records say."""

from django.utils.translation import gettext_lazy as _

from ledger.journal.reconciliation.invariants import Invariant, entries, newest, person

CLOSED = entries(
    "credit_transfer_accepted", "credit_transfer_declined", "credit_transfer_withdrawn", "credit_transfer_expired"
)
# What the log has a hash of: each part with its length before it.
DETAILS = " || ".join(
    f"length({part}) || ':' || {part}" for part in ("transfer.note", "coalesce(transfer.idempotency_key, '')")
)

INVARIANTS = (
    Invariant(
        3,
        _("each transfer of credits that is open holds its tonnes, and none once it is decided"),
        """
        SELECT transfer.id AS credit_transfer, hold.id AS hold, transfer.state, hold.remaining AS held
          FROM (SELECT transfer.*, batch.asset_id
                  FROM ledger_credittransfer transfer LEFT JOIN ledger_batch batch ON batch.id = transfer.batch_id) transfer
          FULL JOIN (SELECT * FROM ledger_hold WHERE purpose = 'transfer') hold ON hold.id = transfer.hold_id
          LEFT JOIN ledger_account account ON account.id = hold.account_id
         WHERE transfer.id IS NULL OR hold.id IS NULL
            OR (account.organisation_id, account.purpose, account.asset_id) IS DISTINCT FROM
               (transfer.sender_id, 'holding', transfer.asset_id)
            OR hold.remaining <> CASE transfer.state WHEN 'offered' THEN transfer.quantity_t ELSE 0 END
        """,
    ),
    Invariant(
        9,
        _("each transfer of credits is as its records say: terms, parties, and who decided when"),
        f"""
        SELECT coalesce(transfer.public_id::text, offered.body ->> 'credit_transfer') AS credit_transfer, transfer.state,
               closed.kind AS newest_record
          FROM (SELECT transfer.*, asset.code, sender.public_id::text AS sender, recipient.public_id::text AS recipient,
                       encode(sha256(convert_to({DETAILS}, 'UTF8')), 'hex') AS details,
                       {person("transfer.offered_by_id", "offerer")} AS offerer,
                       {person("transfer.decided_by_id", "decider", otherwise="CASE WHEN transfer.decided_at IS NOT NULL THEN 'system' END")} AS decider
                  FROM ledger_credittransfer transfer
                  LEFT JOIN ledger_batch batch ON batch.id = transfer.batch_id
                  LEFT JOIN ledger_asset asset ON asset.id = batch.asset_id
                  LEFT JOIN ledger_organisation sender ON sender.id = transfer.sender_id
                  LEFT JOIN ledger_organisation recipient ON recipient.id = transfer.recipient_id
                  LEFT JOIN ledger_user offerer ON offerer.id = transfer.offered_by_id
                  LEFT JOIN ledger_user decider ON decider.id = transfer.decided_by_id) transfer
          FULL JOIN ({newest(entries("credit_transfer_offered"), "credit_transfer")}) offered
                    ON offered.body ->> 'credit_transfer' = transfer.public_id::text
          LEFT JOIN ({newest(CLOSED, "credit_transfer")}) closed
                    ON closed.body ->> 'credit_transfer' = transfer.public_id::text
         WHERE transfer.id IS NULL OR offered.record_id IS NULL
            OR (transfer.code, transfer.sender, transfer.recipient, transfer.quantity_t::text, transfer.ground, transfer.hold_id::text,
                transfer.price_fen::text, log_time(transfer.expires_at), transfer.details, transfer.offerer,
                log_time(transfer.offered_at)) IS DISTINCT FROM
               (offered.body ->> 'asset', offered.body ->> 'sender', offered.body ->> 'recipient',
                offered.body ->> 'quantity_t', offered.body ->> 'ground', offered.body ->> 'hold', offered.body ->> 'price_fen',
                offered.body ->> 'expires_at', offered.body ->> 'details_sha256', offered.actor, offered.at)
            OR ('credit_transfer_' || CASE transfer.state WHEN 'offered' THEN NULL ELSE transfer.state END,
                transfer.transaction_id::text, transfer.decider, log_time(transfer.decided_at)) IS DISTINCT FROM
               (closed.kind, closed.body ->> 'transaction', closed.actor, closed.at)
        """,
    ),
    Invariant(
        9,
        _("each transfer of credits that was accepted has moved its tonnes from the one to the other"),
        """
        SELECT transfer.id AS credit_transfer, moved.transaction_id AS transaction
          FROM ledger_credittransfer transfer
          LEFT JOIN LATERAL (
                SELECT journal.transaction_id, sum(journal.amount) AS quantity_t, max(journal.debit_account_id) AS giver_id,
                       max(journal.credit_account_id) AS receiver_id, count(*) AS transfers,
                       (SELECT range_agg(run) FROM ledger_transfer each, unnest(each.serials) run
                         WHERE each.transaction_id = journal.transaction_id) AS serials
                  FROM ledger_transfer journal
                 WHERE journal.transaction_id = transfer.transaction_id
                 GROUP BY journal.transaction_id) moved ON true
          LEFT JOIN ledger_account giver ON giver.id = moved.giver_id
          LEFT JOIN ledger_account receiver ON receiver.id = moved.receiver_id
         WHERE (transfer.state = 'accepted' AND
                (moved.quantity_t, giver.organisation_id, receiver.organisation_id, transfer.serials, moved.transfers)
                IS DISTINCT FROM
                (transfer.quantity_t, transfer.sender_id, transfer.recipient_id, moved.serials, 1))
            OR (transfer.state <> 'accepted' AND (transfer.serials IS NOT NULL OR transfer.transaction_id IS NOT NULL))
        """,
    ),
)
