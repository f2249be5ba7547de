"""Whether small orders are sent without a review: kept by the browser, for the person who said so."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse

COOKIE = "unreviewed"
A_YEAR = 366 * 24 * 3600
SMALL_FEN = 100_000
"""What an order may come to at most to be sent without a review."""


def is_on(request: HttpRequest) -> bool:
    """Return whether the reader has said, in this browser, that small orders shall be sent at once."""
    return request.user.is_authenticated and request.COOKIES.get(COOKIE) == str(request.user.pk)


def turn_on(request: HttpRequest, answer: HttpResponse) -> None:
    """Keep in the browser that its user, and nobody else who logs in there, skips the review of small orders."""
    answer.set_cookie(
        COOKIE,
        str(request.user.pk),
        max_age=A_YEAR,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )


def turn_off(answer: HttpResponse) -> None:
    """Have every order reviewed again."""
    answer.delete_cookie(COOKIE, samesite="Lax")
