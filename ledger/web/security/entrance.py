"""The way in: user name and password, then the second step; or a passkey at once. And a new password by e-mail."""

from allauth.account.internal.decorators import login_stage_required
from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.internal.stagekit import clear_login
from allauth.account.models import Login
from allauth.mfa.models import Authenticator
from allauth.mfa.stages import AuthenticateStage
from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from ledger.errors import DomainError, TooManyAttempts, WrongCredentials
from ledger.parties.models import User
from ledger.parties.security import emails, passwords
from ledger.parties.security.factors import check_code
from ledger.parties.security.origins import origin_of
from ledger.web.addresses import site_address
from ledger.web.doors import carry_out, show
from ledger.web.forms.accounts import LoginForm
from ledger.web.forms.security import EmailForm, FactorForm, NewPasswordForm
from ledger.web.security import passkeys
from ledger.web.security.doors import next_of


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
def log_in(request: HttpRequest) -> HttpResponse:
    """Ask for user name and password, and lead on to the second step where the person has one."""
    if request.user.is_authenticated:
        return redirect(next_of(request) or "home")
    form = LoginForm(request.POST or None)
    if form.is_valid():
        try:
            user = passwords.person_by_password(**form.cleaned_data, origin=origin_of(request))
        except DomainError as error:
            return _refuse(request, form, error)
        # Who has just given the password need not give it again at once, to set up a second factor for example.
        record_authentication(request, user, "password", reauthenticated=True)
        return lead_in(request, user, next_of(request) or None)
    return show(request, "ledger/accounts/login.html", {"form": form, "next": next_of(request)})


def lead_in(request: HttpRequest, user: User, wanted: str | None, *, signup: bool = False) -> HttpResponse:
    """Lead somebody who has shown the password, or a passkey, through what is still to be shown, and on."""
    answer: HttpResponse = perform_login(request, Login(user=user, redirect_url=wanted, signup=signup))
    return answer


def _refuse(request: HttpRequest, form: forms.Form, error: DomainError) -> HttpResponse:
    is_unknown = isinstance(error, WrongCredentials)
    form.add_error(None, _("The user name or the password is wrong.") if is_unknown else _in_minutes(error))
    context = {"form": form, "next": next_of(request), "is_locked": isinstance(error, TooManyAttempts)}
    return render(request, "ledger/accounts/login.html", context, status=422 if is_unknown else error.status)


