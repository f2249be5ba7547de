"""What goes from one organisation to another and comes back: wash trading between two."""

from django.utils.translation import gettext_lazy as _

from trading.surveillance.models import Rule
from trading.surveillance.terms import Cadence, Figure, Threshold, Unit, WatchRule, end_of, start_of

# Sums each way, not pairs of trades: a round trip that is cut into many fills is found all the same, and the cost grows
# with the trades, not with their square.
_SQL = f"""
WITH deals AS (
    SELECT trade.id, trade.market_id, trade.executed_at, trade.quantity_t, trade.quantity_t * trade.price_fen AS value_fen,
           least(sell.organisation_id, buy.organisation_id) AS one,
           greatest(sell.organisation_id, buy.organisation_id) AS other,
           sell.organisation_id < buy.organisation_id AS is_there,
           sell.placed_by_id = buy.placed_by_id AS is_of_one_person
      FROM trading_trade trade
      JOIN trading_order buy ON buy.id = trade.buy_order_id
      JOIN trading_order sell ON sell.id = trade.sell_order_id
     WHERE trade.executed_at >= %(since)s - make_interval(mins => %(minutes)s) AND trade.executed_at < %(until)s
       AND buy.organisation_id <> sell.organisation_id
), flows AS (
    -- A deal counts in its own hour, and in the next one where that begins within the minutes.
    SELECT deals.market_id, deals.one, deals.other, hours.starts_at, count(*) AS trades,
           sum(quantity_t) FILTER (WHERE is_there) AS there_t, sum(value_fen) FILTER (WHERE is_there) AS there_fen,
           sum(quantity_t) FILTER (WHERE NOT is_there) AS back_t, sum(value_fen) FILTER (WHERE NOT is_there) AS back_fen,
           bool_or(is_of_one_person) AS is_of_one_person, array_agg(deals.id ORDER BY deals.id) AS ids
      FROM deals
     CROSS JOIN LATERAL (VALUES ({start_of("hour", "deals.executed_at")}),
                                ({start_of("hour", "deals.executed_at")} + interval '1 hour')) AS hours (starts_at)
     WHERE deals.executed_at >= hours.starts_at - make_interval(mins => %(minutes)s)
       AND hours.starts_at >= %(since)s AND hours.starts_at < %(until)s
     GROUP BY 1, 2, 3, 4
    HAVING bool_or(deals.executed_at >= hours.starts_at)
       AND sum(quantity_t) FILTER (WHERE is_there) >= %(least_t)s
       AND sum(quantity_t) FILTER (WHERE NOT is_there) >= %(least_t)s
), trips AS (
    SELECT *, abs(there_t - back_t) * 100 AS apart, abs(there_fen * back_t - back_fen * there_t) * 100 AS value_apart
      FROM flows
), known (one, other, how) AS (
    SELECT one_id, other_id, kind::text FROM trading_relation WHERE ended_at IS NULL
     UNION ALL
    SELECT one.id, other.id, 'same_credit_code'
      FROM ledger_organisation one JOIN ledger_organisation other ON other.credit_code = one.credit_code AND one.id < other.id
     WHERE one.credit_code <> ''
     UNION ALL
    -- Who acts for the one and has applied for the other, or has applied for both.
    SELECT one.organisation_id, other.organisation_id, 'shared_person'
      FROM (SELECT user_id, organisation_id FROM ledger_membership
             UNION SELECT applied_by_id, id FROM ledger_organisation) one
      JOIN (SELECT user_id, organisation_id FROM ledger_membership
             UNION SELECT applied_by_id, id FROM ledger_organisation) other
           ON other.user_id = one.user_id AND one.organisation_id < other.organisation_id
)
SELECT market_id, ARRAY[trips.one, trips.other] AS organisations,
       CASE WHEN found.relations IS NOT NULL THEN 'high' ELSE 'low' END AS severity,
       starts_at, {end_of("hour", "starts_at")} AS ends_at,
       jsonb_build_object('there_t', there_t, 'back_t', back_t, 'there_price_fen', round(there_fen / there_t),
                          'back_price_fen', round(back_fen / back_t), 'round_trip_trades', trades,
                          'relations', coalesce(found.relations, '[]'::jsonb)) AS figures,
       NULL::bigint[] AS orders, trips.ids AS trades
  FROM trips
  LEFT JOIN LATERAL (
       SELECT jsonb_agg(DISTINCT how) AS relations
         FROM (SELECT how FROM known WHERE known.one = trips.one AND known.other = trips.other
                UNION ALL SELECT 'same_person_ordered' WHERE trips.is_of_one_person) ways) found ON true
 WHERE apart <= greatest(there_t, back_t) * %(quantity_percent)s
   AND value_apart <= greatest(there_fen * back_t, back_fen * there_t) * %(price_percent)s
"""

ROUND_TRIPS = WatchRule(
    name=Rule.ROUND_TRIP,
    sentence=_(
        "Within an hour and the %(minutes)s minutes before it, one organisation sold another at least %(least_t)s t and got "
        "about as much back, with quantities at most %(quantity_percent)s %% and mean prices at most %(price_percent)s %% "
        "apart; it is graver where the two are related."
    ),
    cadence=Cadence.HOUR,
    thresholds=(
        Threshold("least_t", _("Tonnes each way"), 10, 1, 1_000_000_000, Unit.TONNES),
        Threshold("quantity_percent", _("Quantities apart at most"), 10, 0, 100, Unit.PERCENT),
        Threshold("price_percent", _("Mean prices apart at most"), 2, 0, 100, Unit.PERCENT),
        Threshold("minutes", _("Minutes before the hour"), 60, 0, 60, Unit.MINUTES),
    ),
    figures={
        "there_t": Figure(_("Tonnes from the first to the second"), Unit.TONNES),
        "back_t": Figure(_("Tonnes from the second to the first"), Unit.TONNES),
        "there_price_fen": Figure(_("Mean price from the first to the second"), Unit.FEN),
        "back_price_fen": Figure(_("Mean price from the second to the first"), Unit.FEN),
        "round_trip_trades": Figure(_("Trades between the two")),
    },
    sql=_SQL,
)

RELATIONS = {
    "same_credit_code": _("same unified social credit code"),
    "shared_person": _("a person acts or has applied for both"),
    "same_person_ordered": _("the same person placed the orders of both"),
}
"""Relations that the data shows; those that were declared are kinds of `Relation`."""
