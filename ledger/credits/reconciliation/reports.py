"""Reports, their findings and versions, and risk assessments are as their records say."""

from django.utils.translation import gettext_lazy as _

from ledger.credits.reconciliation.projects import PROJECT_CODE, sha256, step
from ledger.journal.reconciliation.invariants import Invariant, entries, newest, person

# The steps that a report's state follows from; those of its findings say how far the examination has come.
REPORT_STATES = entries(
    "report_submitted",
    "report_assigned",
    "report_accepted",
    "report_declined",
    "report_verified",
    "report_approved",
    "report_rejected",
)
ASSIGNMENTS = entries("report_assigned", "report_accepted", "report_declined", "report_verified")

_ISSUED = """
    SELECT said.body ->> 'report' AS report, sum((said.body ->> 'quantity_t')::bigint) AS issued_t
      FROM ({issued}) said WHERE said.body ->> 'quantity_t' ~ '^[0-9]{{1,15}}$' GROUP BY 1
""".format(issued=entries("batch_issued"))

_EXAMINED = """
    CASE WHEN EXISTS (SELECT FROM ledger_finding finding WHERE finding.report_id = it.id
                         AND finding.kind <> 'forward_action' AND finding.status = 'open') THEN 'findings_open'
         WHEN EXISTS (SELECT FROM ledger_finding finding WHERE finding.report_id = it.id
                         AND finding.kind <> 'forward_action' AND finding.status = 'answered') THEN 'findings_answered'
         ELSE 'in_verification' END
"""


