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
    """Let Django empty the tables after a test with real commits, which the application's role may not.

    The guards against TRUNCATE are off for that, but where a test turns one on.
    """
    # That of an earlier run, whose database is gone.
    state_file().unlink(missing_ok=True)
    with as_owner(), connection.cursor() as cursor:
        for table in append_only_tables():
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only_truncate")
    empty = TransactionTestCase._fixture_teardown

    def empty_as_owner(test: Any) -> None:
        with as_owner():
            empty(test)
        # The log is empty again, so the key has signed nothing of it.
        state_file().unlink(missing_ok=True)

    TransactionTestCase._fixture_teardown = empty_as_owner
