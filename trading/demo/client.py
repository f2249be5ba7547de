"""A small client of the API, with nothing but the standard library."""

import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

TIMEOUT_SECONDS = 30.0


class Refused(Exception):
    """The product answered with an error."""

    def __init__(self, what: str, status: int, answer: str) -> None:
        super().__init__(f"{what} answered {status}: {answer}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Client:
    """Speaks to one product for one person; without a token for a visitor."""

    base_url: str
    token: str = ""

    def log_in(self, username: str, password: str) -> "Client":
        """Return a client for a person, by a token that is made for it.

        Raises: Refused.
        """
        made = self.post("/tokens", username=username, password=password, name="demo_check")
        return Client(self.base_url, made["token"])

    def get(self, path: str, **query: object) -> Any:
        """Return what the API has at a path.

        Raises: Refused.
        """
        return json.loads(self._send("GET", f"/api/v1{path}" + (f"?{urlencode(query)}" if query else "")))

    def post(self, path: str, *, headers: Mapping[str, str] | None = None, **body: object) -> Any:
        """Post a body to the API, and return its answer.

        Raises: Refused.
        """
        return json.loads(self._send("POST", f"/api/v1{path}", body, headers))

    def page(self, path: str) -> str:
        """Return a page, or a file of the log.

        Raises: Refused.
        """
        return self._send("GET", path)

    def _send(
        self,
        method: str,
        path: str,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> str:
        request = urllib.request.Request(self.base_url + path, method=method)
        request.add_header("Accept-Language", "en")
        for name, value in (headers or {}).items():
            request.add_header(name, value)
        if self.token:
            request.add_header("Authorization", f"Bearer {self.token}")
        if body is not None:
            request.data = json.dumps(body).encode()
            request.add_header("Content-Type", "application/json")
        # Straight to this address, whatever proxy the environment names.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=TIMEOUT_SECONDS) as answer:
                content: bytes = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                text = error.read().decode("utf-8", "replace")
            raise Refused(f"{method} {path}", error.code, text[:500]) from None
        return content.decode()
