"""A client's connection to the product: made again whenever it breaks, asked again until there is an answer."""

import http.client
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import uniform
from time import monotonic, sleep
from typing import Any, NamedTuple

TIMEOUT_SECONDS = 30.0
PATIENCE_SECONDS = 180.0
# As proxies before the product do: a connection on which nothing was asked for so long is not used again.
KEPT_SECONDS = 20.0
LONGEST_PAUSE_SECONDS = 20.0
# Longer and longer, up to a bound, each by lot: two hundred who ask again at once keep down what is coming up.
FIRST_PAUSE_SECONDS, MOST_PAUSE_SECONDS = 0.1, 2.0
TOO_MANY = 429
IN_FLIGHT = "idempotency_in_flight"
# What stands in an address for which of many it is.
_PLACES = (
    (re.compile(r"\?.*"), ""),
    (re.compile(r"/[0-9a-f]{8}-[0-9a-f-]{27}"), "/{uuid}"),
    (re.compile(r"/TH-[0-9]{2}-[0-9-]+"), "/{code}"),
    (re.compile(r"/[0-9]+"), "/{id}"),
)


class Answer(NamedTuple):
    status: int
    content: Any
    headers: Mapping[str, str] = {}


class Try(NamedTuple):
    """One request, whether it was answered or not: status 0 where it was not. Times are of the monotonic clock.

    Whose connection was kept from an earlier request learns only now what has happened to it since: `idle_seconds`.
    """

    operation: str
    status: int
    began_at: float
    seconds: float
    idle_seconds: float = 0.0


def operation_of(method: str, path: str) -> str:
    """Return what a request asks for, whichever of many it is about."""
    for pattern, place in _PLACES:
        path = pattern.sub(place, path)
    return f"{method} {path}"


@dataclass
class Line:
    """A connection to the product that is made again whenever it breaks."""

    port: int
    token: str
    # Told of every request.
    note: Callable[[Try], None] = lambda _try: None
    timeout_seconds: float = TIMEOUT_SECONDS
    most_pause_seconds: float = MOST_PAUSE_SECONDS
    unanswered: int = 0
    out_of_reach: int = 0
    failed: int = 0
    too_many: int = 0
    longest_seconds: float = 0.0
    _connection: http.client.HTTPConnection | None = None
    _used_at: float = 0.0

    def ask(
        self, method: str, path: str, body: Mapping[str, Any] | bytes | None = None, **headers: str
    ) -> Answer | None:
        """Return the answer, asked for again and again where there is none or the product has failed; None after a while.

        Who is told to come later comes later. Headers are given by names with underscores.
        """
        began, pause = monotonic(), FIRST_PAUSE_SECONDS
        content = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        while monotonic() < began + PATIENCE_SECONDS:
            answer = self.ask_once(method, path, content, **headers)
            if answer is not None and answer.status < 500 and not _is_later(answer):
                self.longest_seconds = max(self.longest_seconds, monotonic() - began)
                return answer
            sleep(self._pause_after(answer) or pause * uniform(0.5, 1.5))
            pause = min(2 * pause, self.most_pause_seconds)
        return None

    def ask_once(self, method: str, path: str, body: bytes | None = None, **headers: str) -> Answer | None:
        """Return the answer to one request, whatever it is; None where there is none. Paths are below /api/v1, or `root:` others."""
        began = monotonic()
        if began > self._used_at + KEPT_SECONDS:
            self.close()
        idle = began - self._used_at if self._connection is not None else 0.0
        try:
            answer = self._send(method, path, body, headers)
        except (OSError, http.client.HTTPException):
            self.close()
            answer = None
        status = answer.status if answer else 0
        self.note(Try(operation_of(method, path), status, began, monotonic() - began, idle))
        return answer

    def close(self) -> None:
        """Close the connection; another one is made where there is more to ask."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _pause_after(self, answer: Answer | None) -> float:
        """Return for how long the answer says to wait; 0 where it does not say."""
        if answer is None:
            self.unanswered += 1
        elif answer.status in (TOO_MANY, 409):
            self.too_many += answer.status == TOO_MANY
            return min(float(answer.headers.get("Retry-After", "1")), LONGEST_PAUSE_SECONDS)
        elif answer.status == 503:
            self.out_of_reach += 1
        else:
            self.failed += 1
        return 0.0

    def _send(self, method: str, path: str, body: bytes | None, more: Mapping[str, str]) -> Answer:
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=self.timeout_seconds)
        headers = {"Accept-Language": "en"} | {name.replace("_", "-"): value for name, value in more.items()}
        if self.token:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        if body is not None:
            headers.setdefault("Content-Type", "application/json")
        address = path.removeprefix("root:") if path.startswith("root:") else f"/api/v1{path}"
        self._connection.request(method, address, body, headers)
        response = self._connection.getresponse()
        content = response.read()
        self._used_at = monotonic()
        is_json = "json" in response.headers.get("Content-Type", "")
        return Answer(response.status, json.loads(content) if is_json and content else content, response.headers)


def _is_later(answer: Answer) -> bool:
    if answer.status == TOO_MANY:
        return True
    return answer.status == 409 and isinstance(answer.content, dict) and answer.content.get("code") == IN_FLIGHT
