"""Projects, their fields and their reports are as their records say; `documents` compares what the log has hashes of."""

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
REPORT_STATES = entries("report_submitted", "report_verified", "report_approved", "report_rejected")


def _step(kind: str, key: str) -> str:
    """Return the join that finds the newest record of a step that a project or report has taken."""
    name = kind.partition("_")[2]
    return f"LEFT JOIN ({newest(entries(kind), key)}) {name} ON {name}.body ->> '{key}' = it.key"


def _system(time: str) -> str:
    """Return SQL for who took a step that no person took."""
    return f"CASE WHEN {time} IS NOT NULL THEN 'system' END"


def _sha256(text: str) -> str:
    """Return SQL for the hash of a text, null where there is none: what has not been stated is not in the log."""
    return f"CASE WHEN {text} <> '' THEN encode(sha256(convert_to({text}, 'UTF8')), 'hex') END"


def _newest_of_parcel(*kinds: str) -> str:
    """Return SQL for the newest record of some kinds of each field."""
    return f"""
        SELECT DISTINCT ON (body ->> 'project', body ->> 'parcel') * FROM ({entries(*kinds)}) said
         ORDER BY body ->> 'project', body ->> 'parcel', record_id DESC
    """


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
          {_step("project_submitted", "project")}
          {_step("project_validated", "project")}
          {_step("project_registered", "project")}
          {_step("project_rejected", "project")}
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
            OR (it.validator, log_time(it.validated_at), {_sha256("it.validation_statement")}) IS DISTINCT FROM
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
          FROM (SELECT parcel.*, {PROJECT_CODE} AS project,
                       CASE WHEN parcel.household_id IS NOT NULL THEN coalesce(household.public_id::text, '') END AS household
                  FROM ledger_parcel parcel
                  LEFT JOIN ledger_project project ON project.id = parcel.project_id
                  LEFT JOIN ledger_household household ON household.id = parcel.household_id) parcel
          FULL JOIN ({_newest_of_parcel("parcel_added", "parcel_removed")}) said
                    ON said.body ->> 'project' = parcel.project AND said.body ->> 'parcel' = parcel.code
          LEFT JOIN ({_newest_of_parcel("parcel_described")}) described
                    ON described.body ->> 'project' = parcel.project AND described.body ->> 'parcel' = parcel.code
                       AND described.record_id > said.record_id
         WHERE (parcel.id IS NULL AND said.kind IS DISTINCT FROM 'parcel_removed')
            OR (parcel.id IS NOT NULL AND (said.kind, said.body ->> 'area_ha') IS DISTINCT FROM
                                          ('parcel_added', parcel.area_ha::text))
            OR (parcel.id IS NOT NULL AND (parcel.household, parcel.declared_area_ha::text, parcel.converted_from,
                                           {_sha256("parcel.area_reason")})
                                          IS DISTINCT FROM
                                          (described.body ->> 'household', described.body ->> 'declared_area_ha',
                                           coalesce(described.body ->> 'converted_from', ''),
                                           described.body ->> 'area_reason_sha256'))
        """,
    ),
    Invariant(
        9,
        _("each report is as its records say: its result, how far it has come, and by whom"),
        f"""
        SELECT coalesce(it.key, submitted.body ->> 'report') AS report, it.status, newest.kind AS newest_record
          FROM (SELECT report.*, report.id::text AS key, {PROJECT_CODE} AS project,
                       CASE WHEN report.verifier_id IS NOT NULL THEN coalesce(verifier.public_id::text, '') END AS verifier,
                       'user:' || preparer.public_id AS preparer,
                       {person("report.verified_by_id", "person")} AS verifying, {person("report.approved_by_id", "approver")} AS approver
                  FROM ledger_monitoringreport report
                  LEFT JOIN ledger_project project ON project.id = report.project_id
                  LEFT JOIN ledger_organisation verifier ON verifier.id = report.verifier_id
                  LEFT JOIN ledger_user preparer ON preparer.id = report.prepared_by_id
                  LEFT JOIN ledger_user person ON person.id = report.verified_by_id
                  LEFT JOIN ledger_user approver ON approver.id = report.approved_by_id) it
          FULL JOIN ({newest(entries("report_submitted"), "report")}) submitted ON submitted.body ->> 'report' = it.key
          {_step("report_verified", "report")}
          {_step("report_approved", "report")}
          {_step("report_rejected", "report")}
          LEFT JOIN ({newest(entries("batch_issued"), "report")}) issued ON issued.body ->> 'report' = it.key
          LEFT JOIN ({newest(REPORT_STATES, "report")}) newest ON newest.body ->> 'report' = it.key
         WHERE it.id IS NULL OR submitted.record_id IS NULL
            OR (it.project, it.vintage::text, it.period_starts_on::text, it.period_ends_on::text, it.sheet_sha256,
                it.net_t::text, it.buffer_t::text, it.issuable_t, it.preparer, log_time(it.submitted_at))
               IS DISTINCT FROM
               (submitted.body ->> 'project', submitted.body ->> 'vintage', submitted.body ->> 'period_starts_on',
                submitted.body ->> 'period_ends_on', submitted.body ->> 'sheet_sha256', submitted.body ->> 'net_t',
                submitted.body ->> 'buffer_t', it.net_t - it.buffer_t, submitted.actor, submitted.at)
            OR it.status IS DISTINCT FROM CASE WHEN issued.record_id IS NOT NULL THEN 'issued'
                                               ELSE substr(newest.kind, length('report_') + 1) END
            OR (it.verifier, it.verifying, log_time(it.verified_at), {_sha256("it.verification_statement")})
               IS DISTINCT FROM
               (verified.body ->> 'verifier', verified.actor, verified.at, verified.body ->> 'statement_sha256')
            OR (it.approver, log_time(it.approved_at)) IS DISTINCT FROM (approved.actor, approved.at)
            OR it.rejection_reason IS DISTINCT FROM coalesce(rejected.body ->> 'reason', '')
        """,
    ),
)
