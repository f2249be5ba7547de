"""What was agreed outside the book: its orders are what the instruction says, which is executed or waits."""

from django.utils.translation import gettext_lazy as _

from ledger.journal.reconciliation import Invariant

# Instructions are read as JSON whatever somebody made of their text: what is none names no order.
SAID = """
    SELECT source.*, each ->> 'order' AS order_id, each ->> 'owner' AS owner, each ->> 'side' AS side,
           each ->> 'price_fen' AS price_fen, each ->> 'quantity_t' AS quantity_t
      FROM (SELECT sequence, market_id, log_entry(convert_to(content, 'UTF8')) AS content, false AS is_waiting
              FROM trading_executedinstruction WHERE kind = 'agreed'
             UNION ALL
            SELECT NULL, market_id, content, true FROM trading_instruction WHERE kind = 'agreed') source,
           jsonb_path_query(source.content, '$.orders[*]') each
"""

INVARIANTS = (
    Invariant(
        8,
        _("each order that was agreed outside the book is what was executed, or waits for it"),
        f"""
        SELECT coalesce(o.id::text, said.order_id) AS order, o.status, said.sequence AS instruction
          FROM (SELECT * FROM trading_order WHERE trading_mode <> 'listing') o
          FULL JOIN ({SAID}) said ON said.order_id = o.id::text
         WHERE o.id IS NULL OR said.order_id IS NULL
            OR (o.status = 'pending_new') <> said.is_waiting
            OR (o.market_id, o.trading_mode, o.organisation_id::text, o.side, o.price_fen::text, o.quantity_t::text)
               IS DISTINCT FROM
               (said.market_id, said.content ->> 'mode', said.owner, said.side, said.price_fen, said.quantity_t)
            OR (o.order_type, o.time_in_force, o.post_only, o.display_t, o.shown_t, o.decremented_t, o.sequence,
                o.expires_at, o.self_trade_mode, o.entered_price_fen, o.entered_quantity_t)
               IS DISTINCT FROM ('limit', 'fok', false, NULL::bigint, NULL::bigint, 0::bigint, NULL::bigint,
                                 NULL::timestamptz, 'cancel_newest', NULL::bigint, NULL::bigint)
            OR (o.status, o.filled_t, o.reason) NOT IN
               (('pending_new', 0, ''), ('filled', o.quantity_t, ''), ('rejected', 0, 'market_halted'))
        """,
    ),
    Invariant(
        6,
        _("each trade came about in the way in which its orders were entered"),
        """
        SELECT trade.id AS trade, trade.trading_mode
          FROM trading_trade trade
          LEFT JOIN trading_order buy ON buy.id = trade.buy_order_id
          LEFT JOIN trading_order sell ON sell.id = trade.sell_order_id
         WHERE (buy.trading_mode, sell.trading_mode) IS DISTINCT FROM (trade.trading_mode, trade.trading_mode)
        """,
    ),
)
