"""The page “Security”: password, e-mail, second factors, sessions, and what has happened of late."""

from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ledger.errors import DomainError
from ledger.parties import second_factor
from ledger.parties.access import find_membership
from ledger.parties.attempts import count_code, forget_codes
from ledger.parties.models import User
from ledger.parties.security import emails, factors, passwords, sessions, totp
from ledger.parties.security.models import SecurityEvent
from ledger.parties.security.origins import origin_of
from ledger.web.addresses import qr_svg, site_address
from ledger.web.doors import carry_out, show
from ledger.web.forms.security import (
    AppCodeForm,
    ChangePasswordForm,
    EmailForm,
    FactorForm,
    PasskeyForm,
    PasskeyNameForm,
    PasswordForm,
)
from ledger.web.security import passkeys
from ledger.web.security.doors import address_with_next, next_of, once_confirmed, person_of
from ledger.web.security.entrance import factor_shown, has_codes, note_factor, passkey_options
from ledger.web.security.seen import mark_seen

SECRET = "totp_secret"
EVENTS_SHOWN = 8
EVENTS_A_PAGE = 50
Type = Authenticator.Type


@never_cache
@require_safe
@login_required
def security(request: HttpRequest) -> HttpResponse:
    """Show how one's account is guarded, where it is open, and what has happened to it."""
    user = person_of(request)
    found = list(Authenticator.objects.filter(user_id=user.pk).order_by("pk"))
    codes = next((each for each in found if each.type == Type.RECOVERY_CODES), None)
    context = {
        "email": emails.verified_address(user),
        "waiting_email": emails.waiting_address(user),
        "app": next((each for each in found if each.type == Type.TOTP), None),
        "passkeys": [each for each in found if each.type == Type.WEBAUTHN],
        "has_factor": any(each.type in second_factor.FACTORS for each in found),
        "codes_left": len(codes.wrap().get_unused_codes()) if codes else 0,
        "is_needed": second_factor.is_needed_by(find_membership(user)),
        "sessions": list(sessions.sessions_of(user)),
        "session_key": request.session.session_key,
        "events": list(_events(user)[:EVENTS_SHOWN]),
    }
    return render(request, "ledger/security/security.html", context)


@never_cache
@require_safe
@login_required
def events(request: HttpRequest) -> HttpResponse:
    """Show all that has happened to one's account, newest first."""
    page = Paginator(_events(person_of(request)), EVENTS_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "ledger/security/events.html", {"page": page})


def _events(user: User) -> QuerySet[SecurityEvent]:
    return SecurityEvent.objects.filter(user=user).select_related("origin").order_by("-id")


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "POST"])
@login_required
def confirm(request: HttpRequest) -> HttpResponse:
    """Ask once more who somebody is: by the second factor, or where there is none by the password."""
    user = person_of(request)
    if second_factor.has_second_factor(user):
        form = FactorForm(request.POST or None)
        factor = factor_shown(request, form, user)
        if factor is not None:
            note_factor(request, user, factor)
            return redirect(next_of(request) or "security")
        context = {"form": form, "options": passkey_options(user), "has_codes": has_codes(user)}
        return show(request, "ledger/security/confirm.html", context | {"next": next_of(request)})
    return _confirm_by_password(request, user)


def _confirm_by_password(request: HttpRequest, user: User) -> HttpResponse:
    form = PasswordForm(request.POST or None)
    if form.is_valid():
        given = {"username": user.username, "password": form.cleaned_data["password"]}
        if carry_out(form, passwords.person_by_password, **given, origin=origin_of(request)) is not None:
            note_password(request, user)
            return redirect(next_of(request) or "security")
    return show(request, "ledger/security/confirm.html", {"form": form, "next": next_of(request), "by_password": True})


def note_password(request: HttpRequest, user: User) -> None:
    """Note in the session that the password was given just now."""
    record_authentication(request, user, "password", reauthenticated=True)


