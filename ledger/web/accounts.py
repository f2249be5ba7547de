"""Log in, sign up, apply for an organisation, keep API tokens."""

import datetime as dt

from allauth.account.internal.flows.login import perform_login
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from ledger.parties import services
from ledger.parties.models import ApiToken, Membership, User
from ledger.web.doors import carry_out, for_members, is_too_weak, reader_of, show
from ledger.web.forms.accounts import ApplyForm, SignUpForm, TokenForm
from ledger.web.security.adapter import login_of
from ledger.web.security.doors import lead_to_second_factor
from ledger.web.security.pages import note_password


@never_cache
@require_http_methods(["GET", "POST"])
def sign_up(request: HttpRequest) -> HttpResponse:
    """Create a person, log them in, and lead them on to their organisation."""
    if request.user.is_authenticated:
        return redirect("apply")
    form = SignUpForm(request.POST or None)
    if form.is_valid():
        user = carry_out(form, services.register_user, **form.cleaned_data)
        if user is not None:
            note_password(request, user)
            return perform_login(request, login_of(user, reverse("apply"), signup=True))
    return show(request, "ledger/accounts/sign_up.html", {"form": form})


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


def _person(request: HttpRequest) -> User:
    assert isinstance(request.user, User)
    return request.user


@never_cache
@require_http_methods(["GET", "POST"])
@for_members
def tokens(request: HttpRequest, membership: Membership) -> HttpResponse:
    """List one's API tokens and make new ones.

    The answer to a form is otherwise a redirect; here it is the page itself, so that the secret, which is shown this once,
    rests nowhere on the way.
    """
    form = TokenForm(request.POST or None)
    secret = None
    if form.is_valid():
        _token, secret = services.issue_token(
            user=membership.user,
            name=form.cleaned_data["name"],
            expires_at=_end_of(form.cleaned_data["expires_on"]),
        )
        form = TokenForm()
    context = {"form": form, "secret": secret, "tokens": _tokens_of(membership.user), "now": timezone.now()}
    return show(request, "ledger/accounts/tokens.html", context)


def _tokens_of(user: User) -> list[ApiToken]:
    return list(ApiToken.objects.filter(user=user).order_by("-id"))


def _end_of(day: dt.date | None) -> dt.datetime | None:
    if day is None:
        return None
    return timezone.make_aware(dt.datetime.combine(day + dt.timedelta(days=1), dt.time.min))


@require_POST
@for_members
def revoke_token(request: HttpRequest, membership: Membership, token_id: int) -> HttpResponse:
    """Make one's token worthless."""
    token = services.revoke_token(user=membership.user, token_id=token_id)
    messages.success(request, _("The token %(name)s is worthless now.") % {"name": token.name})
    return redirect("tokens")
