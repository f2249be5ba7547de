"""How soon people's own pages answer when there are millions of transfers and orders: home, and the portfolio."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from http.cookies import SimpleCookie
from time import perf_counter
from typing import TYPE_CHECKING

from tests.benchmarks.load import request, seconds_of_each
from tests.benchmarks.stage import Stage

if TYPE_CHECKING:
    from ledger.models import Membership

READERS = 20
"""So many traders, each with a session of their own."""


@dataclass(frozen=True, slots=True)
class Took:
    """Medians in milliseconds of a page and of an empty view, asked for in turn over one connection."""

    page_ms: float
    empty_ms: float


def keep_positions() -> float:
    """Do what the worker does each night, and return how many seconds it took."""
    import datetime as dt

    from django.utils import timezone

    from trading.portfolio.positions import keep_all

    started = perf_counter()
    keep_all(before=timezone.now() + dt.timedelta(days=1))
    return perf_counter() - started


def sessions(traders: "Sequence[Membership]") -> list[str]:
    """Log people in, and return the cookies of their sessions."""
    from django.test import Client

    cookies = []
    for trader in traders[:READERS]:
        client = Client()
        client.force_login(trader.user)
        cookies.append(SimpleCookie(client.cookies).output(attrs=[], header="", sep=";").strip())
    return cookies


def took(there: Stage, path: str, cookies: Sequence[str], times: int) -> Took:
    """Return how long a page takes to those who come with these cookies; to visitors where there is none but an empty one."""
    port = int(there.environment["WEB_PORT"])
    asked = [_request(path, cookie) for cookie in cookies]
    seconds_of_each(port, [*asked[:5], request("/empty")] * 2)
    each = seconds_of_each(port, [one for _ in range(times) for page in asked for one in (page, request("/empty"))])
    return Took(statistics.median(each[::2]) * 1000, statistics.median(each[1::2]) * 1000)


def _request(path: str, cookie: str) -> bytes:
    plain = request(path)
    return plain[:-2] + f"Cookie: {cookie}\r\n\r\n".encode() if cookie else plain