def _in_minutes(error: DomainError) -> str:
    if not isinstance(error, TooManyAttempts):
        return str(error)
    minutes = -(-int(error.params["seconds"]) // 60)
    return _("Too many attempts. Try again in %(minutes)s minutes, or set a new password by e-mail.") % {
        "minutes": minutes
    }


@never_cache
@require_http_methods(["GET", "POST"])
@login_stage_required(stage=AuthenticateStage.key, redirect_urlname="login")  # type: ignore[untyped-decorator]
def second_step(request: HttpRequest) -> HttpResponse:
    """Ask for a code or a passkey of whoever has given the right password."""
    stage = request._login_stage  # type: ignore[attr-defined]
    user = stage.login.user
    form = FactorForm(request.POST or None)
    factor = factor_shown(request, form, user)
    if factor is not None:
        note_factor(request, user, factor)
        answer: HttpResponse = stage.exit()
        return answer
    context = {"form": form, "options": passkey_options(user), "has_codes": has_codes(user)}
    return show(request, "ledger/security/second_step.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
def log_in_again(request: HttpRequest) -> HttpResponse:
    """Forget the first step, and begin with the password again: somebody else sits here."""
    if not request.user.is_authenticated:
        clear_login(request)
    return redirect("login")


def factor_shown(request: HttpRequest, form: forms.Form, user: User) -> Authenticator | None:
    """Return the factor that somebody has just shown, by code or passkey; a refusal is noted in the form."""
    if not form.is_valid():
        return None
    if form.cleaned_data["credential"]:
        return carry_out(form, passkeys.shown, raw=form.cleaned_data["credential"], user=user)
    return carry_out(form, check_code, user=user, code=form.cleaned_data["code"], origin=origin_of(request))


def note_factor(request: HttpRequest, user: User, factor: Authenticator) -> None:
    """Note in the session that a second factor was used, and which one."""
    record_authentication(request, user, "mfa", id=factor.pk, type=str(factor.type), reauthenticated=True)


def passkey_options(user: User) -> dict[str, object] | None:
    """Return what a browser needs to show one of a person's passkeys; None where there is none."""
    has_passkey = Authenticator.objects.filter(user_id=user.pk, type=Authenticator.Type.WEBAUTHN).exists()
    return passkeys.login_options(user) if has_passkey else None


def has_codes(user: User) -> bool:
    """Return whether a person can give a code: of an app, or a recovery code."""
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)
    return bool(Authenticator.objects.filter(user_id=user.pk, type__in=kinds).exists())


@never_cache
@require_POST
def passkey_challenge(request: HttpRequest) -> JsonResponse:
    """Return a challenge for any passkey that the browser has for us."""
    return JsonResponse(passkeys.login_options(None))


@never_cache
@require_POST
def passkey_log_in(request: HttpRequest) -> HttpResponse:
    """Let in whoever shows a passkey that has checked who holds it: something they have, and something they are or know."""
    if request.user.is_authenticated:
        return redirect(next_of(request) or "home")
    form = LoginForm()
    try:
        passkey = passkeys.shown(request.POST.get("credential", ""), user=None)
    except DomainError as error:
        messages.error(request, str(error))
        context = {"form": form, "next": next_of(request)}
        return render(request, "ledger/accounts/login.html", context, status=error.status)
    user = passkey.user
    record_authentication(
        request, user, "mfa", id=passkey.pk, type=str(passkey.type), passwordless=True, reauthenticated=True
    )
    return lead_in(request, user, next_of(request) or None)


@never_cache
@require_http_methods(["GET", "POST"])
def password_forgotten(request: HttpRequest) -> HttpResponse:
    """Send a link to a new password to a verified address; what is answered is the same for every address."""
    form = EmailForm(request.POST or None)
    if form.is_valid():
        try:
            emails.ask_for_reset(**form.cleaned_data, site=site_address(request), origin=origin_of(request))
        except TooManyAttempts as error:
            form.add_error(None, str(error))
        else:
            return render(request, "ledger/security/password_sent.html", {"email": form.cleaned_data["email"]})
    return show(request, "ledger/security/password_forgotten.html", {"form": form})


@sensitive_post_parameters("new")
@never_cache
@require_http_methods(["GET", "POST"])
def password_reset_link(request: HttpRequest, person: str, token: str) -> HttpResponse:
    """Let whoever has the link set a new password; the second factor is asked for as ever."""
    link = passwords.ResetLink(person, token)
    user = passwords.person_of_link(link)
    if user is None:
        return render(request, "ledger/security/link_over.html", {"again": "password_forgotten"}, status=410)
    form = NewPasswordForm(request.POST or None)
    if form.is_valid():
        done = carry_out(form, passwords.reset_password, link=link, **form.cleaned_data, origin=origin_of(request))
        if done is not None:
            messages.success(request, _("The new password is set. Log in with it."))
            return redirect("login")
    return show(request, "ledger/security/password_new.html", {"form": form, "person": user})


@never_cache
@require_http_methods(["GET", "POST"])
def email_confirm(request: HttpRequest, word: str) -> HttpResponse:
    """Believe an address, once whoever has read the mail presses the button: mail programs open links by themselves."""
    address = emails.address_of_word(word)
    if address is None:
        return render(request, "ledger/security/link_over.html", {"again": "security_email"}, status=410)
    form = forms.Form(request.POST if request.method == "POST" else None)
    if form.is_valid() and carry_out(form, emails.confirm_address, word=word, origin=origin_of(request)) is not None:
        messages.success(request, _("Your e-mail address is confirmed."))
        return redirect("security" if request.user.is_authenticated else "login")
    return show(request, "ledger/security/email_confirm.html", {"form": form, "address": address})
