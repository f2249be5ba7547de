"""Errors as RFC 9457 problem details."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from ledger.errors import DomainError

MEDIA_TYPE = "application/problem+json"


def handle_exception(exception: Exception, context: dict[str, Any]) -> Response | None:
    """Answer an expected refusal with a problem; what is not expected goes on to be a 500."""
    if isinstance(exception, DomainError):
        return Response(
            problem(exception.status, exception.code, str(exception), _pointer_error(exception)),
            status=exception.status,
            content_type=MEDIA_TYPE,
        )
    if isinstance(exception, Http404):
        exception = exceptions.NotFound()
    elif isinstance(exception, PermissionDenied):
        exception = exceptions.PermissionDenied()
    response = exception_handler(exception, context)
    if response is None or not isinstance(exception, exceptions.APIException):
        return response
    response.data = _of_framework(exception, response.status_code)
    response.content_type = MEDIA_TYPE
    return response


def problem(status: int, code: str, detail: str, errors: list[dict[str, str]] | None = None) -> dict[str, Any]:
    """Return a problem; `code` is stable and for programs, `detail` is a sentence in the caller's language."""
    found: dict[str, Any] = {
        "type": "about:blank",
        "status": status,
        "code": code,
        "title": code.replace("_", " "),
    }
    found["detail"] = detail
    if errors:
        found["errors"] = errors
    return found


def _pointer_error(exception: DomainError) -> list[dict[str, str]]:
    if exception.field is None:
        return []
    pointer = "/" + exception.field.replace(".", "/")
    return [{"pointer": pointer, "code": exception.code, "detail": str(exception)}]


def _of_framework(exception: exceptions.APIException, status: int) -> dict[str, Any]:
    if isinstance(exception, exceptions.ValidationError):
        errors = list(_flatten(exception.detail, ""))
        return problem(status, "invalid_input", errors[0]["detail"] if errors else "", errors)
    return problem(status, str(exception.default_code), str(exception.detail))


def _flatten(detail: Any, pointer: str) -> list[dict[str, str]]:
    if isinstance(detail, dict):
        return [
            error
            for key, value in detail.items()
            for error in _flatten(value, pointer if key == "non_field_errors" else f"{pointer}/{key}")
        ]
    if isinstance(detail, list):
        found = []
        for at, value in enumerate(detail):
            found += _flatten(value, f"{pointer}/{at}" if isinstance(value, dict | list) else pointer)
        return found
    return [{"pointer": pointer, "code": str(getattr(detail, "code", "invalid")), "detail": str(detail)}]
