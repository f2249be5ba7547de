"""The way to a second factor, and back to where somebody was going."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme

from ledger.errors import DomainError
from ledger.parties import second_factor
from ledger.parties.models import User

View = Callable[..., HttpResponseBase]
KEPT = "kept_form"
MOST_KEPT = 20_000


def person_of(request: HttpRequest) -> User:
    """Return who is logged in."""
    assert isinstance(request.user, User)
    return request.user


def next_of(request: HttpRequest) -> str:
    """Return where somebody was going, where that is on this site; nothing else."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    allowed = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if allowed else ""


def address_with_next(name: str, wanted: str) -> str:
    """Return the address of a page that leads on to another."""
    return f"{reverse(name)}?{urlencode({'next': wanted})}" if wanted else reverse(name)


def lead_to_second_factor(request: HttpRequest, back: str = "") -> HttpResponse:
    """Lead somebody to use a second factor, or to set one up, and then back: here, or to the address given."""
    page = "security_confirm" if second_factor.has_second_factor(person_of(request)) else "security_setup"
    wanted = back or (request.get_full_path() if request.method in ("GET", "HEAD") else reverse("home"))
    return HttpResponseRedirect(address_with_next(page, wanted))


def once_confirmed(view: View) -> View:
    """Let somebody in who has shown just now who they are; others do so first, and come back."""

    @login_required
    @wraps(view)
    def with_confirmation(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if second_factor.session_is_confirmed(request):
            return view(request, *args, **kwargs)
        wanted = request.get_full_path() if request.method in ("GET", "HEAD") else reverse("security")
        return HttpResponseRedirect(address_with_next("security_confirm", wanted))

    return with_confirmation


def for_fresh_sessions(back: str) -> Callable[[View], View]:
    """Let nobody send a page's form who has not used a second factor just now.

    Who has to do so first comes back to the page of this name, with the form as it was filled in, and sends it again: nothing
    is sent by itself.
    """

    def guarded(view: View) -> View:
        @wraps(view)
        def with_fresh_factor(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            request.may_send = _may_send(request)  # type: ignore[attr-defined]
            if request.method == "POST" and not request.may_send:  # type: ignore[attr-defined]
                return _keep_and_lead(request, reverse(back))
            return view(request, *args, **kwargs)

        return with_fresh_factor

    return guarded


def kept_form(request: HttpRequest) -> dict[str, Any]:
    """Return what somebody had filled in on this page before they confirmed who they are; it is handed out once."""
    kept = request.session.get(KEPT) if request.user.is_authenticated else None
    if request.method != "GET" or not kept or kept["path"] != request.path:
        return {}
    del request.session[KEPT]
    return QueryDict(kept["form"]).dict()


def _may_send(request: HttpRequest) -> bool:
    if not request.user.is_authenticated:
        # The view itself sends visitors to the log-in.
        return True
    return not settings.SECOND_FACTOR_REQUIRED or second_factor.session_is_fresh(request)


def _keep_and_lead(request: HttpRequest, back: str) -> HttpResponse:
    form = request.POST.copy()
    form.pop("csrfmiddlewaretoken", None)
    request.session[KEPT] = {"path": back, "form": form.urlencode()[:MOST_KEPT]}
    try:
        second_factor.require_fresh(request)
    except DomainError as error:
        messages.info(request, str(error))
    return lead_to_second_factor(request, back)
