"""What sales have brought is shared as the plans say: each once, to the fen, with the households that the records name."""

from django.utils.translation import gettext_lazy as _

from ledger.credits.reconciliation.projects import PROJECT_CODE
from ledger.journal.reconciliation.invariants import Invariant, entries

# What a plan says in its cooperative's words, and the contributions that it states: the log has their hash.
WEIGHTS = """
    (SELECT string_agg(household.public_id || '=' || weight.weight, ';' ORDER BY household.public_id::text COLLATE "C")
       FROM ledger_sharingweight weight JOIN ledger_household household ON household.id = weight.household_id
      WHERE weight.plan_id = plan.id)
"""
CONTENT = (
    "length(plan.retained_for) || ':' || plan.retained_for || length(plan.statement) || ':' || plan.statement"
    f" || coalesce({WEIGHTS}, '')"
)
SHARES = """
    (SELECT string_agg(concat_ws(':', household.public_id, share.area_ha, share.contribution, share.amount_fen,
                                 coalesce(share.transaction_id::text, '')),
                       ';' ORDER BY household.public_id::text COLLATE "C")
       FROM ledger_share share LEFT JOIN ledger_household household ON household.id = share.household_id
      WHERE share.distribution_id = distribution.id)
"""
SALES = """
    (SELECT coalesce(jsonb_agg(jsonb_build_array(transaction_id::text, net_fen) ORDER BY transaction_id), '[]')
       FROM ledger_distributedsale sale WHERE sale.distribution_id = distribution.id)
"""
# Each settlement in which a cooperative sold credits of its own project: what was left of it after the fee.
SETTLED = """
    SELECT sale.id AS transfer_id, tx.id AS transaction_id, tx.occurred_at, project.proponent_id AS cooperative_id,
           batch.id AS batch_id, batch.project_id, sale.amount - coalesce(fee.amount, 0) AS net_fen
      FROM ledger_transaction tx
      JOIN ledger_transfer goods ON goods.transaction_id = tx.id AND goods.serials IS NOT NULL
      JOIN ledger_account giver ON giver.id = goods.debit_account_id
      JOIN ledger_batch batch ON batch.asset_id = giver.asset_id
      JOIN ledger_project project ON project.id = batch.project_id AND project.proponent_id = giver.organisation_id
      JOIN ledger_account cash ON cash.organisation_id = giver.organisation_id AND cash.purpose = 'holding'
      JOIN ledger_asset cny ON cny.id = cash.asset_id AND cny.code = 'CNY'
      JOIN ledger_transfer sale ON sale.transaction_id = tx.id AND sale.credit_account_id = cash.id
      LEFT JOIN ledger_transfer fee ON fee.transaction_id = tx.id AND fee.debit_account_id = cash.id
     WHERE tx.kind = 'settlement'
"""
# The plan that held for a sale: the project's own before the one for all, the newest that had taken effect.
HELD = """
    LATERAL (SELECT plan.id FROM ledger_sharingplan plan
              WHERE plan.cooperative_id = settled.cooperative_id AND plan.effective_from <= settled.occurred_at
                AND plan.after_transfer < settled.transfer_id
                AND (plan.project_id IS NULL OR plan.project_id = settled.project_id)
              ORDER BY plan.project_id IS NULL, plan.effective_from DESC, plan.version DESC LIMIT 1)
"""

