"""Tonnes issued and retired by county, year and methodology, and where those of each vintage are: computed anew each time.

A sum over all of them costs little beside what would be needed to keep it up bit by bit, and nothing can drift.
"""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Sum
from django.utils import timezone

from ledger.registry.models import CarbonTotal, Refreshed, SupplyTotal
from ledger.registry.selectors import refreshed, state_of_the_log

_LOCK = 0x7469_616E_6875_6923
EVERY_SECONDS = 60
"""How often a worker looks whether there is anything new to sum; config/settings.py says it to beat."""
OLDEST_MINUTES = 5
"""What pages promise: they are never older than that as long as a worker runs."""
# Retirements are summed by batch first: then few rows meet the projects.
_REFRESH = """
INSERT INTO ledger_carbontotal AS known
       (measure, province_code, county_code, year, methodology, quantity_t, row_count)
SELECT measure, province_code, county_code, year, methodology, sum(quantity_t), sum(row_count)
  FROM (SELECT 'issued' AS measure, project_id, vintage AS year, quantity_t, 1 AS row_count FROM ledger_batch
         UNION ALL
        SELECT 'retired', batch.project_id, summed.year, summed.quantity_t, summed.row_count
          FROM (SELECT batch_id, extract(year FROM retired_at AT TIME ZONE 'Asia/Shanghai')::int AS year,
                       sum(quantity_t) AS quantity_t, count(*) AS row_count
                  FROM ledger_retirement GROUP BY 1, 2) AS summed
          JOIN ledger_batch batch ON batch.id = summed.batch_id) AS fact
  JOIN ledger_project project ON project.id = fact.project_id
 GROUP BY 1, 2, 3, 4, 5
    ON CONFLICT (measure, province_code, county_code, year, methodology) DO UPDATE
   SET quantity_t = excluded.quantity_t, row_count = excluded.row_count
 WHERE (known.quantity_t, known.row_count) IS DISTINCT FROM (excluded.quantity_t, excluded.row_count)

"""
# A sum of which nothing is left, because its project has another county now, is nought.
_EMPTY = """
UPDATE ledger_carbontotal known SET quantity_t = 0, row_count = 0
 WHERE row_count > 0
   AND NOT EXISTS (SELECT FROM ledger_project project
                    JOIN ledger_batch batch ON batch.project_id = project.id
                   WHERE (project.province_code, project.county_code, project.methodology)
                         = (known.province_code, known.county_code, known.methodology)
                     AND (known.measure = 'retired' OR batch.vintage = known.year))
"""

# What projects expect is of the years of their crediting periods.
_SUPPLY = """
INSERT INTO ledger_supplytotal AS known (vintage, place, quantity_t)
SELECT batch.vintage, CASE account.purpose WHEN 'holding' THEN 'held' ELSE account.purpose END, sum(account.balance)
  FROM ledger_account account JOIN ledger_batch batch ON batch.asset_id = account.asset_id
 WHERE account.purpose IN ('holding', 'buffer', 'retired', 'cancelled')
 GROUP BY 1, 2
 UNION ALL
SELECT year, 'expected', sum((project.forecast #>> '{result,net_t}')::bigint)
  FROM ledger_project project
 CROSS JOIN generate_series(extract(year FROM crediting_starts_on)::int, extract(year FROM crediting_ends_on)::int) AS year
 WHERE project.status IN ('registered', 'suspended', 'completed') AND project.forecast IS NOT NULL
 GROUP BY year
    ON CONFLICT (vintage, place) DO UPDATE SET quantity_t = excluded.quantity_t
 WHERE known.quantity_t <> excluded.quantity_t
"""
# Of what no project expects any more nothing is left: of places the accounts stay, if only with nought.
_EXPECTED_NO_MORE = """
UPDATE ledger_supplytotal known SET quantity_t = 0
 WHERE place = 'expected' AND quantity_t > 0
   AND NOT EXISTS (SELECT FROM ledger_project project
                    WHERE project.status IN ('registered', 'suspended', 'completed') AND project.forecast IS NOT NULL
                      AND known.vintage BETWEEN extract(year FROM crediting_starts_on) AND extract(year FROM crediting_ends_on))
"""


