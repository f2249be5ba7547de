"""Batches and retirements are as their records say."""

from django.utils.translation import gettext_lazy as _

from ledger.credits.reconciliation.projects import PROJECT_CODE
from ledger.journal.reconciliation.invariants import Invariant, entries

# What a retirement says in its holder's words: the log has the hash of each part with its length before it.
DETAILS = " || ".join(
    f"length({part}) || ':' || {part}"
    for part in (
        "retirement.beneficiary_name",
        "retirement.beneficiary_code",
        "retirement.note",
        "coalesce(retirement.idempotency_key, '')",
    )
)

INVARIANTS = (
    Invariant(
        9,
        _("each batch is what its record says"),
        f"""
        SELECT batch.id AS batch, said.body ->> 'asset' AS asset, said.record_id AS record
          FROM (SELECT batch.*, asset.code, {PROJECT_CODE} AS project, 'user:' || issuer.public_id AS issuer
                  FROM ledger_batch batch
                  LEFT JOIN ledger_asset asset ON asset.id = batch.asset_id
                  LEFT JOIN ledger_project project ON project.id = batch.project_id
                  LEFT JOIN ledger_user issuer ON issuer.id = batch.issued_by_id) batch
          FULL JOIN ({entries("batch_issued")}) said ON said.body ->> 'transaction' = batch.transaction_id::text
         WHERE batch.id IS NULL OR said.record_id IS NULL
            OR batch.code <> batch.project || '-' || batch.vintage || CASE WHEN batch.tranche <> 1 THEN '-' || batch.tranche ELSE '' END
            OR (batch.code, batch.project, batch.vintage::text, batch.report_id::text, lower(batch.serials)::text,
                (upper(batch.serials) - 1)::text, batch.quantity_t::text, batch.buffer_t::text, batch.issuer,
                log_time(batch.issued_at)) IS DISTINCT FROM
               (said.body ->> 'asset', said.body ->> 'project', said.body ->> 'vintage', said.body ->> 'report',
                said.body ->> 'first_serial', said.body ->> 'last_serial', said.body ->> 'quantity_t',
                said.body ->> 'buffer_t', said.actor, said.at)
        """,
    ),
    Invariant(
        9,
        _("each retirement is what its record says, and has the serial numbers of its transfer"),
        f"""
        SELECT retirement.id AS retirement, said.body ->> 'retirement' AS public_id, said.record_id AS record
          FROM (SELECT retirement.*, asset.code, organisation.public_id AS organisation,
                       'user:' || retirer.public_id AS retirer,
                       encode(sha256(convert_to({DETAILS}, 'UTF8')), 'hex') AS details
                  FROM ledger_retirement retirement
                  LEFT JOIN ledger_batch batch ON batch.id = retirement.batch_id
                  LEFT JOIN ledger_asset asset ON asset.id = batch.asset_id
                  LEFT JOIN ledger_organisation organisation ON organisation.id = retirement.organisation_id
                  LEFT JOIN ledger_user retirer ON retirer.id = retirement.retired_by_id) retirement
          FULL JOIN ({entries("credits_retired")}) said ON said.body ->> 'retirement' = retirement.public_id::text
         WHERE retirement.id IS NULL OR said.record_id IS NULL
            OR (retirement.code, retirement.organisation::text, retirement.quantity_t::text, retirement.purpose,
                CASE WHEN retirement.is_beneficiary_public THEN retirement.beneficiary_name END, retirement.details,
                retirement.transaction_id::text, retirement.retirer, log_time(retirement.retired_at)) IS DISTINCT FROM
               (said.body ->> 'asset', said.body ->> 'organisation', said.body ->> 'quantity_t', said.body ->> 'purpose',
                said.body ->> 'beneficiary', said.body ->> 'details_sha256', said.body ->> 'transaction', said.actor, said.at)
            OR retirement.serials IS DISTINCT FROM
               (SELECT range_agg(run) FROM ledger_transfer transfer, unnest(transfer.serials) run
                 WHERE transfer.transaction_id = retirement.transaction_id)
        """,
    ),
)
