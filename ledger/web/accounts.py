"""Sign up, and apply for an organisation."""

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from ledger.parties import services
from ledger.parties.models import User
from ledger.web.doors import carry_out, is_too_weak, reader_of, show
from ledger.web.forms.accounts import ApplyForm, SignUpForm
from ledger.web.security.doors import lead_to_second_factor
from ledger.web.security.entrance import lead_in
from ledger.web.security.pages import note_password


@never_cache
@require_http_methods(["GET", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    """Create a person, log them in, and lead them on to their organisation."""
    where = _next_of(request)
    if request.user.is_authenticated:
        return redirect(where)
    form = SignUpForm(request.POST or None)
    if form.is_valid():
        user = carry_out(form, services.register_user, **form.cleaned_data)
        if user is not None:
            note_password(request, user)
            return lead_in(request, user, where, signup=True)
    return show(request, "ledger/accounts/sign_up.html", {"form": form, "invited_to": _invitation_of(where)})


@login_required
@require_http_methods(["GET", "POST"])
def apply(request: HttpRequest) -> HttpResponse:
    """Apply for an organisation; who acts for one sees how far its approval is."""
    membership = reader_of(request)
    if membership is None and is_too_weak(request):
        return lead_to_second_factor(request)
    if membership is not None:
        return render(request, "ledger/accounts/application.html", {"organisation": membership.organisation})
    form = ApplyForm(request.POST or None)
    if (
        form.is_valid()
        and carry_out(form, services.apply_for_organisation, user=_person(request), **form.cleaned_data) is not None
    ):
        return redirect("apply")
    return show(request, "ledger/accounts/apply.html", {"form": form})


def _next_of(request: HttpRequest) -> str:
    """Return where a new person goes on: to the invitation that they came from, or else to an organisation of their own."""
    wanted = request.GET.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if is_ours and wanted.startswith("/invitations/") else reverse("apply")


def _invitation_of(where: str) -> str:
    """Return the invitation that somebody signs up for, where they do: who is here already logs in for it."""
    return where if where.startswith("/invitations/") else ""


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user
