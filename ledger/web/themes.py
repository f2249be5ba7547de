"""Light or dark: as the reader's system has it, or as they have chosen, which a cookie keeps.

The server writes the choice into the page, so that nothing is shown in one theme first and in the other after.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

COOKIE = "theme"
CHOICES = ("light", "dark")
A_YEAR = 365 * 24 * 3600


def theme_of(request: HttpRequest) -> str:
    """Return what the reader has chosen; nothing where it is as their system has it."""
    chosen = request.COOKIES.get(COOKIE, "")
    return chosen if chosen in CHOICES else ""


@require_POST
def set_theme(request: HttpRequest) -> HttpResponse:
    """Keep a reader's choice, and lead back to the page at which it was made."""
    back = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(back, {request.get_host()}, require_https=request.is_secure()):
        back = reverse("home")
    response = redirect(back)
    chosen = request.POST.get("theme", "")
    if chosen in CHOICES:
        secure = settings.SESSION_COOKIE_SECURE
        response.set_cookie(COOKIE, chosen, max_age=A_YEAR, samesite="Lax", secure=secure, httponly=True)
    else:
        response.delete_cookie(COOKIE, samesite="Lax")
    return response
