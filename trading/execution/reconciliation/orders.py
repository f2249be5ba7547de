"""Orders, what they hold, and that they are what was executed."""

from django.utils.translation import gettext_lazy as _

from ledger.journal.reconciliation import Invariant

INVARIANTS = (
    Invariant(
        3,
        _("each order holds the worst case of what remains of it, and nothing once it is finished"),
        """
        SELECT o.id AS order, o.status, hold.remaining AS held
          FROM trading_order o
          JOIN trading_market market ON market.id = o.market_id
          LEFT JOIN ledger_hold hold ON hold.id = o.hold_id
          -- What was agreed outside the book keeps the fee that it was agreed at.
          LEFT JOIN (SELECT (each ->> 'order')::bigint AS order_id, (content ->> 'fee_bps')::bigint AS fee_bps
                       FROM trading_instruction, jsonb_array_elements(content -> 'orders') each
                      WHERE kind = 'agreed') agreed ON agreed.order_id = o.id
         WHERE hold.remaining IS DISTINCT FROM CASE
                   WHEN o.status IN ('filled', 'canceled', 'expired', 'rejected') THEN 0
                   WHEN o.side = 'sell' THEN o.quantity_t - o.filled_t - o.decremented_t
                   ELSE o.price_fen * (o.quantity_t - o.filled_t - o.decremented_t)
                        + o.price_fen * (o.quantity_t - o.filled_t - o.decremented_t) 
                        * coalesce(agreed.fee_bps, market.taker_fee_bps) / 10000 END
        """,
    ),
    Invariant(
        3,
        _("holds of orders belong to one order each, on the right account"),
        """
        SELECT hold.id AS hold
          FROM ledger_hold hold LEFT JOIN trading_order o ON o.hold_id = hold.id
         WHERE (hold.purpose = 'order' OR o.id IS NOT NULL)
           AND (o.id IS NULL OR hold.purpose <> 'order'
                OR hold.account_id <> CASE o.side WHEN 'buy' THEN o.cash_account_id ELSE o.credit_account_id END)
        """,
    ),
    Invariant(
        3,
        _("what is held for new terms of an order belongs to a replace that waits, on the right account"),
        """
        SELECT hold.id AS hold, waiting.id AS instruction
          FROM (SELECT * FROM ledger_hold WHERE purpose = 'replace') hold
          FULL JOIN (SELECT instruction.*,
                            CASE o.side WHEN 'buy' THEN o.cash_account_id ELSE o.credit_account_id END AS account_id
                       FROM trading_instruction instruction LEFT JOIN trading_order o ON o.id = instruction.order_id
                      WHERE instruction.hold_id IS NOT NULL) waiting ON waiting.hold_id = hold.id
         WHERE hold.id IS NULL OR (waiting.id IS NULL AND hold.remaining <> 0)
            OR (waiting.id IS NOT NULL AND (waiting.kind, waiting.account_id) IS DISTINCT FROM ('replace', hold.account_id))
        """,
    ),
    Invariant(
        6,
        _("each order's fills are its trades"),
        """
        SELECT o.id AS order, o.filled_t, coalesce(traded.quantity_t, 0) AS traded
          FROM trading_order o
          FULL JOIN (SELECT order_id, sum(quantity_t) AS quantity_t
                       FROM (SELECT buy_order_id AS order_id, quantity_t FROM trading_trade
                              UNION ALL SELECT sell_order_id, quantity_t FROM trading_trade) moved
                      GROUP BY order_id) traded ON traded.order_id = o.id
         WHERE o.id IS NULL OR o.filled_t <> coalesce(traded.quantity_t, 0)
        """,
    ),
    Invariant(
        6,
        _("each order settles on its organisation's own accounts, in cash and in its market's credits"),
        """
        SELECT o.id AS order
          FROM trading_order o
          LEFT JOIN trading_market market ON market.id = o.market_id
          LEFT JOIN ledger_account cash ON cash.id = o.cash_account_id
          LEFT JOIN ledger_asset cny ON cny.id = cash.asset_id
          LEFT JOIN ledger_account credit ON credit.id = o.credit_account_id
         WHERE (cash.organisation_id, cash.purpose, cny.code, credit.organisation_id, credit.purpose, credit.asset_id)
               IS DISTINCT FROM (o.organisation_id, 'holding', 'CNY', o.organisation_id, 'holding', market.asset_id)
        """,
    ),
    Invariant(
        8,
        _("what is on the books is each order that can trade there, at its price"),
        """
        SELECT coalesce(o.id, entry.order_id) AS order, o.status, entry.price_fen
          FROM (SELECT * FROM trading_order
                 WHERE status IN ('new', 'partially_filled') AND trading_mode = 'listing') o
          FULL JOIN trading_bookentry entry ON entry.order_id = o.id
         WHERE o.id IS NULL OR entry.order_id IS NULL
            OR (entry.market_id, entry.side, entry.price_fen) IS DISTINCT FROM
               (o.market_id, o.side, CASE o.order_type WHEN 'limit' THEN o.price_fen END)
        """,
    ),
    Invariant(
        8,
        _("each order is what was executed, or waits for it"),
        # The text of the instruction is what the order would be written as: no text has to be read for that. What is as
        # usual is not written (trading/execution/batches.py), and concat leaves out what is null.
        """
        SELECT coalesce(o.id, executed.order_id) AS order, o.status, executed.sequence AS instruction
          FROM (SELECT * FROM trading_order WHERE trading_mode = 'listing') o
          FULL JOIN (SELECT * FROM trading_executedinstruction WHERE kind = 'submit') executed ON executed.order_id = o.id
          LEFT JOIN trading_instruction waiting ON waiting.order_id = o.id AND waiting.kind = 'submit'
         WHERE o.id IS NULL
            OR (o.time_in_force = 'gtd') <> (o.expires_at IS NOT NULL)
            OR (o.status = 'pending_new') <> (executed.id IS NULL)
            OR (executed.id IS NULL) <> (waiting.id IS NOT NULL)
            OR (o.status = 'pending_new' AND (o.sequence IS NOT NULL OR o.reason <> ''
                OR o.entered_price_fen IS NOT NULL OR o.entered_quantity_t IS NOT NULL))
            OR o.market_id <> coalesce(executed.market_id, waiting.market_id)
            OR executed.content <> concat(
                   '{',
                   '"display_t":' || o.display_t || ',',
                   CASE WHEN o.order_type <> 'limit' THEN format('"order_type":"%s",', o.order_type) END,
                   format('"owner":%s,', o.organisation_id),
                   CASE WHEN o.post_only THEN '"post_only":true,' END,
                   format('"price_fen":%s,"quantity_t":%s,', coalesce(o.entered_price_fen, o.price_fen),
                          coalesce(o.entered_quantity_t, o.quantity_t)),
                   CASE WHEN o.reason = 'fees_changed' THEN '"rejected":"fees_changed",' END,
                   CASE WHEN o.self_trade_mode <> 'cancel_newest'
                        THEN format('"self_trade_mode":"%s",', o.self_trade_mode) END,
                   format('"side":"%s"', o.side),
                   CASE WHEN o.time_in_force <> 'gtc' THEN format(',"time_in_force":"%s"', o.time_in_force) END,
                   '}')
        """,
    ),
)
