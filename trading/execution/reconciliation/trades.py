"""Trades, their settlements, and the records of both."""

from django.utils.translation import gettext_lazy as _

from ledger.journal.reconciliation import Invariant
from ledger.journal.reconciliation.invariants import entries

INVARIANTS = (
    Invariant(
        6,
        _("each trade has one settlement, whose transfers equal its price × quantity, quantity and fees"),
        """
        WITH expected AS (
            SELECT trade.transaction_id, leg.debit, leg.credit, leg.amount
              FROM trading_trade trade
              JOIN trading_order buy ON buy.id = trade.buy_order_id
              JOIN trading_order sell ON sell.id = trade.sell_order_id
              LEFT JOIN ledger_account fees ON fees.purpose = 'fees'
             CROSS JOIN LATERAL (VALUES
                   (sell.credit_account_id, buy.credit_account_id, trade.quantity_t),
                   (buy.cash_account_id, sell.cash_account_id, trade.price_fen * trade.quantity_t),
                   (buy.cash_account_id, fees.id, trade.buyer_fee_fen),
                   (sell.cash_account_id, fees.id, trade.seller_fee_fen)) AS leg (debit, credit, amount)
             WHERE leg.amount > 0
        ), actual AS (
            SELECT tx.id AS transaction_id, transfer.debit_account_id, transfer.credit_account_id, transfer.amount
              FROM ledger_transaction tx JOIN ledger_transfer transfer ON transfer.transaction_id = tx.id
             WHERE tx.kind = 'settlement'
        )
        SELECT transaction_id AS transaction, 'missing' AS what FROM (TABLE expected EXCEPT ALL TABLE actual) missing
         UNION ALL
        SELECT transaction_id, 'without a trade' FROM (TABLE actual EXCEPT ALL TABLE expected) extra
        """,
    ),
    Invariant(
        9,
        _("each trade is what the record of its settlement says"),
        f"""
        SELECT coalesce(trade.id::text, said.trade ->> 'trade') AS trade, said.record_id AS record
          FROM (SELECT *, CASE taker_side WHEN 'buy' THEN sell_order_id ELSE buy_order_id END AS maker_order_id,
                       CASE taker_side WHEN 'buy' THEN buy_order_id ELSE sell_order_id END AS taker_order_id
                  FROM trading_trade) trade
          FULL JOIN (SELECT record_id, body ->> 'transaction' AS transaction, body ->> 'occurred_at' AS occurred_at,
                            body -> 'trade' AS trade
                       FROM ({entries("transaction_posted")}) said WHERE body ? 'trade') said
                    ON said.transaction = trade.transaction_id::text
         WHERE trade.id IS NULL OR said.record_id IS NULL
            OR (trade.id::text, trade.market_id::text, trade.price_fen::text, trade.quantity_t::text,
                trade.maker_order_id::text, trade.taker_order_id::text, trade.buyer_fee_fen::text,
                trade.seller_fee_fen::text, log_time(trade.executed_at)) IS DISTINCT FROM
               (said.trade ->> 'trade', said.trade ->> 'market', said.trade ->> 'price_fen', said.trade ->> 'quantity_t',
                said.trade ->> 'maker_order', said.trade ->> 'taker_order', said.trade ->> 'buyer_fee_fen',
                said.trade ->> 'seller_fee_fen', said.occurred_at)
        """,
    ),
    Invariant(
        6,
        _("each candle is what its minute's trades on the book come to"),
        """
        SELECT coalesce(candle.market_id, traded.market_id) AS market, coalesce(candle.minute, traded.minute) AS minute
          FROM trading_candle candle
          FULL JOIN (SELECT market_id, date_trunc('minute', executed_at) AS minute,
                            (array_agg(price_fen ORDER BY id))[1] AS open_fen, max(price_fen) AS high_fen,
                            min(price_fen) AS low_fen, (array_agg(price_fen ORDER BY id DESC))[1] AS close_fen,
                            sum(quantity_t) AS quantity_t, sum(price_fen * quantity_t) AS value_fen, count(*) AS trades
                       FROM trading_trade WHERE trading_mode = 'listing' GROUP BY 1, 2) traded
                    ON traded.market_id = candle.market_id AND traded.minute = candle.minute
         WHERE (candle.open_fen, candle.high_fen, candle.low_fen, candle.close_fen, candle.quantity_t, candle.value_fen,
                candle.trades) IS DISTINCT FROM
               (traded.open_fen, traded.high_fen, traded.low_fen, traded.close_fen, traded.quantity_t, traded.value_fen,
                traded.trades)
        """,
    ),
)
