"""How the database and the books stand while programs are killed."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import LiteralString

import psycopg
from django.db import connection

from ledger.journal.reconciliation import InvariantResult
from trading.execution.reconciliation import reconcile
from trading.models import Instruction


def broken() -> list[InvariantResult]:
    """Return the invariants that do not hold."""
    return [result for result in reconcile() if not result.holds]


def nothing_waits() -> bool:
    """Return whether every instruction has been executed."""
    return not Instruction.objects.exists()


def sessions(condition: LiteralString) -> int:
    """Return how many other sessions of the database are so."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT count(*) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid() AND {condition}
            """
        )
        count: int = cursor.fetchone()[0]
        return count


@contextmanager
def locked(statement: LiteralString) -> Iterator[None]:
    """Hold locks in a session of its own: whoever needs the same rows waits."""
    url = os.environ["DATABASE_URL"].rpartition("/")[0] + "/" + connection.settings_dict["NAME"]
    with psycopg.connect(url) as session:
        session.execute(statement)
        yield
        session.rollback()
