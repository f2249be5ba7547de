"""What every test may use."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.conf import settings
from django.db import connection

from tests.scenes import People, people

APPEND_ONLY = (
    "ledger_record",
    "ledger_logleaf",
    "ledger_logtile",
    "ledger_checkpoint",
    "ledger_cosignature",
    "ledger_logkey",
    "ledger_transaction",
    "ledger_transfer",
    "ledger_batch",
    "ledger_retirement",
    "ledger_reconciliationrun",
    "ledger_bankstatement",
    "trading_executedinstruction",
    "trading_trade",
)


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> None:
    """Let Django empty the tables between tests: the guards against TRUNCATE are off but where a test turns one on."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        for table in APPEND_ONLY:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only_truncate")


@pytest.fixture(autouse=True)
def _empty_redis() -> Iterator[None]:
    client = redis.Redis.from_url(settings.REDIS_URL)
    client.flushall()
    yield
    client.close()


@pytest.fixture
def who(db: None) -> People:
    """Return one person for each door."""
    return people()