INVARIANTS = (
    Invariant(
        9,
        _("each sharing plan is what its record says, contributions and all"),
        f"""
        SELECT plan.id AS plan, said.body ->> 'plan' AS stated, said.record_id AS record
          FROM (SELECT plan.*, cooperative.public_id::text AS cooperative, 'user:' || stater.public_id AS stater,
                       CASE WHEN plan.project_id IS NOT NULL THEN coalesce({PROJECT_CODE}, '') END AS project,
                       encode(sha256(convert_to({CONTENT}, 'UTF8')), 'hex') AS content
                  FROM ledger_sharingplan plan
                  LEFT JOIN ledger_project project ON project.id = plan.project_id
                  LEFT JOIN ledger_organisation cooperative ON cooperative.id = plan.cooperative_id
                  LEFT JOIN ledger_user stater ON stater.id = plan.stated_by_id) plan
          FULL JOIN ({entries("sharing_plan_stated")}) said ON said.body ->> 'plan' = plan.id::text
         WHERE plan.id IS NULL OR said.record_id IS NULL
            OR (plan.cooperative, plan.project, plan.version::text, log_time(plan.effective_from),
                plan.after_transfer::text, plan.retained_bps::text,
                plan.area_bps::text, plan.equal_bps::text, plan.contribution_bps::text, plan.is_public::text,
                plan.content_sha256, plan.content, plan.stater, log_time(plan.stated_at)) IS DISTINCT FROM
               (said.body ->> 'cooperative', said.body ->> 'project', said.body ->> 'version',
                said.body ->> 'effective_from', said.body ->> 'after_transfer', said.body ->> 'retained_bps', said.body ->> 'area_bps',
                said.body ->> 'equal_bps', said.body ->> 'contribution_bps', said.body ->> 'is_public',
                said.body ->> 'content_sha256', said.body ->> 'content_sha256', said.actor, said.at)
        """,
    ),
    Invariant(
        9,
        _("each distribution is what its record says: sales, what is retained, and each household's share"),
        f"""
        SELECT distribution.id AS distribution, said.body ->> 'distribution' AS stated, said.record_id AS record
          FROM (SELECT distribution.*, cooperative.public_id::text AS cooperative, asset.code AS asset,
                       {SALES} AS sales, encode(sha256(convert_to(coalesce({SHARES}, ''), 'UTF8')), 'hex') AS shares
                  FROM ledger_distribution distribution
                  LEFT JOIN ledger_organisation cooperative ON cooperative.id = distribution.cooperative_id
                  LEFT JOIN ledger_batch batch ON batch.id = distribution.batch_id
                  LEFT JOIN ledger_asset asset ON asset.id = batch.asset_id) distribution
          FULL JOIN ({entries("proceeds_shared")}) said ON said.record_id = distribution.record_id
         WHERE distribution.id IS NULL OR said.record_id IS NULL
            OR (distribution.id::text, distribution.cooperative, distribution.plan_id::text, distribution.asset,
                distribution.net_fen::text, distribution.retained_fen::text, distribution.shared_fen::text,
                distribution.shares_sha256, distribution.shares, log_time(distribution.distributed_at)) IS DISTINCT FROM
               (said.body ->> 'distribution', said.body ->> 'cooperative', said.body ->> 'plan', said.body ->> 'asset',
                said.body ->> 'net_fen', said.body ->> 'retained_fen', said.body ->> 'shared_fen',
                said.body ->> 'shares_sha256', said.body ->> 'shares_sha256', said.at)
            OR distribution.sales IS DISTINCT FROM
               (SELECT coalesce(jsonb_agg(sale ORDER BY (sale ->> 0)::bigint), '[]')
                  FROM jsonb_path_query(said.body, '$.sales[*]') sale)
        """,
    ),
    Invariant(
        6,
        _("the shares of each distribution and what it retains come to the net proceeds of its sales"),
        """
        SELECT distribution.id AS distribution, distribution.net_fen, distribution.retained_fen, sales.net_fen AS sales,
               shares.amount_fen AS shares
          FROM ledger_distribution distribution
          FULL JOIN (SELECT distribution_id, sum(net_fen) AS net_fen
                       FROM ledger_distributedsale GROUP BY distribution_id) sales
                    ON sales.distribution_id = distribution.id
          LEFT JOIN (SELECT distribution_id, sum(amount_fen) AS amount_fen
                       FROM ledger_share GROUP BY distribution_id) shares ON shares.distribution_id = distribution.id
         WHERE distribution.id IS NULL OR sales.net_fen IS DISTINCT FROM distribution.net_fen
            OR distribution.retained_fen + coalesce(shares.amount_fen, 0) <> distribution.net_fen
            OR distribution.shared_fen <> coalesce(shares.amount_fen, 0)
        """,
    ),
    Invariant(
        6,
        _("each sale of a cooperative with a plan is shared once, by the plan that held, and waits nowhere unseen"),
        f"""
        SELECT coalesce(settled.transaction_id, shared.transaction_id) AS transaction, shared.distribution_id AS distribution
          FROM (SELECT settled.*, plan.id AS plan_id, progress.looked_to
                  FROM ({SETTLED}) settled JOIN {HELD} plan ON true
                  LEFT JOIN ledger_sharingprogress progress ON progress.cooperative_id = settled.cooperative_id
                 WHERE settled.net_fen > 0) settled
          FULL JOIN (SELECT sale.*, distribution.plan_id, distribution.batch_id, distribution.cooperative_id
                       FROM ledger_distributedsale sale
                       LEFT JOIN ledger_distribution distribution ON distribution.id = sale.distribution_id) shared
                    ON shared.transaction_id = settled.transaction_id
         WHERE CASE WHEN shared.transaction_id IS NULL
                    -- It may wait for money or for somebody to share with; but who shares must still come to it.
                    THEN settled.looked_to IS NULL OR settled.transfer_id <= settled.looked_to
                    ELSE (settled.net_fen, settled.plan_id, settled.batch_id, settled.cooperative_id) IS DISTINCT FROM
                         (shared.net_fen, shared.plan_id, shared.batch_id, shared.cooperative_id) END
        """,
    ),
    Invariant(
        6,
        _("each share is moved by one transfer from its cooperative's cash, and nothing else is distributed"),
        """
        SELECT share.id AS share, coalesce(share.transaction_id, moved.transaction_id) AS transaction, share.amount_fen,
               moved.amount
          FROM (SELECT share.id, share.transaction_id, share.amount_fen, share.household_id, distribution.cooperative_id,
                       household.cooperative_id AS members_of
                  FROM ledger_share share
                  LEFT JOIN ledger_distribution distribution ON distribution.id = share.distribution_id
                  LEFT JOIN ledger_household household ON household.id = share.household_id
                 WHERE share.amount_fen <> 0 OR share.transaction_id IS NOT NULL) share
          FULL JOIN (SELECT transfer.transaction_id, transfer.amount, giver.organisation_id, giver.purpose AS gives,
                            receiver.household_id, receiver.purpose AS receives
                       FROM ledger_transaction tx
                       JOIN ledger_transfer transfer ON transfer.transaction_id = tx.id
                       LEFT JOIN ledger_account giver ON giver.id = transfer.debit_account_id
                       LEFT JOIN ledger_account receiver ON receiver.id = transfer.credit_account_id
                      WHERE tx.kind = 'distribution') moved
                    ON moved.transaction_id = share.transaction_id AND moved.household_id = share.household_id
         WHERE (share.amount_fen, share.cooperative_id, share.members_of, 'holding', 'share') IS DISTINCT FROM
               (moved.amount, moved.organisation_id, moved.organisation_id, moved.gives, moved.receives)
        """,
    ),
    Invariant(
        6,
        _("each household has what was shared with it, less what was paid out"),
        """
        SELECT account.id AS account, account.balance, coalesce(shares.fen, 0) AS shared, coalesce(paid.fen, 0) AS paid
          FROM (SELECT * FROM ledger_account WHERE purpose = 'share') account
          FULL JOIN (SELECT household_id, sum(amount_fen) AS fen
                       FROM ledger_share WHERE amount_fen <> 0 GROUP BY household_id) shares
                    ON shares.household_id = account.household_id
          LEFT JOIN (SELECT line.account_id, sum(line.amount_fen) AS fen
                       FROM ledger_payoutline line JOIN ledger_payout payout ON payout.id = line.payout_id
                      WHERE payout.status = 'posted' GROUP BY line.account_id) paid ON paid.account_id = account.id
         WHERE account.id IS NULL OR account.balance <> coalesce(shares.fen, 0) - coalesce(paid.fen, 0)
        """,
    ),
)
