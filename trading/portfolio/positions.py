"""What an organisation's credits have cost it, and what it has gained or lost by them.

Method: the moving weighted average. Each purchase is added to the cost of what is held; what leaves takes its share of that cost
with it. It is one of the formulas that IAS 2.25–27 and the Chinese standard for inventories (企业会计准则第1号—存货, art. 14)
allow; which serial numbers leave first (the oldest) does not matter to it.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from ledger.journal.models import Account, Asset
from ledger.rows import array_of
from trading.portfolio.models import PositionDay

AT_A_TIME = 1_000

# Each move of an account with what was paid or got for it: by a trade its value and one's own fee; by a transfer outside the
# market what the two have stated; else nothing, so that issued credits and gifts cost nothing, and what is retired, cancelled or
# given away takes its cost along. A transfer that was reversed, and its reversal, are as if they had never been.
_STATES = """
WITH wanted AS (
    SELECT account.id, account.balance, kept.through_id, kept.tonnes, kept.cost_fen, kept.realised_fen, kept.used_fen
      FROM ledger_account account
      LEFT JOIN LATERAL (
           SELECT * FROM trading_positionday WHERE account_id = account.id AND %(from_kept)s ORDER BY day DESC LIMIT 1
           ) kept ON true
     WHERE account.id = ANY(%(accounts)s::bigint[])
), moves AS (
    SELECT wanted.id AS account_id, transfer.id, transfer.transaction_id, transfer.amount
      FROM wanted
      JOIN ledger_transfer transfer
        ON transfer.credit_account_id = wanted.id AND transfer.id > coalesce(wanted.through_id, 0)
     UNION ALL
    SELECT wanted.id, transfer.id, transfer.transaction_id, -transfer.amount
      FROM wanted
      JOIN ledger_transfer transfer
        ON transfer.debit_account_id = wanted.id AND transfer.id > coalesce(wanted.through_id, 0)
), valued AS (
    SELECT moves.account_id, moves.id, moves.amount, (tx.occurred_at AT TIME ZONE 'Asia/Shanghai')::date AS day,
           CASE WHEN trade.id IS NULL THEN handed.price_fen::numeric * handed.quantity_t
                WHEN moves.amount > 0 THEN trade.price_fen::numeric * trade.quantity_t + trade.buyer_fee_fen
                ELSE trade.price_fen::numeric * trade.quantity_t - trade.seller_fee_fen END AS value_fen
      FROM moves
      JOIN ledger_transaction tx ON tx.id = moves.transaction_id
      LEFT JOIN trading_trade trade ON tx.kind = 'settlement' AND trade.transaction_id = tx.id
      LEFT JOIN ledger_credittransfer handed ON tx.kind = 'transfer' AND handed.transaction_id = tx.id
     WHERE tx.occurred_at < %(until)s::timestamptz AND tx.reverses_id IS NULL
       AND (tx.kind <> 'transfer' OR NOT EXISTS (SELECT FROM ledger_transaction later WHERE later.reverses_id = tx.id))
     UNION ALL
    SELECT id, through_id, tonnes, '-infinity', cost_fen FROM wanted WHERE through_id IS NOT NULL
), stepped AS (
    SELECT account_id, id, day, trading_position(amount, value_fen) OVER (PARTITION BY account_id ORDER BY id) AS state
      FROM valued
), days AS (
    SELECT DISTINCT ON (account_id, day) account_id, id, day, state FROM stepped ORDER BY account_id, day, id DESC
)
"""
_NOW = """
SELECT wanted.id, wanted.balance, coalesce(last.state[1], 0), coalesce(last.state[2], 0),
       coalesce(last.state[3], 0) + coalesce(wanted.realised_fen, 0), coalesce(last.state[4], 0) + coalesce(wanted.used_fen, 0)
  FROM wanted
  LEFT JOIN LATERAL (SELECT state FROM stepped WHERE account_id = wanted.id ORDER BY id DESC LIMIT 1) last ON true
