"""Parts of the OpenAPI schema that many operations refer to: parameters, headers, and an example of every problem."""

import re
from typing import Any

from ledger.api.catalogue import known_problems, type_of
from ledger.api.once import HEADER, MAX_KEY, REPLAYED

_PLACEHOLDER = re.compile(r"%\(\w+\)s")
_TEXT = {"type": "string"}

PARAMETERS: dict[str, Any] = {
    "IdempotencyKey": {
        "name": HEADER,
        "in": "header",
        "description": "Yours, a new one for each thing that you want done: sent again with it within 48 hours, a request is "
        "answered as it was before, and does nothing twice. A refusal is not kept: the same key may try again.",
        "schema": {"type": "string", "minLength": 1, "maxLength": MAX_KEY, "pattern": r"^[!#-\[\]-~]+$"},
        "example": "8e03978e-40d5-43dd-bc93-6894a57f9324",
    },
    "IfMatch": {
        "name": "If-Match",
        "in": "header",
        "description": "The ETag of what you have read: where it is another by now, nothing is changed (412).",
        "schema": _TEXT,
        "example": '"Zm9yLWV4YW1wbGUtb25s"',
    },
    "IfNoneMatch": {
        "name": "If-None-Match",
        "in": "header",
        "description": "The ETag of what you have: where nothing has changed, the answer is 304 without a body.",
        "schema": _TEXT,
        "example": '"Zm9yLWV4YW1wbGUtb25s"',
    },
}

HEADERS: dict[str, Any] = {
    "ETag": {
        "description": "Another one whenever the answer is another.",
        "schema": _TEXT,
        "example": '"Zm9yLWV4YW1wbGUtb25s"',
    },
    "Cache-Control": {
        "description": "Who may keep the answer, and for how long.",
        "schema": _TEXT,
        "example": "private, no-cache",
    },
    REPLAYED: {
        "description": "`true` where an earlier request with the same key was answered so.",
        "schema": {"type": "string", "const": "true"},
        "example": "true",
    },
    "Retry-After": {
        "description": "Seconds to wait.",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
        "example": "1",
    },
    "Deprecation": {
        "description": "Since when the operation is deprecated (RFC 9745).",
        "schema": {"type": "string", "pattern": "^@[0-9]+$"},
        "example": "@1767225600",
    },
    "Sunset": {
        "description": "When it goes (RFC 8594).",
        "schema": _TEXT,
        "example": "Thu, 31 Dec 2026 00:00:00 GMT",
    },
}


def problem_examples() -> dict[str, Any]:
    """Return an example of every problem, by code."""
    return {
        known.code: {
            "summary": known.title,
            "value": {
                "type": type_of(known.code),
                "title": known.title,
                "status": known.status,
                "code": known.code,
                "detail": _PLACEHOLDER.sub("…", str(known.messages[0])),
            },
        }
        for known in known_problems().values()
    }
