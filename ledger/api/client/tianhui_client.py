#!/usr/bin/env python3
"""A client of the Tianhui API: one file, nothing but Python's standard library (3.11 or newer).

    from tianhui_client import Client, Problem

    client = Client("https://tianhui.example", token="th_…")
    for trade in client.pages("/trades", market="TH-35-000001-2022"):
        print(trade["price_fen"], trade["quantity_t"])

Money is in fen and quantities are in whole tonnes: both are whole numbers, none is rounded anywhere. What is refused is
raised as `Problem`, with the code that the reference at /api/docs names. What writes gets an Idempotency-Key of its own,
so that it is tried again where the network or the server fails and yet done once. `read_webhook` checks what a webhook of
yours is told.
"""

import base64
import binascii
import hashlib
import hmac
import json
import os
import random
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any, cast

VERSION = "1.1.0"
RETRIED = frozenset({429, 502, 503, 504})
"""Statuses that pass: the same request, sent again, may succeed."""
IN_FLIGHT = "idempotency_in_flight"
LONGEST_WAIT = 30.0
MAX_EVENT = 1_000_000
WEBHOOK_SECONDS = 300
"""What was signed longer ago, or that much later, may be somebody who sends again what was sent to you once."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with what was sent: `pointer` says where (RFC 6901)."""

    pointer: str
    code: str
    detail: str


class Problem(Exception):
    """A refusal (RFC 9457). `code` is stable; `type` is the address of the page that says what to do about it."""

    def __init__(self, status: int, content: Mapping[str, Any], retry_after: float | None) -> None:
        self.status = status
        self.code = str(content.get("code", f"http_{status}"))
        self.type = str(content.get("type", "about:blank"))
        self.detail = str(content.get("detail", ""))
        self.faults = [
            Fault(str(each.get("pointer", "")), str(each.get("code", "")), str(each.get("detail", "")))
            for each in content.get("errors", ())
        ]
        self.retry_after = retry_after
        super().__init__(f"{self.code} ({status}): {self.detail}")


