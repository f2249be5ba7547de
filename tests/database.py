"""As whom tests work in the database: as the application's role, and where something must be arranged, as its owner."""

import contextlib
import os
import secrets
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.db import connection, transaction
from django.test import TransactionTestCase

from config.database_roles import ROLE, set_up_role
from ledger.transparency.binding import state_file

PASSWORD = secrets.token_urlsafe(16)


def work_as_application() -> None:
    """Make the role in the test's database; every connection from now on is that role's, in every thread."""
    set_up_role(ROLE, password=PASSWORD)
    connection.settings_dict["OPTIONS"]["options"] = f"-c role={ROLE}"
    connection.close()


def work_as_owner() -> None:
    """Undo `work_as_application`: the test's database is the owner's to drop."""
    del connection.settings_dict["OPTIONS"]["options"]
    connection.close()


def application_url() -> str:
    """Return the address by which other processes log in to the test's database, as the application's role."""
    url = urlsplit(os.environ["DATABASE_URL"])
    netloc = f"{ROLE}:{PASSWORD}@{url.hostname}:{url.port}"
    return url._replace(netloc=netloc, path="/" + connection.settings_dict["NAME"]).geturl()


@contextlib.contextmanager
def as_owner() -> Iterator[None]:
    """Work as the superuser who owns the tables, in a transaction: what fails leaves the role as it was."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE")
        yield
        cursor.execute(f"SET LOCAL ROLE {ROLE}")


def append_only_tables() -> list[str]:
    """Return the tables that a guard keeps append-only, as the database has them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'append_only_rows' ORDER BY 1")
        return [row[0] for row in cursor.fetchall()]


def empty_tables_as_owner() -> None:
    """After a test with real commits, empty the tables as their owner, which the application's role may not.

    Django would empty all of them, and then tell all again that they are migrated: twenty times as much work.
    """
    # That of an earlier run, whose database is gone.
    state_file().unlink(missing_ok=True)
    TransactionTestCase._fixture_teardown = lambda _test: _empty_tables()


# Django writes them after each migration, not before each test.
KEPT = ("django_migrations", "django_content_type", "auth_permission")
FEW_BYTES = 256 * 1024


def _empty_tables() -> None:
    with as_owner(), connection.cursor() as cursor:
        # Neither guards nor references are asked: everything goes.
        cursor.execute("SET LOCAL session_replication_role = replica")
        few, many = _tables_with_rows(cursor)
        for table in few:
            cursor.execute(f"DELETE FROM {table}")
        if many:
            cursor.execute(f"TRUNCATE {', '.join(many)} CASCADE")
        cursor.execute("SET LOCAL session_replication_role = origin")
    # The log is empty again, so the key has signed nothing of it.
    state_file().unlink(missing_ok=True)


def _tables_with_rows(cursor: Any) -> tuple[list[str], list[str]]:
    """Return the tables that hold rows: those from which it takes least to delete them, and those that are better cut off."""
    cursor.execute(
        """
        SELECT oid::regclass::text, pg_relation_size(oid) FROM pg_class
         WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> ALL(%s)
           AND pg_relation_size(oid) > 0
        """,
        [list(KEPT)],
    )
    sizes = dict(cursor.fetchall())
    if not sizes:
        return [], []
    cursor.execute(" UNION ALL ".join(f"SELECT '{table}' WHERE EXISTS (SELECT FROM {table})" for table in sizes))
    found = [row[0] for row in cursor.fetchall()]
    return [table for table in found if sizes[table] <= FEW_BYTES], [
        table for table in found if sizes[table] > FEW_BYTES
    ]
