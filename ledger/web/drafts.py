"""A draft, written part by part: each part is kept when it is sent, and can be left and come back to."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from ledger.errors import DomainError
from ledger.parties.models import Membership
from ledger.projects import lifecycle, services
from ledger.projects.declarations import state_baseline
from ledger.projects.descriptions import describe_project
from ledger.projects.models import Project
from ledger.projects.selectors import access_project_by_code
from ledger.texts import localized
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
from ledger.web.progress import PARTS, progress_of
from ledger.web.rights import may_prepare

FIELDS_SHOWN = 200


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
            if "leave" in request.POST:
                return redirect("work")
            left = project.parcels.filter(baseline_evidence="").exists()
            return redirect("draft_part", code=project.code, part="baseline" if left else "elsewhere")
    fields = project.parcels.order_by("id")
    missing = fields.filter(baseline_evidence="").count()
    shown = sorted(fields[:FIELDS_SHOWN], key=lambda parcel: bool(parcel.baseline_evidence))
    context = {"form": form, "fields": shown, "missing": missing}
    return _show_part(request, project, "baseline", "ledger/projects/draft_baseline.html", context)


def show_hand_in(request: HttpRequest, project: Project, refusal: str = "") -> HttpResponse:
    """Show what is still missing of a draft, and the button that hands it in; with why it could not be, if so."""
    context = {"refusals": [refusal] if refusal else []}
    return _show_part(
        request, project, "hand-in", "ledger/projects/draft_hand_in.html", context, status=422 if refusal else 200
    )


def _show_part(
    request: HttpRequest, project: Project, part: str, template: str, context: dict[str, Any], status: int = 0
) -> HttpResponse:
    title = next(each.title for each in PARTS if each.name == part)
    (progress,) = progress_of([project], part)
    context = context | {"project": project, "progress": progress, "parts": progress.parts, "title": title}
    return render(request, template, context, status=status or (422 if request.method == "POST" else 200))


def _go_on(request: HttpRequest, project: Project, part: str) -> HttpResponse:
    if "leave" in request.POST:
        return leave(request, project)
    messages.success(request, _("It is kept."))
    names = [each.name for each in PARTS]
    return redirect("draft_part", code=project.code, part=names[names.index(part) + 1])


def leave(request: HttpRequest, project: Project) -> HttpResponse:
    """Leave a draft for later: everything that was sent is kept."""
    said = _("%(project)s is kept. Go on from here whenever you like.")
    messages.success(request, said % {"project": localized(project, "name")})
    return redirect("work")


@require_http_methods(["GET", "POST"])
@for_members
def draft_discard(request: HttpRequest, membership: Membership, code: str) -> HttpResponse:
    """Ask whether a draft shall be thrown away (GET), and throw it away (POST): it is withdrawn, and claims nothing."""
    project = own_draft(membership, code)
    if request.method != "POST":
        (progress,) = progress_of([project])
        return render(request, "ledger/projects/draft_discard.html", {"project": project, "progress": progress})
    lifecycle.withdraw_project(
        actor=membership, project_id=project.pk, reason=_("The draft was thrown away before it was handed in.")
    )
    messages.success(request, _("%(project)s is thrown away.") % {"project": localized(project, "name")})
    return redirect("work")


def hand_in(membership: Membership, project: Project) -> str:
    """Hand a draft in, and return why it could not be; nothing where it was."""
    try:
        services.submit_project(actor=membership, project_id=project.pk)
    except DomainError as error:
        return str(error)
    return ""
