"""Who calls the API: by a token, or from a page by its session."""

from typing import Any

from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from ledger.parties.models import ApiToken, User
from ledger.parties.services import TOKEN_PREFIX, hash_token


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer th_…`: one query finds the token, its person and whom the person acts for."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        token = self._find(secret.strip())
        if token is None:
            raise exceptions.AuthenticationFailed()
        user = token.membership.user
        user.membership_at_hand = token.membership  # type: ignore[attr-defined]
        return user, token

    def _find(self, secret: str) -> ApiToken | None:
        if not secret.startswith(TOKEN_PREFIX) or len(secret) > 100:
            return None
        token = (
            ApiToken.objects.select_related("membership__user", "membership__organisation")
            .filter(token_hash=hash_token(secret), revoked_at=None, membership__user__is_active=True)
            .first()
        )
        if token is None or (token.expires_at is not None and token.expires_at <= timezone.now()):
            return None
        return token

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


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
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
