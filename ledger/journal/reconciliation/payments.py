"""Money that came and went by the bank is as its records say, and is held where it is about to go."""

from django.utils.translation import gettext_lazy as _

from ledger.journal.reconciliation.invariants import Invariant, entries, newest, person

DECISIONS = entries("payment_confirmed", "payment_refused")

INVARIANTS = (
    Invariant(
        9,
        _("each payment is as its records say: amount, reference, transaction, and who decided when"),
        f"""
        SELECT coalesce(payment.id::text, requested.body ->> 'payment') AS payment, payment.status
          FROM (SELECT payment.*, organisation.public_id::text AS organisation, 'user:' || requester.public_id AS requester,
                       {person("payment.decided_by_id", "decider")} AS decider,
                      EXISTS (SELECT FROM ledger_transaction reversal
                               WHERE reversal.reverses_id = payment.transaction_id) AS is_reversed
                  FROM ledger_payment payment
                  LEFT JOIN ledger_organisation organisation ON organisation.id = payment.organisation_id
                  LEFT JOIN ledger_user requester ON requester.id = payment.requested_by_id
                  LEFT JOIN ledger_user decider ON decider.id = payment.decided_by_id) payment
          FULL JOIN ({newest(entries("payment_requested"), "payment")}) requested
                    ON requested.body ->> 'payment' = payment.id::text
          LEFT JOIN ({newest(DECISIONS, "payment")}) decided ON decided.body ->> 'payment' = payment.id::text
         WHERE payment.id IS NULL OR requested.record_id IS NULL
            OR (payment.organisation, payment.direction, payment.amount_fen::text, payment.requester,
                log_time(payment.requested_at)) IS DISTINCT FROM
               (requested.body ->> 'organisation', requested.body ->> 'direction', requested.body ->> 'amount_fen',
                requested.actor, requested.at)
            OR (payment.status, payment.bank_reference, payment.transaction_id::text, payment.bank_account_id::text,
                payment.decider, log_time(payment.decided_at)) IS DISTINCT FROM
               (CASE WHEN payment.is_reversed THEN 'reversed' WHEN decided.kind = 'payment_confirmed' THEN 'posted'
                     WHEN decided.kind = 'payment_refused' THEN 'refused' ELSE 'requested' END,
                coalesce(decided.body, requested.body) ->> 'bank_reference', decided.body ->> 'transaction',
                decided.body ->> 'bank_account', decided.actor, decided.at)
        """,
    ),
    Invariant(
        3,
        _("each withdrawal holds on the cash account of its own organisation"),
        """
        SELECT payment.id AS payment, hold.id AS hold
          FROM ledger_payment payment
          LEFT JOIN ledger_hold hold ON hold.id = payment.hold_id
          LEFT JOIN ledger_account account ON account.id = hold.account_id
          LEFT JOIN ledger_asset asset ON asset.id = account.asset_id
         WHERE (payment.direction = 'withdrawal' OR payment.hold_id IS NOT NULL)
           AND (payment.direction, hold.purpose, account.organisation_id, account.purpose, asset.code) IS DISTINCT FROM
               ('withdrawal', 'withdrawal', payment.organisation_id, 'holding', 'CNY')
        """,
    ),
)
