"""Corrections are as their records say, and what they reverse is reversed by the transaction that they name."""

from django.utils.translation import gettext_lazy as _

from ledger.journal.reconciliation.invariants import Invariant, entries, newest, person

DECISIONS = entries("correction_confirmed", "correction_refused")

INVARIANTS = (
    Invariant(
        9,
        _("each correction is as its records say: transaction, reason, reversal, and who decided when"),
        f"""
        SELECT coalesce(correction.id::text, requested.body ->> 'correction') AS correction, correction.status
          FROM (SELECT correction.*, {person("correction.requested_by_id", "requester")} AS requester,
                       {person("correction.decided_by_id", "decider")} AS decider
                  FROM ledger_correction correction
                  LEFT JOIN ledger_user requester ON requester.id = correction.requested_by_id
                  LEFT JOIN ledger_user decider ON decider.id = correction.decided_by_id) correction
          FULL JOIN ({newest(entries("correction_requested"), "correction")}) requested
                    ON requested.body ->> 'correction' = correction.id::text
          LEFT JOIN ({newest(DECISIONS, "correction")}) decided ON decided.body ->> 'correction' = correction.id::text
         WHERE correction.id IS NULL OR requested.record_id IS NULL
            OR (correction.transaction_id::text, correction.reason, correction.requester,
                log_time(correction.requested_at)) IS DISTINCT FROM
               (requested.body ->> 'transaction', requested.body ->> 'reason', requested.actor, requested.at)
            OR (correction.status, correction.reversal_id::text, correction.decider, log_time(correction.decided_at))
               IS DISTINCT FROM
               (CASE decided.kind WHEN 'correction_confirmed' THEN 'confirmed' WHEN 'correction_refused' THEN 'refused'
                                  ELSE 'requested' END,
                decided.body ->> 'reversal', decided.actor, decided.at)
        """,
    ),
    Invariant(
        9,
        _("what a correction names as its reversal reverses its transaction"),
        """
        SELECT correction.id AS correction, reversal.reverses_id AS reverses
          FROM ledger_correction correction
          LEFT JOIN ledger_transaction reversal ON reversal.id = correction.reversal_id
         WHERE correction.reversal_id IS NOT NULL AND reversal.reverses_id IS DISTINCT FROM correction.transaction_id
        """,
    ),
)
