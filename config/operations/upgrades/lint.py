"""Read the SQL of every migration since the last release, and name what would hold up trading or break the old code.

What SQL blocks is judged by squawk, which parses it as PostgreSQL does and knows what each statement locks; what it cannot see
(Python, transactions, tries) is judged here. Migrations up to the last release (`baseline.json`) have run everywhere.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from io import StringIO
from pathlib import Path

from django.core.management import call_command
from django.db import connection
from django.db.migrations import Migration, RunPython
from django.db.migrations.loader import MigrationLoader

BASELINE = Path(__file__).with_name("baseline.json")
OURS = ("ledger", "trading")
PG_VERSION = "15"
# `migrate` sets the first for all; the rest are about taste, or what Django does.
LEFT_OUT = (
    "require-lock-timeout",
    "require-statement-timeout",
    "require-enum-value-ordering",
    "prefer-bigint-over-int",
    "prefer-bigint-over-smallint",
    "prefer-identity",
    "prefer-text-field",
    "prefer-timestamp-tz",
    "prefer-robust-stmts",
    "require-concurrent-index-deletion",
    "transaction-nesting",
)
Key = tuple[str, str]


def released() -> set[Key]:
    """Return the migrations that the last release has."""
    return {(app, name) for app, names in json.loads(BASELINE.read_text(encoding="utf-8")).items() for name in names}


def write_baseline(loader: MigrationLoader) -> None:
    """Take all that there are now for released."""
    names = {app: sorted(name for each, name in loader.disk_migrations if each == app) for app in OURS}
    BASELINE.write_text(json.dumps(names, indent=1) + "\n", encoding="utf-8")


def new_migrations(loader: MigrationLoader, apps: Iterable[str] = OURS) -> list[Key]:
    """Return the migrations since the last release."""
    before = released()
    return sorted(key for key in loader.disk_migrations if key[0] in set(apps) and key not in before)


def problems(loader: MigrationLoader, keys: Iterable[Key]) -> Iterator[str]:
    """Yield what is wrong with migrations, a sentence each."""
    for key in keys:
        name = ".".join(key)
        migration = loader.disk_migrations[key]
        yield from (f"{name}: {problem}" for problem in of_python(migration))
        yield from (f"{name}: {problem}" for problem in of_sql(sql_of(key)))


def sql_of(key: Key) -> str:
    """Return the SQL of a migration, as `sqlmigrate` has it."""
    out = StringIO()
    call_command("sqlmigrate", *key, stdout=out, no_color=True)
    return out.getvalue()


def of_python(migration: Migration) -> Iterator[str]:
    """Yield what is wrong with how a migration runs."""
    runs_python = any(isinstance(each, RunPython) for each in migration.operations)
    if runs_python and migration.atomic and not getattr(migration, "changes_few_rows", ""):
        yield (
            "RunPython in one transaction keeps all its rows until the end: atomic = False and in_batches(…), or say why "
            "they are few (changes_few_rows = '…')"
        )
    if not migration.atomic and len(migration.operations) > 1:
        yield "without a transaction a second try begins at the first operation: one operation a migration"


def of_sql(statements: str) -> list[str]:
    """Return what squawk finds in SQL.

    Raises: RuntimeError where it does not run.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "migration.sql"
        path.write_text(statements, encoding="utf-8")
        command = [str(Path(sys.executable).with_name("squawk")), "--reporter", "Json", "--pg-version", PG_VERSION]
        command += [word for rule in LEFT_OUT for word in ("--exclude", rule)]
        run = subprocess.run([*command, str(path)], capture_output=True, text=True, check=False)
    try:
        found = json.loads(run.stdout)
    except ValueError:
        raise RuntimeError(f"squawk does not run: {run.stderr or run.stdout}") from None
    lines = statements.splitlines()
    return [f"{each['rule_name']}: {each['message']} ({lines[each['line']].strip()[:90]})" for each in found]


def loader() -> MigrationLoader:
    """Return all migrations that there are."""
    return MigrationLoader(connection)
