"""What can be taken away: lists in published schemas, as they are searched, and all of it in one file a day."""

import hashlib
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import http_date
from django.views.decorators.http import require_safe

from ledger.registry.chunks import Addresses
from ledger.registry.downloads import TABLES, Table, as_csv, as_json
from ledger.registry.dumps import dump_path
from ledger.registry.models import RegistryDump
from ledger.registry.selectors import dumps, state_of_the_log
from ledger.web.forms.registry import ProjectSearch

DUMPS_SHOWN = 14
TYPES = {"csv": "text/csv; charset=utf-8", "json": "application/json"}


@require_safe
def download_page(request: HttpRequest) -> HttpResponse:
    """Show what can be taken away; the search of the list of projects, where one came from there, is kept."""
    found = [(dump, dump_path(dump.name).is_file()) for dump in dumps()[:DUMPS_SHOWN]]
    search = ProjectSearch(request.GET)
    asked = request.GET.copy()
    for name in [name for name in asked if name not in search.fields or name == "sort"]:
        del asked[name]
    context = {"dumps": found, "query": asked.urlencode(), "is_searched": search.is_used, "tables": TABLES.values()}
    return render(request, "ledger/registry/downloads.html", context)


@require_safe
def download(request: HttpRequest, schema: str, table: str, form: str) -> HttpResponseBase:
    """Hand a list out in a published schema, those that the search of the list of projects finds."""
    wanted = TABLES.get((schema, table))
    if wanted is None:
        raise Http404
    name = f"tianhui-{schema}-{table}-{timezone.localdate():%Y%m%d}.{form}"
    return answer(request, name, form, lambda: _lines(wanted, request, form))


def answer(request: HttpRequest, name: str, form: str, lines: Any) -> HttpResponseBase:
    """Answer with a file, or with 304 where the caller has it as it is: whatever changes makes the log grow.

    A change is in the log within a second; for so long an answer may be the one before it.
    """
    etag, changed_at = _state(request)
    found = get_conditional_response(request, etag, int(changed_at.timestamp()) if changed_at else None)
    response: HttpResponseBase = found or StreamingHttpResponse(
        lines() if request.method == "GET" else iter(()), content_type=TYPES[form]
    )
    response["ETag"] = etag
    response["Cache-Control"] = "public, max-age=0, must-revalidate"
    if changed_at is not None:
        response["Last-Modified"] = http_date(changed_at.timestamp())
    if found is None:
        response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _state(request: HttpRequest) -> tuple[str, Any]:
    log = state_of_the_log()
    asked = hashlib.sha256(request.get_full_path().encode()).hexdigest()[:16]
    # The day is in the name; what is computed once a minute may be of another one.
    size, minute = (log.tree_size if log else 0), timezone.now().strftime("%Y%m%d") if log else ""
    return f'"{size}-{asked}-{minute}"', log.signed_at if log else None


def _lines(table: Table, request: HttpRequest, form: str) -> Iterator[bytes]:
    rows = table.rows(ProjectSearch(request.GET).terms(), addresses(request))
    return as_csv(table.fields, rows) if form == "csv" else as_json(rows)


def addresses(request: HttpRequest) -> Addresses:
    """Return how addresses are written to whom asks: as the registry's own, or as it was asked."""
    return Addresses(settings.PUBLIC_URL or f"{request.scheme}://{request.get_host()}")


@require_safe
def dump_file(request: HttpRequest, name: str) -> HttpResponseBase:
    """Hand a dump out; it never changes."""
    dump = RegistryDump.objects.filter(name=name).first()
    path = dump_path(name)
    if dump is None or not path.is_file():
        raise Http404
    response = FileResponse(path.open("rb"), as_attachment=True, filename=name, content_type="application/zip")
    response["ETag"] = f'"{dump.sha256}"'
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    return response


@require_safe
def dump_sha256(request: HttpRequest, name: str) -> HttpResponse:
    """Hand a dump's hash out, as `sha256sum --check` reads it."""
    dump = RegistryDump.objects.filter(name=name).first()
    if dump is None:
        raise Http404
    return HttpResponse(f"{dump.sha256}  {dump.name}\n", content_type="text/plain; charset=utf-8")
