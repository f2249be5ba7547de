"""What an organisation's credits were worth over time: their tonnes then at the price of then."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.utils import timezone

from ledger.rows import array_of

POINTS = 24
MOST_ACCOUNTS = 200
"""More batches than that are not drawn: each point would take as many looks at prices as there are batches."""
SHORTEST = dt.timedelta(minutes=1)
ONE_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Worth:
    """What was held at an instant, and what it was worth. Units: tonnes, fen; of tonnes without a price there is no value."""

    at: dt.datetime
    tonnes: int
    value_fen: int


# Of the days that were kept the state at the end of each is known; what came after the last of them is added up. The price is
# that of the last minute with trades before the instant.
_WORTH = """
WITH instants AS (SELECT unnest(%(instants)s::timestamptz[]) AS at),
wanted AS (
    SELECT account.id, market.id AS market_id,
           coalesce((SELECT through_id FROM trading_positionday WHERE account_id = account.id ORDER BY day DESC LIMIT 1), 0) AS kept_id
      FROM ledger_account account LEFT JOIN trading_market market ON market.asset_id = account.asset_id
     WHERE account.id = ANY(%(accounts)s::bigint[])
), moves AS (
    SELECT wanted.id, transfer.transaction_id, transfer.amount
      FROM wanted JOIN ledger_transfer transfer ON transfer.credit_account_id = wanted.id AND transfer.id > wanted.kept_id
     UNION ALL
    SELECT wanted.id, transfer.transaction_id, -transfer.amount
      FROM wanted JOIN ledger_transfer transfer ON transfer.debit_account_id = wanted.id AND transfer.id > wanted.kept_id
), stepped AS MATERIALIZED (
    SELECT moves.id, (SELECT min(at) FROM instants WHERE at >= tx.occurred_at) AS at, sum(moves.amount) AS amount
      FROM moves JOIN ledger_transaction tx ON tx.id = moves.transaction_id
     GROUP BY 1, 2
), held AS (
    SELECT instants.at, wanted.market_id,
           coalesce((SELECT tonnes FROM trading_positionday
                      WHERE account_id = wanted.id AND day < (instants.at AT TIME ZONE 'Asia/Shanghai')::date
                      ORDER BY day DESC LIMIT 1), 0)
           + coalesce((SELECT sum(amount) FROM stepped WHERE stepped.id = wanted.id AND stepped.at <= instants.at), 0) AS tonnes
      FROM instants CROSS JOIN wanted
)
SELECT held.at, sum(held.tonnes)::bigint, coalesce(sum(held.tonnes * price.close_fen), 0)
  FROM held
  LEFT JOIN LATERAL (
       SELECT close_fen FROM trading_candle
        WHERE market_id = held.market_id AND minute <= held.at AND held.tonnes > 0 ORDER BY minute DESC LIMIT 1
       ) price ON true
 GROUP BY held.at ORDER BY held.at
"""


def worth_over_time(account_ids: Iterable[int]) -> list[Worth]:
    """Return what accounts of credits held and were worth at some instants since they first moved, the last of which is now.

    The instants are midnights in Shanghai; within the first day they are equally far from each other. Empty where there are no
    accounts, or too many.
    """
    ids = list(account_ids)
    if not 0 < len(ids) <= MOST_ACCOUNTS:
        return []
    first = _first_move(ids)
    if first is None:
        return []
    parameters: dict[str, Any] = {"accounts": array_of(ids), "instants": _instants(first, timezone.now())}
    with connection.cursor() as cursor:
        cursor.execute(_WORTH, parameters)
        return [Worth(at, int(tonnes), int(value_fen)) for at, tonnes, value_fen in cursor.fetchall()]


def _instants(first: dt.datetime, now: dt.datetime) -> list[dt.datetime]:
    midnight = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    if first >= midnight:
        step = max(now - first, SHORTEST) / (POINTS - 1)
        return [now - step * place for place in range(POINTS - 1, -1, -1)]
    days = (midnight.date() - timezone.localdate(first)).days
    apart = -(-days // (POINTS - 1))
    midnights = [midnight - ONE_DAY * apart * place for place in range(days // apart, -1, -1)]
    return [*(at for at in midnights if at > first), now]


def _first_move(ids: Iterable[int]) -> dt.datetime | None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT min(tx.occurred_at)
              FROM unnest(%s::bigint[]) AS account (id)
             CROSS JOIN LATERAL (
                   SELECT transaction_id FROM ledger_transfer WHERE credit_account_id = account.id ORDER BY id LIMIT 1
                   ) first
              JOIN ledger_transaction tx ON tx.id = first.transaction_id
            """,
            [array_of(ids)],
        )
        found: dt.datetime | None = cursor.fetchone()[0]
        return found
