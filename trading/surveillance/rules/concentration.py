"""Who holds too much of a batch, and whose orders are too much of a book. Both are judged as it is at that moment."""

from django.utils.translation import gettext_lazy as _

from trading.surveillance.models import Rule
from trading.surveillance.terms import Cadence, Figure, Threshold, Unit, WatchRule, end_of, start_of

_LAST_MOMENT = "%(until)s::timestamptz - interval '1 microsecond'"

# Whoever the credits were issued to begins with all of them: what has left that hand is in circulation.
_HOLDINGS = f"""
WITH holders AS (
    SELECT market.id AS market_id, account.organisation_id, account.balance,
           sum(account.balance) OVER batches AS circulating, count(*) OVER batches AS holders
      FROM trading_market market
      JOIN ledger_batch batch ON batch.asset_id = market.asset_id
      JOIN ledger_project project ON project.id = batch.project_id
      JOIN ledger_account account ON account.asset_id = market.asset_id
     WHERE account.purpose = 'holding' AND account.balance > 0 AND account.organisation_id <> project.proponent_id
    WINDOW batches AS (PARTITION BY market.id)
)
SELECT market_id, ARRAY[organisation_id] AS organisations,
       CASE WHEN balance * 100 >= circulating * 90 THEN 'medium' ELSE 'low' END AS severity,
       month.starts_at, {end_of("month", "month.starts_at")} AS ends_at,
       jsonb_build_object('held_t', balance, 'circulating_t', circulating, 'held_percent', div(balance * 100, circulating),
                          'holders', holders) AS figures,
       NULL::bigint[] AS orders, NULL::bigint[] AS trades
  FROM holders
 CROSS JOIN (SELECT {start_of("month", _LAST_MOMENT)} AS starts_at) month
 WHERE balance * 100 > circulating * %(percent)s AND circulating >= %(least_t)s
"""

_OPEN_INTEREST = f"""
WITH sides AS (
    SELECT resting.market_id, resting.side, organisation_id, sum(quantity_t - filled_t - decremented_t) AS open_t,
           array_agg(id ORDER BY id) AS ids
      FROM trading_bookentry resting JOIN trading_order ON id = order_id
     GROUP BY 1, 2, 3
), shares AS (
    SELECT *, sum(open_t) OVER book AS side_t, count(*) OVER book AS organisations
      FROM sides
    WINDOW book AS (PARTITION BY market_id, side)
), greatest_shares AS (
    SELECT DISTINCT ON (market_id, organisation_id) *
      FROM shares
     WHERE open_t * 100 > side_t * %(percent)s AND side_t >= %(least_t)s AND organisations >= %(organisations)s
     ORDER BY market_id, organisation_id, open_t / side_t DESC, side
)
SELECT market_id, ARRAY[organisation_id] AS organisations, 'low' AS severity,
       day.starts_at, {end_of("day", "day.starts_at")} AS ends_at,
       jsonb_build_object('open_t', open_t, 'side_t', side_t, 'open_percent', div(open_t * 100, side_t),
                          'side', side, 'organisations', greatest_shares.organisations) AS figures,
       ids AS orders, NULL::bigint[] AS trades
  FROM greatest_shares
 CROSS JOIN (SELECT {start_of("day", _LAST_MOMENT)} AS starts_at) day
"""

HOLDINGS = WatchRule(
    name=Rule.HOLDING,
    sentence=_(
        "One organisation holds more than %(percent)s %% of what circulates of a batch, that is of what is with others than the "
        "one it was issued to, where that is at least %(least_t)s t; said once a month."
    ),
    cadence=Cadence.DAY,
    thresholds=(
        Threshold("percent", _("Share of the circulating tonnes"), 50, 1, 99, Unit.PERCENT),
        Threshold("least_t", _("Circulating tonnes at least"), 1_000, 1, 1_000_000_000_000, Unit.TONNES),
    ),
    figures={
        "held_t": Figure(_("Tonnes held"), Unit.TONNES),
        "circulating_t": Figure(_("Tonnes in circulation"), Unit.TONNES),
        "held_percent": Figure(_("Share, rounded down"), Unit.PERCENT),
        "holders": Figure(_("Holders")),
    },
    sql=_HOLDINGS,
)

OPEN_INTEREST = WatchRule(
    name=Rule.OPEN_INTEREST,
    sentence=_(
        "The open orders of one organisation are more than %(percent)s %% of one side of a book, where that side has at least "
        "%(least_t)s t of at least %(organisations)s organisations; said once a day."
    ),
    cadence=Cadence.HOUR,
    thresholds=(
        Threshold("percent", _("Share of the side"), 80, 1, 99, Unit.PERCENT),
        Threshold("least_t", _("Tonnes on the side at least"), 1_000, 1, 1_000_000_000_000, Unit.TONNES),
        Threshold("organisations", _("Organisations on the side at least"), 3, 1, 1_000),
    ),
    figures={
        "open_t": Figure(_("Tonnes of its open orders"), Unit.TONNES),
        "side_t": Figure(_("Tonnes on the side"), Unit.TONNES),
        "open_percent": Figure(_("Share, rounded down"), Unit.PERCENT),
        "side": Figure(_("Side of the orders"), Unit.SIDE),
        "organisations": Figure(_("Organisations on the side")),
    },
    sql=_OPEN_INTEREST,
)
