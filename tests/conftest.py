"""What every test may use."""

import gc
import os
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.test.utils import setup_databases, teardown_databases
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings
from whitenoise.middleware import WhiteNoiseMiddleware

from ledger import freezes
from tests import database, servers, strength
from tests.lineup import longest_first
from tests.scenes import People, people

# How long an example takes, and to think of one, is the machine's affair: both were measured on the wall clock.
hypothesis_settings.register_profile(
    "patient", hypothesis_settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
hypothesis_settings.load_profile("patient")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest tests come first."""
    items[:] = longest_first(items, int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1")))


def pytest_collection_finish() -> None:
    """Let the collector of garbage leave alone what is here to stay (a million objects), and come less often."""
    gc.enable()
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_modify_db_settings: None, django_db_blocker: Any
) -> Iterator[None]:
    """Work as the application's role: what it may not do, the product must not need."""
    with django_db_blocker.unblock():
        made = (
            []
            if servers.IS_DATABASE_OURS
            else setup_databases(verbosity=0, interactive=False, serialized_aliases=set())
        )
        database.work_as_application()
        database.empty_tables_as_owner()
    yield
    with django_db_blocker.unblock():
        database.work_as_owner()
        teardown_databases(made, verbosity=0)


@pytest.fixture(autouse=True)
def _strong_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let whoever is logged in by `force_login` have used a second factor; `strength.weak_login` is for who has not."""
    strength.make_logins_strong(monkeypatch)


@pytest.fixture(scope="session", autouse=True)
def _cheap_passwords() -> None:
    """Let a password's hash take no time and memory here: that guessing takes long is no test's to see."""
    Argon2PasswordHasher.time_cost = 1
    Argon2PasswordHasher.memory_cost = 8
    Argon2PasswordHasher.parallelism = 1


@pytest.fixture(scope="session", autouse=True)
def _static_files_found_once() -> None:
    """Let every client have the static files that the first one has found: to look for them takes longer than most pages."""
    find, found = WhiteNoiseMiddleware.add_files_from_finders, {}

    def find_once(middleware: Any) -> None:
        if middleware.static_prefix not in found:
            find(middleware)
            found[middleware.static_prefix] = middleware.files
        middleware.files = dict(found[middleware.static_prefix])

    WhiteNoiseMiddleware.add_files_from_finders = find_once


@pytest.fixture(scope="session")
def _redis() -> Iterator[redis.Redis]:
    with redis.Redis.from_url(settings.REDIS_URL) as client:
        yield client


@pytest.fixture(autouse=True)
def _nothing_frozen() -> None:
    """Take it that nothing is frozen until a test freezes something: when a process looks anew would else be counted."""
    freezes.keep_for_good()


@pytest.fixture(autouse=True)
def _empty_redis(_redis: redis.Redis) -> None:
    _redis.flushall()


@pytest.fixture
def who(db: None) -> People:
    """Return one person for each door."""
    return people()
