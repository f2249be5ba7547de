"""Cancellations and those that the operator ordered are what their records say, and have moved what they say."""

from django.utils.translation import gettext_lazy as _

from ledger.journal.reconciliation.invariants import Invariant, entries, newest, person

DETAILS = " || ".join(
    f"length({part}) || ':' || {part}" for part in ("cancellation.note", "coalesce(cancellation.idempotency_key, '')")
)
NOTE = "length(wanted.note) || ':' || wanted.note"

INVARIANTS = (
    Invariant(
        9,
        _("each cancellation is what its record says, and has the serial numbers of its transfer"),
        f"""
        SELECT cancellation.id AS cancellation, said.body ->> 'cancellation' AS public_id, said.record_id AS record
          FROM (SELECT cancellation.*, asset.code,
                       CASE WHEN cancellation.organisation_id IS NOT NULL
                            THEN coalesce(organisation.public_id::text, '') END AS organisation,
                       CASE WHEN cancellation.reversal_id IS NOT NULL
                            THEN coalesce(reversal.public_id::text, '') END AS reversal,
                       {person("cancellation.cancelled_by_id", "canceller")} AS canceller,
                       encode(sha256(convert_to({DETAILS}, 'UTF8')), 'hex') AS details
                  FROM ledger_cancellation cancellation
                  LEFT JOIN ledger_batch batch ON batch.id = cancellation.batch_id
                  LEFT JOIN ledger_asset asset ON asset.id = batch.asset_id
                  LEFT JOIN ledger_organisation organisation ON organisation.id = cancellation.organisation_id
                  LEFT JOIN ledger_reversal reversal ON reversal.id = cancellation.reversal_id
                  LEFT JOIN ledger_user canceller ON canceller.id = cancellation.cancelled_by_id) cancellation
          FULL JOIN ({entries("credits_cancelled")}) said ON said.record_id = cancellation.record_id
         WHERE cancellation.id IS NULL OR said.record_id IS NULL
            OR (cancellation.public_id::text, cancellation.kind, cancellation.organisation, cancellation.code,
                cancellation.quantity_t::text, cancellation.reason, cancellation.reversal, cancellation.details,
                cancellation.transaction_id::text, cancellation.canceller, log_time(cancellation.cancelled_at))
               IS DISTINCT FROM
               (said.body ->> 'cancellation', said.body ->> 'kind', said.body ->> 'organisation', said.body ->> 'asset',
                said.body ->> 'quantity_t', said.body ->> 'reason', said.body ->> 'reversal',
                said.body ->> 'details_sha256', said.body ->> 'transaction', said.actor, said.at)
            OR cancellation.serials IS DISTINCT FROM
               (SELECT range_agg(run) FROM ledger_transfer transfer, unnest(transfer.serials) run
                 WHERE transfer.transaction_id = cancellation.transaction_id)
        """,
    ),
    Invariant(
        9,
        _("each cancellation took its tonnes from whom it names, and every transaction that cancels has one"),
        """
        SELECT cancellation.id AS cancellation, tx.id AS transaction
          FROM ledger_cancellation cancellation
          FULL JOIN (SELECT * FROM ledger_transaction WHERE kind = 'cancellation') tx ON tx.id = cancellation.transaction_id
          LEFT JOIN ledger_transfer transfer ON transfer.transaction_id = tx.id
          LEFT JOIN ledger_account giver ON giver.id = transfer.debit_account_id
         WHERE cancellation.id IS NULL OR tx.id IS NULL
            OR transfer.amount IS DISTINCT FROM cancellation.quantity_t
            OR giver.organisation_id IS DISTINCT FROM cancellation.organisation_id
        """,
    ),
    Invariant(
        3,
        _("each ordered cancellation that waits holds its tonnes, and none once it is decided"),
        """
        SELECT wanted.id AS ordered, hold.id AS hold, wanted.status, hold.remaining AS held
          FROM (SELECT wanted.*, batch.asset_id
                  FROM ledger_cancellationorder wanted LEFT JOIN ledger_batch batch ON batch.id = wanted.batch_id) wanted
          FULL JOIN (SELECT * FROM ledger_hold WHERE purpose = 'cancellation') hold ON hold.id = wanted.hold_id
          LEFT JOIN ledger_account account ON account.id = hold.account_id
         WHERE wanted.id IS NULL OR hold.id IS NULL
            OR (account.organisation_id, account.asset_id, account.purpose) IS DISTINCT FROM
               (wanted.organisation_id, wanted.asset_id,
                CASE WHEN wanted.organisation_id IS NULL THEN 'buffer' ELSE 'holding' END)
            OR hold.remaining <> CASE wanted.status WHEN 'requested' THEN wanted.quantity_t ELSE 0 END
        """,
    ),
    Invariant(
        9,
        _("each ordered cancellation is as its records say: whose credits, why, and who decided when"),
        f"""
        SELECT coalesce(wanted.id::text, requested.body ->> 'cancellation_order') AS ordered, wanted.status
          FROM (SELECT wanted.*, asset.code,
                       CASE WHEN wanted.organisation_id IS NOT NULL
                            THEN coalesce(organisation.public_id::text, '') END AS organisation,
                       encode(sha256(convert_to({NOTE}, 'UTF8')), 'hex') AS note_sha256,
                       {person("wanted.requested_by_id", "requester")} AS requester,
                       {person("wanted.decided_by_id", "decider")} AS decider
                  FROM ledger_cancellationorder wanted
                  LEFT JOIN ledger_batch batch ON batch.id = wanted.batch_id
                  LEFT JOIN ledger_asset asset ON asset.id = batch.asset_id
                  LEFT JOIN ledger_organisation organisation ON organisation.id = wanted.organisation_id
                  LEFT JOIN ledger_user requester ON requester.id = wanted.requested_by_id
                  LEFT JOIN ledger_user decider ON decider.id = wanted.decided_by_id) wanted
          FULL JOIN ({newest(entries("cancellation_requested"), "cancellation_order")}) requested
                    ON requested.body ->> 'cancellation_order' = wanted.id::text
          LEFT JOIN ({newest(entries("cancellation_confirmed", "cancellation_refused"), "cancellation_order")}) decided
                    ON decided.body ->> 'cancellation_order' = wanted.id::text
         WHERE wanted.id IS NULL OR requested.record_id IS NULL
            OR (wanted.code, wanted.organisation, wanted.quantity_t::text, wanted.first_serial::text, wanted.reason,
                wanted.note_sha256, wanted.hold_id::text, wanted.requester, log_time(wanted.requested_at)) IS DISTINCT FROM
               (requested.body ->> 'asset', requested.body ->> 'organisation', requested.body ->> 'quantity_t',
                requested.body ->> 'first_serial', requested.body ->> 'reason', requested.body ->> 'note_sha256', requested.body ->> 'hold',
                requested.actor, requested.at)
            OR (wanted.status, wanted.cancellation_id::text, wanted.decider, log_time(wanted.decided_at)) IS DISTINCT FROM
               (CASE decided.kind WHEN 'cancellation_confirmed' THEN 'confirmed' WHEN 'cancellation_refused' THEN 'refused'
                                  ELSE 'requested' END,
                decided.body ->> 'cancellation', decided.actor, decided.at)
        """,
    ),
)
