"""Debian's Chromium without a window, driven by Playwright; no browser is fetched from anywhere."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

BINARY = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
needs_chromium = pytest.mark.skipif(BINARY is None, reason="Chromium is not here (Debian: apt install chromium)")
# Nothing but this machine has an address: what a page wants from elsewhere fails, and is seen. One name leads here that does not
# count as safe.
ALONE = "--host-resolver-rules=MAP plain.example 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
QUIET = ("--disable-background-networking", "--disable-component-update", "--no-first-run", "--no-proxy-server")


@contextmanager
def chromium(*arguments: str) -> Iterator[Browser]:
    """Run a browser as long as the context lasts.

    Playwright keeps an event loop in the thread that calls it. Django takes that for a view of its own that would block, so
    for as long it may be asked all the same; nothing here is one.
    """
    assert BINARY is not None
    before = os.environ.get("DJANGO_ALLOW_ASYNC_UNSAFE")
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    try:
        with sync_playwright() as playwright:
            # A profile's folders are made below the temporary folder, which is the run's.
            browser = playwright.chromium.launch(
                executable_path=BINARY, args=["--no-sandbox", ALONE, *QUIET, *arguments], env=_environment()
            )
            yield browser
            browser.close()
    finally:
        if before is None:
            del os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"]
        else:
            os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = before


def _environment() -> dict[str, str | float | bool]:
    # Shared memory is small in a container; a place for what the browser would keep in somebody's home.
    return {**os.environ, "HOME": os.environ.get("TMPDIR", "/tmp")}


AXE = (Path(__file__).parent / "vendor" / "axe-core" / "axe-4.14.1.min.js").read_text(encoding="utf-8")
"""Deque's axe-core, which knows what WCAG asks of a page."""
