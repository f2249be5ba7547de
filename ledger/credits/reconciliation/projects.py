"""Projects and their fields are as their records say; `documents` compares what the log has hashes of."""

from django.utils.translation import gettext_lazy as _

from ledger.journal.reconciliation.invariants import Invariant, entries, newest, person

PROJECT_CODE = """
    'TH-' || project.province_code || '-'
          || lpad(project.number::text, greatest(6, length(project.number::text)), '0')
"""
"""SQL for the permanent name of a project, as `Project.code` has it."""

STATE_AFTER = {
    "project_created": "draft",
    "project_returned": "draft",
    "project_submitted": "submitted",
    "project_declined": "submitted",
    "project_accepted": "in_validation",
    "project_validated": "validated",
    "project_registered": "registered",
    "project_resumed": "registered",
    "project_renewed": "registered",
    "project_suspended": "suspended",
    "project_completed": "completed",
    "project_withdrawn": "withdrawn",
    "project_rejected": "rejected",
}
"""The state in which each kind of record leaves a project."""
PROJECT_STATES = entries(*STATE_AFTER)


def step(kind: str, key: str) -> str:
    """Return the join that finds the newest record of a step that a project or report has taken."""
    return _steps(kind.partition("_")[2], key, kind)


def _steps(name: str, key: str, *kinds: str) -> str:
    """Return the join that finds the newest record of one of some kinds, under a name."""
    return f"LEFT JOIN ({newest(entries(*kinds), key)}) {name} ON {name}.body ->> '{key}' = it.key"


def _while(name: str, kind: str, value: str) -> str:
    """Return SQL for what the newest of some records says, as long as it is of one kind."""
    return f"CASE WHEN {name}.kind = '{kind}' THEN {value} END"


def _states() -> str:
    """Return SQL for the state in which the newest record leaves a project."""
    cases = " ".join(f"WHEN '{kind}' THEN '{state}'" for kind, state in STATE_AFTER.items())
    return f"CASE newest.kind {cases} END"


def _system(time: str) -> str:
    """Return SQL for who took a step that no person took."""
    return f"CASE WHEN {time} IS NOT NULL THEN 'system' END"


def sha256_of(text: str) -> str:
    """Return SQL for the hash of a text."""
    return f"encode(sha256(convert_to({text}, 'UTF8')), 'hex')"


def sha256(text: str) -> str:
    """Return SQL for the hash of a text, null where there is none: what has not been stated is not in the log."""
    return f"CASE WHEN {text} <> '' THEN {sha256_of(text)} END"


