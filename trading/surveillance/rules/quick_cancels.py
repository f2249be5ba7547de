"""Orders that are canceled as soon as they are seen: layering and spoofing."""

from django.utils.translation import gettext_lazy as _

from trading.surveillance.models import Rule
from trading.surveillance.terms import Cadence, Figure, Threshold, Unit, WatchRule, end_of, start_of

_SQL = f"""
WITH canceled AS (
    SELECT executed.market_id, placed.organisation_id, placed.side, {start_of("hour", "executed.executed_at")} AS starts_at,
           count(*) AS orders, sum(placed.quantity_t) AS tonnes, array_agg(placed.id ORDER BY placed.id) AS ids
      FROM trading_executedinstruction executed
      JOIN trading_order placed ON placed.id = executed.order_id
     WHERE executed.kind = 'cancel'
       AND executed.executed_at >= %(since)s AND executed.executed_at < %(until)s
       AND placed.status = 'canceled' AND placed.reason = 'by_request' AND placed.filled_t = 0
       AND executed.executed_at <= placed.placed_at + make_interval(secs => %(seconds)s)
     GROUP BY 1, 2, 3, 4
    HAVING count(*) >= %(orders)s OR sum(placed.quantity_t) >= %(tonnes)s
), heavier AS (
    SELECT DISTINCT ON (market_id, organisation_id, starts_at) * FROM canceled
     ORDER BY market_id, organisation_id, starts_at, tonnes DESC, side
), traded AS (
    -- What they traded meanwhile on the side that profits; nothing is read where there is nobody.
    SELECT heavier.market_id, heavier.organisation_id, heavier.starts_at, count(*) AS trades,
           sum(trade.quantity_t) AS tonnes, array_agg(trade.id ORDER BY trade.id) AS ids
      FROM trading_trade trade
     CROSS JOIN LATERAL (VALUES ('buy', trade.buy_order_id), ('sell', trade.sell_order_id)) AS party (side, order_id)
      JOIN trading_order own ON own.id = party.order_id
      JOIN heavier ON heavier.market_id = trade.market_id AND heavier.organisation_id = own.organisation_id
                  AND heavier.side <> party.side AND heavier.starts_at = {start_of("hour", "trade.executed_at")}
     WHERE EXISTS (SELECT FROM heavier)
       AND trade.executed_at >= %(since)s AND trade.executed_at < %(until)s
     GROUP BY 1, 2, 3
)
SELECT market_id, ARRAY[organisation_id] AS organisations,
       CASE WHEN traded.trades > 0 THEN 'high' ELSE 'low' END AS severity,
       starts_at, {end_of("hour", "starts_at")} AS ends_at,
       jsonb_build_object('canceled', heavier.orders, 'canceled_t', heavier.tonnes,
                          'side', heavier.side, 'other_side_trades', coalesce(traded.trades, 0),
                          'other_side_t', coalesce(traded.tonnes, 0)) AS figures,
       heavier.ids AS orders, traded.ids AS trades
  FROM heavier LEFT JOIN traded USING (market_id, organisation_id, starts_at)
"""

QUICK_CANCELS = WatchRule(
    name=Rule.QUICK_CANCEL,
    sentence=_(
        "Within an hour, one organisation canceled at least %(orders)s orders or %(tonnes)s t on one side of a market no later "
        "than %(seconds)s seconds after their entry and before any of them traded; it is graver where it traded on the other "
        "side meanwhile."
    ),
    cadence=Cadence.HOUR,
    thresholds=(
        Threshold("orders", _("Orders canceled"), 20, 1, 1_000_000),
        Threshold("tonnes", _("Tonnes canceled"), 100_000, 1, 1_000_000_000_000, Unit.TONNES),
        Threshold("seconds", _("Seconds after entry"), 10, 1, 3_600, Unit.SECONDS),
    ),
    figures={
        "canceled": Figure(_("Orders canceled")),
        "canceled_t": Figure(_("Tonnes canceled"), Unit.TONNES),
        "side": Figure(_("Side of the orders"), Unit.SIDE),
        "other_side_trades": Figure(_("Trades on the other side meanwhile")),
        "other_side_t": Figure(_("Tonnes traded on the other side"), Unit.TONNES),
    },
    sql=_SQL,
)
