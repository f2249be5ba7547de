"""Permanent addresses for machines: each thing as JSON beside its page, and the site map that names all of them."""

import uuid
from collections.abc import Iterator
from typing import Any
from xml.sax.saxutils import escape

import orjson
from django.db.models import Max, Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from ledger.credits.models import Batch, Retirement
from ledger.credits.selectors import batch_by_code, batches, retirement_by_public_id, supply_of
from ledger.projects.models import Project
from ledger.projects.selectors import access_project_by_code
from ledger.registry.documents import batch_document, project_document, retirement_document
from ledger.registry.selectors import public_project_ids
from ledger.web.downloads import addresses

IDS_A_SITE_MAP = 20_000
XML = "application/xml; charset=utf-8"
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
PAGES = ("home", "projects", "projects_map", "batches", "retirements", "dual_carbon", "downloads", "log_page")


@require_safe
def project_json(request: HttpRequest, code: str) -> HttpResponse:
    """Hand out what is public of a project."""
    project = access_project_by_code(code=code, membership=None)
    issued = list(batches().filter(project=project))
    supply = supply_of(issued)
    return _json(project_document(project, [(each, supply[each.pk]) for each in issued], addresses(request)))


@require_safe
def batch_json(request: HttpRequest, code: str) -> HttpResponse:
    """Hand out what is public of a batch."""
    batch = batch_by_code(code)
    return _json(batch_document(batch, supply_of([batch])[batch.pk], addresses(request)))


@require_safe
def retirement_json(request: HttpRequest, public_id: uuid.UUID) -> HttpResponse:
    """Hand out what is public of a retirement."""
    return _json(retirement_document(retirement_by_public_id(public_id), addresses(request)))


def _json(document: dict[str, Any]) -> HttpResponse:
    return HttpResponse(orjson.dumps(document, option=orjson.OPT_INDENT_2), content_type="application/json")


@require_safe
def robots(request: HttpRequest) -> HttpResponse:
    """Say where the site map is, and that lists need not be read in every order."""
    lines = (
        "User-agent: *",
        "Disallow: /admin/",
        "Disallow: /*?*after=",
        "Disallow: /*?*before=",
        f"Sitemap: {addresses(request).of(reverse('sitemap'))}",
    )
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@require_safe
def sitemap(request: HttpRequest) -> HttpResponse:
    """List the site maps: by ids, so that each is read by itself and stays what it was."""
    site = addresses(request)
    maps = [site.of(reverse("sitemap_part", args=["pages", 0]))]
    for kind, rows in _rows().items():
        largest = rows.aggregate(most=Max("pk"))["most"] or 0
        maps += [
            site.of(reverse("sitemap_part", args=[kind, part]))
            for part in range(largest // IDS_A_SITE_MAP + 1 if largest else 0)
        ]
    listed = "".join(f"<sitemap><loc>{escape(each)}</loc></sitemap>\n" for each in maps)
    return HttpResponse(f"{HEAD}<sitemapindex {NAMESPACE}>\n{listed}</sitemapindex>\n", content_type=XML)


@require_safe
def sitemap_part(request: HttpRequest, kind: str, part: int) -> StreamingHttpResponse:
    """List the addresses of one kind whose ids are in one part."""
    site = addresses(request)
    if kind == "pages":
        found = ((reverse(name), timezone.localdate().isoformat()) for name in PAGES)
    elif kind in _rows():
        first = part * IDS_A_SITE_MAP
        rows = _rows()[kind].filter(pk__gte=first, pk__lt=first + IDS_A_SITE_MAP).order_by("pk")
        found = (_entry(row) for row in rows)
    else:
        raise Http404
    lines = (f"<url><loc>{escape(site.of(path))}</loc><lastmod>{day}</lastmod></url>\n" for path, day in found)
    return StreamingHttpResponse(_framed(lines), content_type=XML)


def _framed(lines: Iterator[str]) -> Iterator[str]:
    yield f"{HEAD}<urlset {NAMESPACE}>\n"
    yield from lines
    yield "</urlset>\n"


def _rows() -> dict[str, QuerySet[Any]]:
    return {
        "projects": public_project_ids().only("number", "province_code", "registered_at", "created_at"),
        "batches": Batch.objects.select_related("asset").only("asset__code", "issued_at"),
        "retirements": Retirement.objects.only("public_id", "retired_at"),
    }


def _entry(row: Model) -> tuple[str, str]:
    if isinstance(row, Project):
        return reverse("project", args=[row.code]), (row.registered_at or row.created_at).date().isoformat()
    if isinstance(row, Batch):
        return reverse("batch", args=[row.asset.code]), row.issued_at.date().isoformat()
    assert isinstance(row, Retirement)
    return reverse("certificate", args=[row.public_id]), row.retired_at.date().isoformat()
