"""Chromium by its DevTools protocol over a pipe: what a page computes can be asked, and what it fetches be changed."""

import base64
import itertools
import json
import os
import select
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any

from tests.browser.chromium import BINARY, SECONDS

Change = Callable[[str, bytes], bytes]
"""Returns what a page gets for an address instead of what the server said."""


class Tab:
    """A page of a browser without a window."""

    def __init__(self, to_browser: int, from_browser: int) -> None:
        self._write, self._read = to_browser, from_browser
        self._numbers = itertools.count(1)
        self._pending = b""
        self._session: str | None = None
        self._answers: dict[int, Any] = {}
        self._change: Change | None = None
        self.complaints: list[str] = []

    def attach(self) -> None:
        """Take hold of a fresh tab, which tells what its console says."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Network.setExtraHTTPHeaders", headers={"Accept-Language": "en"})

    def go(self, url: str) -> None:
        """Open an address, and wait until it is loaded."""
        self.call("Page.navigate", url=url)
        self.wait_for("document.readyState === 'complete' && location.href !== 'about:blank'")

    def evaluate(self, expression: str) -> Any:
        """Return what an expression of JavaScript comes to, awaited where it is a promise.

        Raises: AssertionError with the page's error where it throws.
        """
        done = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def wait_for(self, expression: str) -> None:
        """Wait until an expression is true.

        Raises: AssertionError where it is not so in time.
        """
        deadline = monotonic() + SECONDS
        while not self.evaluate(expression):
            assert monotonic() < deadline, f"not so: {expression}"

    def before_scripts(self, source: str) -> None:
        """Run a script in every page before its own."""
        self.call("Page.addScriptToEvaluateOnNewDocument", source=source)

    def change(self, pattern: str, change: Change) -> None:
        """Change what pages fetch from addresses of a pattern with * in it."""
        self._change = change
        self.call("Fetch.enable", patterns=[{"urlPattern": pattern, "requestStage": "Response"}])

    def call(self, method: str, **params: Any) -> Any:
        """Call a method of the protocol, and return its result.

        Raises: AssertionError where the browser refuses.
        """
        number = self._send(method, params)
        # What is heard meanwhile may lead to calls within this one, so answers are kept until they are asked for.
        while number not in self._answers:
            self._hear(self._next())
        message = self._answers.pop(number)
        assert "error" not in message, message["error"]
        return message["result"]

    def _send(self, method: str, params: dict[str, Any]) -> int:
        message = {"id": next(self._numbers), "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._write, json.dumps(message).encode() + b"\0")
        return message["id"]  # type: ignore[return-value]

    def _next(self) -> Any:
        deadline = monotonic() + SECONDS
        while b"\0" not in self._pending:
            ready, _, _ = select.select([self._read], [], [], max(0, deadline - monotonic()))
            assert ready, "the browser says nothing"
            self._pending += os.read(self._read, 1 << 20)
        message, self._pending = self._pending.split(b"\0", 1)
        return json.loads(message)

    def _hear(self, message: Any) -> None:
        params = message.get("params", {})
        if "id" in message:
            self._answers[message["id"]] = message
        elif message.get("method") == "Fetch.requestPaused":
            self._fulfil(params)
        elif message.get("method") == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.complaints.append(params["entry"]["text"])
        elif message.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(str(params["exceptionDetails"]))

    def _fulfil(self, paused: Any) -> None:
        assert self._change is not None
        number = paused["requestId"]
        got = self.call("Fetch.getResponseBody", requestId=number)
        body = base64.b64decode(got["body"]) if got["base64Encoded"] else got["body"].encode()
        self._send(
            "Fetch.fulfillRequest",
            {
                "requestId": number,
                "responseCode": paused["responseStatusCode"],
                "responseHeaders": [{"name": "Content-Type", "value": "application/json"}],
                "body": base64.b64encode(self._change(paused["request"]["url"], body)).decode(),
            },
        )


@contextmanager
def browser(profile: Path, *arguments: str) -> Iterator[Tab]:
    """Run a browser as long as the context lasts."""
    assert BINARY is not None
    from_us, to_browser = os.pipe()
    from_browser, to_us = os.pipe()
    command = [
        BINARY,
        *("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
        *("--disable-background-networking", "--no-first-run", "--no-proxy-server"),
        *(f"--user-data-dir={profile}", "--remote-debugging-pipe", *arguments),
    ]
    # The protocol has fixed places: the browser reads from descriptor 3 and writes to 4.
    script = f'exec 3<&{from_us} 4>&{to_us}; exec "$@"'
    process = subprocess.Popen(
        ["/bin/bash", "-c", script, "chromium", *command], pass_fds=(from_us, to_us), stderr=subprocess.DEVNULL
    )
    os.close(from_us)
    os.close(to_us)
    try:
        tab = Tab(to_browser, from_browser)
        tab.attach()
        yield tab
    finally:
        process.terminate()
        process.wait(timeout=SECONDS)
        os.close(to_browser)
        os.close(from_browser)
