"""Trades at the edge of the price band, and orders beyond it."""

from django.utils.translation import gettext_lazy as _

from trading.surveillance.models import Rule
from trading.surveillance.terms import Cadence, Figure, Threshold, Unit, WatchRule, end_of, start_of

# The outermost prices that orders may have: Market.band_fen, on the tick. The band is the one of the moment of judging.
_SQL = f"""
WITH edges AS (
    SELECT id, low + mod(tick - mod(low, tick), tick) AS low, high - mod(high, tick) AS high
      FROM (SELECT id, tick_size_fen AS tick,
                   greatest((reference_price_fen * (100 - band_percent) + 99) / 100, 1) AS low,
                   reference_price_fen * (100 + band_percent) / 100 AS high
              FROM trading_market) band
), hits AS (
    -- Whoever pays the highest price has driven it there, and whoever takes the lowest.
    SELECT trade.market_id, trade.executed_at AS at, trade.id AS trade_id, trade.quantity_t,
           CASE WHEN trade.price_fen >= edges.high THEN trade.buy_order_id ELSE trade.sell_order_id END AS order_id
      FROM trading_trade trade
      JOIN edges ON edges.id = trade.market_id
     WHERE trade.executed_at >= %(since)s AND trade.executed_at < %(until)s AND trade.trading_mode = 'listing'
       AND (trade.price_fen >= edges.high OR trade.price_fen <= edges.low)
     UNION ALL
    SELECT market_id, changed_at, NULL, quantity_t, id
      FROM trading_order
     WHERE reason = 'outside_band' AND changed_at >= %(since)s AND changed_at < %(until)s
)
SELECT hits.market_id, ARRAY[placed.organisation_id] AS organisations,
       CASE WHEN count(DISTINCT placed.id) >= 5 * %(hits)s THEN 'medium' ELSE 'low' END AS severity,
       {start_of("hour", "hits.at")} AS starts_at, {end_of("hour", start_of("hour", "hits.at"))} AS ends_at,
       jsonb_build_object('hits', count(DISTINCT placed.id), 'edge_trades', count(hits.trade_id),
                          'edge_t', coalesce(sum(hits.quantity_t) FILTER (WHERE hits.trade_id IS NOT NULL), 0),
                          'beyond', count(*) FILTER (WHERE hits.trade_id IS NULL),
                          'lowest_price_fen', min(edges.low), 'highest_price_fen', max(edges.high)) AS figures,
       array_agg(DISTINCT placed.id) AS orders,
       array_agg(hits.trade_id ORDER BY hits.trade_id) FILTER (WHERE hits.trade_id IS NOT NULL) AS trades
  FROM hits
  JOIN edges ON edges.id = hits.market_id
  JOIN trading_order placed ON placed.id = hits.order_id
 GROUP BY hits.market_id, placed.organisation_id, {start_of("hour", "hits.at")}
HAVING count(DISTINCT placed.id) >= %(hits)s
"""

BAND_HITS = WatchRule(
    name=Rule.BAND_HIT,
    sentence=_(
        "Within an hour, at least %(hits)s orders of one organisation bought at the highest or sold at the lowest price of the "
        "band, or were rejected for a price beyond it."
    ),
    cadence=Cadence.HOUR,
    thresholds=(Threshold("hits", _("Orders at or beyond the edge"), 5, 1, 1_000_000),),
    figures={
        "hits": Figure(_("Orders at or beyond the edge")),
        "edge_trades": Figure(_("Trades at the edge")),
        "edge_t": Figure(_("Tonnes traded at the edge"), Unit.TONNES),
        "beyond": Figure(_("Orders rejected beyond the edge")),
        "lowest_price_fen": Figure(_("Lowest price"), Unit.FEN),
        "highest_price_fen": Figure(_("Highest price"), Unit.FEN),
    },
    sql=_SQL,
)
