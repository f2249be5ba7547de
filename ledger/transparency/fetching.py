"""Ask another server over HTTP, trusting nothing of it: bounded in time and size, no redirects."""

import http.client
import urllib.error
import urllib.request
from dataclasses import dataclass
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

CHUNK = 65_536


class FetchError(Exception):
    """There was no answer, or too long a one."""


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    content_type: str
    body: bytes


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


_opener = urllib.request.build_opener(_NoRedirect)


def ask(url: str, body: bytes | None = None, *, seconds: float = 5.0, limit: int = 1_000_000) -> Answer:
    """Return what a server answers to a GET, or to a POST of a body, whatever its status.

    Raises: FetchError.
    """
    if urlsplit(url).scheme not in ("http", "https"):
        raise FetchError(f"{url}: an address begins with http:// or https://")
    headers = {"Content-Type": "text/plain; charset=utf-8"} if body is not None else {}
    request = urllib.request.Request(url, data=body, headers=headers | {"Cache-Control": "no-cache"})
    deadline = monotonic() + seconds
    try:
        with _opener.open(request, timeout=seconds) as response:
            return _answer(response, deadline, limit)
    except urllib.error.HTTPError as error:
        with error:
            return _answer(error, deadline, limit)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise FetchError(f"{url}: {getattr(error, 'reason', error)}") from error


def _answer(response: Any, deadline: float, limit: int) -> Answer:
    chunks, size = [], 0
    while chunk := response.read1(CHUNK):
        size += len(chunk)
        chunks.append(chunk)
        if size > limit:
            raise OSError(f"the answer is longer than {limit} bytes")
        if monotonic() > deadline:
            raise OSError("the answer takes too long")
    return Answer(response.status, response.headers.get_content_type(), b"".join(chunks))
