"""Pages about the API: its reference, made from the schema, and one for each code of a problem."""

import hashlib
from http import HTTPStatus
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import get_conditional_response
from django.utils.translation import get_language
from django.views.decorators.http import require_safe

from ledger.api.catalogue import known_problems
from ledger.api.client import tianhui_client
from ledger.api.reference import described, reference, search

CLIENT = Path(tianhui_client.__file__)
CLIENT_NAME = "tianhui_client.py"


@require_safe
def problem_list(request: HttpRequest) -> HttpResponse:
    """List every code by its status."""
    by_status: dict[int, list[object]] = {}
    for known in known_problems().values():
        by_status.setdefault(known.status, []).append(described(known))
    groups = [(status, HTTPStatus(status).phrase, found) for status, found in sorted(by_status.items())]
    return render(request, "ledger/api/problems.html", {"groups": groups})


@require_safe
def problem_page(request: HttpRequest, code: str) -> HttpResponse:
    """Say what a code means, and what to do."""
    known = known_problems().get(code)
    if known is None:
        raise Http404
    context = {"problem": described(known), "phrase": HTTPStatus(known.status).phrase}
    return render(request, "ledger/api/problem.html", context)


@require_safe
def reference_page(request: HttpRequest) -> HttpResponse:
    """Show all operations by subject, or those that a search finds."""
    found = reference(get_language() or "en")
    text = request.GET.get("q", "").strip()[:100]
    context = {"reference": found, "text": text, "found": search(found, text) if text else None, **_client()}
    context["base"] = _base(request)
    return render(request, "ledger/api/reference.html", context)


@require_safe
def subject_page(request: HttpRequest, subject: str) -> HttpResponse:
    """Show the operations of one subject in full."""
    found = reference(get_language() or "en")
    wanted = next((each for each in found.subjects if each.name == subject), None)
    if wanted is None:
        raise Http404
    return render(request, "ledger/api/subject.html", {"reference": found, "subject": wanted, "base": _base(request)})


@require_safe
def client_file(request: HttpRequest) -> HttpResponse:
    """Hand the Python client out."""
    content = CLIENT.read_bytes()
    etag = f'"{hashlib.sha256(content).hexdigest()}"'
    headers = {
        "Content-Disposition": f'attachment; filename="{CLIENT_NAME}"',
        "Cache-Control": "public, max-age=0, must-revalidate",
        "ETag": etag,
    }
    response = HttpResponse(content, content_type="text/x-python; charset=utf-8", headers=headers)
    found = get_conditional_response(request, etag=etag, response=response)
    assert isinstance(found, HttpResponse)
    return found


@require_safe
def client_sha256(request: HttpRequest) -> HttpResponse:
    """Hand the client's hash out, as `sha256sum --check` reads it."""
    return HttpResponse(f"{_client()['client_sha256']}  {CLIENT_NAME}\n", content_type="text/plain; charset=utf-8")


def _base(request: HttpRequest) -> str:
    """Return the address of this server, as examples are to be sent to it."""
    return settings.PUBLIC_URL or request.build_absolute_uri("/").rstrip("/")


def _client() -> dict[str, str]:
    return {
        "client_version": tianhui_client.VERSION,
        "client_sha256": hashlib.sha256(CLIENT.read_bytes()).hexdigest(),
    }
