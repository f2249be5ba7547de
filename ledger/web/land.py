"""Fields on the map: those of a project for everybody; for its cooperative, one added by drawing or many by a file, changed,
and taken out as long as the project is a draft.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ledger.errors import DomainError, InvalidValue, NotFound
from ledger.parties.models import Household, Membership
from ledger.projects.land import services
from ledger.projects.land.problems import Notice, ParcelsRefused, Problem
from ledger.projects.land.selectors import parcels_drawn, parcels_listed, sees_households
from ledger.projects.land.serving import geojson_answer
from ledger.projects.models import Parcel, Project
from ledger.projects.selectors import access_project_by_code
from ledger.web import previews
from ledger.web.doors import for_members, reader_of, refusals_in, show
from ledger.web.drafts import own_draft
from ledger.web.forms.land import ParcelForm, SelectionForm, initial_of
from ledger.web.forms.projects import PRACTICES_OF
from ledger.web.pictures import MOST_PARCELS, draw_fields
from ledger.web.progress import progress_of
from ledger.web.rights import may_prepare

FIELDS_A_PAGE = 25
HOUSEHOLDS_OFFERED = 1_000
NOTICES_SHOWN = 20


@require_safe
def parcels_page(request: HttpRequest, code: str) -> HttpResponse:
    """Show a project's fields on the map and page by page."""
    reader = reader_of(request)
    project = access_project_by_code(code=code, membership=reader)
    is_own = _is_own(reader, project)
    drawn = parcels_drawn(project, MOST_PARCELS)
    context = {
        "project": project,
        "page": _page(request, project),
        "picture": draw_fields(drawn, count=project.parcel_count),  # type: ignore[attr-defined]
        "sees_households": sees_households(project, reader),
        "may_assign": is_own and project.status not in (Project.Status.REJECTED, Project.Status.WITHDRAWN),
        "may_edit": is_own and project.status == Project.Status.DRAFT,
        "households": _households(project) if is_own else [],
    }
    return render(request, "ledger/land/parcels.html", context)


@require_safe
def parcels_geojson(request: HttpRequest, code: str) -> Any:
    """Hand a project's fields out as GeoJSON; a reader who has them already is told so."""
    reader = reader_of(request)
    project = access_project_by_code(code=code, membership=reader)
    return geojson_answer(request, project, with_households=sees_households(project, reader))


def _is_own(reader: Membership | None, project: Project) -> bool:
    return may_prepare(reader) and reader is not None and project.proponent_id == reader.organisation_id


# One field


@require_http_methods(["GET", "POST"])
@for_members
def project_edit(request: HttpRequest, membership: Membership, code: str) -> HttpResponse:
    """Add fields to a draft, one at a time; the next one begins with the practices of the last."""
    project = own_draft(membership, code)
    practices_of = PRACTICES_OF[project.methodology]
    last = Parcel.objects.filter(project=project).order_by("-id").only("practices").first()
    form, practices = ParcelForm(), practices_of(practices=last.practices if last else None)
    problems: list[Problem] = []
    if request.method == "POST":
        form, practices = ParcelForm(request.POST, request.FILES), practices_of(request.POST, files=request.FILES)
        if all([form.is_valid(), practices.is_valid()]):
            try:
                added = services.add_parcels(
                    actor=membership, project_id=project.pk, parcels=[form.new_parcel(practices.practices())], within=""
                )
            except DomainError as error:
                problems = refuse_in(form, error)
            else:
                _tell(request, added.notices)
                (parcel,) = added.parcels
                said = _("Field %(code)s is added: %(area)s ha.")
                messages.success(request, said % {"code": parcel.code, "area": parcel.area_ha})
                return redirect("project_edit", code=project.code)
    return _show_edit(request, membership, project, form=form, practices=practices, problems=problems)


def _show_edit(request: HttpRequest, membership: Membership, project: Project, **more: Any) -> HttpResponse:
    problems = more.get("problems", [])
    drawn = parcels_drawn(project, MOST_PARCELS)
    (progress,) = progress_of([project], "fields")
    context = {
        "project": project,
        "page": _page(request, project),
        "picture": draw_fields(drawn, count=project.parcel_count, faults=shapes_of(problems)),  # type: ignore[attr-defined]
        "households": _households(project),
        "faults_src": _faults_address(membership, project, problems),
        "progress": progress,
        "parts": progress.parts,
    }
    response = show(request, "ledger/projects/edit.html", context | more)
    if request.method == "POST":
        response.status_code = 422
    return response


@require_http_methods(["GET", "POST"])
@for_members
def parcel_edit(request: HttpRequest, membership: Membership, code: str, parcel_id: int) -> HttpResponse:
    """Change a field of a draft: everything about it."""
    project = own_draft(membership, code)
    parcel = Parcel.objects.select_related("household").filter(project=project, pk=parcel_id).first()
    if parcel is None:
        raise NotFound()
    practices_of = PRACTICES_OF[project.methodology]
    initial = initial_of(parcel, orjson.dumps(parcel.geometry).decode())
    form, practices = ParcelForm(initial=initial), practices_of(practices=parcel.practices)
    problems: list[Problem] = []
    if request.method == "POST":
        form, practices = ParcelForm(request.POST, request.FILES), practices_of(request.POST, files=request.FILES)
        if all([form.is_valid(), practices.is_valid()]):
            new = form.new_parcel(practices.practices())
            if not new.converted_from and new.geometry == parcel.geometry:
                new = replace(new, converted_from=parcel.converted_from)
            try:
                changed = services.change_parcel(actor=membership, project_id=project.pk, parcel_id=parcel.pk, new=new)
            except DomainError as error:
                problems = refuse_in(form, error)
            else:
                _tell(request, changed.notices)
                messages.success(request, _("Field %(code)s is changed.") % {"code": new.code})
                return redirect("project_edit", code=project.code)
    context = {
        "project": project,
        "parcel": parcel,
        "form": form,
        "practices": practices,
        "picture": draw_fields([parcel], count=1, faults=shapes_of(problems)),
        "households": _households(project),
        "faults_src": _faults_address(membership, project, problems),
    }
    response = show(request, "ledger/land/parcel.html", context)
    if request.method == "POST":
        response.status_code = 422
    return response


