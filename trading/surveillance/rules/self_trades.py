"""Orders of one organisation that meet each other."""

from django.utils.translation import gettext_lazy as _

from trading.surveillance.models import Rule
from trading.surveillance.terms import Cadence, Figure, Threshold, Unit, WatchRule, end_of, start_of

# The conditions of the index come first, in its own words (order_of_note). An order that rested may meet its sibling long
# after it was entered: its hour is judged again for thirty days, which finds an alert that is there.
_SQL = f"""
WITH attempts AS (
    SELECT market_id, organisation_id, {start_of("hour", "placed_at")} AS starts_at,
           count(*) AS orders, sum(quantity_t) AS tonnes, array_agg(id ORDER BY id) AS ids
      FROM trading_order
     WHERE (reason IN ('self_trade', 'outside_band') OR decremented_t > 0)
       AND (reason = 'self_trade' OR decremented_t > 0)
       AND placed_at >= %(since)s - interval '30 days' AND placed_at < %(until)s
     GROUP BY 1, 2, 3
    HAVING count(*) >= %(attempts)s
), own AS (
    SELECT trade.market_id, buy.organisation_id, {start_of("hour", "trade.executed_at")} AS starts_at,
           count(*) AS trades, sum(trade.quantity_t) AS tonnes, array_agg(trade.id ORDER BY trade.id) AS ids
      FROM trading_trade trade
      JOIN trading_order buy ON buy.id = trade.buy_order_id
      JOIN trading_order sell ON sell.id = trade.sell_order_id
     WHERE trade.executed_at >= %(since)s AND trade.executed_at < %(until)s
       AND buy.organisation_id = sell.organisation_id
     GROUP BY 1, 2, 3
    HAVING sum(trade.quantity_t) >= %(own_t)s
)
SELECT market_id, ARRAY[organisation_id] AS organisations,
       CASE WHEN own.trades IS NOT NULL THEN 'high' WHEN attempts.orders >= 10 * %(attempts)s THEN 'medium' ELSE 'low' END
           AS severity,
       starts_at, {end_of("hour", "starts_at")} AS ends_at,
       jsonb_build_object('attempts', coalesce(attempts.orders, 0), 'attempted_t', coalesce(attempts.tonnes, 0),
                          'own_trades', coalesce(own.trades, 0), 'own_t', coalesce(own.tonnes, 0)) AS figures,
       attempts.ids AS orders, own.ids AS trades
  FROM attempts FULL JOIN own USING (market_id, organisation_id, starts_at)
"""

SELF_TRADES = WatchRule(
    name=Rule.SELF_TRADE,
    sentence=_(
        "Within an hour, at least %(attempts)s orders of one organisation met its own orders and were canceled or reduced for "
        "it, or it bought at least %(own_t)s t from itself in a call auction."
    ),
    cadence=Cadence.HOUR,
    thresholds=(
        Threshold("attempts", _("Orders canceled or reduced"), 3, 1, 1_000_000),
        Threshold("own_t", _("Tonnes bought from itself"), 1, 1, 1_000_000_000, Unit.TONNES),
    ),
    figures={
        "attempts": Figure(_("Orders canceled or reduced for meeting an own order")),
        "attempted_t": Figure(_("Tonnes of these orders"), Unit.TONNES),
        "own_trades": Figure(_("Trades with itself")),
        "own_t": Figure(_("Tonnes bought from itself"), Unit.TONNES),
    },
    sql=_SQL,
)
