"""Somebody at a browser, and what the browser complained of meanwhile."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, ConsoleMessage, Error, Page, Request, Route, expect

if TYPE_CHECKING:
    from ledger.models import Membership

Change = Callable[[str, bytes], bytes]
"""Returns what a page gets for an address instead of what the server said."""
# For whatever is waited for: on a machine with much else to do it takes its time.
SECONDS = 60
expect.set_options(timeout=SECONDS * 1_000)
COSTLY = ("script", "stylesheet", "image", "font")
"""What a page is made of, as Playwright sorts requests; data that it fetches are the reader's own."""
LOCALES = {"zh-hans": "zh-CN", "en": "en"}
PHONE, DESKTOP = 390, 1440
HEIGHTS = {PHONE: 844, DESKTOP: 900}


class Reader:
    """A person with a browser of their own: cookies, language, width, and light or dark."""

    def __init__(self, browser: Browser, site: str, *, language: str, width: int, **options: Any) -> None:
        self.site = site
        self.language = language
        self.complaints: list[str] = []
        self.context = browser.new_context(
            locale=LOCALES[language],
            timezone_id="Asia/Shanghai",
            viewport={"width": width, "height": HEIGHTS.get(width, 900)},
            reduced_motion="reduce",
            **options,
        )
        self.context.set_default_timeout(SECONDS * 1_000)
        self.costly: dict[str, bool] = {}
        self.context.on("request", self._sees_request)
        self.context.on("requestfinished", self._has_got)
        self.context.on("requestfailed", self._has_got)
        self.context.on("console", self._hears)
        self.context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        self.page: Page = self.context.new_page()

    def _sees_request(self, request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme in ("http", "https", "ws", "wss") and address.hostname not in ("127.0.0.1", "localhost"):
            self.complaints.append(f"asks elsewhere: {request.url}")
        if request.resource_type in COSTLY:
            self.costly[request.url] = False

    def _has_got(self, request: Request) -> None:
        if request.url in self.costly:
            self.costly[request.url] = True

    def _hears(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(message.text)

    def take_session(self, key: str) -> None:
        """Be the person whose session this is; nobody's where it is empty."""
        self.context.clear_cookies(name="sessionid")
        if key:
            self.context.add_cookies([{"name": "sessionid", "value": key, "url": self.site}])

    def go(self, address: str) -> int:
        """Open an address, wait until it is loaded, and return the status of its answer."""
        self.costly.clear()
        answer = self.page.goto(f"{self.site}{address}", wait_until="load")
        assert answer is not None
        return answer.status

    def evaluate(self, expression: str, argument: Any = None) -> Any:
        """Return what an expression of JavaScript comes to, awaited where it is a promise."""
        return self.page.evaluate(expression, argument)

    def wait_for(self, expression: str) -> None:
        """Wait until an expression is true.

        Playwright's own way asks from within the page, whose policy forbids to evaluate a text.

        Raises: AssertionError where it is not so in time.
        """
        deadline = monotonic() + SECONDS
        while not self._is_true(expression):
            assert monotonic() < deadline, f"not so: {expression}"
            self.page.wait_for_timeout(20)

    def _is_true(self, expression: str) -> bool:
        try:
            return bool(self.evaluate(expression))
        except Error as error:
            # The page is just being left for another.
            if "context was destroyed" in str(error) or "Cannot find context" in str(error):
                return False
            raise

    def leave(self) -> None:
        """Leave the page: what it still asks for is asked no more, and what it has said until now was of this page."""
        self.page.goto("about:blank")
        self.take_complaints()

    def parts(self) -> list[str]:
        """Return the addresses of scripts, styles, pictures and fonts that the page has asked for, once all have come.

        Raises: AssertionError where one does not come in time.
        """
        deadline = monotonic() + SECONDS
        while not all(self.costly.values()):
            assert monotonic() < deadline, f"still under way: {self.costly}"
            self.page.wait_for_timeout(20)
        return list(self.costly)

    def change(self, pattern: str, change: Change) -> None:
        """Change what pages fetch from addresses of a pattern with ** in it."""

        def changed(route: Route) -> None:
            answer = route.fetch()
            route.fulfill(response=answer, body=change(route.request.url, answer.body()))

        self.context.route(pattern, changed)

    def widen(self, width: int) -> None:
        """Make the window this wide."""
        self.page.set_viewport_size({"width": width, "height": HEIGHTS.get(width, 900)})

    def see(self, theme: str) -> None:
        """Wish for light or dark, as the system says it."""
        self.page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]

    def be(self, person: "Membership") -> None:
        """Be a person of the test's database, logged in."""
        client = Client()
        client.force_login(person.user)
        self.take_session(client.cookies[settings.SESSION_COOKIE_NAME].value)

    def take_complaints(self) -> list[str]:
        """Return what was complained of since last time."""
        found, self.complaints = self.complaints, []
        return found

    def close(self) -> None:
        """Leave."""
        # What is still on its way when the window closes is nobody's fault.
        self.context.remove_listener("console", self._hears)
        self.context.close()


@contextmanager
def reading(
    browser: Browser, site: str, *, language: str = "en", width: int = DESKTOP, **options: Any
) -> Iterator[Reader]:
    """Read a site as long as the context lasts."""
    reader = Reader(browser, site, language=language, width=width, **options)
    try:
        yield reader
    finally:
        reader.close()


def log_in(reader: Reader, username: str, password: str) -> None:
    """Log in by the form, with every step that it asks for."""
    reader.go("/login")
    page = reader.page
    page.locator("main input[name$=username], main input[name=login]").fill(username)
    page.locator("main input[type=password]").fill(password)
    page.locator("main form button:not([formnovalidate])").first.click()
    page.wait_for_url(re.compile(r"^(?!.*/login)"))