@dataclass(frozen=True, slots=True)
class TotalTerms:
    """Of which part of the country, and of which practice, sums are asked for; what is empty says nothing."""

    province: str = ""
    county: str = ""
    methodology: str = ""


@dataclass(frozen=True, slots=True)
class Sums:
    """Tonnes of one year, county, province or methodology."""

    key: str
    issued_t: int
    retired_t: int


@dataclass(frozen=True, slots=True)
class VintageSupply:
    """What was expected of a vintage, and where its tonnes are; issued is the sum of the last four. Units: tonnes."""

    vintage: int
    expected_t: int
    held_t: int
    buffer_t: int
    retired_t: int
    cancelled_t: int

    @property
    def issued_t(self) -> int:
        return self.held_t + self.buffer_t + self.retired_t + self.cancelled_t


@transaction.atomic
def refresh_totals(*, always: bool = False) -> bool:
    """Sum all batches and retirements anew where the log has grown since it was done last; return whether it was done.

    Locks: an advisory lock, so that two do not compute at once.
    """
    before, log = refreshed(Refreshed.What.TOTALS), state_of_the_log()
    now, size = timezone.now(), log.tree_size if log else 0
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return False
        is_new = always or before is None or before.tree_size != size
        if is_new:
            cursor.execute(_REFRESH)
            cursor.execute(_EMPTY)
            cursor.execute(_SUPPLY)
            cursor.execute(_EXPECTED_NO_MORE)
    Refreshed.objects.update_or_create(what=Refreshed.What.TOTALS, defaults={"at": now, "tree_size": size})
    return is_new


def computed_at() -> dt.datetime | None:
    """Return when the sums were last found to be right."""
    found = refreshed(Refreshed.What.TOTALS)
    return found.at if found else None


def sums_by(column: str, terms: TotalTerms) -> Sequence[Sums]:
    """Return the sums for each year, county_code, province_code or methodology, in the order of these."""
    exactly = {"province_code": terms.province, "county_code": terms.county, "methodology": terms.methodology}
    rows = (
        CarbonTotal.objects.filter(row_count__gt=0, **{name: value for name, value in exactly.items() if value})
        .order_by(column)
        .values_list(column, "measure")
        .annotate(total=Sum("quantity_t"))
    )
    found: dict[str, dict[str, int]] = {}
    for key, measure, total in rows:
        found.setdefault(str(key), {})[measure] = total
    issued, retired = CarbonTotal.Measure.ISSUED.value, CarbonTotal.Measure.RETIRED.value
    return [Sums(key, each.get(issued, 0), each.get(retired, 0)) for key, each in found.items()]


def all_sums(terms: TotalTerms) -> Sequence[CarbonTotal]:
    """Return every sum, as a download lists them."""
    exactly = {"province_code": terms.province, "county_code": terms.county, "methodology": terms.methodology}
    rows = CarbonTotal.objects.filter(row_count__gt=0, **{name: value for name, value in exactly.items() if value})
    return list(rows.order_by("province_code", "county_code", "year", "methodology", "measure"))


def supply_by_vintage() -> Sequence[VintageSupply]:
    """Return where the tonnes of each vintage are, of all projects, as it was summed last: the earliest vintage first."""
    rows = (
        SupplyTotal.objects.filter(quantity_t__gt=0).order_by("vintage").values_list("vintage", "place", "quantity_t")
    )
    found: dict[int, dict[str, int]] = {}
    for vintage, place, quantity_t in rows:
        found.setdefault(vintage, {})[place] = quantity_t
    places = SupplyTotal.Place
    return [VintageSupply(vintage, *(each.get(place.value, 0) for place in places)) for vintage, each in found.items()]
