"""Errors as RFC 9457 problem details."""

import logging
import re
from collections.abc import Iterator
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation
from django.db import InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.utils.translation import gettext as _
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import exception_handler

from ledger.api.catalogue import type_of
from ledger.api.renderers import OrjsonRenderer
from ledger.errors import DomainError, InsufficientScope, refusal_of
from ledger.projects.land.problems import ParcelsRefused

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
# What Django itself finds wrong with a request while it is read.
_UNREADABLE = (BadRequest, MultiPartParserError, SuspiciousOperation, UnreadablePostError)


def handle_exception(exception: Exception, context: dict[str, Any]) -> Response:
    """Answer every exception with a problem; one that was not expected goes into the program's log, not to the caller."""
    refusal = refusal_of(exception)
    if refusal is not None:
        return _response(of_domain(refusal), _headers_of(refusal))
    request = context["request"]
    if isinstance(exception, InterfaceError | OperationalError):
        # It is being started again, or has undone what was asked: there is nothing to look for in our code.
        logger.error("%s %s failed: %s", request.method, request.path, exception)
        content = problem(
            503, "database_out_of_reach", _("The database does not answer just now. Try again in a moment.")
        )
        return _response(content, {"Retry-After": "1"})
    known = _of_framework(exception)
    if known is None:
        logger.error("%s %s failed", request.method, request.path, exc_info=exception)
        return _response(problem(500, "internal_error", _("Something went wrong on our side.")))
    response = exception_handler(known, context)
    assert response is not None
    response.data = _problem_of(known, response.status_code)
    response.content_type = MEDIA_TYPE
    return response


def no_such_address(request: HttpRequest) -> HttpResponse:
    """Answer for an address that the API does not have."""
    content = problem(404, "not_found", _("The API has no such address."))
    return HttpResponse(OrjsonRenderer().render(content), status=404, content_type=MEDIA_TYPE)


def problem(status: int, code: str, detail: str, errors: list[dict[str, str]] | None = None) -> dict[str, Any]:
    """Return a problem; `code` is stable and for programs, `detail` is a sentence in the caller's language."""
    found: dict[str, Any] = {
        "type": type_of(code),
        "title": code.replace("_", " "),
        "status": status,
        "code": code,
        "detail": detail,
    }
    if errors:
        found["errors"] = errors
    return found


def of_domain(error: DomainError) -> dict[str, Any]:
    """Return the problem that a refusal of the domain is."""
    detail = str(error)
    if isinstance(error, ParcelsRefused):
        return _of_parcels(error)
    errors = [] if error.field is None else [_error(_pointer_of(error.field), error.code, detail)]
    found = problem(error.status, error.code, detail, errors)
    return found | ({"scope": error.params["scope"]} if isinstance(error, InsufficientScope) else {})


def _of_parcels(error: ParcelsRefused) -> dict[str, Any]:
    """Return every problem of the fields, and as GeoJSON where on the map they are: an extension member of RFC 9457 §3.2."""
    pointers = [_pointer_of(error.field_of(each)) for each in error.problems]
    errors = [_error(pointer, each.code, each.reason) for pointer, each in zip(pointers, error.problems, strict=True)]
    found = problem(error.status, error.code, str(error), errors)
    features = [
        {
            "type": "Feature",
            "properties": {"pointer": pointer, "parcel": each.parcel, "code": each.code, "detail": each.reason},
            "geometry": each.shape,
        }
        for pointer, each in zip(pointers, error.problems, strict=True)
        if each.shape is not None
    ]
    return found | ({"geojson": {"type": "FeatureCollection", "features": features}} if features else {})


def _response(content: dict[str, Any], headers: dict[str, str] | None = None) -> Response:
    return Response(content, status=content["status"], headers=headers, content_type=MEDIA_TYPE)


def _headers_of(error: DomainError) -> dict[str, str]:
    if error.status == 401:
        return {"WWW-Authenticate": "Bearer"}
    if isinstance(error, InsufficientScope):
        # Source: RFC 6750 §3.1.
        return {"WWW-Authenticate": f'Bearer error="insufficient_scope", scope="{error.params["scope"]}"'}
    # Whatever says for how many seconds to wait says it to programs, too.
    return {"Retry-After": str(error.params["seconds"])} if "seconds" in error.params else {}


def _of_framework(exception: Exception) -> exceptions.APIException | None:
    """Return what the framework's exception means to a caller; None for one that nobody expected."""
    if isinstance(exception, exceptions.APIException):
        return exception
    if isinstance(exception, Http404):
        return exceptions.NotFound()
    if isinstance(exception, PermissionDenied):
        return exceptions.PermissionDenied()
    return exceptions.ParseError() if isinstance(exception, _UNREADABLE) else None


def _problem_of(exception: exceptions.APIException, status: int) -> dict[str, Any]:
    if isinstance(exception, exceptions.ValidationError):
        errors = list(_flatten(exception.detail, ""))
        return problem(status, "invalid_input", errors[0]["detail"] if errors else "", errors)
    return problem(status, str(exception.default_code), str(exception.detail))


def _flatten(detail: Any, pointer: str) -> Iterator[dict[str, str]]:
    if isinstance(detail, dict):
        for key, value in detail.items():
            yield from _flatten(value, pointer if key == "non_field_errors" else f"{pointer}/{_escape(str(key))}")
    elif isinstance(detail, list):
        for at, value in enumerate(detail):
            yield from _flatten(value, f"{pointer}/{at}" if isinstance(value, dict | list) else pointer)
    else:
        yield _error(pointer, str(getattr(detail, "code", "invalid")), str(detail))


def _error(pointer: str, code: str, detail: str) -> dict[str, str]:
    return {"pointer": pointer, "code": code, "detail": detail}


def _pointer_of(field: str) -> str:
    """Return the JSON pointer of a field that the domain names, such as parcels[0].area_ha."""
    return "".join(f"/{_escape(part)}" for part in re.split(r"[.\[\]]+", field) if part)


def _escape(part: str) -> str:
    """Return a part of a JSON pointer. Source: RFC 6901 §3."""
    return part.replace("~", "~0").replace("/", "~1")
