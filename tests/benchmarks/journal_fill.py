"""Fill a journal with millions of transfers, and a market with orders and trades, by SQL alone, so that the books still balance.

A trader gives another one credits for cash, and the next transaction gives both back: every balance, and who owns which
serial number, are in the end what they were. The transactions have no records in the log. Orders are filled in pairs, two trades
a pair. Indexes are made when the rows are there, as PostgreSQL restores a dump.
"""

import contextlib
from collections.abc import Iterator, Sequence
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


# Of an order n: its trader, in whose turn it is; what is odd sells to what follows.
_ORDERS = """
CREATE TEMPORARY TABLE entered AS
SELECT n, n %% 2 = 0 AS is_buy, cash_id, credit_id, cash.organisation_id,
       (SELECT min(user_id) FROM ledger_membership WHERE organisation_id = cash.organisation_id) AS user_id
  FROM generate_series(1, %(orders)s::bigint) AS n
  JOIN trader ON trader.place = n / 50 %% %(traders)s
  JOIN ledger_account cash ON cash.id = cash_id;
INSERT INTO ledger_hold (account_id, purpose, remaining, placed_at)
SELECT CASE WHEN is_buy THEN cash_id ELSE credit_id END, 'order', 0, now() FROM entered ORDER BY n;
INSERT INTO trading_order (market_id, organisation_id, placed_by_id, client_order_id, side, order_type, time_in_force, post_only,
                           self_trade_mode, price_fen, quantity_t, filled_t, decremented_t, status, reason, sequence,
                           cash_account_id, credit_account_id, hold_id, placed_at)
SELECT %(market)s, organisation_id, user_id, 'before-' || n, CASE WHEN is_buy THEN 'buy' ELSE 'sell' END, 'limit', 'gtc', false,
       'cancel_newest', 4000, 2, 2, 0, 'filled', '', n, cash_id, credit_id, %(hold)s + n, now()
  FROM entered ORDER BY n;
INSERT INTO trading_executedinstruction (market_id, sequence, kind, order_id, content, executed_at)
SELECT %(market)s, n, 'submit', %(order)s + n,
       format('{"owner":%%s,"price_fen":4000,"quantity_t":2,"side":"%%s"}', organisation_id,
              CASE WHEN is_buy THEN 'buy' ELSE 'sell' END), now()
  FROM entered ORDER BY n;
INSERT INTO trading_trade (market_id, sequence, buy_order_id, sell_order_id, taker_side, price_fen, quantity_t, buyer_fee_fen,
                           seller_fee_fen, transaction_id, executed_at)
SELECT %(market)s, pair * 2, %(order)s + pair * 2, %(order)s + pair * 2 - 1, 'buy', 4000, 1, 0, 0, tx.id, now()
  FROM ledger_transaction tx
 CROSS JOIN LATERAL (SELECT -tx.record_id / 2 AS pair) AS made
 WHERE tx.record_id BETWEEN -%(orders)s - 1 AND -2
 ORDER BY tx.id;
UPDATE trading_market SET last_sequence = %(orders)s, book_sequence = %(orders)s WHERE id = %(market)s
"""
TABLES = [
    *("ledger_transaction", "ledger_transfer", "ledger_hold"),
    *("trading_order", "trading_executedinstruction", "trading_trade"),
]
_INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid)
  FROM pg_index
 WHERE indrelid = ANY(%s::text[]::regclass[])
   AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
"""


def fill(
    database_url: str, accounts: Sequence[tuple[int, int]], transfers: int, *, market_id: int, orders: int
) -> None:
    """Make transfers between traders' accounts of cash and of credits, two a transaction; orders, and as many trades.

    The tables are vacuumed before this returns, as PostgreSQL would do it in the background.
    """
    assert orders <= transfers // 2, "each trade has a transaction of its own"
    pairs = transfers // 4
    parts = [(2 * first, 2 * last - 1) for first, last in ((1, pairs // 2 + 1), (pairs // 2 + 1, pairs + 1))]
    with psycopg.connect(database_url, autocommit=True) as connection:
        with _indexes_made_afterwards(connection):
            with ThreadPoolExecutor(len(parts)) as executor:
                for done in [executor.submit(_fill_part, database_url, accounts, *part) for part in parts]:
                    done.result()
            _fill_market(database_url, accounts, market_id, orders)
        connection.execute(f"VACUUM ANALYZE {', '.join(TABLES)}")


@contextlib.contextmanager
def _indexes_made_afterwards(connection: psycopg.Connection) -> Iterator[None]:
    indexes = connection.execute(_INDEXES, [TABLES]).fetchall()
    for name, _definition in indexes:
        connection.execute(f"DROP INDEX {name}")
    yield
    connection.execute("SET maintenance_work_mem = '256MB'")
    for _name, definition in indexes:
        connection.execute(definition)


def _fill_market(database_url: str, accounts: Sequence[tuple[int, int]], market_id: int, orders: int) -> None:
    with psycopg.connect(database_url, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute(_TRADERS, [list(column) for column in zip(*accounts, strict=True)])
        numbers = {"traders": len(accounts), "market": market_id, "orders": orders}
        for name in ("hold", "order"):
            table = {"hold": "ledger_hold", "order": "trading_order"}[name]
            row = connection.execute(
                f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {table}_id_seq"
            ).fetchone()
            assert row is not None
            numbers[name] = row[0]
        connection.execute(_ORDERS, numbers)


def _fill_part(database_url: str, accounts: Sequence[tuple[int, int]], first: int, last: int) -> None:
    numbers = {"first": first, "last": last, "traders": len(accounts)}
    with psycopg.connect(database_url) as connection:
        connection.execute(_TRADERS, [list(column) for column in zip(*accounts, strict=True)])
        connection.execute(_TRANSACTIONS, numbers)
        connection.execute(_TRANSFERS, numbers)