INVARIANTS = (
    Invariant(
        9,
        _("each report is as its records say: its result, how far it has come, and by whom"),
        f"""
        SELECT coalesce(it.key, submitted.body ->> 'report') AS report, it.status, newest.kind AS newest_record
          FROM (SELECT report.*, report.id::text AS key, {PROJECT_CODE} AS project,
                       CASE WHEN report.verifier_id IS NOT NULL THEN coalesce(verifier.public_id::text, '') END AS verifier,
                       'user:' || preparer.public_id AS preparer, {person("report.accepted_by_id", "acceptor")} AS acceptor,
                       {person("report.verified_by_id", "person")} AS verifying, {person("report.approved_by_id", "approver")} AS approver
                  FROM ledger_monitoringreport report
                  LEFT JOIN ledger_project project ON project.id = report.project_id
                  LEFT JOIN ledger_organisation verifier ON verifier.id = report.verifier_id
                  LEFT JOIN ledger_user preparer ON preparer.id = report.prepared_by_id
                  LEFT JOIN ledger_user acceptor ON acceptor.id = report.accepted_by_id
                  LEFT JOIN ledger_user person ON person.id = report.verified_by_id
                  LEFT JOIN ledger_user approver ON approver.id = report.approved_by_id) it
          FULL JOIN ({newest(entries("report_submitted"), "report")}) submitted ON submitted.body ->> 'report' = it.key
          LEFT JOIN ({newest(entries("report_submitted", "report_corrected"), "report")}) result
                    ON result.body ->> 'report' = it.key
          {step("report_verified", "report")}
          {step("report_approved", "report")}
          {step("report_rejected", "report")}
          LEFT JOIN ({newest(ASSIGNMENTS, "report")}) named ON named.body ->> 'report' = it.key
          LEFT JOIN ({newest(entries("report_assigned", "report_declined"), "report")}) assigned
                    ON assigned.body ->> 'report' = it.key
          LEFT JOIN ({newest(entries("report_accepted", "report_assigned", "report_declined"), "report")}) accepted
                    ON accepted.body ->> 'report' = it.key
          LEFT JOIN ({_ISSUED}) issued ON issued.report = it.key
          LEFT JOIN ({newest(REPORT_STATES, "report")}) newest ON newest.body ->> 'report' = it.key
         WHERE (it.id IS NULL OR submitted.record_id IS NULL AND it.status <> 'draft')
            OR submitted.record_id IS NOT NULL AND (
               (it.project, it.vintage::text, it.period_starts_on::text, it.period_ends_on::text, it.issuable_t,
                it.preparer, log_time(it.submitted_at))
               IS DISTINCT FROM
               (submitted.body ->> 'project', submitted.body ->> 'vintage', submitted.body ->> 'period_starts_on',
                submitted.body ->> 'period_ends_on', it.net_t - it.buffer_t, submitted.actor, submitted.at)
            OR (it.sheet_sha256, it.net_t::text, it.buffer_t::text) IS DISTINCT FROM
               (result.body ->> 'sheet_sha256', result.body ->> 'net_t', result.body ->> 'buffer_t')
            OR it.issued_t IS DISTINCT FROM coalesce(issued.issued_t, 0)
            OR it.status IS DISTINCT FROM
               CASE WHEN issued.issued_t = it.net_t THEN 'issued'
                    WHEN newest.kind IN ('report_assigned', 'report_declined') THEN 'submitted'
                    WHEN newest.kind = 'report_accepted' THEN {_EXAMINED}
                    ELSE substr(newest.kind, length('report_') + 1) END
            OR it.verifier IS DISTINCT FROM
               CASE WHEN named.kind <> 'report_declined' THEN named.body ->> 'verifier' END
            OR log_time(it.assigned_at) IS DISTINCT FROM CASE WHEN assigned.kind = 'report_assigned' THEN assigned.at END
            OR (it.acceptor, log_time(it.accepted_at)) IS DISTINCT FROM
               (CASE WHEN accepted.kind = 'report_accepted' THEN accepted.actor END,
                CASE WHEN accepted.kind = 'report_accepted' THEN accepted.at END)
            OR (it.verifying, log_time(it.verified_at), {sha256("it.verification_statement")}) IS DISTINCT FROM
               (verified.actor, verified.at, verified.body ->> 'statement_sha256')
            OR (it.approver, log_time(it.approved_at)) IS DISTINCT FROM (approved.actor, approved.at)
            OR it.rejection_reason IS DISTINCT FROM coalesce(rejected.body ->> 'reason', ''))
        """,
    ),
    Invariant(
        9,
        _("each finding is as its records say: opened, answered, closed or opened again, and by whom"),
        f"""
        SELECT coalesce(it.key, opened.body ->> 'finding') AS finding, it.status, newest.kind AS newest_record
          FROM (SELECT finding.*, finding.id::text AS key, finding.report_id::text AS report,
                       'user:' || opener.public_id AS opener, {person("finding.answered_by_id", "answerer")} AS answerer,
                       {person("finding.closed_by_id", "closer")} AS closer,
                       {person("finding.reopened_by_id", "reopener")} AS reopener
                  FROM ledger_finding finding
                  LEFT JOIN ledger_user opener ON opener.id = finding.opened_by_id
                  LEFT JOIN ledger_user answerer ON answerer.id = finding.answered_by_id
                  LEFT JOIN ledger_user closer ON closer.id = finding.closed_by_id
                  LEFT JOIN ledger_user reopener ON reopener.id = finding.reopened_by_id) it
          FULL JOIN ({newest(entries("finding_opened"), "finding")}) opened ON opened.body ->> 'finding' = it.key
          {step("finding_answered", "finding")}
          {step("finding_reopened", "finding")}
          LEFT JOIN ({newest(entries("finding_closed", "finding_reopened"), "finding")}) closed
                    ON closed.body ->> 'finding' = it.key AND closed.kind = 'finding_closed'
          LEFT JOIN ({newest(entries("finding_opened", "finding_answered", "finding_closed", "finding_reopened"), "finding")}) newest
                    ON newest.body ->> 'finding' = it.key
         WHERE it.id IS NULL OR opened.record_id IS NULL
            OR (it.report, it.number::text, it.kind, encode(sha256(convert_to(it.text, 'UTF8')), 'hex'), it.opener,
                log_time(it.opened_at)) IS DISTINCT FROM
               (opened.body ->> 'report', opened.body ->> 'number', opened.body ->> 'kind', opened.body ->> 'text_sha256',
                opened.actor, opened.at)
            OR (it.answerer, log_time(it.answered_at), {sha256("it.answer")}) IS DISTINCT FROM
               (answered.actor, answered.at, answered.body ->> 'answer_sha256')
            OR (it.reopener, log_time(it.reopened_at), {sha256("it.reopening_reason")}) IS DISTINCT FROM
               (reopened.actor, reopened.at, reopened.body ->> 'reason_sha256')
            OR (it.closer, log_time(it.closed_at), {sha256("it.closing_note")}) IS DISTINCT FROM
               (closed.actor, closed.at, closed.body ->> 'note_sha256')
            OR it.status IS DISTINCT FROM
               CASE newest.kind WHEN 'finding_answered' THEN 'answered' WHEN 'finding_closed' THEN 'closed' ELSE 'open' END
        """,
    ),
    Invariant(
        9,
        _("each version of a report is what its record says that was replaced"),
        f"""
        SELECT it.id AS version, coalesce(it.report, said.body ->> 'report') AS report, said.record_id AS record
          FROM (SELECT version.*, version.report_id::text AS report, 'user:' || person.public_id AS person,
                       count(*) OVER (PARTITION BY version.report_id, version.number) AS twins
                  FROM ledger_reportversion version
                  LEFT JOIN ledger_user person ON person.id = version.replaced_by_id) it
          FULL JOIN ({entries("report_corrected")}) said
                    ON said.body ->> 'report' = it.report AND said.body ->> 'replaces_version' = it.number::text
          LEFT JOIN LATERAL (SELECT before.body ->> 'net_t' AS net_t, before.body ->> 'buffer_t' AS buffer_t
                               FROM ({entries("report_submitted", "report_corrected")}) before
                              WHERE before.body ->> 'report' = it.report AND before.record_id < said.record_id
                              ORDER BY before.record_id DESC LIMIT 1) was ON true
         WHERE it.id IS NULL OR said.record_id IS NULL OR it.twins > 1
            OR (it.sheet_sha256, it.net_t::text, it.buffer_t::text, it.person, log_time(it.replaced_at)) IS DISTINCT FROM
               (said.body ->> 'replaces_sheet_sha256', was.net_t, was.buffer_t, said.actor, said.at)
        """,
    ),
    Invariant(
        9,
        _("each risk assessment is what its records say: its score, and who has stated and decided it"),
        f"""
        SELECT coalesce(it.key, stated.body ->> 'assessment') AS assessment, it.status, decided.kind AS decision
          FROM (SELECT risk.*, risk.id::text AS key, {PROJECT_CODE} AS project,
                       CASE WHEN risk.verifier_id IS NOT NULL THEN coalesce(verifier.public_id::text, '') END AS verifier,
                       'user:' || stater.public_id AS stater, {person("risk.decided_by_id", "decider")} AS decider
                  FROM ledger_riskassessment risk
                  LEFT JOIN ledger_project project ON project.id = risk.project_id
                  LEFT JOIN ledger_organisation verifier ON verifier.id = risk.verifier_id
                  LEFT JOIN ledger_user stater ON stater.id = risk.stated_by_id
                  LEFT JOIN ledger_user decider ON decider.id = risk.decided_by_id) it
          FULL JOIN ({newest(entries("risk_stated"), "assessment")}) stated ON stated.body ->> 'assessment' = it.key
          LEFT JOIN ({newest(entries("risk_confirmed", "risk_refused"), "assessment")}) decided
                    ON decided.body ->> 'assessment' = it.key
         WHERE it.id IS NULL OR stated.record_id IS NULL
            OR (it.project, it.number::text, it.internal::text, it.external::text, it.natural::text, it.risk_percent::text,
                it.stater, log_time(it.stated_at)) IS DISTINCT FROM
               (stated.body ->> 'project', stated.body ->> 'number', stated.body ->> 'internal', stated.body ->> 'external',
                stated.body ->> 'natural', stated.body ->> 'risk_percent', stated.actor, stated.at)
            OR (it.status, it.verifier, it.decider, log_time(it.decided_at), it.refusal_reason) IS DISTINCT FROM
               (CASE decided.kind WHEN 'risk_confirmed' THEN 'confirmed' WHEN 'risk_refused' THEN 'refused' ELSE 'stated' END,
                decided.body ->> 'verifier', decided.actor, decided.at, coalesce(decided.body ->> 'reason', ''))
        """,
    ),
)
