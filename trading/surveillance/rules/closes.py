"""Who trades most just before the close, where the price is made that others go by."""

from django.utils.translation import gettext_lazy as _

from trading.surveillance.models import Rule
from trading.surveillance.terms import ZONE, Cadence, Figure, Threshold, Unit, WatchRule

# A market without sessions has no close. The uncross of a closing auction is executed a moment after it.
_SQL = f"""
WITH closes AS (
    SELECT market.id AS market_id, (day.day + (session ->> 'close')::time) AT TIME ZONE '{ZONE}' AS closes_at
      FROM trading_market market
     CROSS JOIN LATERAL jsonb_array_elements(market.sessions) AS session
     CROSS JOIN generate_series(%(since)s::timestamptz AT TIME ZONE '{ZONE}',
                                (%(until)s::timestamptz AT TIME ZONE '{ZONE}') - interval '1 day', interval '1 day') AS day (day)
     WHERE session ->> 'close' ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'
), last AS (
    SELECT closes.market_id, closes.closes_at, trade.id, trade.quantity_t, trade.price_fen, taker.organisation_id
      FROM closes
      JOIN trading_trade trade
           ON trade.market_id = closes.market_id AND trade.trading_mode = 'listing'
          AND trade.executed_at >= %(since)s::timestamptz - interval '1 hour'
          AND trade.executed_at < %(until)s::timestamptz + interval '1 minute'
          AND trade.executed_at >= closes.closes_at - make_interval(mins => %(minutes)s)
          AND trade.executed_at < closes.closes_at + interval '1 minute'
      JOIN trading_order taker
           ON taker.id = CASE trade.taker_side WHEN 'buy' THEN trade.buy_order_id ELSE trade.sell_order_id END
), volumes AS (
    SELECT market_id, closes_at, sum(quantity_t) AS tonnes, (array_agg(price_fen ORDER BY id))[1] AS first_price_fen,
           (array_agg(price_fen ORDER BY id DESC))[1] AS last_price_fen, max(id) AS last_id
      FROM last GROUP BY 1, 2
)
SELECT last.market_id, ARRAY[last.organisation_id] AS organisations,
       CASE WHEN max(last.id) = volumes.last_id THEN 'medium' ELSE 'low' END AS severity,
       last.closes_at - make_interval(mins => %(minutes)s) AS starts_at, last.closes_at AS ends_at,
       jsonb_build_object('taken_t', sum(last.quantity_t), 'closing_t', volumes.tonnes, 'closing_trades', count(*),
                          'taken_percent', div(sum(last.quantity_t) * 100, volumes.tonnes),
                          'first_price_fen', volumes.first_price_fen, 'last_price_fen', volumes.last_price_fen) AS figures,
       NULL::bigint[] AS orders, array_agg(last.id ORDER BY last.id) AS trades
  FROM last JOIN volumes USING (market_id, closes_at)
 GROUP BY last.market_id, last.organisation_id, last.closes_at, volumes.tonnes, volumes.first_price_fen,
          volumes.last_price_fen, volumes.last_id
HAVING sum(last.quantity_t) * 100 >= volumes.tonnes * %(percent)s AND volumes.tonnes >= %(least_t)s AND count(*) >= %(trades)s
"""

MARKING_CLOSE = WatchRule(
    name=Rule.MARKING_CLOSE,
    sentence=_(
        "In the last %(minutes)s minutes of a session, one organisation took at least %(percent)s %% of what was traded, in at "
        "least %(trades)s trades, where that was at least %(least_t)s t; it is graver where the last trade was its own."
    ),
    cadence=Cadence.DAY,
    thresholds=(
        Threshold("minutes", _("Minutes before the close"), 10, 1, 60, Unit.MINUTES),
        Threshold("percent", _("Share of the tonnes"), 60, 1, 100, Unit.PERCENT),
        Threshold("trades", _("Trades at least"), 3, 1, 1_000_000),
        Threshold("least_t", _("Tonnes traded at least"), 100, 1, 1_000_000_000_000, Unit.TONNES),
    ),
    figures={
        "taken_t": Figure(_("Tonnes it took"), Unit.TONNES),
        "closing_t": Figure(_("Tonnes traded before the close"), Unit.TONNES),
        "taken_percent": Figure(_("Share, rounded down"), Unit.PERCENT),
        "closing_trades": Figure(_("Trades in which it took")),
        "first_price_fen": Figure(_("Price of the first trade"), Unit.FEN),
        "last_price_fen": Figure(_("Price of the last trade"), Unit.FEN),
    },
    sql=_SQL,
)
