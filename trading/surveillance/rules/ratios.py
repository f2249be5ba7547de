"""Many orders, few trades: whoever fills a book with orders that are not meant to trade."""

from django.utils.translation import gettext_lazy as _

from trading.surveillance.models import Rule
from trading.surveillance.terms import Cadence, Figure, Threshold, WatchRule, end_of, start_of

_SQL = f"""
WITH messages AS (
    SELECT executed.market_id, placed.organisation_id, {start_of("day", "executed.executed_at")} AS starts_at,
           count(*) AS messages, count(*) FILTER (WHERE executed.kind = 'submit') AS orders
      FROM trading_executedinstruction executed
      JOIN trading_order placed ON placed.id = executed.order_id
     WHERE executed.kind IN ('submit', 'replace', 'cancel')
       AND executed.executed_at >= %(since)s AND executed.executed_at < %(until)s
     GROUP BY 1, 2, 3
    HAVING count(*) FILTER (WHERE executed.kind = 'submit') >= %(least_orders)s
), trades AS (
    SELECT trade.market_id, party.organisation_id, {start_of("day", "trade.executed_at")} AS starts_at, count(*) AS trades
      FROM trading_trade trade
     CROSS JOIN LATERAL (VALUES (trade.buy_order_id), (trade.sell_order_id)) AS side (order_id)
      JOIN trading_order party ON party.id = side.order_id
     WHERE trade.executed_at >= %(since)s AND trade.executed_at < %(until)s AND trade.trading_mode = 'listing'
     GROUP BY 1, 2, 3
)
SELECT market_id, ARRAY[organisation_id] AS organisations,
       CASE WHEN messages >= 5 * %(ratio)s * greatest(coalesce(trades, 0), 1) THEN 'medium' ELSE 'low' END AS severity,
       starts_at, {end_of("day", "starts_at")} AS ends_at,
       jsonb_build_object('messages', messages, 'orders', orders, 'trades', coalesce(trades, 0),
                          'ratio', messages / greatest(coalesce(trades, 0), 1)) AS figures,
       newest.ids AS orders, NULL::bigint[] AS trades
  FROM messages LEFT JOIN trades USING (market_id, organisation_id, starts_at)
 CROSS JOIN LATERAL (
       SELECT array_agg(id ORDER BY id) AS ids
         FROM (SELECT id FROM trading_order placed
                WHERE placed.organisation_id = messages.organisation_id AND placed.market_id = messages.market_id
                  AND placed.placed_at >= starts_at AND placed.placed_at < {end_of("day", "starts_at")}
                ORDER BY id DESC LIMIT 50) placed) newest
 WHERE messages >= %(ratio)s * greatest(coalesce(trades, 0), 1)
"""

ORDER_TO_TRADE = WatchRule(
    name=Rule.ORDER_TO_TRADE,
    sentence=_(
        "Within a day, one organisation entered at least %(least_orders)s orders in a market, and entered, changed or canceled "
        "at least %(ratio)s times for each of its trades."
    ),
    cadence=Cadence.DAY,
    thresholds=(
        Threshold("ratio", _("Orders, changes and cancels for each trade"), 50, 2, 1_000_000),
        Threshold("least_orders", _("Orders of the day at least"), 200, 1, 1_000_000_000),
    ),
    figures={
        "messages": Figure(_("Orders, changes and cancels")),
        "orders": Figure(_("Orders entered")),
        "trades": Figure(_("Its trades")),
        "ratio": Figure(_("For each trade, rounded down")),
    },
    sql=_SQL,
)
