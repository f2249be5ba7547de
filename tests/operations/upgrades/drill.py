"""Change the schema and the worker under a market that trades. See `__main__.py`."""

import datetime as dt
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from django.db import connection

from config.operations.deploy.notify import READY
from config.processes import write_line
from config.programs import reliefs
from config.run import BASE_DIR
from tests.operations.market import Market
from tests.operations.notified import Notified
from tests.operations.upgrades.conftest import SETTINGS
from tests.running import end_program
from tests.scenes import people
from tests.soak.grounds import Grounds
from trading.execution.reconciliation import reconcile

# Long enough that what the machine does by itself (a checkpoint, autovacuum) is in it, too.
QUIET_SECONDS = 10.0
# What docs/upgrades.md promises of a migration: nobody who waits for an order notices it.
MOST_SECONDS = 1.0


class Period(NamedTuple):
    """Something that was done while the market traded: from when to when by the database's clock, and what it came to."""

    began_at: dt.datetime
    result: Any
    ended_at: dt.datetime

    @property
    def seconds(self) -> float:
        return (self.ended_at - self.began_at).total_seconds()


def drill(here: Grounds, rows: int, reports: Path) -> int:
    """Run the drill, and return the exit status."""
    for program in ("worker", "match-0", "beat"):
        here.start(program)
    market = Market(people())
    market.enter()
    market.settles()
    _fill(here.owner_url, rows)
    with market.trading():
        market.goes_on()
        quiet = _during(lambda: time.sleep(QUIET_SECONDS))
        migrating = _during(lambda: _migrate(here))
        rolling = _during(lambda: _roll(here, market))
    market.settles()
    _take_away(here.owner_url)
    found = {
        "orders": rows,
        "migration_seconds": round(migrating.seconds, 1),
        "tries_given_up": migrating.result,
        "longest_gap_quiet_seconds": _longest_gap(quiet),
        "longest_gap_migrating_seconds": _longest_gap(migrating),
        "longest_gap_rolling_seconds": _longest_gap(rolling),
        "trades": market.placed,
        "invariants_broken": [result.name for result in reconcile() if not result.holds],
    }
    return _report(found, reports)


def _report(found: dict[str, Any], reports: Path) -> int:
    """Write what was found as text and JSON, say whether it holds, and return the exit status."""
    (reports / "drill-upgrade.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    text = "".join(f"{name.replace('_', ' '):<32} {value}\n" for name, value in found.items())
    (reports / "drill-upgrade.txt").write_text(text, encoding="utf-8")
    write_line(text.rstrip())
    longest = max(found["longest_gap_migrating_seconds"], found["longest_gap_rolling_seconds"])
    holds = not found["invariants_broken"] and longest < MOST_SECONDS
    broken = f"BROKEN: the market stood still for {MOST_SECONDS} s or longer, or its books do not agree"
    write_line("holds" if holds else broken)
    return 0 if holds else 1


def _during(act: Callable[[], Any]) -> Period:
    return Period(_now(), act(), _now())


def _fill(url: str, rows: int) -> None:
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


def _take_away(url: str) -> None:
    """Delete what was filled in: the books are to be judged by what was traded."""
    with psycopg.connect(url) as session:
        session.execute("SET session_replication_role = replica")
        session.execute("DELETE FROM trading_order WHERE client_order_id LIKE 'filled-%'")


def _migrate(here: Grounds) -> int:
    """Migrate by a process of its own, and return how often it gave way to others."""
    environment = here.environment | {"DATABASE_URL": here.owner_url, "DJANGO_SETTINGS_MODULE": SETTINGS}
    command = [sys.executable, "-W", "ignore", "manage.py", "migrate", "release"]
    run = subprocess.run(command, cwd=BASE_DIR, env=environment, capture_output=True, text=True, check=False)
    write_line((run.stdout + run.stderr).rstrip())
    assert run.returncode == 0
    return run.stderr.count("Waited for a lock in vain")


def _roll(here: Grounds, market: Market) -> None:
    """Let another worker take the market's place: the new one first, and once it takes tasks the old one ends in order."""
    with Notified() as notified:
        command = reliefs(here.environment)["relief-0"]
        here.programs.start("relief-0", ["env", f"NOTIFY_SOCKET={notified.address}", *command])
        notified.wait_for(READY, seconds=120)
    market.goes_on()
    end_program(here.programs, "match-0")
    market.goes_on()


def _now() -> dt.datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: dt.datetime = cursor.fetchone()[0]
        return now


def _longest_gap(period: Period) -> float:
    """Return the longest time, in seconds, between two settlements."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT coalesce(max(extract(epoch FROM at - before)), 0) FROM (
              SELECT at, lag(at) OVER (ORDER BY at) AS before FROM (
                SELECT DISTINCT executed_at AS at FROM trading_trade WHERE executed_at BETWEEN %s AND %s
                 UNION SELECT %s UNION SELECT %s) moments) gaps
            """,
            [period.began_at, period.ended_at] * 2,
        )
        return round(float(cursor.fetchone()[0]), 3)