"""


@dataclass(frozen=True, slots=True)
class Position:
    """Tonnes of one batch: their cost, what was gained by those sold, and the cost of those used or given away.

    Units: tonnes, fen, fees included. Rounding: what leaves takes its share of the cost, half a fen rounded up; the last tonne
    takes what is left, so that no fen is lost.
    """

    tonnes: int
    cost_fen: int
    realised_fen: int
    used_fen: int

    @property
    def average_fen(self) -> int | None:
        """The cost of one tonne. Rounding: half a fen up; for show alone, nothing is reckoned from it."""
        return (2 * self.cost_fen + self.tonnes) // (2 * self.tonnes) if self.tonnes else None

    def unrealised_fen(self, price_fen: int | None) -> int | None:
        """Return what would be gained at a price, without the fees of a sale; None where there is no price."""
        return None if price_fen is None else self.tonnes * price_fen - self.cost_fen


NO_POSITION = Position(0, 0, 0, 0)


def positions(account_ids: Iterable[int]) -> dict[int, Position]:
    """Return what accounts of credits have come to now, by their ids, in one query.

    Reckoned on from the newest day that was kept. Where that does not lead to the balance of now (a transfer was reversed, or
    two were written at midnight the other way round) it is reckoned from the beginning: one query more.
    """
    ids = list(account_ids)
    if not ids:
        return {}
    rows = _states(ids, from_kept=True)
    wrong = [account_id for account_id, balance, tonnes, *_rest in rows if tonnes != balance]
    if wrong:
        again = {row[0]: row for row in _states(wrong, from_kept=False)}
        rows = [again.get(row[0], row) for row in rows]
    return {account_id: Position(*map(int, state)) for account_id, _balance, *state in rows}


def _states(ids: list[int], *, from_kept: bool) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(_STATES + _NOW, {"accounts": array_of(ids), "until": "infinity", "from_kept": from_kept})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


_KEEP = """
INSERT INTO trading_positionday (account_id, day, through_id, tonnes, cost_fen, realised_fen, used_fen)
SELECT days.account_id, days.day, days.id, days.state[1], days.state[2],
       days.state[3] + coalesce(wanted.realised_fen, 0), days.state[4] + coalesce(wanted.used_fen, 0)
  FROM days JOIN wanted ON wanted.id = days.account_id
 WHERE days.day > '-infinity'
    ON CONFLICT (account_id, day) DO UPDATE
   SET through_id = excluded.through_id, tonnes = excluded.tonnes, cost_fen = excluded.cost_fen,
       realised_fen = excluded.realised_fen, used_fen = excluded.used_fen
"""


def keep_positions(account_ids: Iterable[int], *, before: dt.datetime) -> int:
    """Keep what accounts came to at the end of each day on which they moved, up to an instant; return how many days.

    Safe to repeat: it goes on after the last day that was kept.
    """
    with connection.cursor() as cursor:
        cursor.execute(_STATES + _KEEP, {"accounts": array_of(account_ids), "until": before, "from_kept": True})
        count: int = cursor.rowcount
        return count


@transaction.atomic
def keep_anew(account_ids: Iterable[int], *, before: dt.datetime) -> int:
    """Forget the days that were kept of accounts, and keep them anew; return how many."""
    ids = list(account_ids)
    PositionDay.objects.filter(account__in=ids).delete()
    return keep_positions(ids, before=before)


def wrong_accounts(account_ids: Iterable[int]) -> list[int]:
    """Return those of the accounts whose kept days do not lead to their balances."""
    return [
        account_id
        for account_id, balance, tonnes, *_rest in _states(list(account_ids), from_kept=True)
        if tonnes != balance
    ]


def keep_all(*, before: dt.datetime) -> int:
    """Keep the days of every organisation's accounts of credits, anew where they have turned out wrong; return how many.

    A thousand accounts at a time, each in a transaction of its own: who is interrupted goes on where it stood.
    """
    holding = Account.objects.filter(organisation__isnull=False, asset__kind=Asset.Kind.CREDIT)
    kept, after = 0, 0
    while ids := list(holding.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:AT_A_TIME]):
        kept += keep_positions(ids, before=before)
        if wrong := wrong_accounts(ids):
            kept += keep_anew(wrong, before=before)
        after = ids[-1]
    return kept
