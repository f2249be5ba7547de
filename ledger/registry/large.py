"""Fill a registry as it may be after years: projects, their fields, batches and retirements, by SQL alone and all at once.

For measurements on a database of its own. What is made is the same for the same seed, and consistent as far as pages and sums read
it: each registered project has one vintage issued, whose credits its cooperative holds or has retired for somebody; balances, serial
numbers, transactions and transfers agree. Nothing of it has a record in the log, and fields have no practices: reconciliation would
name all of it. One registered project in a hundred has a forecast, which is large.
"""

import contextlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from ledger.projects.counties import counties
from ledger.quantification import quantify
from ledger.registry.places import refresh_places
from ledger.registry.totals import refresh_totals

FARMING = ("21", "22", "23", "31", "32", "33", "34", "35", "36", "42", "43", "44", "45", "46", "50", "51", "52", "53")
COOPERATIVES = 2_000
FORECAST_OF = 100
"""One project in so many has a forecast."""
_TABLES = (
    *("ledger_organisation", "ledger_project", "ledger_parcel", "ledger_monitoringreport", "ledger_asset"),
    *(
        "ledger_account",
        "ledger_transaction",
        "ledger_transfer",
        "ledger_serialblock",
        "ledger_batch",
        "ledger_retirement",
    ),
)
_INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid)
  FROM pg_index
 WHERE indrelid = ANY(%s::text[]::regclass[])
   AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)
"""
_COUNTIES = """
CREATE TEMPORARY TABLE seed_county ON COMMIT DROP AS
SELECT place - 1 AS place, code, name FROM unnest(%(codes)s::text[], %(names)s::text[]) WITH ORDINALITY AS given (code, name, place)
"""
# Where each table's ids begin, so that rows may name each other before they are there; and the seed's own dice.
_BASES = """
CREATE TEMPORARY TABLE seed_base ON COMMIT DROP AS
SELECT coalesce((SELECT max(id) FROM ledger_organisation), 0) AS organisation,
       coalesce((SELECT max(id) FROM ledger_project), 0) AS project,
       coalesce((SELECT max(number) FROM ledger_project), 0) AS number,
       coalesce((SELECT max(id) FROM ledger_monitoringreport), 0) AS report,
       coalesce((SELECT max(id) FROM ledger_asset), 0) AS asset,
       coalesce((SELECT max(id) FROM ledger_account), 0) AS account,
       coalesce((SELECT max(id) FROM ledger_transaction), 0) AS transaction,
       coalesce((SELECT max(id) FROM ledger_batch), 0) AS batch,
       coalesce((SELECT max(next_serial) FROM ledger_serialcounter), 1) - 1 AS serial
