"""Starts a real PostgreSQL and a real Redis for the test run, before Django reads its settings.

Loaded by `-p tests.servers` in pyproject.toml, so that it comes before pytest-django.
"""

import atexit
import contextlib
import os
from pathlib import Path

from config import embedded

VAR = Path(__file__).resolve().parent.parent / "var" / "test"

_stack = contextlib.ExitStack()
_services = _stack.enter_context(
    # The test database may be lost with the machine; what is tested here is what survives killed processes.
    embedded.services(VAR, postgres_settings={"fsync": "off", "full_page_writes": "off", "max_connections": "100"})
)
atexit.register(_stack.close)
os.environ.update(DATABASE_URL=_services.database_url, REDIS_URL=_services.redis_url)
os.environ.setdefault("SECRET_KEY", "only-for-tests")
os.environ.setdefault("LOG_SIGNING_KEY_FILE", str(VAR / "log-signing-key"))
os.environ.setdefault("LOG_ORIGIN", "tianhui.test/log")
