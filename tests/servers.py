"""Starts a real PostgreSQL and a real Redis for the test run, before Django reads its settings.

Loaded by `-p tests.servers` in pyproject.toml, so that it comes before pytest-django. Where several processes share the
tests (`pytest -n 2`), each has servers of its own: a role, a Redis that is emptied or a server that is killed are then
nobody else's, and the process that hands the tests out has none.
"""

import atexit
import contextlib
import gc
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import embedded
from tests import migrated, ports

VAR = Path(__file__).resolve().parent.parent / "var" / "test" / (ports.PROCESS or "alone")
NO_SERVERS = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}

# The test database may be lost with the machine; what is tested here is what survives killed processes.
FAST = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "100",
    # To weigh every order in which a dozen small tables can be joined takes longer than to read them; checks of the books do so.
    "join_collapse_limit": "5",
    "from_collapse_limit": "5",
}

# Somebody may have named a database server of theirs.
IS_DATABASE_OURS = bool(ports.PROCESS) or "DATABASE_URL" not in os.environ

_stack = contextlib.ExitStack()


@pytest.hookimpl(wrapper=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Iterator[None]:
    """Set the environment before anybody else reads it."""
    if not ports.PROCESS and getattr(early_config.known_args_namespace, "numprocesses", None):
        if NO_SERVERS.keys() & os.environ.keys():
            raise pytest.UsageError(
                "DATABASE_URL and REDIS_URL name servers for one process: make test TEST_PROCESSES=0."
            )
        os.environ.update(NO_SERVERS)
    else:
        # What is imported and collected now stays; tests/conftest.py turns the collector on again.
        gc.disable()
        _start_servers()
    os.environ.setdefault("SECRET_KEY", "only-for-tests")
    os.environ.setdefault("LOG_ORIGIN", "tianhui.test/log")
    os.environ.setdefault("REGISTRY_FILES", str(VAR / "registry"))
    # What a test has just changed is to be seen; the test of kept pages turns this on.
    # Who tests much in a minute is refused only where that is what is tested.
    for budget in ("READS", "ORDERS", "WRITES", "LOG_INS", "VISITORS", "SEARCHES", "DOWNLOADS", "UPLOADS"):
        os.environ.setdefault(f"RATE_{budget}", "100000/60")
    os.environ.setdefault("PUBLIC_PAGES_SECONDS", "0")
    os.environ.setdefault("ACCESS_LOG", "0")
    yield


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish() -> None:
    """Stop the servers while whoever has handed the tests out still waits for us."""
    _stack.close()


def _start_servers() -> None:
    if ports.PROCESS:
        for name in NO_SERVERS:
            del os.environ[name]
    ports.give_servers_their_own()
    if IS_DATABASE_OURS:
        migrated.put_into(VAR)
    services = _stack.enter_context(embedded.services(VAR, postgres_settings=FAST))
    atexit.register(_stack.close)
    os.environ.update(services.environment())
    os.environ.setdefault("LOG_SIGNING_KEY_FILE", str(VAR / "log-signing-key"))
    os.environ.setdefault("DOCUMENTS_DIR", str(VAR / "documents"))
