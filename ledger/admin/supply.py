"""Where all tonnes are: by batch, by vintage, and together."""

from dataclasses import dataclass

from django.db import connection

BATCHES_SHOWN = 50


@dataclass(frozen=True, slots=True)
class SupplyRow:
    """A batch, a vintage (no code), or everything (no vintage either). Units: tonnes."""

    vintage: int | None
    batch_id: int | None
    code: str | None
    issued: int
    held: int
    buffer: int
    retired: int
    cancelled: int


@dataclass(frozen=True, slots=True)
class SupplyOfAll:
    """Each vintage with its batches below it, the newest first, and the total. Older batches are in the sums alone."""

    rows: list[SupplyRow]
    total: SupplyRow
    batches: int
    has_more: bool


def supply_of_all(shown: int = BATCHES_SHOWN) -> SupplyOfAll:
    """Return the supply of all vintages and of the newest batches, from the accounts' balances, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            WITH supply AS (
                SELECT batch.id, batch.vintage, asset.code,
                       coalesce(-sum(account.balance) FILTER (WHERE account.purpose = 'issuance'), 0) AS issued,
                       coalesce(sum(account.balance) FILTER (WHERE account.purpose = 'holding'), 0) AS held,
                       coalesce(sum(account.balance) FILTER (WHERE account.purpose = 'buffer'), 0) AS buffer,
                       coalesce(sum(account.balance) FILTER (WHERE account.purpose = 'retired'), 0) AS retired,
                       coalesce(sum(account.balance) FILTER (WHERE account.purpose = 'cancelled'), 0) AS cancelled
                  FROM ledger_batch batch
                  JOIN ledger_asset asset ON asset.id = batch.asset_id
                  LEFT JOIN ledger_account account ON account.asset_id = batch.asset_id
                 GROUP BY batch.id, asset.code
            ), newest AS (SELECT id FROM ledger_batch ORDER BY id DESC LIMIT %s)
            SELECT vintage, id, code, coalesce(sum(issued), 0)::bigint, coalesce(sum(held), 0)::bigint,
                   coalesce(sum(buffer), 0)::bigint, coalesce(sum(retired), 0)::bigint,
                   coalesce(sum(cancelled), 0)::bigint, count(id)
              FROM supply
             GROUP BY GROUPING SETS ((vintage, id, code), (vintage), ())
            HAVING grouping(id) = 1 OR id IN (SELECT id FROM newest)
             ORDER BY grouping(vintage), vintage DESC, grouping(id) DESC, id DESC
            """,
            [shown],
        )
        *found, (*total, batches) = cursor.fetchall()
    rows = [SupplyRow(*row[:-1]) for row in found]
    return SupplyOfAll(rows, SupplyRow(*total), batches, batches > shown)
