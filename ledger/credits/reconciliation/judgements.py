"""Conflicts of interest, decisions on debundling and renewals are as their records say."""

from django.utils.translation import gettext_lazy as _

from ledger.credits.reconciliation.projects import PROJECT_CODE, sha256_of
from ledger.journal.reconciliation.invariants import Invariant, entries, newest, person


def _of(table: str, alias: str) -> str:
    """Return SQL for a table's rows with the permanent name of their project."""
    return f"ledger_{table} {alias} LEFT JOIN ledger_project project ON project.id = {alias}.project_id"


INVARIANTS = (
    Invariant(
        9,
        _("each conflict of interest is as its records say: whose, of what nature, and whether it was lifted"),
        f"""
        SELECT coalesce(it.id::text, declared.body ->> 'conflict') AS conflict, declared.record_id AS record
          FROM (SELECT conflict.*, conflict.id::text AS key, {PROJECT_CODE} AS code, verifier.public_id::text AS verifier,
                       {person("conflict.declared_by_id", "declarer")} AS declarer,
                       {person("conflict.lifted_by_id", "lifter")} AS lifter
                  FROM {_of("declaredconflict", "conflict")}
                  LEFT JOIN ledger_organisation verifier ON verifier.id = conflict.verifier_id
                  LEFT JOIN ledger_user declarer ON declarer.id = conflict.declared_by_id
                  LEFT JOIN ledger_user lifter ON lifter.id = conflict.lifted_by_id) it
          FULL JOIN ({entries("conflict_declared")}) declared ON declared.body ->> 'conflict' = it.key
          LEFT JOIN ({newest(entries("conflict_lifted"), "conflict")}) lifted ON lifted.body ->> 'conflict' = it.key
         WHERE it.id IS NULL OR declared.record_id IS NULL
            OR (it.code, it.verifier, it.nature, {sha256_of("it.note")}, it.declarer, log_time(it.declared_at))
               IS DISTINCT FROM
               (declared.body ->> 'project', declared.body ->> 'verifier', declared.body ->> 'nature',
                declared.body ->> 'note_sha256', declared.actor, declared.at)
            OR (it.lifter, log_time(it.lifted_at), it.lifting_reason) IS DISTINCT FROM
               (lifted.actor, lifted.at, coalesce(lifted.body ->> 'reason', ''))
        """,
    ),
    Invariant(
        9,
        _("each decision on debundling is what its record says"),
        f"""
        SELECT coalesce(it.id::text, said.body ->> 'decision') AS decision, said.record_id AS record
          FROM (SELECT decision.*, decision.id::text AS key, {PROJECT_CODE} AS code,
                       {person("decision.decided_by_id", "decider")} AS decider
                  FROM {_of("debundlingdecision", "decision")}
                  LEFT JOIN ledger_user decider ON decider.id = decision.decided_by_id) it
          FULL JOIN ({entries("project_debundling_decided")}) said ON said.body ->> 'decision' = it.key
         WHERE it.id IS NULL OR said.record_id IS NULL
            OR (it.code, it.others, it.is_one_with_them::text, it.reason, it.decider, log_time(it.decided_at))
               IS DISTINCT FROM
               (said.body ->> 'project', said.body -> 'others', said.body ->> 'is_one_with_them', said.body ->> 'reason',
                said.actor, said.at)
        """,
    ),
    Invariant(
        9,
        _("each renewal is as its records say: asked for, assessed and decided by whom"),
        f"""
        SELECT coalesce(it.id::text, requested.body ->> 'renewal') AS renewal, it.status, newest.kind AS newest_record
          FROM (SELECT renewal.*, renewal.id::text AS key, {PROJECT_CODE} AS code,
                       CASE WHEN renewal.verifier_id IS NOT NULL THEN coalesce(verifier.public_id::text, '') END AS verifier,
                       {person("renewal.requested_by_id", "requester")} AS requester,
                       {person("renewal.assessed_by_id", "assessor")} AS assessor,
                       {person("renewal.decided_by_id", "decider")} AS decider
                  FROM {_of("renewal", "renewal")}
                  LEFT JOIN ledger_organisation verifier ON verifier.id = renewal.verifier_id
                  LEFT JOIN ledger_user requester ON requester.id = renewal.requested_by_id
                  LEFT JOIN ledger_user assessor ON assessor.id = renewal.assessed_by_id
                  LEFT JOIN ledger_user decider ON decider.id = renewal.decided_by_id) it
          FULL JOIN ({entries("project_renewal_requested")}) requested ON requested.body ->> 'renewal' = it.key
          LEFT JOIN ({newest(entries("project_renewal_assessed"), "renewal")}) assessed
                    ON assessed.body ->> 'renewal' = it.key
          LEFT JOIN ({newest(entries("project_renewed", "project_renewal_refused"), "renewal")}) decided
                    ON decided.body ->> 'renewal' = it.key
          LEFT JOIN LATERAL (SELECT coalesce(decided.kind, assessed.kind, requested.kind) AS kind) newest ON true
         WHERE it.id IS NULL OR requested.record_id IS NULL
            OR (it.code, it.ended_on::text, it.ends_on::text, {sha256_of("it.note")}, it.requester,
                log_time(it.requested_at)) IS DISTINCT FROM
               (requested.body ->> 'project', requested.body ->> 'ended_on', requested.body ->> 'ends_on',
                requested.body ->> 'note_sha256', requested.actor, requested.at)
            OR it.status IS DISTINCT FROM
               CASE newest.kind WHEN 'project_renewal_requested' THEN 'requested' WHEN 'project_renewal_assessed' THEN 'assessed'
                                WHEN 'project_renewed' THEN 'granted' ELSE 'refused' END
            OR (it.verifier, it.assessor, log_time(it.assessed_at),
                CASE WHEN it.assessment <> '' THEN {sha256_of("it.assessment")} END) IS DISTINCT FROM
               (assessed.body ->> 'verifier', assessed.actor, assessed.at, assessed.body ->> 'statement_sha256')
            OR (it.decider, log_time(it.decided_at), it.decision_reason) IS DISTINCT FROM
               (decided.actor, decided.at, coalesce(decided.body ->> 'reason', ''))
        """,
    ),
)
