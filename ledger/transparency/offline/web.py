"""Read a log over HTTP, with patience that ends and without going where it was not sent."""

import http.client
import ssl
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

from ledger.transparency.offline.sources import NotThere, SourceError

TIMEOUT_SECONDS = 30
PAUSES_SECONDS = (0.2, 1.0, 3.0)
"""How long to wait before each further try; after the last one the log counts as unreadable."""

_TRY_AGAIN = frozenset((429, 500, 502, 503, 504))
_REFUSALS = {
    401: "The server asks for an auditor's API token, or does not know this one: give its file by --token-file.",
    403: "The server does not let this token read entries: it takes one of an auditor, by --token-file.",
}


class WebSource:
    """A log under an address."""

    def __init__(self, address: str, token: str | None = None) -> None:
        try:
            parts = urlsplit(address)
            host, port = parts.hostname, parts.port
        except ValueError:
            raise SourceError(f"{address} is not an address.") from None
        if parts.scheme not in ("http", "https") or not host or parts.username or parts.query or parts.fragment:
            raise SourceError(f"{address} is not an address such as https://host/log.")
        self._address = address.rstrip("/")
        self._prefix = parts.path.rstrip("/")
        self._host = host
        self._connection: http.client.HTTPConnection
        if parts.scheme == "https":
            context = ssl.create_default_context()
            self._connection = http.client.HTTPSConnection(host, port, timeout=TIMEOUT_SECONDS, context=context)
        else:
            self._connection = http.client.HTTPConnection(host, port, timeout=TIMEOUT_SECONDS)
        self._headers = {"User-Agent": "tianhui-verifier"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"

    def read(self, path: str, limit: int) -> bytes:
        """Return a file.

        Raises: NotThere, SourceError.
        """
        problem = ""
        for pause in (*PAUSES_SECONDS, None):
            try:
                status, content = self._get(path, limit)
            except (OSError, http.client.HTTPException) as error:
                self._connection.close()
                problem = str(error) or type(error).__name__
            else:
                if status not in _TRY_AGAIN:
                    return content
                problem = f"the server answers with {status}"
            if pause is not None:
                time.sleep(pause)
        raise SourceError(f"{self._address}/{path} cannot be read: {problem}.")

    def strays(self, size: int) -> Iterator[str]:
        """Yield nothing: a server does not say what else it has."""
        return iter(())

    def beside(self, name: str) -> str | None:
        """Return None: a server has C2SP's files alone."""
        return None

    def _get(self, path: str, limit: int) -> tuple[int, bytes]:
        self._connection.request("GET", f"{self._prefix}/{path}", headers=self._headers)
        response = self._connection.getresponse()
        content = response.read(limit + 1)
        if not response.isclosed():
            self._connection.close()
        if response.status in _TRY_AGAIN:
            return response.status, content
        if response.status in _REFUSALS:
            raise SourceError(f"{path}: {_REFUSALS[response.status]}")
        if 300 <= response.status < 400:
            elsewhere = response.headers.get("Location", "elsewhere")
            raise SourceError(
                f"The server sends on to {elsewhere:.200}, which is not followed: give the log's own address."
            )
        if response.status == 404:
            raise NotThere(f"The file {path} is missing")
        if response.status != 200:
            raise SourceError(f"{self._address}/{path}: the server answers with {response.status}.")
        if len(content) > limit:
            raise NotThere(f"The file {path} has more than the {limit} bytes that it can have")
        return response.status, content
