"""Call an address that somebody else has given, without being led anywhere else.

The host is looked up once; every address that it has must be public, and the connection is made to one of those, whatever the
name stands for a moment later. There are no redirects, few ports, and an end to everything: connecting, answering, length.
"""

import contextlib
import datetime as dt
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from functools import lru_cache
from http.client import HTTPException
from typing import Any
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

PORTS = (443, 8443)
LONGEST_URL = 500
ANSWER_BYTES = 1_024
ASKS_FOR_REST = (429, 503)
MOST_REST_S = 86_400
LONGEST_RETRY_AFTER = 100
STEP_SECONDS = 10.0
"""For connecting, and for each part of an answer to come."""
LONGEST_SECONDS = 15.0
"""For all of a call, however slowly the other side sends."""

Resolve = Callable[[str, int], Sequence[str]]
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_LED_ELSEWHERE = [
    ipaddress.ip_network(network)
    for network in (
        "64:ff9b::/96",  # NAT64 (RFC 6052)
        "64:ff9b:1::/48",  # local NAT64 (RFC 8215)
        "2002::/16",  # 6to4
        "2001::/32",  # Teredo
        "fec0::/10",  # site-local, deprecated
        "192.88.99.0/24",  # 6to4 relays
    )
]
_LOCAL_NAMES = (".localhost", ".local", ".internal", ".localdomain", ".lan", ".home.arpa", ".in-addr.arpa", ".ip6.arpa")


class CallRefused(Exception):
    """An address that is not called; `code` is stable and says why."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a call: a status and the beginning of what was said, or why there is none."""

    status: int | None
    text: str
    error: str
    duration_ms: int
    # For how many seconds it asks not to be called; None where it asks for nothing that can be understood.
    rest_s: int | None = None

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def host_of(url: str) -> str:
    """Return the host of an address, as it is shown."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def check_url(url: str) -> SplitResult:
    """Return an address in its parts, checked as far as that can be done without looking it up.

    Raises: CallRefused (malformed, not_https, credentials, port, address).
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise CallRefused("malformed") from None
    if len(url) > LONGEST_URL or not url.isascii() or not url.isprintable() or " " in url or "\\" in url or not host:
        raise CallRefused("malformed")
    if parts.username is not None or parts.password is not None:
        raise CallRefused("credentials")
    if parts.fragment:
        raise CallRefused("malformed")
    if settings.WEBHOOKS_TO_LOOPBACK and _is_loopback(host) and parts.scheme in ("http", "https"):
        return parts
    if parts.scheme != "https":
        raise CallRefused("not_https")
    if port is not None and port not in PORTS:
        raise CallRefused("port")
    if ("." not in host.strip(".") and ":" not in host) or f".{host.rstrip('.')}".endswith(_LOCAL_NAMES):
        raise CallRefused("address")
    if (literal := _literal(host)) is not None and not is_public(literal):
        raise CallRefused("address")
    return parts


def is_public(address: Address) -> bool:
    """Return whether an address is one of the public internet: nobody's own network, and no way into one."""
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return is_public(address.ipv4_mapped)
    if any(address.version == network.version and address in network for network in _LED_ELSEWHERE):
        return False
    return address.is_global and not (
        address.is_multicast
        or address.is_reserved
        or address.is_unspecified
        or address.is_loopback
        or address.is_link_local
    )


