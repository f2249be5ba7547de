"""Reversals are what their records say, and are paid for by the cancellations that name them."""

from django.utils.translation import gettext_lazy as _

from ledger.credits.reconciliation.projects import PROJECT_CODE
from ledger.journal.reconciliation.invariants import Invariant, entries, newest, person

DESCRIPTION = "length(reversal.description) || ':' || reversal.description"

INVARIANTS = (
    Invariant(
        9,
        _("each reversal is as its records say: the loss, what becomes of it, and who decided when"),
        f"""
        SELECT coalesce(it.public_id::text, reported.body ->> 'reversal') AS reversal, it.state
          FROM (SELECT reversal.*, {PROJECT_CODE} AS project, reporter.public_id::text AS reporter,
                       encode(sha256(convert_to({DESCRIPTION}, 'UTF8')), 'hex') AS description_sha256,
                       {person("reversal.reported_by_id", "maker")} AS maker,
                       {person("reversal.decided_by_id", "decider")} AS decider
                  FROM ledger_reversal reversal
                  LEFT JOIN ledger_project project ON project.id = reversal.project_id
                  LEFT JOIN ledger_organisation reporter ON reporter.id = reversal.reporter_id
                  LEFT JOIN ledger_user maker ON maker.id = reversal.reported_by_id
                  LEFT JOIN ledger_user decider ON decider.id = reversal.decided_by_id) it
          FULL JOIN ({newest(entries("reversal_reported"), "reversal")}) reported
                    ON reported.body ->> 'reversal' = it.public_id::text
          LEFT JOIN ({newest(entries("reversal_confirmed", "reversal_refused"), "reversal")}) decided
                    ON decided.body ->> 'reversal' = it.public_id::text
          LEFT JOIN ({newest(entries("reversal_compensated"), "reversal")}) compensated
                    ON compensated.body ->> 'reversal' = it.public_id::text
         WHERE it.id IS NULL OR reported.record_id IS NULL
            OR (it.project, it.happened_on::text, it.discovered_on::text, it.cause, it.is_intentional::text, it.loss_t::text,
                it.reporter, it.description_sha256, it.maker, log_time(it.reported_at)) IS DISTINCT FROM
               (reported.body ->> 'project', reported.body ->> 'happened_on', reported.body ->> 'discovered_on',
                reported.body ->> 'cause', reported.body ->> 'is_intentional', reported.body ->> 'loss_t',
                reported.body ->> 'organisation', reported.body ->> 'description_sha256', reported.actor, reported.at)
            OR it.state IS DISTINCT FROM
               CASE WHEN compensated.record_id IS NOT NULL THEN 'compensated'
                    WHEN decided.kind = 'reversal_confirmed' THEN 'confirmed'
                    WHEN decided.kind = 'reversal_refused' THEN 'refused' ELSE 'reported' END
            OR (it.from_buffer_t::text, it.owed_t::text, it.due_on::text, it.refusal_reason, it.decider,
                log_time(it.decided_at), log_time(it.compensated_at)) IS DISTINCT FROM
               (decided.body ->> 'from_buffer_t', decided.body ->> 'owed_t', decided.body ->> 'due_on',
                coalesce(decided.body ->> 'reason', ''), decided.actor, decided.at, compensated.at)
        """,
    ),
    Invariant(
        4,
        _("what a reversal took from the buffer pool, and what makes up for it, are the cancellations that name it"),
        """
        SELECT reversal.id AS reversal, reversal.state, reversal.from_buffer_t, cancelled.from_buffer_t AS cancelled_from_buffer_t,
               reversal.owed_t, cancelled.replenished_t
          FROM ledger_reversal reversal
          LEFT JOIN LATERAL (
                SELECT coalesce(sum(quantity_t) FILTER (WHERE kind = 'buffer'), 0) AS from_buffer_t,
                       coalesce(sum(quantity_t) FILTER (WHERE kind = 'replenishment'), 0) AS replenished_t
                  FROM ledger_cancellation cancellation
                 WHERE cancellation.reversal_id = reversal.id) cancelled ON true
         WHERE cancelled.from_buffer_t <> coalesce(reversal.from_buffer_t, 0)
            OR cancelled.replenished_t > coalesce(reversal.owed_t, 0)
            OR (reversal.state = 'compensated') <> (reversal.owed_t IS NOT NULL AND cancelled.replenished_t = reversal.owed_t)
        """,
    ),
)
