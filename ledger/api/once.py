"""`Idempotency-Key`: a request that is sent again is answered again, and does nothing twice.

Source: draft-ietf-httpapi-idempotency-key-header-07.
"""

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse, QueryDict
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.renderers import OrjsonRenderer
from ledger.errors import InvalidIdempotencyKey
from ledger.idempotency.models import IdempotentRequest
from ledger.idempotency.services import Answer, answer_once
from ledger.parties.models import User

HEADER = "Idempotency-Key"
REPLAYED = "Idempotency-Replayed"
MAX_KEY = IdempotentRequest._meta.get_field("key").max_length or 0
_KEY = re.compile(rf"[\x21-\x7e]{{1,{MAX_KEY}}}")
Method = TypeVar("Method", bound=Callable[..., Any])


def keeps_no_answer(method: Method) -> Method:
    """Say that the answers of an operation are never kept: they hold a secret, or change nothing. It takes no key."""
    method.keeps_no_answer = True  # type: ignore[attr-defined]
    return method


def takes_key(method: Any) -> bool:
    """Return whether an operation that writes takes an `Idempotency-Key`."""
    return not getattr(method, "keeps_no_answer", False)


def once(method: Callable[..., Any], written: str, request: Request, **where: Any) -> Any:
    """Call an operation, or answer as it was answered when the same request came with the same key.

    Raises: InvalidIdempotencyKey, IdempotencyInFlight, IdempotencyKeyReused, and what the operation refuses.
    """

    def act() -> Answer:
        response = method(request, **where)
        assert isinstance(response, Response), "what writes answers with JSON"
        return Answer(response.status_code, OrjsonRenderer().render(response.data))

    assert isinstance(request.user, User), "somebody who is known"
    answer = answer_once(user=request.user, key=read_key(written), fingerprint=_fingerprint(request), act=act)
    headers = {REPLAYED: "true"} if answer.is_replayed else None
    return HttpResponse(answer.content, status=answer.status, content_type=OrjsonRenderer.media_type, headers=headers)


def key_of(request: Request) -> str | None:
    """Return the key of a request, None where it has none: for operations that keep theirs for good.

    Raises: InvalidIdempotencyKey.
    """
    written = request.headers.get(HEADER)
    return None if written is None else read_key(written)


def read_key(written: str) -> str:
    """Return a key as it was meant: a string of RFC 8941 in quotation marks, or as most clients send it, without.

    Raises: InvalidIdempotencyKey.
    """
    key = written.strip()
    if len(key) >= 2 and key[0] == key[-1] == '"':
        key = key[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    if not _KEY.fullmatch(key):
        raise InvalidIdempotencyKey()
    return key


def _fingerprint(request: Request) -> bytes:
    """Return what two requests have in common that ask for the same: method, address, and what the body says."""
    written = json.dumps(_said(request.data), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{request.method} {request.get_full_path()}\n{written}".encode()).digest()


def _said(body: Any) -> Any:
    if not isinstance(body, QueryDict):
        return body
    # A form is written with another boundary each time: its fields count, and what its files hold.
    return {name: [_hash(one) if isinstance(one, UploadedFile) else one for one in many] for name, many in body.lists()}


def _hash(file: "UploadedFile[Any]") -> str:
    digest = hashlib.sha256()
    for chunk in file.chunks():
        digest.update(chunk)
    file.seek(0)
    return f"{file.name} {digest.hexdigest()}"
