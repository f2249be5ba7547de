"""Fill a journal with millions of transfers by SQL alone, past every index and trigger, so that its books still balance.

A trader gives another one credits for cash, and the next transaction gives both back: every balance, and who owns which
serial number, are in the end what they were. The transactions have no records in the log.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import psycopg

_TRADERS = """
CREATE TEMPORARY TABLE trader AS
SELECT place - 1 AS place, cash_id, credit_id,
       (SELECT min(lower(serials)) FROM ledger_serialblock WHERE account_id = credit_id) AS first_serial
  FROM unnest(%s::bigint[], %s::bigint[]) WITH ORDINALITY AS given (cash_id, credit_id, place)
"""
_TRANSACTIONS = """
INSERT INTO ledger_transaction (kind, occurred_at, actor, record_id)
SELECT 'transfer', now(), 'system', -n FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
"""
_TRANSFERS = """
INSERT INTO ledger_transfer (transaction_id, debit_account_id, credit_account_id, amount, serials)
SELECT tx.id, CASE WHEN step.is_return THEN receiver_id ELSE giver_id END,
       CASE WHEN step.is_return THEN giver_id ELSE receiver_id END, amount, serials
  FROM ledger_transaction tx
 CROSS JOIN LATERAL (SELECT -tx.record_id / 2 AS pair, -tx.record_id %% 2 = 1 AS is_return,
                            1 + -tx.record_id / 2 %% 50 AS quantity_t) AS step
  JOIN trader owner ON owner.place = step.pair %% %(traders)s
  JOIN trader other ON other.place = (step.pair + 1 + step.pair %% (%(traders)s - 1)) %% %(traders)s
 CROSS JOIN LATERAL (
       VALUES (owner.credit_id, other.credit_id, step.quantity_t,
               int8multirange(int8range(owner.first_serial, owner.first_serial + step.quantity_t))),
              (other.cash_id, owner.cash_id, step.quantity_t * 4000, NULL)
       ) AS transfer (giver_id, receiver_id, amount, serials)
 WHERE tx.record_id BETWEEN -%(last)s AND -%(first)s
 ORDER BY tx.id
"""


def fill(database_url: str, accounts: Sequence[tuple[int, int]], transfers: int) -> None:
    """Make transfers between traders' accounts of cash and of credits, two a transaction.

    The tables are vacuumed before this returns, as PostgreSQL would do it in the background.
    """
    pairs = transfers // 4
    parts = [(2 * first, 2 * last - 1) for first, last in ((1, pairs // 2 + 1), (pairs // 2 + 1, pairs + 1))]
    with ThreadPoolExecutor(len(parts)) as executor:
        for done in [executor.submit(_fill_part, database_url, accounts, *part) for part in parts]:
            done.result()
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE ledger_transaction, ledger_transfer")


def _fill_part(database_url: str, accounts: Sequence[tuple[int, int]], first: int, last: int) -> None:
    numbers = {"first": first, "last": last, "traders": len(accounts)}
    with psycopg.connect(database_url) as connection:
        connection.execute(_TRADERS, [list(column) for column in zip(*accounts, strict=True)])
        connection.execute(_TRANSACTIONS, numbers)
        connection.execute(_TRANSFERS, numbers)
