"""Sessions with and without a second factor, without going through the log-in."""

import time
from typing import Any

import pytest
from django.test import Client
from django.test.client import ClientMixin

from ledger.models import User

METHODS, WHOSE = "account_authentication_methods", "account_authentication_methods_user"
"""Where allauth notes in a session by which means it was opened, and for whom."""

_force_login = ClientMixin.force_login


def make_logins_strong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every client that is logged in by force log in as if a second factor had been used just now."""

    def strong_login(client: Any, user: User, backend: str | None = None) -> None:
        _force_login(client, user, backend)
        note_methods(client, user, {"method": "mfa", "type": "totp", "reauthenticated": True})

    monkeypatch.setattr(ClientMixin, "force_login", strong_login)


def weak_login(client: Client, user: User, *, ago: float = 0) -> Client:
    """Log somebody in who has given the password alone, so many seconds ago."""
    _force_login(client, user)
    note_methods(client, user, {"method": "password", "reauthenticated": True}, ago=ago)
    return client


def strong_login(client: Client, user: User, *, ago: float = 0) -> Client:
    """Log somebody in who has used a second factor, so many seconds ago."""
    _force_login(client, user)
    note_methods(client, user, {"method": "mfa", "type": "totp", "reauthenticated": True}, ago=ago)
    return client


def note_methods(client: Any, user: User, *methods: dict[str, Any], ago: float = 0) -> None:
    """Note in a client's session by which means it was opened."""
    session = client.session
    session[METHODS] = [{"at": time.time() - ago, **method} for method in methods]
    session[WHOSE] = str(user.pk)
    session.save()
