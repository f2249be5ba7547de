"""Operations that will go: said in their answers and in the schema, long before. docs/api.md has the policy.

Source: RFC 9745 (Deprecation), RFC 8594 (Sunset).
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from django.http.response import HttpResponseBase
from django.utils.http import http_date

Method = TypeVar("Method", bound=Callable[..., Any])

LEAST_NOTICE = dt.timedelta(days=180)
"""Between the two days there is half a year at least."""


@dataclass(frozen=True, slots=True)
class Deprecation:
    """Since when an operation is deprecated, when it goes, and the address that takes its place, where one does."""

    since: dt.date
    sunset: dt.date
    successor: str = ""


def deprecated(*, since: dt.date, sunset: dt.date, successor: str = "") -> Callable[[Method], Method]:
    """Mark an operation that will go."""
    assert sunset - since >= LEAST_NOTICE, "half a year's notice is promised"

    def mark(method: Method) -> Method:
        method.deprecation = Deprecation(since, sunset, successor)  # type: ignore[attr-defined]
        return method

    return mark


def deprecation_of(method: Any) -> Deprecation | None:
    """Return what is said of an operation that will go; None of one that stays."""
    found: Deprecation | None = getattr(method, "deprecation", None)
    return found


def tell(response: HttpResponseBase, deprecation: Deprecation) -> None:
    """Say in an answer, refusals too, that its operation will go."""
    response["Deprecation"] = f"@{_midnight(deprecation.since)}"
    response["Sunset"] = http_date(_midnight(deprecation.sunset))
    links = ['</api/docs/#deprecation>; rel="deprecation"; type="text/html"']
    if deprecation.successor:
        links.append(f'<{deprecation.successor}>; rel="successor-version"')
    response["Link"] = ", ".join(links)


def _midnight(day: dt.date) -> int:
    return int(dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC).timestamp())
