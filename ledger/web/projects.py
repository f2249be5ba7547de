"""Projects: the public list and page, and the way from a draft to the registration."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ledger.credits.selectors import batches, retirements, supply_of
from ledger.parties.models import Membership, Organisation
from ledger.projects import services
from ledger.projects.models import MonitoringReport, Project
from ledger.projects.selectors import access_project_by_code, open_vintages, projects_seen_by, reports_with_results
from ledger.quantification import METHODOLOGIES
from ledger.web import reversals, words
from ledger.web.doors import carry_out, for_members, reader_of, refusals_in, show
from ledger.web.forms.lists import ProjectSearch
from ledger.web.forms.projects import PRACTICES_OF, ParcelForm, ProjectForm, ReasonForm, StatementForm
from ledger.web.pictures import draw_fields
from ledger.web.rights import is_registrar, may_prepare, may_verify
from ledger.web.sheets import csv_lines, emissions_of, view_sheet
from ledger.web.steps import project_steps

PROJECTS_A_PAGE = 20
RETIREMENTS_SHOWN = 10


@require_safe
def project_list(request: HttpRequest) -> HttpResponse:
    """List the projects that the reader may see."""
    reader = reader_of(request)
    search = ProjectSearch(request.GET)
    found = _search(projects_seen_by(reader).defer("forecast", "description", "description_en"), search)
    context = {
        "page": Paginator(found.order_by("-number"), PROJECTS_A_PAGE).get_page(request.GET.get("page")),
        "search": search,
        "sees_states": reader is not None,
        "may_begin": may_prepare(reader),
    }
    return render(request, "ledger/projects/list.html", context)


def _search(projects: QuerySet[Project], search: ProjectSearch) -> QuerySet[Project]:
    if not search.is_valid():
        return projects
    text, status = search.cleaned_data["q"], search.cleaned_data["status"]
    if text:
        names = ("name", "name_en", "place", "proponent__name", "proponent__name_en")
        matching = Q()
        for name in names:
            matching |= Q(**{f"{name}__icontains": text})
        number = text.rpartition("-")[2]
        if number.isascii() and number.isdigit() and len(number) <= 9:
            matching |= Q(number=int(number))
        projects = projects.filter(matching)
    return projects.filter(status=status) if status else projects


@require_safe
def project_page(request: HttpRequest, code: str) -> HttpResponse:
    """Show a project: what it is, where its fields lie, what it comes to, line by line, and what became of it."""
    return _show(request, access_project_by_code(code=code, membership=reader_of(request)))


def _show(request: HttpRequest, project: Project, **forms: Any) -> HttpResponse:
    reader = reader_of(request)
    is_own = may_prepare(reader) and reader is not None and reader.organisation_id == project.proponent_id
    parcels = list(project.parcels.all())
    reports = _reports(project, reader)
    issued = list(batches().filter(project=project).select_related("asset__market"))
    supply = supply_of(issued)
    retired = retirements().filter(batch__project=project)
    context = {
        "project": project,
        "methodology": words.word_for(words.METHODOLOGIES, project.methodology),
        "settings": _settings_in_words(project),
        "steps": project_steps(project),
        "validator": organisation_of(project.validated_by_id),
        "parcels": parcels,
        "picture": draw_fields(parcels),
        "sheet": _forecast(project, request),
        "reports": [(report, emissions_of(report.result, project.settings)) for report in reports],  # type: ignore[attr-defined]
        "batches": [(batch, supply[batch.pk]) for batch in issued],
        "retirements": retired[:RETIREMENTS_SHOWN],
        "may_edit": is_own and project.status == Project.Status.DRAFT,
        "may_report": is_own and project.status == Project.Status.REGISTERED and bool(open_vintages(project, reports)),
        "may_validate": may_verify(reader) and project.status == Project.Status.SUBMITTED,
        "decides": is_registrar(reader) and project.status in (Project.Status.SUBMITTED, Project.Status.VALIDATED),
        "refusals": refusals_in(forms.values()),
        "statement_form": StatementForm(),
        "reason_form": ReasonForm(),
        **reversals.of_project(project, reader),
    }
    return show(request, "ledger/projects/page.html", context | forms)


def _reports(project: Project, reader: Membership | None) -> list[MonitoringReport]:
    """Return the project's reports, with the emissions that each comes to and without their long calculations."""
    found = reports_with_results(reader).filter(project=project)
    return list(found.order_by("-vintage", "-id"))


def _forecast(project: Project, request: HttpRequest) -> Any:
    if project.forecast is None:
        return None
    return view_sheet(project.forecast, project.settings, request.GET.get("page"))


def _settings_in_words(project: Project) -> list[tuple[str, str]]:
    called = {"region": words.REGIONS, "gwp": words.GWP}
    return [
        (words.word_for(words.SETTINGS, name), words.word_for(called.get(name, {}), str(value)))
        for name, value in project.settings.items()
    ]


def organisation_of(user_id: int | None) -> Organisation | None:
    """Return for whom a person acts: pages name organisations, not people."""
    return Organisation.objects.filter(memberships__user=user_id).first() if user_id else None