class Unreachable(Exception):
    """The server could not be reached, as often as it was tried."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was answered: `content` is JSON, read; None of a 204 or a 304."""

    status: int
    content: Any
    headers: Mapping[str, str]

    @property
    def etag(self) -> str | None:
        """For `if_none_match` of the next read, or `if_match` of a change."""
        return self.headers.get("etag")

    @property
    def is_replayed(self) -> bool:
        """Whether an earlier request with the same key had been answered so."""
        return self.headers.get("idempotency-replayed") == "true"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that a stream has told; `id` is its place, to go on after."""

    name: str
    content: Any
    id: str


class BadSignature(Exception):
    """What came to a webhook was not signed with its secret, or not just now: do nothing, and answer 400."""


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """What a webhook was told. It may come twice: `id` is the same then."""

    id: str
    type: str
    timestamp: str
    data: Any


def read_webhook(secret: str, headers: Mapping[str, str], body: bytes, *, now: float | None = None) -> WebhookEvent:
    """Return the event of a request that came to a webhook of yours, after its signature was checked (Standard Webhooks).

    `secret` is what was shown when the webhook was made (whsec_…), `body` the bytes as they came: what was read as JSON and
    written again is not what was signed. While a secret is being changed there are two signatures, of which one is enough.

    Raises: BadSignature; ValueError for a secret that is none.
    """
    given = {name.lower(): value for name, value in headers.items()}
    place, sent_at = given.get("webhook-id", ""), given.get("webhook-timestamp", "")
    if not (sent_at.isascii() and sent_at.isdigit()):
        raise BadSignature("there is no webhook-timestamp")
    if abs((time.time() if now is None else now) - int(sent_at)) > WEBHOOK_SECONDS:
        raise BadSignature("it was signed too long ago, or a clock is wrong")
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise ValueError("a secret begins with whsec_, and base64 follows") from error
    digest = hmac.new(key, f"{place}.{sent_at}.".encode() + body, hashlib.sha256).digest()
    expected = b"v1," + base64.b64encode(digest)
    signatures = given.get("webhook-signature", "").encode().split(b" ")
    if not any(hmac.compare_digest(expected, each) for each in signatures):
        raise BadSignature("none of its signatures is by this secret")
    told = json.loads(body)
    return WebhookEvent(place, told["type"], told["timestamp"], told["data"])


class Client:
    """Speaks to one server. It keeps no state but its settings, so that threads may share it.

    `tries`: how often a request is sent before it is given up; `wait_seconds`: how long it waits after the first failure,
    twice as long after each further one, less by chance, unless the server says `Retry-After`.
    """

    def __init__(
        self,
        base: str,
        *,
        token: str | None = None,
        language: str = "en",
        tries: int = 4,
        wait_seconds: float = 0.5,
        timeout_seconds: float = 30.0,
    ) -> None:
        scheme = urllib.parse.urlsplit(base).scheme
        if scheme not in ("http", "https"):
            raise ValueError("the base is an address that begins with https:// or http://")
        if tries < 1:
            raise ValueError("a request is tried once at least")
        self.base = base.rstrip("/")
        self.token = token
        self.language = language
        self.tries = tries
        self.wait_seconds = wait_seconds
        self.timeout_seconds = timeout_seconds
        self._opener = urllib.request.build_opener(_NoRedirect())

    def get(self, path: str, **query: Any) -> Any:
        """Return what is at an address below /api/v1. `from_` is written for a parameter that is a word of Python's."""
        return self.send("GET", path, query=query).content

    def post(self, path: str, body: Mapping[str, Any] | None = None, *, key: str | None = None) -> Any:
        """Have something done once, and return the answer."""
        return self.send("POST", path, body={} if body is None else body, key=key).content

    def delete(self, path: str) -> Any:
        """Take something away."""
        return self.send("DELETE", path).content

    def upload(self, path: str, file: str | os.PathLike[str], *, key: str | None = None, **fields: str) -> Any:
        """Send a file with the fields that belong to it, as a form does, and return the answer."""
        with open(file, "rb") as opened:
            content, kind = _form(os.path.basename(os.fspath(file)), opened.read(), fields)
        return self._tried(
            self._request("POST", path, content, kind, {"Idempotency-Key": key or str(uuid.uuid4())})
        ).content

    def pages(self, path: str, **query: Any) -> Iterator[Json]:
        """Yield every row of a list, page by page. The place is kept while new rows arrive."""
        query.setdefault("page_size", 500)
        page = self.get(path, **query)
        while True:
            yield from page["results"]
            following = page["next"]
            if following is None:
                return
            # The cursor alone is taken of it: the server may know itself by another name than we do.
            asked = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(following).query))
            page = self.get(path, **asked)

    def send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        key: str | None = None,
        if_match: str | None = None,
        if_none_match: str | None = None,
    ) -> Answer:
        """Send a request, again where that helps, and return the answer with its headers.

        `key`: the Idempotency-Key of a POST; one is made where none is given. Give your own to be able to go on after your
        program was ended: the same key and request get the first answer for two days.

        Raises: Problem, Unreachable.
        """
        headers = {}
        if method == "POST":
            headers["Idempotency-Key"] = key or str(uuid.uuid4())
        if if_match is not None:
            headers["If-Match"] = if_match
        if if_none_match is not None:
            headers["If-None-Match"] = if_none_match
        content = None if body is None else json.dumps(body, ensure_ascii=False, allow_nan=False).encode()
        kind = None if body is None else "application/json"
        return self._tried(self._request(method, f"{path}{_query(query or {})}", content, kind, headers))

    def stream(self, address: str, *, last_id: str = "", seconds: float | None = None) -> Iterator[Event]:
        """Yield what a stream tells (server-sent events), such as `https://…/stream/markets/{symbol}`.

        It ends when the connection does, or after some seconds: call it again with the `id` of the last event. Comments by
        which the server keeps the connection alive are not shown.

        Raises: Problem, Unreachable.
        """
        headers = {"Accept": "text/event-stream", "User-Agent": f"tianhui/{VERSION}"}
        if last_id:
            headers["Last-Event-ID"] = last_id
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        until = None if seconds is None else time.monotonic() + seconds
        request = urllib.request.Request(address, headers=headers)
        try:
            with self._opener.open(request, timeout=self.timeout_seconds) as response:
                yield from _events(response, until)
        except urllib.error.HTTPError as error:
            raise _problem(error) from None
        except (OSError, HTTPException) as error:
            raise Unreachable(str(error)) from error

    def _request(
        self, method: str, path: str, content: bytes | None, kind: str | None, more: Mapping[str, str]
    ) -> urllib.request.Request:
        headers = {
            "Accept": "application/json",
            "Accept-Language": self.language,
            "User-Agent": f"tianhui/{VERSION}",
            **more,
        }
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        if kind is not None:
            headers["Content-Type"] = kind
        return urllib.request.Request(f"{self.base}/api/v1{path}", content, headers, method=method)

    def _tried(self, request: urllib.request.Request) -> Answer:
        for tried in range(1, self.tries + 1):
            try:
                return self._once(request)
            except Problem as problem:
                passes = problem.status in RETRIED or problem.code == IN_FLIGHT
                if not passes or tried == self.tries or (problem.retry_after or 0.0) > LONGEST_WAIT:
                    raise
                self._wait(tried, problem.retry_after)
            except (OSError, HTTPException) as error:
                if tried == self.tries:
                    raise Unreachable(f"{request.full_url}: {error}") from error
                self._wait(tried, None)
        raise AssertionError("every way out of the loop returns or raises")

    def _once(self, request: urllib.request.Request) -> Answer:
        try:
            with self._opener.open(request, timeout=self.timeout_seconds) as response:
                return _answer(response.status, response.headers, response.read())
        except urllib.error.HTTPError as error:
            if error.code == 304:
                return _answer(304, error.headers, b"")
            raise _problem(error) from None

    def _wait(self, tried: int, retry_after: float | None) -> None:
        longest = min(LONGEST_WAIT, self.wait_seconds * 2 ** (tried - 1))
        # By chance, so that many clients do not come back at one moment.
        time.sleep(retry_after if retry_after is not None else random.uniform(longest / 2, longest))


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The API redirects nobody: whoever does would be given the token."""

    def redirect_request(self, *_arguments: Any, **_named: Any) -> None:
        return None


def _query(query: Mapping[str, Any]) -> str:
    given = {name.rstrip("_"): value for name, value in query.items() if value is not None}
    return f"?{urllib.parse.urlencode(given)}" if given else ""


def _form(name: str, content: bytes, fields: Mapping[str, str]) -> tuple[bytes, str]:
    """Return a file and fields as multipart/form-data, and its type. Source: RFC 7578, WHATWG HTML §4.10.21.8."""
    boundary = uuid.uuid4().hex
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(key)}"\r\n\r\n{value}\r\n'
        for key, value in fields.items()
    ]
    parts.append(
        f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{_quoted(name)}"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    )
    return "".join(
        parts
    ).encode() + content + f"\r\n--{boundary}--\r\n".encode(), f"multipart/form-data; boundary={boundary}"


def _quoted(name: str) -> str:
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _answer(status: int, headers: Any, content: bytes) -> Answer:
    lower = {str(name).lower(): str(value) for name, value in headers.items()}
    is_json = "json" in lower.get("content-type", "")
    read = json.loads(content) if content and is_json else (content or None)
    return Answer(status, read, lower)


def _problem(error: urllib.error.HTTPError) -> Problem:
    content = error.read()
    error.close()
    try:
        read = json.loads(content)
    except ValueError:
        # Streams, and what stands before the server, say in plain words what is wrong.
        is_plain = error.headers.get_content_type() == "text/plain"
        read = {"detail": content.decode("utf-8", "replace").strip()} if is_plain else {}
    wait = error.headers.get("Retry-After", "")
    found = cast(Json, read) if isinstance(read, dict) else {}
    return Problem(error.code, found, float(wait) if wait.isdigit() else None)


def _events(lines: Any, until: float | None) -> Iterator[Event]:
    """Read server-sent events. Source: WHATWG HTML §9.2.6."""
    name, data, place = "", "", ""
    while until is None or time.monotonic() < until:
        raw = lines.readline(MAX_EVENT)
        if not raw:
            return
        line = raw.decode("utf-8").rstrip("\r\n")
        if not line:
            if data:
                yield Event(name or "message", json.loads(data), place)
            name, data = "", ""
            continue
        field, _colon, value = line.partition(":")
        value = value.removeprefix(" ")
        if field == "event":
            name = value
        elif field == "data":
            data = f"{data}\n{value}" if data else value
        elif field == "id":
            place = value
