"""The OpenAPI schema: what every operation has, said once. Views say the rest by `extend_schema`."""

import re
from collections import defaultdict
from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction, OpenApiResponse

from ledger.api.problems import MEDIA_TYPE
from ledger.api.rights import scope_of
from ledger.api.serializers import ProblemSerializer
from ledger.errors import AddressNotAllowed, DomainError, InsufficientScope, NotAllowed, NotFound, RateLimited
from ledger.parties.scopes import Scope

Method = TypeVar("Method", bound=Callable[..., Any])

_PLACEHOLDER = re.compile(r"%\(\w+\)s")
READS = ("GET", "HEAD")
# What the framework refuses, by status: code, and when.
INVALID_INPUT = (400, "invalid_input", "the body or the query is not what the schema says; `errors` names each fault")
PARSE_ERROR = (400, "parse_error", "the body is no JSON object")
NOT_AUTHENTICATED = (401, "not_authenticated", "no token, and no session")
AUTHENTICATION_FAILED = (401, "authentication_failed", "the token is unknown, over or revoked")
PERMISSION_DENIED = (403, "permission_denied", "a session without its CSRF token")
UNSUPPORTED_MEDIA_TYPE = (415, "unsupported_media_type", "the body is not application/json")


def refuses(*errors: type[DomainError]) -> Callable[[Method], Method]:
    """Say which refusals of the domain an operation may answer with."""

    def mark(method: Method) -> Method:
        method.refusals = errors  # type: ignore[attr-defined]
        return method

    return mark


class ApiSchema(AutoSchema):
    """Names operations as the methods are named, and gives each one its problems."""

    view: Any

    def get_operation_id(self) -> str:
        return str(self.view.action)

    def get_tags(self) -> list[str]:
        # The schema's own address is no endpoint of ours.
        return [getattr(self.view, "tag", "schema")]

    @property
    def _scope(self) -> Scope | None:
        """The scope that a token needs; None for what needs no token, and for addresses that are no endpoint of ours."""
        if not hasattr(self.view, "writes") or not self.view.get_authenticators():
            return None
        return scope_of(self.view, self.view.action, self.method)

    def get_auth(self) -> list[dict[str, Any]]:
        """Return who may call; a token's scope stands where OpenAPI 3.1 has room for roles (§4.8.30)."""
        found = super().get_auth() or []
        if self._scope is None:
            return found
        return [{"token": [str(self._scope)]} if "token" in each else each for each in found]

    def get_description(self) -> str:  # type: ignore[override]
        described: str = super().get_description()
        return described if self._scope is None else f"{described}\n\nScope of a token: `{self._scope}`."

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        bodies = super()._get_response_bodies(direction)
        for status, lines in sorted(self._refusals().items()):
            described = OpenApiResponse(ProblemSerializer, "\n".join(lines))
            body = self._get_response_for_code(  # type: ignore[no-untyped-call]
                described, str(status), [MEDIA_TYPE], direction
            )
            bodies[str(status)] = body
        return bodies

    def _refusals(self) -> dict[int, list[str]]:
        """Return the refusals of an operation by status, each as a line."""
        lines: defaultdict[int, list[str]] = defaultdict(list)
        for status, code, when in self._framework_refusals():
            lines[status].append(f"- `{code}`: {when}")
        for error in self._domain_refusals():
            lines[error.status].append(f"- `{error.code}`: {_PLACEHOLDER.sub('…', str(error.message))}")
        return lines

    def _framework_refusals(self) -> list[tuple[int, str, str]]:
        found = []
        if self.method == "POST":
            found += [INVALID_INPUT, PARSE_ERROR, UNSUPPORTED_MEDIA_TYPE]
        elif self.get_override_parameters():
            found += [INVALID_INPUT]
        if self.view.get_authenticators():
            found += [AUTHENTICATION_FAILED]
            found += [] if self._is_public() else [NOT_AUTHENTICATED]
            found += [] if self.method in READS else [PERMISSION_DENIED]
        return found

    def _domain_refusals(self) -> list[type[DomainError]]:
        found = list(getattr(getattr(self.view, self.view.action), "refusals", ()))
        if "{" in self.path and NotFound not in found:
            found.append(NotFound)
        if self.method not in READS and self.view.get_authenticators() and NotAllowed not in found:
            found.append(NotAllowed)
        if self._scope is not None:
            found += [InsufficientScope, AddressNotAllowed]
        return [*found, RateLimited] if hasattr(self.view, "writes") else found

    def _is_public(self) -> bool:
        return {} in (self.get_auth() or [])
