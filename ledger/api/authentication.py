"""Who calls the API: by a token, or from a page by its session."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import authentication, exceptions
from rest_framework.request import Request

from ledger.parties.access import find_membership
from ledger.parties.addresses import address_of
from ledger.parties.models import User
from ledger.parties.second_factor import require_fresh, require_strong
from ledger.parties.selectors import person_with_token


class TokenAuthentication(authentication.BaseAuthentication):
    """`Authorization: Bearer th_…`: one query finds the token, its person and whom the person acts for."""

    def authenticate(self, request: Request) -> tuple[User, None] | None:
        scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        user = person_with_token(secret.strip(), address=address_of(request))
        if user is None:
            raise exceptions.AuthenticationFailed()
        return user, None

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


class SessionAuthentication(authentication.SessionAuthentication):
    """The session of a page, with its CSRF token.

    For people of the operator and of auditors it must be one in which a second factor was used.
    """

    def authenticate(self, request: Request) -> tuple[Any, None] | None:
        found = super().authenticate(request)
        if found is not None:
            user = found[0]
            membership = find_membership(user)
            if membership is not None:
                # Whoever answers asks again for whom the person acts.
                user.membership_at_hand = membership
            require_strong(request._request, membership)
        return found


def require_fresh_session(request: Request) -> None:
    """Refuse to let money go by a session in which no second factor was used just now; a token is what it was made for.

    Raises: ConfirmationNeeded, SecondFactorMissing.
    """
    if isinstance(request.successful_authenticator, SessionAuthentication):
        require_fresh(request._request)


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = TokenAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A token from POST /api/v1/tokens, with the scopes named",
        }


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