@require_safe
def project_calculation(request: HttpRequest, code: str) -> HttpResponse | StreamingHttpResponse:
    """Hand the forecast's calculation out as CSV, with every digit."""
    project = access_project_by_code(code=code, membership=reader_of(request))
    if project.forecast is None:
        raise Http404
    return as_csv(project.forecast, f"{project.code}-forecast.csv")


def as_csv(sheet: dict[str, Any], name: str) -> StreamingHttpResponse:
    """Return a calculation sheet as a file to be kept."""
    return StreamingHttpResponse(
        csv_lines(sheet),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


@require_http_methods(["GET", "POST"])
@for_members
def project_new(request: HttpRequest, membership: Membership) -> HttpResponse:
    """Begin a project: first the methodology, then its form."""
    if not may_prepare(membership):
        return render(request, "ledger/projects/not_yours_to_begin.html", status=403)
    methodology = request.GET.get("methodology", "")
    if methodology not in METHODOLOGIES:
        return render(request, "ledger/projects/choose.html", {"methodologies": words.METHODOLOGIES.items()})
    form = ProjectForm(request.POST or None, methodology=methodology)
    if form.is_valid():
        project = carry_out(form, services.create_project, actor=membership, **form.arguments())
        if project is not None:
            messages.success(request, _("The draft is kept. Now add its fields."))
            return redirect("project_edit", code=project.code)
    context = {"form": form, "methodology": words.word_for(words.METHODOLOGIES, methodology)}
    return show(request, "ledger/projects/new.html", context)


def _own_draft(membership: Membership, code: str) -> Project:
    project = access_project_by_code(code=code, membership=membership)
    is_own = may_prepare(membership) and project.proponent_id == membership.organisation_id
    if not is_own or project.status != Project.Status.DRAFT:
        raise Http404
    return project


@require_http_methods(["GET", "POST"])
@for_members
def project_edit(request: HttpRequest, membership: Membership, code: str) -> HttpResponse:
    """Add fields to a draft, one at a time; the next one begins with the practices of the last."""
    project = _own_draft(membership, code)
    parcels = list(project.parcels.all())
    practices_of = PRACTICES_OF[project.methodology]
    form, practices = ParcelForm(), practices_of(practices=parcels[-1].practices if parcels else None)
    if request.method == "POST":
        form, practices = ParcelForm(request.POST, request.FILES), practices_of(request.POST)
        if all([form.is_valid(), practices.is_valid()]) and _add_parcel(request, membership, project, form, practices):
            return redirect("project_edit", code=project.code)
    context = {
        "project": project,
        "parcels": parcels,
        "picture": draw_fields(parcels),
        "form": form,
        "practices": practices,
    }
    response = show(request, "ledger/projects/edit.html", context)
    if request.method == "POST":
        response.status_code = 422
    return response


def _add_parcel(
    request: HttpRequest, membership: Membership, project: Project, form: ParcelForm, practices: Any
) -> bool:
    given = form.cleaned_data
    parcel = carry_out(
        form,
        services.add_parcel,
        actor=membership,
        project_id=project.pk,
        code=given["code"],
        name=given["name"],
        geometry=given["geometry"],
        practices=practices.practices(),
    )
    if parcel is None:
        return False
    messages.success(
        request, _("Field %(code)s is added: %(area)s ha.") % {"code": parcel.code, "area": parcel.area_ha}
    )
    return True


@require_POST
@for_members
def parcel_remove(request: HttpRequest, membership: Membership, code: str, parcel_id: int) -> HttpResponse:
    """Take a field out of a draft."""
    project = _own_draft(membership, code)
    parcel = services.remove_parcel(actor=membership, project_id=project.pk, parcel_id=parcel_id)
    messages.success(request, _("Field %(code)s is taken out.") % {"code": parcel.code})
    return redirect("project_edit", code=project.code)


@require_POST
@for_members
def project_submit(request: HttpRequest, membership: Membership, code: str) -> HttpResponse:
    """Hand a draft in for validation."""
    project = _own_draft(membership, code)
    services.submit_project(actor=membership, project_id=project.pk)
    messages.success(request, _("The project is handed in. A verifier examines it next."))
    return redirect("project", code=project.code)


@require_POST
@for_members
def project_validate(request: HttpRequest, membership: Membership, code: str) -> HttpResponse:
    """State that a project meets its methodology."""
    project = access_project_by_code(code=code, membership=membership)
    form = StatementForm(request.POST)
    if (
        form.is_valid()
        and carry_out(form, services.validate_project, actor=membership, project_id=project.pk, **form.cleaned_data)
        is not None
    ):
        messages.success(request, _("The project is validated. The operator registers it next."))
        return redirect("project", code=project.code)
    return _show(request, project, statement_form=form)


@require_POST
@for_members
def project_reject(request: HttpRequest, membership: Membership, code: str) -> HttpResponse:
    """Reject a project, with a reason."""
    project = access_project_by_code(code=code, membership=membership)
    form = ReasonForm(request.POST)
    if (
        form.is_valid()
        and carry_out(form, services.reject_project, actor=membership, project_id=project.pk, **form.cleaned_data)
        is not None
    ):
        messages.success(request, _("The project is rejected."))
        return redirect("project", code=project.code)
    return _show(request, project, reason_form=form)
