"""The OpenAPI schema: what every operation has, said once. Views say the rest by `extend_schema`."""

import re
from collections import defaultdict
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import orjson
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import Direction, OpenApiResponse

from ledger.api import parts
from ledger.api.catalogue import FRAMEWORK
from ledger.api.deprecation import deprecation_of
from ledger.api.once import takes_key
from ledger.api.problems import MEDIA_TYPE
from ledger.api.rights import scope_of
from ledger.api.serializers import ProblemSerializer
from ledger.errors import (
    AddressNotAllowed,
    DomainError,
    IdempotencyInFlight,
    IdempotencyKeyReused,
    InsufficientScope,
    InvalidIdempotencyKey,
    NotAllowed,
    NotFound,
    PreconditionFailed,
    RateLimited,
)
from ledger.parties.scopes import Scope

Method = TypeVar("Method", bound=Callable[..., Any])

_PLACEHOLDER = re.compile(r"%\(\w+\)s")
EXAMPLES = Path(__file__).parent / "examples"
READS = ("GET", "HEAD")
OF_KEYS = (InvalidIdempotencyKey, IdempotencyInFlight, IdempotencyKeyReused)
Operation = dict[str, Any]


def refuses(*errors: type[DomainError]) -> Callable[[Method], Method]:
    """Say which refusals of the domain an operation may answer with."""

    def mark(method: Method) -> Method:
        method.refusals = errors  # type: ignore[attr-defined]
        return method

    return mark


class ApiSchema(AutoSchema):
    """Names operations as the methods are named, and gives each one its problems, headers and examples."""

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

    def get_operation(self, *arguments: Any, **named: Any) -> Operation | None:
        operation: Operation | None = super().get_operation(*arguments, **named)
        if operation is None or not hasattr(self.view, "tag"):
            return operation
        deprecation = deprecation_of(self._operation())
        if deprecation is not None:
            operation["deprecated"] = True
        self._add_parameters(operation)
        self._add_headers(operation, is_deprecated=deprecation is not None)
        _add_examples(operation)
        return operation

    def _add_parameters(self, operation: Operation) -> None:
        named = []
        if self._takes_key():
            named.append("IdempotencyKey")
        if PreconditionFailed in self._domain_refusals():
            named.append("IfMatch")
        if self.method in READS and self._answers_json(operation):
            named.append("IfNoneMatch")
        if named:
            found = operation.setdefault("parameters", [])
            found += [{"$ref": f"#/components/parameters/{name}"} for name in named]

    def _add_headers(self, operation: Operation, *, is_deprecated: bool) -> None:
        if self.method in READS and self._answers_json(operation):
            operation["responses"]["304"] = {"description": "The caller has it as it is.", "headers": _headers("ETag")}
        for status, answer in operation["responses"].items():
            names = ["Deprecation", "Sunset"] if is_deprecated else []
            if status < "300":
                names += ["Cache-Control"]
                names += ["ETag"] if self.method in READS and self._answers_json(operation) else []
                names += ["Idempotency-Replayed"] if self._takes_key() else []
            elif status in ("429", "503") or (status == "409" and self._takes_key()):
                names += ["Retry-After"]
            if names:
                answer.setdefault("headers", {}).update(_headers(*names))
        operation["responses"] = dict(sorted(operation["responses"].items()))

    def _answers_json(self, operation: Operation) -> bool:
        return "application/json" in operation["responses"].get("200", {}).get("content", {})

    def _get_response_bodies(self, direction: Direction = "response") -> dict[str, Any]:
        bodies = super()._get_response_bodies(direction)
        for status, refusals in sorted(self._refusals().items()):
            described = OpenApiResponse(ProblemSerializer, "\n".join(f"- `{code}`: {when}" for code, when in refusals))
            body = self._get_response_for_code(  # type: ignore[no-untyped-call]
                described, str(status), [MEDIA_TYPE], direction
            )
            body["content"][MEDIA_TYPE]["examples"] = {
                code: {"$ref": f"#/components/examples/{code}"} for code, _when in refusals
            }
            bodies[str(status)] = body
        return bodies

    def _refusals(self) -> dict[int, list[tuple[str, str]]]:
        """Return the refusals of an operation by status: each one's code, and when."""
        found: defaultdict[int, list[tuple[str, str]]] = defaultdict(list)
        for code in self._framework_refusals():
            status, when = FRAMEWORK[code]
            found[status].append((code, str(when)))
        for error in self._domain_refusals():
            found[error.status].append((error.code, _PLACEHOLDER.sub("…", str(error.message))))
        return found

    def _framework_refusals(self) -> list[str]:
        found = ["invalid_input"]
        if self.method == "POST":
            found += ["parse_error", "unsupported_media_type"]
        if self.view.get_authenticators():
            found += ["authentication_failed"]
            found += [] if self._is_public() else ["not_authenticated"]
            found += [] if self.method in READS else ["permission_denied"]
        return [*found, "internal_error", "database_out_of_reach"]

    def _domain_refusals(self) -> list[type[DomainError]]:
        found = list(getattr(self._operation(), "refusals", ()))
        if "{" in self.path and NotFound not in found:
            found.append(NotFound)
        if self.method not in READS and self.view.get_authenticators() and NotAllowed not in found:
            found.append(NotAllowed)
        if self._takes_key():
            found += OF_KEYS
        if self._scope is not None:
            found += [InsufficientScope, AddressNotAllowed]
        return [*found, RateLimited] if hasattr(self.view, "writes") else found

    def _operation(self) -> Any:
        return getattr(self.view, self.view.action)

    def _takes_key(self) -> bool:
        return self.method == "POST" and bool(self.view.get_authenticators()) and takes_key(self._operation())

    def _is_public(self) -> bool:
        return {} in (self.get_auth() or [])


def add_shared_parts(result: dict[str, Any], **_named: Any) -> dict[str, Any]:
    """Give the schema the parameters, headers and problems that operations refer to (a hook of drf-spectacular's)."""
    components = result["components"]
    components["parameters"] = parts.PARAMETERS
    components["headers"] = parts.HEADERS
    components["examples"] = parts.problem_examples()
    return result


def _headers(*names: str) -> dict[str, Any]:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _add_examples(operation: Operation) -> None:
    """Add what was really sent and answered once, where the view has no example of its own."""
    recorded = _recorded().get(operation["operationId"], {})
    request = operation.get("requestBody", {}).get("content", {})
    for content in request.values():
        if "request" in recorded and "examples" not in content:
            content["examples"] = {"recorded": {"summary": "As the tests send it", "value": recorded["request"]}}
    # The same where an operation answers with another status, such as 200 where the first request had 201.
    answers = [answer for status, answer in operation["responses"].items() if status < "300" and "answer" in recorded]
    for content in (content for answer in answers for content in answer.get("content", {}).values()):
        if "examples" not in content:
            content["examples"] = {"recorded": {"summary": "As the tests got it", "value": recorded["answer"]}}


@cache
def _recorded() -> dict[str, Any]:
    """Return requests and answers by operation, from one file a subject. tests/ledger/api/test_examples.py writes them."""
    found: dict[str, Any] = {}
    for path in sorted(EXAMPLES.glob("*.json")):
        found |= orjson.loads(path.read_bytes())
    return found
