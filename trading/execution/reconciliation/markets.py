"""Markets are as their records say, and have executed exactly what the log has digests of."""

from django.utils.translation import gettext_lazy as _

from ledger.journal.reconciliation import Invariant
from ledger.journal.reconciliation.invariants import entries, newest

# A digest covers the instructions from its first to its last; numbers that are none cover nothing.
DIGESTS = f"""
    SELECT record_id, at, body ->> 'market' AS market, body ->> 'sha256' AS sha256,
           CASE WHEN body ->> 'first_sequence' ~ '^[0-9]{{1,18}}$' THEN (body ->> 'first_sequence')::bigint END AS first,
           CASE WHEN body ->> 'last_sequence' ~ '^[0-9]{{1,18}}$' THEN (body ->> 'last_sequence')::bigint END AS last
      FROM ({entries("instructions_executed")}) said
"""

INVARIANTS = (
    Invariant(
        9,
        _("each market has the rules that its records say"),
        f"""
        SELECT coalesce(market.id::text, opened.body ->> 'market') AS market, market.symbol
          FROM (SELECT market.*, asset.code
                  FROM trading_market market LEFT JOIN ledger_asset asset ON asset.id = market.asset_id) market
          FULL JOIN ({newest(entries("market_opened"), "market")}) opened ON opened.body ->> 'market' = market.id::text
          LEFT JOIN ({newest(entries("market_opened", "market_changed"), "market")}) newest
                    ON newest.body ->> 'market' = market.id::text
         WHERE market.id IS NULL OR opened.record_id IS NULL
            OR log_time(market.opened_at) IS DISTINCT FROM opened.at
            OR (market.symbol, market.code, market.tick_size_fen::text, market.lot_size_t::text,
                market.reference_price_fen::text, market.band_percent::text, market.maker_fee_bps::text,
                market.taker_fee_bps::text) IS DISTINCT FROM
               (newest.body ->> 'symbol', newest.body ->> 'asset', newest.body ->> 'tick_size_fen',
                newest.body ->> 'lot_size_t', newest.body ->> 'reference_price_fen', newest.body ->> 'band_percent',
                newest.body ->> 'maker_fee_bps', newest.body ->> 'taker_fee_bps')
            OR (market.sessions::text, market.volatility_percent::text, market.volatility_minutes::text,
                market.largest_order_t::text, market.block_band_percent::text, market.block_minimum_t::text)
               IS DISTINCT FROM
               (newest.body ->> 'sessions', newest.body ->> 'volatility_percent', newest.body ->> 'volatility_minutes',
                newest.body ->> 'largest_order_t', newest.body ->> 'block_band_percent',
                newest.body ->> 'block_minimum_t')
        """,
    ),
    Invariant(
        9,
        _("the executed instructions have the digests that the log has of them"),
        # A digest writes no order as 0, so no order has that number.
        f"""
        SELECT digest.market, digest.first AS first_sequence, digest.last AS last_sequence, digest.record_id AS record
          FROM ({DIGESTS}) digest
          LEFT JOIN LATERAL (
               SELECT encode(sha256(convert_to(string_agg(
                          format(E'%s %s %s %s\\n', sequence, kind, coalesce(order_id, 0), content), '' ORDER BY sequence),
                          'UTF8')), 'hex') AS sha256,
                      bool_or(order_id = 0) AS is_blurred, log_time(min(executed_at)) AS earliest, log_time(max(executed_at)) AS latest
                 FROM trading_executedinstruction executed JOIN trading_market market ON market.id = executed.market_id
                WHERE market.id::text = digest.market AND sequence BETWEEN digest.first AND digest.last) found ON true
         WHERE found.is_blurred OR (found.sha256, found.earliest, found.latest) IS DISTINCT FROM (digest.sha256, digest.at, digest.at)
        """,
    ),
    Invariant(
        9,
        _("every instruction from the first to the market's last is in one digest"),
        f"""
        SELECT coalesce(market.id, executed.market_id) AS market, market.last_sequence, executed.count AS executed,
               covered.count AS covered
          FROM trading_market market
          FULL JOIN (SELECT market_id, count(*) AS count, max(sequence) AS last
                       FROM trading_executedinstruction GROUP BY market_id) executed ON executed.market_id = market.id
          LEFT JOIN (SELECT market, sum(last - first + 1) AS count, max(last) AS last,
                            bool_or(first <> follows + 1) AS has_gap
                       FROM (SELECT *, coalesce(lag(last) OVER (PARTITION BY market ORDER BY record_id), 0) AS follows
                               FROM ({DIGESTS}) digest) chain
                      GROUP BY market) covered ON covered.market = market.id::text
         WHERE market.id IS NULL OR covered.has_gap
            OR (coalesce(executed.count, 0), coalesce(executed.last, 0), coalesce(covered.count, 0),
                coalesce(covered.last, 0)) IS DISTINCT FROM
               (market.last_sequence, market.last_sequence, market.last_sequence::numeric, market.last_sequence)
        """,
    ),
    Invariant(
        9,
        _("each organisation has the trading limits that the log says, and no others"),
        f"""
        SELECT coalesce(trading_limit.organisation, said.organisation) AS organisation,
               coalesce(trading_limit.market, said.market) AS market
          FROM (SELECT trading_tradinglimit.*, public_id::text AS organisation, coalesce(market_id::text, '') AS market,
                       count(*) OVER (PARTITION BY organisation_id, market_id) AS rows
                  FROM trading_tradinglimit
                  LEFT JOIN ledger_organisation organisation ON organisation.id = organisation_id) trading_limit
          FULL JOIN (SELECT DISTINCT ON (body ->> 'organisation', coalesce(body ->> 'market', '')) *,
                            body ->> 'organisation' AS organisation, coalesce(body ->> 'market', '') AS market
                       FROM ({entries("organisation_limit_set", "organisation_limit_lifted")}) said
                      ORDER BY body ->> 'organisation', coalesce(body ->> 'market', ''), record_id DESC) said
               ON (said.organisation, said.market) = (trading_limit.organisation, trading_limit.market)
         WHERE (trading_limit.id IS NULL) <> (coalesce(said.kind, 'organisation_limit_lifted') = 'organisation_limit_lifted')
            OR trading_limit.rows > 1
            OR (trading_limit.id IS NOT NULL
                AND (trading_limit.largest_order_t::text, trading_limit.largest_order_fen::text,
                     trading_limit.most_held_fen::text, trading_limit.reason)
                    IS DISTINCT FROM
                    (said.body ->> 'largest_order_t', said.body ->> 'largest_order_fen', said.body ->> 'most_held_fen',
                     said.body ->> 'reason'))
        """,
    ),
    Invariant(
        9,
        _("the days that are closed are those of the log"),
        f"""
        SELECT coalesce(closed.day::text, said.body ->> 'day') AS day
          FROM (SELECT *, count(*) OVER (PARTITION BY day) AS rows FROM trading_closedday) closed
          FULL JOIN ({newest(entries("market_day_closed", "market_day_opened"), "day")}) said
               ON said.body ->> 'day' = closed.day::text
         WHERE (closed.id IS NULL) <> (coalesce(said.kind, 'market_day_opened') = 'market_day_opened')
            OR closed.rows > 1
            OR (closed.id IS NOT NULL AND closed.reason IS DISTINCT FROM said.body ->> 'reason')
        """,
    ),
    Invariant(
        8,
        _("each order that is good until a time waits for it, or its market is told"),
        """
        SELECT coalesce(o.id, expiry.order_id) AS order
          FROM (SELECT * FROM trading_order WHERE time_in_force = 'gtd'
                   AND status IN ('pending_new', 'new', 'partially_filled')) o
          FULL JOIN trading_expiry expiry ON expiry.order_id = o.id
          LEFT JOIN trading_order any_order ON any_order.id = expiry.order_id
         WHERE (o.id IS NOT NULL AND expiry.order_id IS NULL
                AND NOT EXISTS (SELECT FROM trading_instruction waiting
                                 WHERE waiting.market_id = o.market_id AND waiting.order_id = o.id AND waiting.kind = 'expire'))
            OR (expiry.order_id IS NOT NULL AND expiry.expires_at IS DISTINCT FROM any_order.expires_at)
        """,
    ),
)
