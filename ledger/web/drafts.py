"""A draft, written part by part: each part is kept when it is sent, and can be left and come back to."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from ledger.errors import DomainError
from ledger.parties.models import Membership
from ledger.projects import services
from ledger.projects.declarations import state_baseline
from ledger.projects.descriptions import describe_project
from ledger.projects.models import Project
from ledger.projects.selectors import access_project_by_code
from ledger.web.doors import for_members
from ledger.web.forms.drafts import (
    BaselineForm,
    ClimateForm,
    ElsewhereForm,
    EstimationRow,
    LabelRow,
    ListingRow,
    RelatedRow,
    Rows,
    WhatForm,
)
from ledger.web.rights import may_prepare

FIELDS_SHOWN = 200


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a draft: where it is written, what it is called, and whether what must be there is there."""

    name: str
    title: str | Promise
    is_missing: Callable[[Project], bool]
    is_needed: bool = True


PARTS = (
    Part("what", gettext_lazy("The project"), lambda project: not project.place),
    Part("fields", gettext_lazy("Fields"), lambda project: not project.parcels.exists()),
    Part(
        "baseline",
        gettext_lazy("Baseline"),
        lambda project: project.parcels.filter(baseline_evidence="").exists() or not project.parcels.exists(),
    ),
    Part("elsewhere", gettext_lazy("Other registries"), lambda project: project.is_listed_elsewhere is None),
    Part("climate", gettext_lazy("Climate and other goals"), lambda project: False, is_needed=False),
    Part("hand-in", gettext_lazy("Hand in"), lambda project: True, is_needed=False),
)


def parts_of(project: Project, here: str) -> list[dict[str, Any]]:
    """Return the parts of a draft as the navigation shows them."""
    return [
        {
            "name": part.name,
            "title": part.title,
            "is_here": part.name == here,
            "is_done": part.is_needed and not part.is_missing(project),
            "is_missing": part.is_needed and part.is_missing(project),
        }
        for part in PARTS
    ]


def own_draft(membership: Membership, code: str) -> Project:
    """Return a draft that the reader may write.

    Raises: Http404, NotFound.
    """
    project = access_project_by_code(code=code, membership=membership)
    is_own = may_prepare(membership) and project.proponent_id == membership.organisation_id
    if not is_own or project.status != Project.Status.DRAFT:
        raise Http404
    return project


@require_http_methods(["GET", "POST"])
@for_members
def draft_part(request: HttpRequest, membership: Membership, code: str, part: str) -> HttpResponse:
    """Show a part of a draft (GET), or keep it and go on to the next (POST)."""
    if part == "fields":
        return redirect("project_edit", code=code)
    project = own_draft(membership, code)
    if part == "hand-in":
        return show_hand_in(request, project)
    if part == "baseline":
        return _baseline(request, membership, project)
    if part not in FORMS:
        raise Http404
    form, lists = FORMS[part](request, project)
    if request.method == "POST" and all([form.is_valid(), *(rows.is_valid() for rows in lists)]):
        changes = form.changes() | {rows.name: rows.items() for rows in lists}
        if _describe(membership, project, form, lists, changes):
            return _go_on(request, project, part)
    return _show_part(request, project, part, "ledger/projects/draft.html", {"form": form, "lists": lists})


def _what(request: HttpRequest, project: Project) -> tuple[Any, list[Rows]]:
    return WhatForm(_sent(request), project=project), []


def _climate(request: HttpRequest, project: Project) -> tuple[Any, list[Rows]]:
    data = _sent(request)
    initial = {name: getattr(project, name) for name in ClimateForm.base_fields}
    return ClimateForm(data, initial=initial), [
        Rows("estimations", _("Expected tonnes by period"), EstimationRow, data, project.estimations),
        Rows("labels", _("Labels and certificates"), LabelRow, data, project.labels),
    ]


def _elsewhere(request: HttpRequest, project: Project) -> tuple[Any, list[Rows]]:
    data = _sent(request)
    declared: dict[bool | None, str] = {True: "yes", False: "no"}
    initial = {"is_listed_elsewhere": declared.get(project.is_listed_elsewhere)}
    return ElsewhereForm(data, initial=initial), [
        Rows("other_listings", _("Where it is listed"), ListingRow, data, project.other_listings),
        Rows("related_projects", _("Related projects"), RelatedRow, data, project.related_projects),
    ]


FORMS: dict[str, Callable[[HttpRequest, Project], tuple[Any, list[Rows]]]] = {
    "what": _what,
    "climate": _climate,
    "elsewhere": _elsewhere,
}


def _sent(request: HttpRequest) -> Any:
    return request.POST if request.method == "POST" else None


def _describe(
    membership: Membership, project: Project, form: forms.Form, lists: list[Rows], changes: dict[str, Any]
) -> bool:
    try:
        describe_project(actor=membership, project_id=project.pk, changes=changes)
    except DomainError as error:
        if not any(rows.put(error) for rows in lists):
            form.add_error(error.field if error.field in form.fields else None, str(error))
        return False
    return True


def _baseline(request: HttpRequest, membership: Membership, project: Project) -> HttpResponse:
    form = BaselineForm(_sent(request))
    if request.method == "POST" and form.is_valid():
        try:
            stated = state_baseline(actor=membership, project_id=project.pk, **form.cleaned_data)
        except DomainError as error:
            form.add_error(error.field if error.field in form.fields else None, str(error))
        else:
            messages.success(request, _("The evidence is kept for %(count)s fields.") % {"count": len(stated)})
            left = project.parcels.filter(baseline_evidence="").exists()
            return redirect("draft_part", code=project.code, part="baseline" if left else "elsewhere")
    fields = project.parcels.order_by("id")
    missing = fields.filter(baseline_evidence="").count()
    shown = sorted(fields[:FIELDS_SHOWN], key=lambda parcel: bool(parcel.baseline_evidence))
    context = {"form": form, "fields": shown, "missing": missing}
    return _show_part(request, project, "baseline", "ledger/projects/draft_baseline.html", context)


def show_hand_in(request: HttpRequest, project: Project, refusal: str = "") -> HttpResponse:
    """Show what is still missing of a draft, and the button that hands it in; with why it could not be, if so."""
    context = {"refusals": [refusal] if refusal else [], "is_complete": not _missing(project)}
    return _show_part(
        request, project, "hand-in", "ledger/projects/draft_hand_in.html", context, status=422 if refusal else 200
    )


def _missing(project: Project) -> list[Part]:
    return [part for part in PARTS if part.is_needed and part.is_missing(project)]


def _show_part(
    request: HttpRequest, project: Project, part: str, template: str, context: dict[str, Any], status: int = 0
) -> HttpResponse:
    title = next(each.title for each in PARTS if each.name == part)
    context = context | {"project": project, "parts": parts_of(project, part), "title": title}
    return render(request, template, context, status=status or (422 if request.method == "POST" else 200))


def _go_on(request: HttpRequest, project: Project, part: str) -> HttpResponse:
    messages.success(request, _("It is kept."))
    names = [each.name for each in PARTS]
    return redirect("draft_part", code=project.code, part=names[names.index(part) + 1])


def hand_in(membership: Membership, project: Project) -> str:
    """Hand a draft in, and return why it could not be; nothing where it was."""
    try:
        services.submit_project(actor=membership, project_id=project.pk)
    except DomainError as error:
        return str(error)
    return ""
