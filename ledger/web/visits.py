"""When a person was here before, as the browser remembers it: a signed cookie with two times, none of them anybody else's business."""

import datetime as dt

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

COOKIE = "visits"
A_VISIT = dt.timedelta(minutes=30)
"""Whoever comes back within half an hour has not been away."""
UNKNOWN = dt.timedelta(days=7)
OLDEST = dt.timedelta(days=90)
KEPT = dt.timedelta(days=400)


def last_visit(request: HttpRequest) -> dt.datetime:
    """Return when the visit before this one was; a week ago where nothing is known, ninety days ago at the earliest."""
    before, _latest = _times(request)
    return max(before, timezone.now() - OLDEST)


def remember_visit(request: HttpRequest, response: HttpResponse) -> None:
    """Have the browser remember that somebody was here now."""
    now = timezone.now()
    before, latest = _times(request)
    if latest is not None and now - latest >= A_VISIT:
        before = latest
    response.set_signed_cookie(
        COOKIE,
        f"{before.timestamp():.0f}.{now.timestamp():.0f}",
        salt=_salt(request),
        max_age=KEPT,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def _times(request: HttpRequest) -> tuple[dt.datetime, dt.datetime | None]:
    """Return the visit to compare with, and when this one was seen last; another person's cookie says nothing."""
    now = timezone.now()
    said = request.get_signed_cookie(COOKIE, default="", salt=_salt(request)) or ""
    before, _dot, latest = said.partition(".")
    if not (before.isdigit() and latest.isdigit()):
        return now - UNKNOWN, None
    times = [dt.datetime.fromtimestamp(int(each), tz=dt.UTC) for each in (before, latest)]
    return (times[1] if now - times[1] >= A_VISIT else times[0]), times[1]


def _salt(request: HttpRequest) -> str:
    return f"visits:{request.user.pk}"