@require_POST
@for_members
def parcel_remove(request: HttpRequest, membership: Membership, code: str, parcel_id: int) -> HttpResponse:
    """Take a field out of a draft."""
    project = own_draft(membership, code)
    parcel = services.remove_parcel(actor=membership, project_id=project.pk, parcel_id=parcel_id)
    messages.success(request, _("Field %(code)s is taken out.") % {"code": parcel.code})
    return redirect("project_edit", code=project.code)


# Several fields


@require_POST
@for_members
def parcels_selected(request: HttpRequest, membership: Membership, code: str) -> HttpResponse:
    """Do something to several fields: give them the same practices, a household, or take them out."""
    project = access_project_by_code(code=code, membership=membership)
    if not _is_own(membership, project):
        raise Http404
    back = "project_edit" if project.status == Project.Status.DRAFT else "parcels"
    form = SelectionForm(request.POST, Parcel.objects.filter(project=project))
    if not form.is_valid():
        for reason in refusals_in([form]) or [_("This cannot be done.")]:
            messages.error(request, reason)
        return redirect(back, code=project.code)
    do, parcel_ids = form.cleaned_data["do"], form.cleaned_data["parcels"]
    if do == SelectionForm.PRACTICES:
        return _choose_practices(request, membership, project, parcel_ids)
    try:
        if do == SelectionForm.REMOVE:
            done = services.remove_parcels(actor=membership, project_id=project.pk, parcel_ids=parcel_ids)
        else:
            household = form.cleaned_data["household"]
            done = services.set_household(
                actor=membership, project_id=project.pk, parcel_ids=parcel_ids, household_code=household
            )
    except InvalidValue as error:
        messages.error(request, str(error))
        return redirect(back, code=project.code)
    said = ngettext("%(count)s field is changed.", "%(count)s fields are changed.", len(done))
    if do == SelectionForm.REMOVE:
        said = ngettext("%(count)s field is taken out.", "%(count)s fields are taken out.", len(done))
    messages.success(request, said % {"count": len(done)})
    return redirect(back, code=project.code)


def _choose_practices(
    request: HttpRequest, membership: Membership, project: Project, parcel_ids: Sequence[int]
) -> HttpResponse:
    """Ask for the practices, beginning with those of the first field, until they can be read."""
    if project.status != Project.Status.DRAFT:
        raise Http404
    practices_of = PRACTICES_OF[project.methodology]
    is_answer = "answer" in request.POST
    first = Parcel.objects.filter(project=project, pk__in=parcel_ids).order_by("id").first()
    if first is None:
        raise NotFound()
    practices = (
        practices_of(request.POST, files=request.FILES) if is_answer else practices_of(practices=first.practices)
    )
    if is_answer and practices.is_valid():
        changed = services.set_practices(
            actor=membership, project_id=project.pk, parcel_ids=parcel_ids, practices=practices.practices()
        )
        said = ngettext("%(count)s field is changed.", "%(count)s fields are changed.", len(changed))
        messages.success(request, said % {"count": len(changed)})
        return redirect("project_edit", code=project.code)
    context = {
        "project": project,
        "practices": practices,
        "count": len(parcel_ids),
        "parcel_ids": [] if "all" in request.POST else parcel_ids,
    }
    return render(request, "ledger/land/practices.html", context, status=422 if is_answer else 200)


# What these pages share


def refuse_in(form: ParcelForm, error: DomainError) -> list[Problem]:
    """Put what a service refuses beside the fields of a form, and return what there is to be drawn of it."""
    problems = error.problems if isinstance(error, ParcelsRefused) else []
    found = [(problem.field, problem.reason) for problem in problems] or [(error.field or "", str(error))]
    for field, reason in found:
        name = form.called.get(field, field)
        form.add_error(name if name in form.fields else None, reason)
    return problems


def _faults_address(membership: Membership, project: Project, problems: Sequence[Problem]) -> str:
    """Return where what is wrong with a field can be fetched as a map; empty where there is nothing to draw."""
    if not any(problem.shape for problem in problems):
        return ""
    kept = {
        "project": project.code,
        "parcels": [],
        "repaired": [],
        "problems": [{"shape": problem.shape, "reason": problem.reason} for problem in problems],
    }
    try:
        token = previews.keep(membership.user, kept)
    except InvalidValue:
        return ""
    return reverse("parcels_preview_geojson", kwargs={"code": project.code, "token": token})


def shapes_of(problems: Sequence[Problem]) -> list[dict[str, Any]]:
    """Return what there is to be drawn of what is wrong."""
    return [problem.shape for problem in problems if problem.shape]


def _page(request: HttpRequest, project: Project) -> "Page[Parcel]":
    return Paginator(parcels_listed(project), FIELDS_A_PAGE).get_page(request.GET.get("page"))


def _households(project: Project) -> list[Household]:
    """Return the households that a form offers, by their codes."""
    households = Household.objects.filter(cooperative=project.proponent_id, left_at=None).order_by("code")
    return list(households[:HOUSEHOLDS_OFFERED])


def _tell(request: HttpRequest, notices: Sequence[Notice]) -> None:
    for notice in notices[:NOTICES_SHOWN]:
        messages.warning(request, notice.reason)
