"""Change the schema and the worker under a market that trades. See `__main__.py`."""

import json
import os
import signal
import subprocess
import sys
import time

import psycopg
from django.db import connection

from config.operations.deploy.notify import READY
from config.processes import write_line
from config.programs import reliefs
from config.run import BASE_DIR
from tests.operations.market import Market
from tests.operations.notified import Notified
from tests.operations.upgrades.conftest import SETTINGS
from tests.scenes import people
from trading.execution.reconciliation import reconcile

QUIET_SECONDS = 10.0
MOST_SECONDS = 1.0


def drill(here, rows, reports):
    """Run the drill, and return the exit status."""
    for program in ("worker", "match-0", "beat"):
        here.start(program)
    market = Market(people())
    market.enter()
    market.settles()
    _fill(here.owner_url, rows)
    with market.trading():
        market.goes_on()
        quiet = (_now(), time.sleep(QUIET_SECONDS), _now())
        began = time.monotonic()
        busy = (_now(), _migrate(here), _now())
        took = time.monotonic() - began
        rolling = (_now(), _roll(here, market), _now())
    market.settles()
    _take_away(here.owner_url)
    broken = [result.name for result in reconcile() if not result.holds]
    found = {
        "orders": rows,
        "migration_seconds": round(took, 1),
        "tries_given_up": busy[1],
        "longest_gap_quiet_seconds": _longest_gap(quiet),
        "longest_gap_migrating_seconds": _longest_gap(busy),
        "longest_gap_rolling_seconds": _longest_gap(rolling),
        "trades": market.placed,
        "invariants_broken": broken,
    }
    (reports / "drill-upgrade.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    text = "".join(f"{name.replace('_', ' '):<32} {value}\n" for name, value in found.items())
    (reports / "drill-upgrade.txt").write_text(text, encoding="utf-8")
    write_line(text.rstrip())
    holds = (
        not broken and max(found["longest_gap_migrating_seconds"], found["longest_gap_rolling_seconds"]) < MOST_SECONDS
    )
    write_line(
        "holds"
        if holds
        else f"BROKEN: the market stood still for {MOST_SECONDS} s or longer, or its books do not agree"
    )
    return 0 if holds else 1


def _fill(url, rows):
    """Copy an order that is over as often as asked for, as the owner and past the guards: what is measured is the table's size."""
    with psycopg.connect(url) as session:
        names = [
            row[0]
            for row in session.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = 'trading_order'::regclass AND attnum > 0"
                " AND NOT attisdropped AND attname NOT IN ('id', 'client_order_id', 'hold_id')"
            )
        ]
        columns = ", ".join(f'"{name}"' for name in names)
        session.execute("SET session_replication_role = replica")
        session.execute(
            f"INSERT INTO trading_order ({columns}, client_order_id, hold_id)"
            f" SELECT {columns}, 'filled-' || n, -n FROM (SELECT * FROM trading_order WHERE status = 'filled' LIMIT 1) one,"
            " generate_series(1, %s) n",
            [rows],
        )
        session.commit()
        session.autocommit = True
        session.execute("VACUUM ANALYZE trading_order")


def _take_away(url):
    """Delete what was filled in: the books are to be judged by what was traded."""
    with psycopg.connect(url) as session:
        session.execute("SET session_replication_role = replica")
        session.execute("DELETE FROM trading_order WHERE client_order_id LIKE 'filled-%'")


def _migrate(here):
    """Migrate by a process of its own, and return how often it gave way to others."""
    environment = here.environment | {"DATABASE_URL": here.owner_url, "DJANGO_SETTINGS_MODULE": SETTINGS}
    command = [sys.executable, "-W", "ignore", "manage.py", "migrate", "release"]
    run = subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=False)
    write_line((run.stdout + run.stderr).rstrip())
    assert run.returncode == 0
    return run.stderr.count("Waited for a lock in vain")


def _roll(here, market):
    """Let another worker take the market's place: the new one first, and once it takes tasks the old one ends in order."""
    with Notified() as notified:
        command = reliefs(here.environment)["relief-0"]
        here.programs.start("relief-0", ["env", f"NOTIFY_SOCKET={notified.address}", *command])
        notified.wait_for(READY, seconds=120)
    market.goes_on()
    process = here.programs._running.pop("match-0")
    os.killpg(process.pid, signal.SIGTERM)
    assert process.wait(timeout=60) == 0
    market.goes_on()


def _now():
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        return cursor.fetchone()[0]


def _longest_gap(period):
    """Return the longest time, in seconds, between two settlements."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT coalesce(max(extract(epoch FROM at - before)), 0) FROM (
              SELECT at, lag(at) OVER (ORDER BY at) AS before FROM (
                SELECT DISTINCT executed_at AS at FROM trading_trade WHERE executed_at BETWEEN %s AND %s
                 UNION SELECT %s UNION SELECT %s) moments) gaps
            """,
            [period[0], period[2], period[0], period[2]],
        )
        return round(float(cursor.fetchone()[0]), 3)
