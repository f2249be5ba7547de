"""How allauth's way through the log-in is ours: our words, our counters, our addresses, our events."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.utils import get_login_redirect_url
from allauth.core import context
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ledger.parties.addresses import address_of
from ledger.parties.models import User
from ledger.parties.security.ciphers import decrypt, encrypt
from ledger.parties.security.origins import origin_of
from ledger.parties.security.services import record_log_in
from ledger.parties.security.sessions import note_session
from ledger.web.security.seen import mark_seen


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Leads through the second step, and nothing else: passwords, mail and limits are ours."""

    def get_login_stages(self) -> list[str]:
        return ["allauth.mfa.stages.AuthenticateStage"]

    def get_client_ip(self, request: HttpRequest) -> str:
        return address_of(request)

    def is_safe_url(self, url: str | None) -> bool:
        """Return whether one may be led on to an address: one of this very host."""
        request = context.request
        return url_has_allowed_host_and_scheme(
            url, allowed_hosts={request.get_host()}, require_https=request.is_secure()
        )

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def add_message(self, *args: Any, **kwargs: Any) -> None:
        """Say nothing: our pages say what was done."""

    def respond_user_inactive(self, request: HttpRequest, user: AbstractBaseUser) -> HttpResponse:
        return redirect("login")

    def post_login(
        self, request: HttpRequest, user: User, *, redirect_url: str | None, signup: bool, **hints: Any
    ) -> HttpResponse:
        """Note the log-in and the session, and lead on."""
        origin = origin_of(request)
        record_log_in(user=user, origin=origin)
        assert request.session.session_key is not None
        note_session(user=user, session_key=request.session.session_key, origin=origin)
        mark_seen(request)
        return HttpResponseRedirect(get_login_redirect_url(request, redirect_url, signup=signup))


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Secrets are stored encrypted, and what is refused is said in our words."""

    error_messages = DefaultMFAAdapter.error_messages | {
        "incorrect_code": _("The passkey was not accepted. Try again, or choose another way."),
    }

    def encrypt(self, text: str) -> str:
        return encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text)

    def _get_site_name(self) -> str:
        return gettext("Tianhui")

    def _get_user_identifier(self, user: AbstractBaseUser) -> str:
        return user.get_username()

    def generate_authenticator_name(self, user: AbstractBaseUser, type: Authenticator.Type) -> str:
        return gettext("Passkey")