@never_cache
@require_safe
@login_required
def setup(request: HttpRequest) -> HttpResponse:
    """Explain why a second factor is needed to go on, and offer both ways."""
    wanted = next_of(request)
    ways = {name: address_with_next(name, wanted) for name in ("security_app", "security_passkey")}
    context = {"app_url": ways["security_app"], "passkey_url": ways["security_passkey"], "next": wanted}
    return render(request, "ledger/security/setup.html", context)


@sensitive_post_parameters("old", "new")
@never_cache
@require_http_methods(["GET", "POST"])
@login_required
def password(request: HttpRequest) -> HttpResponse:
    """Change one's password; every other session ends."""
    user = person_of(request)
    form = ChangePasswordForm(request.POST or None)
    if form.is_valid():
        origin = origin_of(request)
        key = request.session.session_key
        changed = carry_out(
            form, passwords.change_password, user=user, **form.cleaned_data, session_key=key, origin=origin
        )
        if changed is not None:
            _keep_session(request, changed)
            messages.success(request, _("Your password is changed. You are logged out everywhere else."))
            return redirect("security")
    return show(request, "ledger/security/password.html", {"form": form})


def _keep_session(request: HttpRequest, user: User) -> None:
    """Let this session go on under a new key, and list it under that."""
    sessions.end_sessions(user=user, only=request.session.session_key)
    update_session_auth_hash(request, user)
    assert request.session.session_key is not None
    sessions.note_session(user=user, session_key=request.session.session_key, origin=origin_of(request))
    mark_seen(request)


@never_cache
@require_http_methods(["GET", "POST"])
@once_confirmed
def email(request: HttpRequest) -> HttpResponse:
    """Give an e-mail address, or another one."""
    user = person_of(request)
    form = EmailForm(request.POST or None)
    if form.is_valid():
        asked = carry_out(
            form,
            emails.ask_for_address,
            user=user,
            **form.cleaned_data,
            site=site_address(request),
            origin=origin_of(request),
        )
        if asked is not None:
            messages.success(request, _("A mail is on its way to %(email)s. Follow its link.") % {"email": asked.email})
            return redirect("security")
    context = {"form": form, "email": emails.verified_address(user), "waiting_email": emails.waiting_address(user)}
    return show(request, "ledger/security/email.html", context)


@require_POST
@once_confirmed
def email_remove(request: HttpRequest) -> HttpResponse:
    """Forget one's address."""
    emails.remove_address(user=person_of(request), origin=origin_of(request))
    messages.success(request, _("Your e-mail address is removed."))
    return redirect("security")


@never_cache
@require_http_methods(["GET", "POST"])
@once_confirmed
def app_new(request: HttpRequest) -> HttpResponse:
    """Set up an app: show its secret as a picture and to be typed, and take the first code."""
    user = person_of(request)
    if Authenticator.objects.filter(user_id=user.pk, type=Type.TOTP).exists():
        return redirect(next_of(request) or "security")
    secret = request.session.setdefault(SECRET, totp.new_secret())
    form = AppCodeForm(request.POST or None)
    if form.is_valid():
        code = form.cleaned_data["code"]
        added = carry_out(form, _add_app, user=user, secret=secret, code=code, request=request)
        if added is not None:
            del request.session[SECRET]
            note_factor(request, user, added.factor)
            return _shown_once(request, added.recovery_codes, _("The app is set up."))
    address = totp.address_of(secret, name=user.username, issuer=_("Tianhui"))
    context = {
        "form": form,
        "secret": totp.in_groups(secret),
        "picture": qr_svg(address),
        "address": address,
        "next": next_of(request),
    }
    return show(request, "ledger/security/app_new.html", context)


def _add_app(*, user: User, secret: str, code: str, request: HttpRequest) -> factors.NewFactor:
    count_code(user.pk)
    added = factors.add_totp(user=user, secret=secret, code=code, origin=origin_of(request))
    forget_codes(user.pk)
    return added


