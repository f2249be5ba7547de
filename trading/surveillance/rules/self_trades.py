"""Orders of one organisation that meet each other."""

from django.utils.translation import gettext_lazy as _

from trading.surveillance.models import Rule
from trading.surveillance.terms import Cadence, Figure, Threshold, Unit, WatchRule, end_of, start_of

# An order is dated by its last change: that which ended or reduced it, but for a reduced one that was changed again since.
# `changed_at` has a BRIN index.
_SQL = f"""
SELECT market_id, ARRAY[organisation_id] AS organisations,
       CASE WHEN count(*) >= 10 * %(attempts)s THEN 'medium' ELSE 'low' END AS severity,
       starts_at, {end_of("hour", "starts_at")} AS ends_at,
       jsonb_build_object('attempts', count(*), 'attempted_t', sum(quantity_t)) AS figures,
       array_agg(id ORDER BY id) AS orders, NULL::bigint[] AS trades
  FROM (SELECT *, {start_of("hour", "changed_at")} AS starts_at FROM trading_order) o
 WHERE changed_at >= %(since)s AND changed_at < %(until)s
   AND (reason = 'self_trade' OR decremented_t > 0)
 GROUP BY market_id, organisation_id, starts_at
HAVING count(*) >= %(attempts)s
"""

SELF_TRADES = WatchRule(
    name=Rule.SELF_TRADE,
    sentence=_(
        "Within an hour, at least %(attempts)s orders of one organisation met its own orders and were canceled or reduced for "
        "it."
    ),
    cadence=Cadence.HOUR,
    thresholds=(Threshold("attempts", _("Orders canceled or reduced"), 3, 1, 1_000_000),),
    figures={
        "attempts": Figure(_("Orders canceled or reduced for meeting an own order")),
        "attempted_t": Figure(_("Tonnes of these orders"), Unit.TONNES),
    },
    sql=_SQL,
)
