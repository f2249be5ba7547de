"""A browser for the tests of a file, and the scene that its pages show."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from django.db import connections
from playwright.sync_api import Browser

from tests.browser import grounds
from tests.browser.chromium import BINARY, chromium
from tests.browser.grounds import Furnished, Scene

FOLDER = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the second of two processes begin with what needs no scene, while the first one makes it for both."""
    if not all(item.path.is_relative_to(FOLDER) for item in items):
        return
    with_scene = [item for item in items if "furnished" in item.fixturenames]  # type: ignore[attr-defined]
    others = [item for item in items if item not in with_scene]
    half = min(len(items) // 2, len(with_scene))
    items[:] = with_scene[:half] + others + with_scene[half:]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a browser that the tests of a file share: between files there is none, and so no event loop either."""
    if BINARY is None:
        pytest.skip("Chromium is not here (Debian: apt install chromium)")
    with chromium() as running:
        yield running
        # Under Playwright's event loop a thread has connections of its own, which nobody else would close.
        connections.close_all()


@cache
def _furnished() -> Furnished:
    return grounds.furnish()


@pytest.fixture(scope="module")
def furnished(django_db_setup: None, django_db_blocker: Any) -> Furnished:
    """Return the furnished database, made when the first test of this process wants it."""
    with django_db_blocker.unblock():
        return _furnished()


@pytest.fixture(scope="module")
def scene(furnished: Furnished, django_db_blocker: Any) -> Iterator[Scene]:
    """Return a site whose pages only show what there is: nobody changes anything in it."""
    with django_db_blocker.unblock(), grounds.serving(furnished, "web") as served:
        yield served