def look_up(host: str, port: int) -> list[str]:
    """Return the addresses of a host, as the system knows them."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def call(url: str, *, body: bytes, headers: Mapping[str, str], resolve: Resolve = look_up) -> Answer:
    """Post a body to an address and return what came of it: an expected failure is an answer too."""
    began = time.monotonic()

    def answer(status: int | None = None, text: str = "", error: str = "", rest_s: int | None = None) -> Answer:
        return Answer(status, text, error, round((time.monotonic() - began) * 1_000), rest_s)

    try:
        parts = check_url(url)
        address = _address_for(parts, resolve)
    except CallRefused as refused:
        return answer(error=refused.code)
    connection = _connection(parts, address)
    leash = threading.Timer(LONGEST_SECONDS, connection.cut)
    leash.daemon = True
    leash.start()
    try:
        status, text, retry_after = _post(connection, parts, body, headers)
        return answer(status, text, rest_s=rest_asked_for(retry_after) if status in ASKS_FOR_REST else None)
    except (HTTPError, HTTPException, OSError, ValueError) as error:
        return answer(error="timeout" if connection.is_cut else _code_of(error))
    finally:
        leash.cancel()
        connection.let_go()


def rest_asked_for(retry_after: str) -> int | None:
    """Return for how many seconds somebody asks not to be called, at least none and at most a day.

    Source: RFC 9110 §10.2.3: seconds, or a date. What is neither is as if it had not been said.
    """
    said = retry_after.strip()
    if not said.isascii() or len(said) > LONGEST_RETRY_AFTER:
        return None
    if said.isdigit():
        # Digits by the dozen are more than a day, and need not be reckoned with.
        return MOST_REST_S if len(said.lstrip("0")) > len(str(MOST_REST_S)) else min(int(said), MOST_REST_S)
    try:
        until = parsedate_to_datetime(said)
        seconds = (until.replace(tzinfo=until.tzinfo or dt.UTC) - dt.datetime.now(dt.UTC)).total_seconds()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None
    return max(0, min(round(seconds), MOST_REST_S))


def _post(connection: Any, parts: SplitResult, body: bytes, headers: Mapping[str, str]) -> tuple[int, str, str]:
    """Return the status of an answer, the beginning of its text, and its Retry-After."""
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection.request("POST", target, body=body, headers={"host": parts.netloc, **headers}, preload_content=False)
    response = connection.getresponse()
    try:
        text = response.read(ANSWER_BYTES, decode_content=False)[:ANSWER_BYTES]
    except (HTTPError, HTTPException, OSError):
        # The status has come, which is the answer; nobody waits for the rest.
        text = b""
    said = text.decode("utf-8", "replace").replace("\x00", "\ufffd")
    return response.status, said, response.headers.get("retry-after", "")


def _address_for(parts: SplitResult, resolve: Resolve) -> str:
    """Return the address to connect to.

    Raises: CallRefused where the name is unknown, or any address of it is not public.
    """
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    is_own = settings.WEBHOOKS_TO_LOOPBACK and _is_loopback(host)
    try:
        found = list(resolve(host, port))
        addresses = [ipaddress.ip_address(each.partition("%")[0]) for each in found]
    except (OSError, UnicodeError, ValueError):
        raise CallRefused("unknown_host") from None
    if not addresses:
        raise CallRefused("unknown_host")
    if not all(address.is_loopback if is_own else is_public(address) for address in addresses):
        raise CallRefused("address")
    # IPv4 first: a host without IPv6 cannot reach the others.
    return str(min(addresses, key=lambda address: address.version))


class _Cut:
    """A connection that can be cut from another thread, also in the middle of a handshake.

    While TLS shakes hands the socket belongs to nobody that could be asked for it: a copy of it is kept to cut it by.
    """

    is_cut = False
    _copy: socket.socket | None = None

    def _new_conn(self) -> socket.socket:
        new: socket.socket = super()._new_conn()  # type: ignore[misc]
        self._copy = new.dup()
        return new

    def cut(self) -> None:
        """End the connection at once."""
        self.is_cut = True
        if self._copy is not None:
            with contextlib.suppress(OSError):
                self._copy.shutdown(socket.SHUT_RDWR)

    def let_go(self) -> None:
        """Close what is open."""
        self.close()  # type: ignore[attr-defined]
        if self._copy is not None:
            self._copy.close()


class _Plain(_Cut, HTTPConnection):
    pass


class _Secure(_Cut, HTTPSConnection):
    pass


def _connection(parts: SplitResult, address: str) -> Any:
    if parts.scheme == "http":
        return _Plain(address, parts.port or 80, timeout=STEP_SECONDS)
    return _Secure(
        address,
        parts.port or 443,
        timeout=STEP_SECONDS,
        server_hostname=parts.hostname,
        ssl_context=_tls(),
    )


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()


def _code_of(error: Exception) -> str:
    """Return why a call has failed, as a code."""
    text = f"{type(error).__name__} {error}".lower()
    if "timeout" in text or "timed out" in text:
        return "timeout"
    if isinstance(error, ssl.SSLError) or "ssl" in text or "certificate" in text:
        return "tls"
    return "no_connection"


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    literal = _literal(host)
    return host == "localhost" if literal is None else literal.is_loopback
