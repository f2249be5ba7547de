"""The public registry's lists: projects, batches, retirements, and other registries' projects for reference."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from ledger.credits.selectors import batches, retirements, supply_of
from ledger.parties.models import Organisation
from ledger.projects.selectors import projects_seen_by
from ledger.registry.keyset import KeysetPage, page_of
from ledger.registry.models import ReferenceCredit
from ledger.registry.search import matching_batches, matching_projects, matching_references, matching_retirements
from ledger.registry.selectors import LARGE, latest_imports, reference_project_by_id, reference_projects
from ledger.web.doors import reader_of
from ledger.web.forms.registry import (
    BatchSearch,
    ProjectSearch,
    ReferenceSearch,
    RegistrySearch,
    RetirementSearch,
)
from ledger.web.kept import kept_for_visitors
from ledger.web.rights import may_prepare

CARDS_A_PAGE = 20
ROWS_A_PAGE = 25
IMPORTS_SHOWN = 5


@require_safe
@kept_for_visitors
def project_list(request: HttpRequest) -> HttpResponse:
    """List the projects that the reader may see."""
    reader = reader_of(request)
    search = ProjectSearch(request.GET, sees_states=reader is not None)
    terms = search.terms()
    found = matching_projects(projects_seen_by(reader).defer(*LARGE), terms)
    context = {
        "proponent": Organisation.objects.filter(public_id=terms.proponent).first() if terms.proponent else None,
        "may_begin": may_prepare(reader),
    }
    return _show(request, "ledger/registry/projects.html", search, _page(request, found, search, CARDS_A_PAGE), context)


@require_safe
@kept_for_visitors
def batch_list(request: HttpRequest) -> HttpResponse:
    """List all that was issued, with where its tonnes are now."""
    search = BatchSearch(request.GET)
    page = _page(request, matching_batches(batches(), search.terms()), search)
    supply = supply_of(page)
    rows = [(batch, supply[batch.pk]) for batch in page]
    return _show(request, "ledger/registry/batches.html", search, page, {"rows": rows})


@require_safe
@kept_for_visitors
def retirement_list(request: HttpRequest) -> HttpResponse:
    """List what has been used up, by whom and for what, as far as it is public."""
    search = RetirementSearch(request.GET)
    page = _page(request, matching_retirements(retirements(), search.terms()), search)
    return _show(request, "ledger/registry/retirements.html", search, page, {})


@require_safe
@kept_for_visitors
def reference_list(request: HttpRequest) -> HttpResponse:
    """List other registries' projects, as their data say."""
    search = ReferenceSearch(request.GET)
    page = _page(request, matching_references(reference_projects(), search.terms()), search)
    context = {"imports": latest_imports(IMPORTS_SHOWN)}
    return _show(request, "ledger/registry/references.html", search, page, context)


@require_safe
@kept_for_visitors
def reference_page(request: HttpRequest, project_id: str) -> HttpResponse:
    """Show another registry's project with its transactions of credits."""
    project = reference_project_by_id(project_id)
    search = ReferenceCreditSearch(request.GET)
    found = ReferenceCredit.objects.filter(project=project)
    context = {"project": project}
    return _show(request, "ledger/registry/reference.html", search, _page(request, found, search), context)


class ReferenceCreditSearch(RegistrySearch):
    """A list that is not searched, only read on."""

    orders = {"newest": ReferenceSearch.orders["newest"]}


def _page(request: HttpRequest, rows: Any, search: RegistrySearch, size: int = ROWS_A_PAGE) -> KeysetPage[Any]:
    after, before = request.GET.get("after", ""), request.GET.get("before", "")
    return page_of(rows, search.order, size, after=after, before=before)


def _show(
    request: HttpRequest, template: str, search: RegistrySearch, page: KeysetPage[Any], context: dict[str, Any]
) -> HttpResponse:
    return render(request, template, {"search": search, "page": page, "query": _query(request)} | context)


def _query(request: HttpRequest) -> str:
    """Return the search as an address writes it, without the place in the list: what a download or a link repeats."""
    asked = request.GET.copy()
    for name in ("after", "before", "page"):
        asked.pop(name, None)
    for name in [name for name, value in asked.items() if not value]:
        del asked[name]
    return asked.urlencode()
