"""The invariants that the books obey, each a query that finds what breaks it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.db import connection
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ledger.transparency.verification import verify_log

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@dataclass(frozen=True, slots=True)
class Invariant:
    """A rule, and SQL that returns one row for each breach of it, readable as it is."""

    number: int
    name: "_StrPromise"
    breaches_sql: str


@dataclass(frozen=True, slots=True)
class InvariantResult:
    number: int
    name: str
    holds: bool
    detail: str
    # Of a name with placeholders, the message and what stands in them: it can then be said in another language later.
    message: str = ""
    params: Mapping[str, str | int] = field(default_factory=dict)


def check(invariants: Sequence[Invariant]) -> list[InvariantResult]:
    """Evaluate invariants, and return for each whether it holds, and the first breaches where not."""
    return [_check_one(invariant) for invariant in invariants]


def check_log() -> InvariantResult:
    """Rebuild the log from its records, and return whether all that is signed agrees."""
    difference = verify_log().difference
    return InvariantResult(
        7, gettext("the tree rebuilt from the records has every signed root"), not difference, difference
    )


def _check_one(invariant: Invariant) -> InvariantResult:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM ({invariant.breaches_sql}) AS breach LIMIT 5")
        columns = [column.name for column in cursor.description or ()]
        breaches = [
            ", ".join(f"{name}={value}" for name, value in zip(columns, row, strict=True)) for row in cursor.fetchall()
        ]
    return InvariantResult(invariant.number, str(invariant.name), not breaches, "; ".join(breaches))


INVARIANTS = (
    Invariant(
        1,
        _("per asset, all balances sum to zero"),
        """
        SELECT asset.code AS asset, sum(account.balance) AS sum
          FROM ledger_account account JOIN ledger_asset asset ON asset.id = account.asset_id
         GROUP BY asset.code HAVING sum(account.balance) <> 0
        """,
    ),
    Invariant(
        2,
        _("each balance is its credits minus its debits"),
        """
        SELECT account.id AS account, account.balance, coalesce(posted.net, 0) AS posted
          FROM ledger_account account
          FULL JOIN (SELECT account_id, sum(net) AS net
                       FROM (SELECT credit_account_id AS account_id, sum(amount) AS net
                               FROM ledger_transfer GROUP BY credit_account_id
                              UNION ALL
                             SELECT debit_account_id, -sum(amount) FROM ledger_transfer GROUP BY debit_account_id) moved
                      GROUP BY account_id) posted ON posted.account_id = account.id
         WHERE account.id IS NULL OR account.balance <> coalesce(posted.net, 0)
        """,
    ),
    Invariant(
        2,
        _("no transfer stands alone, crosses assets or moves other serial numbers than its amount"),
        """
        SELECT transfer.id AS transfer
          FROM ledger_transfer transfer
          LEFT JOIN ledger_transaction tx ON tx.id = transfer.transaction_id
          LEFT JOIN ledger_account debit ON debit.id = transfer.debit_account_id
          LEFT JOIN ledger_account credit ON credit.id = transfer.credit_account_id
          LEFT JOIN ledger_asset asset ON asset.id = debit.asset_id
         WHERE tx.id IS NULL OR debit.asset_id IS DISTINCT FROM credit.asset_id
            OR (asset.kind = 'credit') <> (transfer.serials IS NOT NULL)
            OR transfer.amount <> coalesce((SELECT sum(upper(run) - lower(run)) FROM unnest(transfer.serials) run),
                                           transfer.amount)
        """,
    ),
    Invariant(
        2,
        _("each transaction moves something"),
        """
        SELECT tx.id AS transaction
          FROM ledger_transaction tx
         WHERE NOT EXISTS (SELECT 1 FROM ledger_transfer transfer WHERE transfer.transaction_id = tx.id)
        """,
    ),
    Invariant(
        3,
        _("what is held is the sum of the holds"),
        """
        SELECT account.id AS account, account.held, coalesce(holds.remaining, 0) AS holds
          FROM ledger_account account
          FULL JOIN (SELECT account_id, sum(remaining) AS remaining FROM ledger_hold GROUP BY account_id) holds
                    ON holds.account_id = account.id
         WHERE account.id IS NULL OR account.held <> coalesce(holds.remaining, 0)
        """,
    ),
    Invariant(
        3,
        _("pending withdrawals, and they alone of payments, hold their amount"),
        """
        SELECT payment.id AS payment, hold.id AS hold, payment.status, hold.remaining
          FROM ledger_payment payment
          FULL JOIN (SELECT * FROM ledger_hold WHERE purpose = 'withdrawal') hold ON hold.id = payment.hold_id
         WHERE payment.id IS NULL
            OR coalesce(hold.remaining, 0) <> CASE WHEN payment.direction = 'withdrawal'
                    AND payment.status = 'requested' THEN payment.amount_fen ELSE 0 END
        """,
    ),
    Invariant(
        4,
        _("per batch, issued = held by organisations + buffer + retired + cancelled"),
        """
        SELECT asset.code AS batch, batch.quantity_t AS issued, coalesce(sum(account.balance), 0) AS accounted
          FROM ledger_batch batch
          JOIN ledger_asset asset ON asset.id = batch.asset_id
          LEFT JOIN ledger_account account ON account.asset_id = asset.id AND account.purpose <> 'issuance'
         GROUP BY asset.code, batch.quantity_t
        HAVING batch.quantity_t <> coalesce(sum(account.balance), 0)
        """,
    ),
    Invariant(
        4,
        _("the batches, and they alone, are what has been issued"),
        """
        SELECT asset.code AS asset, batch.quantity_t AS batch, -account.balance AS issued
          FROM ledger_account account
          JOIN ledger_asset asset ON asset.id = account.asset_id
          FULL JOIN ledger_batch batch ON batch.asset_id = asset.id
         WHERE (account.purpose = 'issuance' OR account.id IS NULL)
           AND batch.quantity_t IS DISTINCT FROM -account.balance
           AND (batch.id IS NOT NULL OR account.balance <> 0)
        """,
    ),
    Invariant(
        5,
        _("per account, the serial blocks' lengths sum to the balance"),
        """
        SELECT account.id AS account, account.balance, coalesce(blocks.length, 0) AS serials
          FROM (SELECT account.* FROM ledger_account account JOIN ledger_asset asset ON asset.id = account.asset_id
                 WHERE asset.kind = 'credit' AND account.purpose <> 'issuance') account
          FULL JOIN (SELECT account_id, asset_id, sum(upper(serials) - lower(serials)) AS length
                       FROM ledger_serialblock GROUP BY account_id, asset_id) blocks
                    ON blocks.account_id = account.id AND blocks.asset_id = account.asset_id
         WHERE account.id IS NULL OR account.balance <> coalesce(blocks.length, 0)
        """,
    ),
    Invariant(
        5,
        _("no serial block leaves its batch, and none overlap"),
        """
        SELECT block.id AS block, block.serials::text
          FROM ledger_serialblock block LEFT JOIN ledger_batch batch ON batch.asset_id = block.asset_id
         WHERE batch.id IS NULL OR NOT block.serials <@ batch.serials
         UNION ALL
        SELECT id, serials::text
          FROM (SELECT id, serials, lower(serials) < lag(upper(serials)) OVER (ORDER BY serials) AS runs_over
                  FROM ledger_serialblock) neighbours
         WHERE runs_over
        """,
    ),
    Invariant(
        7,
        _("each record is in the log once or waits for it"),
        """
        SELECT record.id AS record, leaf.record_id AS leaf, waiting.record_id AS waiting
          FROM ledger_record record
          FULL JOIN ledger_logleaf leaf ON leaf.record_id = record.id
          FULL JOIN ledger_unsequencedrecord waiting ON waiting.record_id = record.id
         WHERE record.id IS NULL OR (leaf.record_id IS NULL) = (waiting.record_id IS NULL)
        """,
    ),
    Invariant(
        7,
        _("each transaction has its record"),
        """
        SELECT tx.id AS transaction
          FROM ledger_transaction tx LEFT JOIN ledger_record record ON record.id = tx.record_id
         WHERE record.id IS NULL OR record.kind <> 'transaction_posted'
        """,
    ),
)
