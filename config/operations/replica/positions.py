"""How far PostgreSQL's log had come when somebody wrote: the reader carries it, signed, and no server has to keep it.

A browser has it in a cookie; a program that sends a token finds it in a header, and sends it back with what it reads.
A position is a whole number of bytes from the log's beginning (an LSN less 0/0), and goes on counting after a promotion.
"""

from typing import Final

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.db import DatabaseError, connection
from django.http import HttpRequest
from django.http.response import HttpResponseBase

COOKIE: Final = "written"
HEADER: Final = "Tianhui-Written"
UNKNOWN: Final = 2**64 - 1
"""Beyond every position: whoever has it reads from the primary."""
SLACK_SECONDS = 5

_HERE = "SELECT (pg_current_wal_insert_lsn() - '0/0')::bigint"


def position_now() -> int:
    """Return where the primary's log is: at or behind all that was committed until now. UNKNOWN where it does not say."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(_HERE)
            return int(cursor.fetchone()[0])
    except DatabaseError:
        # What was committed is committed; that its writer reads from the primary for a while costs less than an error.
        return UNKNOWN


def position_of(request: HttpRequest) -> int | None:
    """Return how far whoever asks has written, None where they have written nothing lately.

    What is there and is not ours counts as UNKNOWN: it would be a reader who sees older data than their own.
    """
    said = request.headers.get(HEADER) or request.COOKIES.get(COOKIE)
    if not said:
        return None
    try:
        return int(_signer().unsign(said))
    except (BadSignature, ValueError):
        return UNKNOWN


def remember_position(response: HttpResponseBase, position: int, *, in_cookie: bool) -> None:
    """Have whoever gets a response carry a position for as long as anything older may be shown to anybody."""
    said = _signer().sign(str(position))
    response[HEADER] = said
    if not in_cookie:
        return
    response.set_cookie(
        COOKIE,
        said,
        max_age=remembered_seconds(),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def remembered_seconds() -> int:
    """Return for how long: a standby that is used is at most so far behind, and a page is kept so long after it was read."""
    return settings.REPLICA_LAG_SECONDS + settings.PUBLIC_PAGES_SECONDS + SLACK_SECONDS


def _signer() -> Signer:
    return Signer(salt="written")