@never_cache
@require_http_methods(["GET", "POST"])
@once_confirmed
def passkey_new(request: HttpRequest) -> HttpResponse:
    """Add a passkey: the browser makes it, and sends what proves that."""
    user = person_of(request)
    form = PasskeyForm(request.POST or None)
    if form.is_valid():
        added = carry_out(form, _add_passkey, user=user, request=request, **form.cleaned_data)
        if added is not None:
            note_factor(request, user, added.factor)
            return _shown_once(request, added.recovery_codes, _("The passkey is added."))
    context = {"form": form, "options": passkeys.registration_options(user), "next": next_of(request)}
    return show(request, "ledger/security/passkey_new.html", context)


def _add_passkey(*, user: User, name: str, credential: str, request: HttpRequest) -> factors.NewFactor:
    made = passkeys.registered(credential)
    return factors.add_passkey(user=user, name=name, credential=made, origin=origin_of(request))


def _shown_once(request: HttpRequest, codes: list[str], done: str) -> HttpResponse:
    """Lead on; where recovery codes were made, show them first: the answer to the form is the page itself, so that they rest
    nowhere on the way."""
    wanted = next_of(request)
    if not codes:
        messages.success(request, done)
        return redirect(wanted or "security")
    context = {"codes": codes, "done": done, "next": wanted, "username": person_of(request).username}
    return render(request, "ledger/security/codes.html", context)


@never_cache
@require_http_methods(["GET", "POST"])
@once_confirmed
def codes_new(request: HttpRequest) -> HttpResponse:
    """Make new recovery codes, and show them this once."""
    if request.method == "POST":
        codes = factors.make_recovery_codes(user=person_of(request), origin=origin_of(request))
        return _shown_once(request, codes, "")
    return render(request, "ledger/security/codes_new.html")


@never_cache
@require_http_methods(["GET", "POST"])
@once_confirmed
def passkey_rename(request: HttpRequest, factor_id: int) -> HttpResponse:
    """Give a passkey another name."""
    factor = _factor(request, factor_id)
    form = PasskeyNameForm(request.POST or None, initial={"name": factor.data.get("name", "")})
    if form.is_valid():
        user = person_of(request)
        if carry_out(form, factors.rename_passkey, user=user, factor_id=factor_id, **form.cleaned_data) is not None:
            return redirect("security")
    return show(request, "ledger/security/passkey_rename.html", {"form": form, "factor": factor})


@never_cache
@require_http_methods(["GET", "POST"])
@once_confirmed
def factor_remove(request: HttpRequest, factor_id: int) -> HttpResponse:
    """Take a factor away, after a page that says what that means."""
    factor, problem = _factor(request, factor_id), ""
    if request.method == "POST":
        try:
            factors.remove_factor(user=person_of(request), factor_id=factor_id, origin=origin_of(request))
        except DomainError as error:
            problem = str(error)
        else:
            messages.success(request, _("The second factor is removed."))
            return redirect("security")
    context = {"factor": factor, "is_app": factor.type == Type.TOTP, "problem": problem}
    return render(request, "ledger/security/factor_remove.html", context, status=409 if problem else 200)


def _factor(request: HttpRequest, factor_id: int) -> Authenticator:
    factors_at_hand = Authenticator.objects.filter(user_id=person_of(request).pk, type__in=second_factor.FACTORS)
    factor = factors_at_hand.filter(pk=factor_id).first()
    if factor is None:
        raise Http404
    return factor


@require_POST
@login_required
def session_end(request: HttpRequest, session_id: int) -> HttpResponse:
    """End one of one's sessions."""
    sessions.end_session(user=person_of(request), session_id=session_id, origin=origin_of(request))
    messages.success(request, _("The session is ended."))
    return redirect("security")


@require_POST
@login_required
def sessions_end_others(request: HttpRequest) -> HttpResponse:
    """End all of one's sessions but this one."""
    key = request.session.session_key
    sessions.end_other_sessions(user=person_of(request), session_key=key, origin=origin_of(request))
    messages.success(request, _("You are logged out everywhere else."))
    return redirect("security")
