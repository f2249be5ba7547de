"""What was paid out to households is as its records say, and is held where it is about to go."""

from django.utils.translation import gettext_lazy as _

from ledger.journal.reconciliation.invariants import Invariant, entries, newest, person

# What was paid from the households' accounts, or is about to be.
LINES = """
    SELECT payout_id, count(*)::text AS households, sum(amount_fen)::text AS amount_fen,
           encode(sha256(convert_to(string_agg(account_id || ':' || amount_fen, ';' ORDER BY account_id), 'UTF8')), 'hex') AS sha256
      FROM ledger_payoutline GROUP BY payout_id
"""

INVARIANTS = (
    Invariant(
        9,
        _("each payout is as its records say: households, amounts, reference, transaction, and who decided when"),
        f"""
        SELECT coalesce(payout.id::text, requested.body ->> 'payout') AS payout, payout.status
          FROM (SELECT payout.*, cooperative.public_id::text AS cooperative, 'user:' || requester.public_id AS requester,
                       {person("payout.decided_by_id", "decider")} AS decider,
                       lines.households, lines.amount_fen AS lines_fen, lines.sha256,
                       EXISTS (SELECT FROM ledger_transaction reversal
                                WHERE reversal.reverses_id = payout.transaction_id) AS is_reversed
                  FROM ledger_payout payout
                  LEFT JOIN ({LINES}) lines ON lines.payout_id = payout.id
                  LEFT JOIN ledger_organisation cooperative ON cooperative.id = payout.cooperative_id
                  LEFT JOIN ledger_user requester ON requester.id = payout.requested_by_id
                  LEFT JOIN ledger_user decider ON decider.id = payout.decided_by_id) payout
          FULL JOIN ({newest(entries("payout_requested"), "payout")}) requested
                    ON requested.body ->> 'payout' = payout.id::text
          LEFT JOIN ({newest(entries("payout_confirmed", "payout_refused"), "payout")}) decided
                    ON decided.body ->> 'payout' = payout.id::text
         WHERE payout.id IS NULL OR requested.record_id IS NULL
            OR (payout.cooperative, payout.amount_fen::text, payout.lines_fen, payout.households, payout.sha256,
                payout.requester, log_time(payout.requested_at)) IS DISTINCT FROM
               (requested.body ->> 'cooperative', requested.body ->> 'amount_fen', requested.body ->> 'amount_fen',
                requested.body ->> 'households', requested.body ->> 'lines_sha256', requested.actor, requested.at)
            OR (payout.status, payout.bank_reference, payout.transaction_id::text, payout.decider,
                log_time(payout.decided_at)) IS DISTINCT FROM
               (CASE WHEN payout.is_reversed THEN 'reversed' WHEN decided.kind = 'payout_confirmed' THEN 'posted'
                     WHEN decided.kind = 'payout_refused' THEN 'refused' ELSE 'requested' END,
                coalesce(decided.body, requested.body) ->> 'bank_reference', decided.body ->> 'transaction',
                decided.actor, decided.at)
        """,
    ),
    Invariant(
        3,
        _("households of payouts that are under way, and they alone, have what they are to get held"),
        """
        SELECT line.id AS line, hold.id AS hold, payout.status, hold.remaining
          FROM (SELECT line.*, account.purpose, household.cooperative_id
                  FROM ledger_payoutline line
                  LEFT JOIN ledger_account account ON account.id = line.account_id
                  LEFT JOIN ledger_household household ON household.id = account.household_id) line
          FULL JOIN (SELECT * FROM ledger_hold WHERE purpose = 'payout') hold ON hold.id = line.hold_id
          LEFT JOIN ledger_payout payout ON payout.id = line.payout_id
         WHERE line.id IS NULL OR hold.id IS NULL OR payout.id IS NULL
            OR (line.purpose, line.cooperative_id, hold.account_id, hold.remaining) IS DISTINCT FROM
               ('share', payout.cooperative_id, line.account_id,
                CASE payout.status WHEN 'requested' THEN line.amount_fen ELSE 0 END)
        """,
    ),
    Invariant(
        6,
        _(
            "each payout has moved to the bank what its households were to get, and nothing else was paid out to households"
        ),
        """
        SELECT coalesce(paid.transaction_id, said.transaction_id) AS transaction, said.account_id AS account,
               said.amount_fen, paid.amount
          FROM (SELECT payout.transaction_id, line.account_id, line.amount_fen
                  FROM ledger_payout payout JOIN ledger_payoutline line ON line.payout_id = payout.id
                 WHERE payout.transaction_id IS NOT NULL) said
          FULL JOIN (SELECT transfer.transaction_id, transfer.debit_account_id, transfer.amount, bank.purpose
                       FROM ledger_transaction tx
                       JOIN ledger_transfer transfer ON transfer.transaction_id = tx.id
                       LEFT JOIN ledger_account bank ON bank.id = transfer.credit_account_id
                      WHERE tx.kind = 'payout') paid
                    ON paid.transaction_id = said.transaction_id AND paid.debit_account_id = said.account_id
         WHERE (said.amount_fen, 'bank') IS DISTINCT FROM (paid.amount, paid.purpose)
        """,
    ),
)
