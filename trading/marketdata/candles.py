"""Candles of a market: what its trades on the book came to, minute by minute or longer."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import connection

from trading.markets.models import Market

INTERVALS = {
    "1m": dt.timedelta(minutes=1),
    "5m": dt.timedelta(minutes=5),
    "15m": dt.timedelta(minutes=15),
    "1h": dt.timedelta(hours=1),
    "4h": dt.timedelta(hours=4),
    "1d": dt.timedelta(days=1),
}
ORIGIN = dt.datetime(2000, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=8)))
"""A midnight in Shanghai, whose clocks are never changed: every interval begins a whole number of itself away from it."""


@dataclass(frozen=True, slots=True)
class Bar:
    """A candle of some interval, from its beginning on. Units: fen per tonne, tonnes, fen."""

    begins_at: dt.datetime
    open_fen: int
    high_fen: int
    low_fen: int
    close_fen: int
    quantity_t: int
    value_fen: int
    trades: int


# Steps from each interval with trades to the one before it, so that it reads what it returns, however long the history is.
_NEWEST = """
WITH RECURSIVE bins (begins_at, number) AS (
    SELECT date_bin(%(interval)s::interval, max(minute), %(origin)s::timestamptz), 1
      FROM trading_candle WHERE market_id = %(market)s AND minute >= %(earliest)s::timestamptz AND minute < %(before)s::timestamptz
     UNION ALL
    SELECT (SELECT date_bin(%(interval)s::interval, max(minute), %(origin)s::timestamptz) FROM trading_candle
             WHERE market_id = %(market)s AND minute >= %(earliest)s::timestamptz AND minute < bins.begins_at), number + 1
      FROM bins WHERE begins_at IS NOT NULL AND number < %(limit)s
)
SELECT bins.begins_at, bar.*
  FROM bins
 CROSS JOIN LATERAL (
       SELECT (array_agg(open_fen ORDER BY minute))[1], max(high_fen), min(low_fen),
              (array_agg(close_fen ORDER BY minute DESC))[1], sum(quantity_t)::bigint, sum(value_fen), sum(trades)::bigint
         FROM trading_candle
        WHERE market_id = %(market)s AND minute >= greatest(bins.begins_at, %(earliest)s::timestamptz)
          AND minute < least(bins.begins_at + %(interval)s::interval, %(before)s::timestamptz)) bar
 WHERE bins.begins_at IS NOT NULL
 ORDER BY bins.begins_at
"""


def candles(
    market: Market, interval: str, *, earliest: dt.datetime | None, before: dt.datetime | None, limit: int
) -> list[Bar]:
    """Return the newest candles of the minutes from `earliest` on and before `before`, the oldest of them first.

    An interval without trades has none. One that begins before `earliest`, or ends after `before`, is of what is within.
    """
    parameters: dict[str, Any] = {
        "market": market.pk,
        "interval": INTERVALS[interval],
        "origin": ORIGIN,
        "earliest": earliest or "-infinity",
        "before": before or "infinity",
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST, parameters)
        return [_bar(*row) for row in cursor.fetchall()]


def _bar(
    begins_at: dt.datetime, open_fen: int, high: int, low: int, close: int, tonnes: int, value: int, trades: int
) -> Bar:
    return Bar(begins_at, open_fen, high, low, close, tonnes, int(value), trades)
