"""Who calls the API: by a token, or from a page by its session."""

from typing import Any

from django.db.models import Q
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from ledger.parties.models import ApiToken, Membership, User
from ledger.parties.services import TOKEN_PREFIX, hash_token

MAX_SECRET_CHARACTERS = 100


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer th_…`: one query finds the token, its person and whom the person acts for."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        user = _person_with(secret.strip())
        if user is None:
            raise exceptions.AuthenticationFailed()
        return user, None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def _person_with(secret: str) -> User | None:
    """Return whose token this is, with the membership at hand, or None for a token that is unknown, over or revoked."""
    if not secret.startswith(TOKEN_PREFIX) or len(secret) > MAX_SECRET_CHARACTERS:
        return None
    tokens = ApiToken.objects.filter(
        Q(expires_at=None) | Q(expires_at__gt=timezone.now()),
        token_hash=hash_token(secret),
        revoked_at=None,
        user__is_active=True,
    )
    membership = Membership.objects.select_related("user", "organisation").filter(user__tokens__in=tokens).first()
    if membership is not None:
        membership.user.membership_at_hand = membership  # type: ignore[attr-defined]
        return membership.user
    token = tokens.select_related("user").first()
    return None if token is None else token.user


class SessionAuthentication(authentication.SessionAuthentication):
    """The session of a page, with its CSRF token."""


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "A token from POST /api/v1/tokens"}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = SessionAuthentication
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "cookie",
            "name": "sessionid",
            "description": "The session of a page; what writes needs the CSRF token in X-CSRFToken too",
        }
