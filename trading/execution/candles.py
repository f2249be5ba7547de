"""Candles of one minute, kept up to date in the transaction that writes the trades: longer ones are made of these."""

from collections.abc import Sequence
from typing import Any

from ledger.ahead import write
from trading.execution.settlement import SettledFill
from trading.markets.models import Market

# Negotiated prices say nothing of the book: a candle is of the listing alone. The trades were written before this one.
_ADD_TRADES = """
INSERT INTO trading_candle (market_id, minute, open_fen, high_fen, low_fen, close_fen, quantity_t, value_fen, trades)
SELECT market_id, date_trunc('minute', executed_at), (array_agg(price_fen ORDER BY id))[1], max(price_fen),
       min(price_fen), (array_agg(price_fen ORDER BY id DESC))[1], sum(quantity_t), sum(price_fen * quantity_t), count(*)
  FROM trading_trade
 WHERE market_id = %s AND id >= %s AND trading_mode = 'listing'
 GROUP BY 1, 2
    ON CONFLICT (market_id, minute) DO UPDATE
   SET high_fen = greatest(trading_candle.high_fen, excluded.high_fen),
       low_fen = least(trading_candle.low_fen, excluded.low_fen),
       close_fen = excluded.close_fen,
       quantity_t = trading_candle.quantity_t + excluded.quantity_t,
       value_fen = trading_candle.value_fen + excluded.value_fen,
       trades = trading_candle.trades + excluded.trades
"""


def write_candles(settled: Sequence[SettledFill], market: Market) -> None:
    """Add a batch's trades to the candles of their minute, by one statement.

    Locks: none; the caller holds the market row, so that no other batch of the market comes between.
    """
    if not settled:
        return
    # Ids are drawn in order while the market's row is locked: what is not older is this batch's.
    first = min(row.trade_id for row in settled)

    def add(cursor: Any) -> None:
        cursor.execute(_ADD_TRADES, [market.pk, first])

    write(add)
