"""A market on which a real worker trades, and a release that is migrated meanwhile, by a process of its own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, LiteralString
from urllib.parse import urlsplit

import psycopg
import pytest
from django.db import connection

from config.processes import Processes
from config.run import BASE_DIR
from tests.operations.market import Market
from tests.running import running, test_environment
from tests.scenes import People

SETTINGS = "tests.operations.upgrades.release.settings"


def owner_url() -> str:
    """Return the address of the test's database, as its owner."""
    return urlsplit(os.environ["DATABASE_URL"])._replace(path="/" + connection.settings_dict["NAME"]).geturl()


def owner(statement: LiteralString) -> list[tuple[Any, ...]] | None:
    """Run a statement as the owner, in a session of its own."""
    with psycopg.connect(owner_url(), autocommit=True) as session:
        cursor = session.execute(statement)
        return cursor.fetchall() if cursor.description else None


def migrating(*words: str) -> "subprocess.Popen[str]":
    """Begin `manage.py migrate` of the test's release, as the owner."""
    environment = test_environment() | {"DATABASE_URL": owner_url(), "DJANGO_SETTINGS_MODULE": SETTINGS}
    command = [sys.executable, "-W", "ignore", "manage.py", "migrate", "release", *words]
    return subprocess.Popen(
        command, cwd=BASE_DIR, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def take_back() -> None:
    """Take what the release has changed out of the schema again."""
    owner("DROP INDEX IF EXISTS orders_noted")
    owner("ALTER TABLE trading_order DROP COLUMN IF EXISTS noted_t CASCADE")
    owner("DELETE FROM django_migrations WHERE app = 'release'")


@pytest.fixture
def market(transactional_db: None, who: People) -> Market:
    return Market(who)


@pytest.fixture
def worker(market: Market) -> Iterator[tuple[Processes, dict[str, str]]]:
    """Run the market's worker, and what wakes it where a wake-up was lost."""
    with running("match-0", "worker", "beat") as found:
        yield found