INVARIANTS = (
    Invariant(
        9,
        _("each project is as its records say: what it is, how far it has come, and by whom"),
        f"""
        SELECT it.id AS project, coalesce(it.key, created.body ->> 'project') AS code, it.status, newest.kind AS newest_record
          FROM (SELECT project.*, {PROJECT_CODE} AS key, proponent.public_id::text AS proponent,
                       'user:' || creator.public_id AS creator,
                       {person("project.validated_by_id", "validator", otherwise=_system("project.validated_at"))} AS validator,
                       {person("project.registered_by_id", "registrar", otherwise=_system("project.registered_at"))} AS registrar,
                       CASE WHEN project.validator_id IS NOT NULL THEN coalesce(body.public_id::text, '') END AS body,
                       {person("project.suspended_by_id", "suspender", otherwise=_system("project.suspended_at"))} AS suspender
                  FROM ledger_project project
                  LEFT JOIN ledger_organisation body ON body.id = project.validator_id
                  LEFT JOIN ledger_user suspender ON suspender.id = project.suspended_by_id
                  LEFT JOIN ledger_organisation proponent ON proponent.id = project.proponent_id
                  LEFT JOIN ledger_user creator ON creator.id = project.created_by_id
                  LEFT JOIN ledger_user validator ON validator.id = project.validated_by_id
                  LEFT JOIN ledger_user registrar ON registrar.id = project.registered_by_id) it
          FULL JOIN ({newest(entries("project_created"), "project")}) created ON created.body ->> 'project' = it.key
          {step("project_submitted", "project")}
          {step("project_validated", "project")}
          {step("project_registered", "project")}
          {step("project_rejected", "project")}
          {step("project_described", "project")}
          {step("project_completed", "project")}
          {step("project_renewed", "project")}
          {_steps("taken", "project", "project_accepted", "project_validated", "project_declined", "project_returned")}
          {_steps("accepted", "project", "project_accepted", "project_declined", "project_returned")}
          {_steps("remarked", "project", "project_declined", "project_returned")}
          {_steps("held", "project", "project_suspended", "project_resumed")}
          {_steps("leaving", "project", "project_withdrawal_asked", "project_withdrawal_refused", "project_withdrawn")}
          LEFT JOIN ({newest(PROJECT_STATES, "project")}) newest ON newest.body ->> 'project' = it.key
          LEFT JOIN LATERAL (SELECT coalesce(described.body, created.body) AS body) said ON true
         WHERE it.id IS NULL OR created.record_id IS NULL
            OR (it.proponent, it.name, it.name_en, it.place, it.methodology, it.crediting_starts_on::text,
                it.crediting_ends_on::text, it.creator, log_time(it.created_at)) IS DISTINCT FROM
               (created.body ->> 'proponent', said.body ->> 'name', said.body ->> 'name_en', said.body ->> 'place',
                created.body ->> 'methodology', said.body ->> 'crediting_starts_on',
                coalesce(renewed.body ->> 'ends_on', said.body ->> 'crediting_ends_on'), created.actor, created.at)
            OR (it.county_code, it.starts_on::text, it.project_link, it.covered_by_ndc, it.is_listed_elsewhere::text)
               IS DISTINCT FROM
               (coalesce(described.body ->> 'county_code', ''), described.body ->> 'starts_on',
                coalesce(described.body ->> 'project_link', ''), coalesce(described.body ->> 'covered_by_ndc', 'unknown'),
                described.body ->> 'is_listed_elsewhere')
            OR it.status IS DISTINCT FROM {_states()}
            OR log_time(it.submitted_at) IS DISTINCT FROM submitted.at
            OR it.body IS DISTINCT FROM
               CASE WHEN taken.kind IN ('project_accepted', 'project_validated') THEN taken.body ->> 'verifier' END
            OR log_time(it.accepted_at) IS DISTINCT FROM {_while("accepted", "project_accepted", "accepted.at")}
            OR it.verifier_remark IS DISTINCT FROM coalesce(remarked.body ->> 'reason', '')
            OR (it.suspender, log_time(it.suspended_at), it.suspension_reason) IS DISTINCT FROM
               ({_while("held", "project_suspended", "held.actor")}, {_while("held", "project_suspended", "held.at")},
                coalesce({_while("held", "project_suspended", "held.body ->> 'reason'")}, ''))
            OR log_time(it.withdrawal_asked_at) IS DISTINCT FROM
               {_while("leaving", "project_withdrawal_asked", "leaving.at")}
            OR log_time(it.withdrawn_at) IS DISTINCT FROM {_while("leaving", "project_withdrawn", "leaving.at")}
            OR it.withdrawal_reason IS DISTINCT FROM
               CASE WHEN leaving.kind <> 'project_withdrawal_refused' THEN leaving.body ->> 'reason' ELSE '' END
            OR log_time(it.completed_at) IS DISTINCT FROM
               CASE WHEN completed.record_id > coalesce(renewed.record_id, 0) THEN completed.at END
            OR (it.validator, log_time(it.validated_at), {sha256("it.validation_statement")}) IS DISTINCT FROM
               (validated.actor, validated.at, validated.body ->> 'statement_sha256')
            OR (it.registrar, log_time(it.registered_at)) IS DISTINCT FROM (registered.actor, registered.at)
            OR it.rejection_reason IS DISTINCT FROM coalesce(rejected.body ->> 'reason', '')
        """,
    ),
    Invariant(
        9,
        _("the fields of each project are those that its records added and did not remove"),
        f"""
        SELECT parcel.id AS parcel, coalesce(parcel.code, said.body ->> 'parcel') AS code, parcel.area_ha
          FROM (SELECT parcel.*, {PROJECT_CODE} AS project
                  FROM ledger_parcel parcel LEFT JOIN ledger_project project ON project.id = parcel.project_id) parcel
          FULL JOIN (SELECT DISTINCT ON (body ->> 'project', body ->> 'parcel') *
                       FROM ({entries("parcel_added", "parcel_removed")}) said
                      ORDER BY body ->> 'project', body ->> 'parcel', record_id DESC) said
                    ON said.body ->> 'project' = parcel.project AND said.body ->> 'parcel' = parcel.code
         WHERE (parcel.id IS NULL AND said.kind IS DISTINCT FROM 'parcel_removed')
            OR (parcel.id IS NOT NULL AND (said.kind, said.body ->> 'area_ha') IS DISTINCT FROM
                                          ('parcel_added', parcel.area_ha::text))
        """,
    ),
    Invariant(
        9,
        _("the evidence of each field's baseline is what its record says"),
        f"""
        SELECT parcel.id AS parcel, parcel.code, stated.record_id AS record
          FROM (SELECT parcel.*, {PROJECT_CODE} AS project
                  FROM ledger_parcel parcel LEFT JOIN ledger_project project ON project.id = parcel.project_id) parcel
          LEFT JOIN (SELECT DISTINCT ON (body ->> 'project', body ->> 'parcel') *
                       FROM ({entries("parcel_added", "parcel_baseline_stated")}) said
                      ORDER BY body ->> 'project', body ->> 'parcel', record_id DESC) stated
                    ON stated.body ->> 'project' = parcel.project AND stated.body ->> 'parcel' = parcel.code
         WHERE {sha256("parcel.baseline_evidence")} IS DISTINCT FROM stated.body ->> 'evidence_sha256'
        """,
    ),
)