"""
_DICE = """
CREATE FUNCTION pg_temp.dice(n bigint, throw integer, sides bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS
$$ SELECT abs(hashint8extended(n * 31 + throw, {seed}) % sides) $$
"""
_PEOPLE = """
INSERT INTO ledger_user (public_id, username, password, display_name, first_name, last_name, email, is_superuser, is_staff, is_active,
                         date_joined)
SELECT md5(%(seed)s || '-user')::uuid, 'seed-' || %(seed)s, '!', '种子', '', '', '', false, false, false, now()
    ON CONFLICT (username) DO NOTHING;
INSERT INTO ledger_organisation (id, public_id, kind, status, name, name_en, credit_code, created_at, approved_at)
SELECT base.organisation + n, md5(%(seed)s || '-organisation-' || n)::uuid, 'cooperative', 'approved',
       (ARRAY['丰收','绿源','金穗','稻香','禾田','清溪','春耕','沃土','青禾','田园'])[1 + pg_temp.dice(n, 1, 10)]
           || '第' || base.organisation + n || '合作社',
       'Cooperative ' || base.organisation + n, '', now(), now()
  FROM seed_base base, generate_series(1, %(cooperatives)s) n
"""
# Registered but for a few; on a grid over the country's farming south and north-east, so that no two overlap.
_PROJECTS = """
INSERT INTO ledger_project (id, number, province_code, name, name_en, county_code, place, description, description_en, illustrative,
                            proponent_id, methodology, settings, crediting_starts_on, crediting_ends_on, status, created_by_id,
                            validation_statement, rejection_reason, created_at, submitted_at, validated_at, registered_at)
SELECT base.project + n, base.number + n, left(county.code, 2),
       county.name || (ARRAY['水稻节水灌溉','双季稻','稻鱼共生','秸秆还田','免耕','有机肥替代'])[1 + kind]
           || (ARRAY['碳汇','减排','固碳'])[1 + pg_temp.dice(n, 2, 3)] || '项目' || base.number + n || '号',
       'Farmland carbon project ' || base.number + n, county.code, county.name, '', '', '',
       base.organisation + 1 + pg_temp.dice(n, 3, %(cooperatives)s),
       CASE WHEN kind < 3 THEN 'rice-water-1' ELSE 'soc-tier1-1' END, CASE WHEN kind < 3 THEN %(rice)s ELSE %(soil)s END::jsonb,
       begins, begins + interval '10 years' - interval '1 day', status, owner.id, '', '', begins,
       CASE WHEN status <> 'draft' THEN begins END, CASE WHEN status = 'registered' THEN begins END,
       CASE WHEN status = 'registered' THEN begins + interval '30 days' END
  FROM seed_base base
 CROSS JOIN generate_series(1, %(projects)s) n
 CROSS JOIN LATERAL (SELECT pg_temp.dice(n, 4, 6) AS kind, make_date(2016 + pg_temp.dice(n, 5, 8)::int, 1, 1) AS begins,
                            CASE WHEN n %% 100 = 99 THEN 'draft' WHEN n %% 100 = 98 THEN 'submitted' ELSE 'registered' END AS status) thrown
  JOIN seed_county county ON county.place = pg_temp.dice(n, 6, %(counties)s)
 CROSS JOIN (SELECT id FROM ledger_user WHERE username = 'seed-' || %(seed)s) owner
"""
# Fields of about ten hectares, side by side, so many a project.
_PARCELS = """
INSERT INTO ledger_parcel (project_id, code, name, geometry, area_ha, practices)
SELECT base.project + n, 'P' || lpad(k::text, 4, '0'), '',
       format('{"type": "Polygon", "coordinates": [[[%%s, %%s], [%%s, %%s], [%%s, %%s], [%%s, %%s], [%%s, %%s]]]}',
              west, south, west + 0.003, south, west + 0.003, south + 0.003, west, south + 0.003, west, south)::jsonb,
       9 + pg_temp.dice(n * 100 + k, 7, 10000) / 10000.0, '{}'
  FROM seed_base base
 CROSS JOIN generate_series(1, %(projects)s) n
 CROSS JOIN generate_series(1, %(most_parcels)s) k
 CROSS JOIN LATERAL (SELECT 100 + (n %% 480) * 0.05 + (k %% 10) * 0.004 AS west, 22 + (n / 480) * 0.05 + (k / 10) * 0.004 AS south) AS at
 WHERE k <= %(parcels)s / %(projects)s + CASE WHEN n <= %(parcels)s %% %(projects)s THEN 1 ELSE 0 END
"""
# Of batch b: its project n, and how much of it has been retired, in so many retirements of 1 to 10 tonnes, one after the other.
_SEASONS = """
CREATE TEMPORARY TABLE seed_batch ON COMMIT DROP AS
SELECT b, n, vintage, used, 55 * (used / 10) + (used %% 10) * (used %% 10 + 1) / 2 AS retired_t, quantity_t,
       base.serial + (b - 1) * quantity_t + 1 AS first_serial, project.code || '-' || vintage AS code,
       make_timestamptz((vintage + 1)::int, 3, 1, 4, 0, 0, 'UTC') AS issued_at, proponent_id
  FROM (SELECT n, row_number() OVER (ORDER BY n) AS b FROM generate_series(1, %(projects)s) n WHERE n %% 100 NOT IN (98, 99)) numbered
 CROSS JOIN seed_base base
 CROSS JOIN LATERAL (SELECT 'TH-' || province_code || '-' || lpad(number::text, 6, '0') AS code, proponent_id,
                            least(extract(year FROM crediting_starts_on)::int + pg_temp.dice(n, 8, 8), 2025) AS vintage
                       FROM ledger_project WHERE id = base.project + n) AS project
 CROSS JOIN LATERAL (SELECT %(retirements)s / %(batches)s + CASE WHEN b <= %(retirements)s %% %(batches)s THEN 1 ELSE 0 END AS used,
                            %(quantity)s::bigint AS quantity_t) AS sizes;
ANALYZE seed_batch;
INSERT INTO ledger_monitoringreport (id, project_id, vintage, period_starts_on, period_ends_on, status, "case", sheet, sheet_sha256, net_t,
                                     buffer_t, issuable_t, issued_t, practices, prepared_by_id, verification_statement,
                                     rejection_reason, submitted_at, status_since)
SELECT base.report + b, base.project + n, vintage, make_date(vintage::int, 1, 1), make_date(vintage::int, 12, 31), 'issued', '{}',
       jsonb_build_object('result', jsonb_build_object('net_t', quantity_t)), repeat('0', 64), quantity_t, 0, quantity_t, quantity_t, '{}',
       owner.id, '', '', issued_at, issued_at
  FROM seed_batch CROSS JOIN seed_base base
 CROSS JOIN (SELECT id FROM ledger_user WHERE username = 'seed-' || %(seed)s) owner;
INSERT INTO ledger_asset (id, code, kind) SELECT base.asset + b, code, 'credit' FROM seed_batch CROSS JOIN seed_base base;
INSERT INTO ledger_account (id, organisation_id, asset_id, purpose, balance, held)
SELECT base.account + (b - 1) * 3 + part, CASE WHEN part = 2 THEN proponent_id END, base.asset + b,
       (ARRAY['issuance', 'holding', 'retired'])[part],
       (ARRAY[-quantity_t, quantity_t - retired_t, retired_t])[part], 0
  FROM seed_batch CROSS JOIN seed_base base CROSS JOIN generate_series(1, 3) part;
INSERT INTO ledger_serialblock (account_id, asset_id, serials)
SELECT base.account + (b - 1) * 3 + part, base.asset + b,
       CASE WHEN part = 3 THEN int8range(first_serial, first_serial + retired_t)
            ELSE int8range(first_serial + retired_t, first_serial + quantity_t) END
  FROM seed_batch CROSS JOIN seed_base base CROSS JOIN generate_series(2, 3) part
 WHERE CASE WHEN part = 3 THEN retired_t ELSE quantity_t - retired_t END > 0;
INSERT INTO ledger_transaction (id, kind, occurred_at, actor, record_id)
SELECT base.transaction + b, 'issuance', issued_at, 'system', -b FROM seed_batch CROSS JOIN seed_base base;
INSERT INTO ledger_transfer (transaction_id, debit_account_id, credit_account_id, amount, serials)
SELECT base.transaction + b, base.account + (b - 1) * 3 + 1, base.account + (b - 1) * 3 + 2, quantity_t,
       int8multirange(int8range(first_serial, first_serial + quantity_t))
  FROM seed_batch CROSS JOIN seed_base base;
INSERT INTO ledger_batch (id, project_id, report_id, asset_id, vintage, tranche, serials, quantity_t, buffer_t, transaction_id, issued_by_id, issued_at)
SELECT base.batch + b, base.project + n, base.report + b, base.asset + b, vintage, 1, int8range(first_serial, first_serial + quantity_t),
       quantity_t, 0, base.transaction + b, owner.id, issued_at
  FROM seed_batch CROSS JOIN seed_base base
 CROSS JOIN (SELECT id FROM ledger_user WHERE username = 'seed-' || %(seed)s) owner
"""
_RETIREMENTS = """
CREATE TEMPORARY TABLE seed_retirement ON COMMIT DROP AS
SELECT row_number() OVER (ORDER BY j, b) AS r, b, 1 + j %% 10 AS quantity_t,
       first_serial + 55 * (j / 10) + (j %% 10) * (j %% 10 + 1) / 2 AS first_serial, proponent_id,
       issued_at + (j + 1) * interval '20 days' AS at
  FROM seed_batch CROSS JOIN LATERAL generate_series(0, used - 1) j;
INSERT INTO ledger_transaction (id, kind, occurred_at, actor, record_id)
SELECT base.transaction + %(batches)s + r, 'retirement', at, 'system', -%(batches)s - r FROM seed_retirement CROSS JOIN seed_base base
 ORDER BY r;
INSERT INTO ledger_transfer (transaction_id, debit_account_id, credit_account_id, amount, serials)
SELECT base.transaction + %(batches)s + r, base.account + (b - 1) * 3 + 2, base.account + (b - 1) * 3 + 3, quantity_t,
       int8multirange(int8range(first_serial, first_serial + quantity_t))
  FROM seed_retirement CROSS JOIN seed_base base ORDER BY r;
INSERT INTO ledger_retirement (public_id, organisation_id, batch_id, quantity_t, serials, beneficiary_name, beneficiary_code,
                               beneficiary_place, court_name, case_number, is_beneficiary_public, purpose, note, transaction_id, retired_by_id, retired_at)
SELECT md5(%(seed)s || '-retirement-' || r)::uuid, proponent_id, base.batch + b, quantity_t,
       int8multirange(int8range(first_serial, first_serial + quantity_t)),
       (ARRAY['闽江','东海','南岭','北斗','西湖','长江','珠江','黄河','太湖','洞庭'])[1 + pg_temp.dice(r, 10, 10)]
           || (ARRAY['纸业','钢铁','物流','银行','酒店','航空','电子','食品','建材','纺织'])[1 + pg_temp.dice(r, 11, 10)]
           || pg_temp.dice(r, 12, 100) || '号公司',
       '', '', '', '', r %% 10 > 0,
       (ARRAY['own_footprint','product','event','donation','judicial_restitution','compliance_offset','on_behalf_of'])
           [1 + pg_temp.dice(r, 13, 7)],
       '', base.transaction + %(batches)s + r, owner.id, at
  FROM seed_retirement CROSS JOIN seed_base base
 CROSS JOIN (SELECT id FROM ledger_user WHERE username = 'seed-' || %(seed)s) owner ORDER BY r
"""
_FORECASTS = """
UPDATE ledger_project SET forecast = CASE WHEN methodology = 'rice-water-1' THEN %(rice)s::jsonb ELSE %(soil)s::jsonb END
  FROM seed_base base
 WHERE id > base.project AND status = 'registered' AND (id - base.project) %% %(one_in)s = 0
"""
_COUNTERS = """
INSERT INTO ledger_serialcounter (id, next_serial) SELECT 1, serial + 1 + %(batches)s * %(quantity)s FROM seed_base
    ON CONFLICT (id) DO UPDATE SET next_serial = excluded.next_serial;
SELECT setval(pg_get_serial_sequence(name, 'id'), greatest(last, 1)) FROM (VALUES
       ('ledger_organisation', (SELECT max(id) FROM ledger_organisation)), ('ledger_project', (SELECT max(id) FROM ledger_project)),
       ('ledger_monitoringreport', (SELECT max(id) FROM ledger_monitoringreport)), ('ledger_asset', (SELECT max(id) FROM ledger_asset)),
       ('ledger_account', (SELECT max(id) FROM ledger_account)), ('ledger_transaction', (SELECT max(id) FROM ledger_transaction)),
       ('ledger_batch', (SELECT max(id) FROM ledger_batch))) AS used (name, last)
"""
_SEASON = {
    "name": "early",
    "days": 112,
    "baseline": {
        "water": "continuous",
        "preseason": "non_flooded_under_180_days",
        "amendments": [],
        "n_kg_per_ha": "150",
    },
}
_RICE = {"gwp": "AR5", "region": "east_asia"}


@dataclass(frozen=True, slots=True)
class Size:
    """How much is made. There is a vintage for each registered project, which are 98 of a hundred."""

    projects: int
    parcels: int
    retirements: int
    seed: int = 1

    @property
    def batches(self) -> int:
        return self.projects - sum(self.projects % 100 > rest - 1 for rest in (98, 99)) - self.projects // 100 * 2

    @property
    def quantity(self) -> int:
        """The tonnes of a batch: what is retired of it, and 200 that are held."""
        used = self.retirements // max(self.batches, 1) + 1
        return 55 * (used // 10 + 1) + 200


def seed_large(size: Size) -> None:
    """Fill the database that Django is connected to. Only its owner may, since indexes are made anew.

    Raises: Django's database errors, with nothing left behind.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        _without_checks(cursor)
        # What the batches come to is written with the reports.
        cursor.execute("ALTER TABLE ledger_batch DISABLE TRIGGER batch_counts_for_its_report")
        with _indexes_made_afterwards(cursor):
            for statement in (_COUNTIES, _BASES, _PEOPLE, _PROJECTS, _PARCELS, _SEASONS, _RETIREMENTS, _COUNTERS):
                _run(cursor, statement, size)
        _forecasts(cursor)
        cursor.execute("ALTER TABLE ledger_batch ENABLE TRIGGER batch_counts_for_its_report")
    connection.commit()
    with connection.cursor() as cursor:
        cursor.execute(f"VACUUM ANALYZE {', '.join(_TABLES)}")
    refresh_places(whole=True)
    refresh_totals(always=True)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE ledger_projectplace, ledger_carbontotal")


def _run(cursor: Any, statement: str, size: Size) -> None:
    if statement is _PEOPLE:
        cursor.execute(_DICE.format(seed=int(size.seed)))
    for part in statement.split(";\n"):
        cursor.execute(_written(part, _parameters(size)))


def _parameters(size: Size) -> Mapping[str, Any]:
    offered = [(code, county.name) for code, county in counties().items() if code[:2] in FARMING]
    return {
        "seed": str(size.seed),
        "projects": size.projects,
        "parcels": size.parcels,
        "most_parcels": size.parcels // size.projects + 1,
        "retirements": size.retirements,
        "batches": size.batches,
        "quantity": size.quantity,
        "cooperatives": COOPERATIVES,
        "counties": len(offered),
        "codes": "{" + ",".join(code for code, _name in offered) + "}",
        "names": "{" + ",".join(name for _code, name in offered) + "}",
        "rice": json.dumps(_RICE),
        "soil": json.dumps({"risk_percent": "10"}),
    }


def _written(statement: str, parameters: Mapping[str, Any]) -> str:
    """Return a statement with numbers and texts of our own written into it: DDL takes no parameters."""
    return statement % {
        name: str(value) if isinstance(value, int) else "'" + value.replace("'", "''") + "'"
        for name, value in parameters.items()
    }


def _without_checks(cursor: Any) -> None:
    """Leave foreign keys unchecked where the owner may: all that is written here names what is written here."""
    cursor.execute("SELECT has_parameter_privilege(current_user, 'session_replication_role', 'SET')")
    if cursor.fetchone()[0]:
        cursor.execute("SET LOCAL session_replication_role = replica")
    cursor.execute("SET LOCAL work_mem = '128MB'")


@contextlib.contextmanager
def _indexes_made_afterwards(cursor: Any) -> Iterator[None]:
    cursor.execute(_INDEXES, [list(_TABLES)])
    indexes = cursor.fetchall()
    for name, _definition in indexes:
        cursor.execute(f"DROP INDEX {name}")
    yield
    cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
    for _name, definition in indexes:
        cursor.execute(definition)


def _forecasts(cursor: Any) -> None:
    practices = {"seasons": [{**_SEASON, "project": {**_SEASON["baseline"], "water": "multiple_drainage"}}]}  # type: ignore[dict-item]
    soil = {
        "climate_zone": "warm_temperate_moist",
        "soil": "low_activity_clay_soils",
        "baseline": {"land_use": "annual_crops", "tillage": "full_tillage", "input": "medium"},
        "project": {"land_use": "annual_crops", "tillage": "no_tillage", "input": "medium"},
    }
    cases = {
        "rice": {"methodology": "rice-water-1", **_RICE, "parcels": _fields(practices)},
        "soil": {"methodology": "soc-tier1-1", "risk_percent": "10", "parcels": _fields(soil)},
    }
    sheets = {name: json.dumps(quantify(case).as_dict()) for name, case in cases.items()}
    cursor.execute(_written(_FORECASTS, {**sheets, "one_in": FORECAST_OF}))


def _fields(practices: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{**practices, "id": f"P{number:04d}", "area_ha": "9.5000"} for number in range(1, 11)]
