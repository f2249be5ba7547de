"""Projects and their fields are as their records say; `documents` compares what the log has hashes of."""

from django.utils.translation import gettext_lazy as _

from ledger.journal.reconciliation.invariants import Invariant, entries, newest, person

PROJECT_CODE = """
    'TH-' || project.province_code || '-'
          || lpad(project.number::text, greatest(6, length(project.number::text)), '0')
"""
"""SQL for the permanent name of a project, as `Project.code` has it."""

PROJECT_STATES = entries(
    "project_created", "project_submitted", "project_validated", "project_registered", "project_rejected"
)


def step(kind: str, key: str) -> str:
    """Return the join that finds the newest record of a step that a project or report has taken."""
    name = kind.partition("_")[2]
    return f"LEFT JOIN ({newest(entries(kind), key)}) {name} ON {name}.body ->> '{key}' = it.key"


def _system(time: str) -> str:
    """Return SQL for who took a step that no person took."""
    return f"CASE WHEN {time} IS NOT NULL THEN 'system' END"


def sha256(text: str) -> str:
    """Return SQL for the hash of a text, null where there is none: what has not been stated is not in the log."""
    return f"CASE WHEN {text} <> '' THEN encode(sha256(convert_to({text}, 'UTF8')), 'hex') END"


INVARIANTS = (
    Invariant(
        9,
        _("each project is as its records say: what it is, how far it has come, and by whom"),
        f"""
        SELECT it.id AS project, coalesce(it.key, created.body ->> 'project') AS code, it.status, newest.kind AS newest_record
          FROM (SELECT project.*, {PROJECT_CODE} AS key, proponent.public_id::text AS proponent,
                       'user:' || creator.public_id AS creator,
                       {person("project.validated_by_id", "validator", otherwise=_system("project.validated_at"))} AS validator,
                       {person("project.registered_by_id", "registrar", otherwise=_system("project.registered_at"))} AS registrar
                  FROM ledger_project project
                  LEFT JOIN ledger_organisation proponent ON proponent.id = project.proponent_id
                  LEFT JOIN ledger_user creator ON creator.id = project.created_by_id
                  LEFT JOIN ledger_user validator ON validator.id = project.validated_by_id
                  LEFT JOIN ledger_user registrar ON registrar.id = project.registered_by_id) it
          FULL JOIN ({newest(entries("project_created"), "project")}) created ON created.body ->> 'project' = it.key
          {step("project_submitted", "project")}
          {step("project_validated", "project")}
          {step("project_registered", "project")}
          {step("project_rejected", "project")}
          LEFT JOIN ({newest(PROJECT_STATES, "project")}) newest ON newest.body ->> 'project' = it.key
         WHERE it.id IS NULL OR created.record_id IS NULL
            OR (it.proponent, it.name, it.name_en, it.place, it.methodology, it.crediting_starts_on::text,
                it.crediting_ends_on::text, it.creator, log_time(it.created_at)) IS DISTINCT FROM
               (created.body ->> 'proponent', created.body ->> 'name', created.body ->> 'name_en', created.body ->> 'place',
                created.body ->> 'methodology', created.body ->> 'crediting_starts_on',
                created.body ->> 'crediting_ends_on', created.actor, created.at)
            OR it.status IS DISTINCT FROM CASE newest.kind WHEN 'project_created' THEN 'draft'
                                               ELSE substr(newest.kind, length('project_') + 1) END
            OR log_time(it.submitted_at) IS DISTINCT FROM submitted.at
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
)
