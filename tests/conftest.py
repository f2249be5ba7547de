"""What every test may use."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.conf import settings

from ledger import freezes
from tests import database, strength
from tests.scenes import People, people


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Work as the application's role: what it may not do, the product must not need."""
    with django_db_blocker.unblock():
        database.work_as_application()
        database.empty_tables_as_owner()
    yield
    with django_db_blocker.unblock():
        database.work_as_owner()


@pytest.fixture(autouse=True)
def _strong_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whoever is logged in by `force_login` have used a second factor; `strength.weak_login` is for who has not."""
    strength.make_logins_strong(monkeypatch)


@pytest.fixture(autouse=True)
def _nothing_frozen() -> None:
    """Take it that nothing is frozen until a test freezes something: when a process looks anew would else be counted."""
    freezes.keep_for_good()


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
