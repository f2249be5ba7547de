"""Sessions with and without a second factor, without going through the log-in."""

import time
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import update_last_login
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest
from django.test import Client
from django.test.client import ClientMixin
from django.utils.crypto import get_random_string

from ledger.models import User

METHODS, WHOSE = "account_authentication_methods", "account_authentication_methods_user"
"""Where allauth notes in a session by which means it was opened, and for whom."""
PASSWORD = {"method": "password", "reauthenticated": True}
APP = {"method": "mfa", "type": "totp", "reauthenticated": True}

_force_login = ClientMixin.force_login


def make_logins_strong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every client that is logged in by force log in as if a second factor had been used just now."""

    def strong_login(client: Any, user: User, backend: str | None = None) -> None:
        _log_in(client, user, APP)

    monkeypatch.setattr(ClientMixin, "force_login", strong_login)


def weak_login(client: Client, user: User, *, ago: float = 0) -> Client:
    """Log somebody in who has given the password alone, so many seconds ago."""
    return _log_in(client, user, PASSWORD, ago=ago)


def strong_login(client: Client, user: User, *, ago: float = 0) -> Client:
    """Log somebody in who has used a second factor, so many seconds ago."""
    return _log_in(client, user, APP, ago=ago)


def note_methods(client: Any, user: User, *methods: dict[str, Any], ago: float = 0) -> None:
    """Note in a client's session by which means it was opened."""
    session = client.session
    session.update(_opened_by(user, *methods, ago=ago))
    session.save()


def _log_in(client: Any, user: User, method: dict[str, Any], *, ago: float = 0) -> Any:
    """Log somebody in: where the client has no session yet, which is nearly always, by two statements, not nineteen."""
    if settings.SESSION_COOKIE_NAME in client.cookies:
        _force_login(client, user)
        note_methods(client, user, method, ago=ago)
    else:
        _open_session(client, user, _opened_by(user, method, ago=ago))
    return client


def _opened_by(user: User, *methods: dict[str, Any], ago: float) -> dict[str, Any]:
    at = time.time() - ago
    return {METHODS: [{"at": at, **method} for method in methods], WHOSE: str(user.pk)}


def _open_session(client: Any, user: User, opened: dict[str, Any]) -> None:
    """Write a session as Django's log-in leaves it, at once with what else is in it."""
    user.backend = client._get_backend()
    request = HttpRequest()
    request.session = session = SessionStore()
    session.update({SESSION_KEY: str(user.pk), BACKEND_SESSION_KEY: user.backend})
    session.update({HASH_SESSION_KEY: user.get_session_auth_hash(), **opened})
    session._session_key = get_random_string(32)
    session.model.objects.bulk_create([session.create_model_instance(dict(session.items()))])
    update_last_login(sender=None, user=user)
    client._set_login_cookies(request)
