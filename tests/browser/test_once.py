"""A step of the desk is sent once, however often its button is pressed."""

from typing import Any

from playwright.sync_api import Browser, Route

from config.run import BASE_DIR
from tests.browser.chromium import needs_chromium

pytestmark = needs_chromium

SCRIPT = (BASE_DIR / "config" / "static" / "js" / "once.js").read_text(encoding="utf-8")
PAGE = "<!doctype html><title>Step</title><form method='post'{}><button>Do it</button></form><script type='module'>{}</script>"


def presses_sent(browser: Browser, attribute: str) -> int:
    """Return how many of three presses were sent, where the answer leaves the page as it is."""
    page, sent = browser.new_page(), []

    def answer(route: Route) -> Any:
        if route.request.method == "POST":
            sent.append(route.request.url)
            return route.fulfill(status=204)
        return route.fulfill(body=PAGE.format(attribute, SCRIPT), content_type="text/html")

    page.route("**/*", answer)
    page.goto("http://plain.example/step")
    for _press in range(3):
        with page.expect_event("console"):
            page.evaluate("document.querySelector('button').click(); setTimeout(() => console.log('pressed'), 200)")
    page.close()
    return len(sent)


def test_three_presses_are_sent_once_and_thrice_without_the_script(browser: Browser) -> None:
    assert presses_sent(browser, " data-once") == 1
    assert presses_sent(browser, "") == 3
