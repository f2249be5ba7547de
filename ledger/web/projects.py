"""Projects: the public page (the list is in registry.py), and the way from a draft to the registration."""

from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ledger.credits.selectors import batches, retirements, supply_of
from ledger.parties.models import Membership, Organisation
from ledger.projects import services
from ledger.projects.land.selectors import parcels_drawn
from ledger.projects.models import MonitoringReport, Project
from ledger.projects.selectors import access_project_by_code, open_vintages, quantification_case, reports_with_results
from ledger.quantification import METHODOLOGIES
from ledger.spreadsheets import XLSX
from ledger.web import reversals, words
from ledger.web.doors import carry_out, for_members, reader_of, refusals_in, show
from ledger.web.drafts import hand_in, own_draft, show_hand_in
from ledger.web.forms.projects import ProjectForm, ReasonForm, StatementForm
from ledger.web.kept import kept_for_visitors
from ledger.web.land import FIELDS_A_PAGE
from ledger.web.lifecycle import find_move, life_of
from ledger.web.methodologies import described
from ledger.web.pictures import MOST_PARCELS, draw_fields
from ledger.web.registry_charts import emissions_chart, supply_chart
from ledger.web.rights import is_registrar, may_prepare, may_verify
from ledger.web.risk import risk_context
from ledger.web.sheets import csv_lines, emissions_of, view_sheet, workbook_of
from ledger.web.steps import project_steps

RETIREMENTS_SHOWN = 10


@require_safe
@kept_for_visitors
def project_page(request: HttpRequest, code: str) -> HttpResponse:
    """Show a project: what it is, where its fields lie, what it comes to, line by line, and what became of it."""
    return show_project(request, access_project_by_code(code=code, membership=reader_of(request)))


def show_project(
    request: HttpRequest, project: Project, refused: dict[str, Any] | None = None, **forms: Any
) -> HttpResponse:
    """Show a project, with the forms that were refused: those of its life's steps by the step's name."""
    reader = reader_of(request)
    is_own = may_prepare(reader) and reader is not None and reader.organisation_id == project.proponent_id
    parcels = parcels_drawn(project, MOST_PARCELS)
    reports = _reports(project, reader)
    issued = list(batches().filter(project=project).select_related("asset__market"))
    supply = supply_of(issued)
    by_vintage = [(report, emissions_of(report.result, project.settings)) for report in reports]  # type: ignore[attr-defined]
    retired = retirements().filter(batch__project=project)
    context = {
        "project": project,
        "methodology": words.word_for(words.METHODOLOGIES, project.methodology),
        "settings": _settings_in_words(project),
        "steps": project_steps(project),
        "validator": project.validator or organisation_of(project.validated_by_id),
        "parcels": parcels[:FIELDS_A_PAGE],
        "picture": draw_fields(parcels, count=project.parcel_count),  # type: ignore[attr-defined]
        "sheet": _forecast(project, request),
        "reports": by_vintage,
        "emissions": emissions_chart(by_vintage),
        "supply_chart": supply_chart([(batch, supply[batch.pk]) for batch in issued], project),
        "batches": [(batch, supply[batch.pk]) for batch in issued],
        "retirements": retired[:RETIREMENTS_SHOWN],
        "may_edit": is_own and project.status == Project.Status.DRAFT,
        "may_report": is_own and project.status == Project.Status.REGISTERED and bool(open_vintages(project, reports)),
        "may_validate": _validates(reader, project),
        "decides": is_registrar(reader) and project.status in services.HANDED_IN,
        "refusals": refusals_in(forms.values()),
        "statement_form": StatementForm(),
        "reason_form": ReasonForm(),
        "risk": risk_context(project, reader),
        **reversals.of_project(project, reader),
    }
    context |= life_of(project, reader, parcels, refused)
    return show(request, "ledger/projects/page.html", context | forms)


def _validates(reader: Membership | None, project: Project) -> bool:
    is_in_validation = project.status == Project.Status.IN_VALIDATION
    return (
        is_in_validation
        and may_verify(reader)
        and reader is not None
        and reader.organisation_id == project.validator_id
    )


def _reports(project: Project, reader: Membership | None) -> list[MonitoringReport]:
    """Return the project's reports, with the emissions that each comes to and without their long calculations."""
    found = reports_with_results(reader).filter(project=project).exclude(status=MonitoringReport.Status.DRAFT)
    return list(found.order_by("-vintage", "-id"))


def _forecast(project: Project, request: HttpRequest) -> Any:
    # A draft that was sent back has the forecast of before its corrections.
    if project.forecast is None or project.status == Project.Status.DRAFT:
        return None
    # The emission intensity is computed anew at every view: only where that takes no time.
    case = quantification_case(project, {}) if project.parcel_count <= MOST_PARCELS else None  # type: ignore[attr-defined]
    return view_sheet(project.forecast, project.settings, request.GET.get("page"), case=case)


def _settings_in_words(project: Project) -> list[tuple[str, str]]:
    called = {
        "region": words.REGIONS,
        "gwp": words.GWP,
        "climate": words.NITROGEN_CLIMATES,
        "comparison": words.COMPARISONS,
    }
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


@require_safe
def project_workbook(request: HttpRequest, code: str) -> FileResponse:
    """Hand the forecast's calculation out as a workbook."""
    project = access_project_by_code(code=code, membership=reader_of(request))
    if project.forecast is None:
        raise Http404
    return as_workbook(project.forecast, f"{project.code}-forecast.xlsx")


def as_workbook(sheet: dict[str, Any], name: str) -> FileResponse:
    """Return a calculation sheet as a workbook to be kept.

    Raises: SheetTooLong.
    """
    return FileResponse(workbook_of(sheet), as_attachment=True, filename=name, content_type=XLSX)


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
        return render(request, "ledger/projects/choose.html", {"methodologies": described()})
    form = ProjectForm(request.POST or None, methodology=methodology)
    if form.is_valid():
        project = carry_out(form, services.create_project, actor=membership, **form.arguments())
        if project is not None:
            messages.success(request, _("The draft is kept. Now add its fields."))
            return redirect("project_edit", code=project.code)
    context = {"form": form, "methodology": words.word_for(words.METHODOLOGIES, methodology)}
    return show(request, "ledger/projects/new.html", context)


@require_POST
@for_members
def project_submit(request: HttpRequest, membership: Membership, code: str) -> HttpResponse:
    """Hand a draft in for validation."""
    project = own_draft(membership, code)
    if refusal := hand_in(membership, project):
        return show_hand_in(request, project, refusal)
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
    return show_project(request, project, statement_form=form)


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
    return show_project(request, project, reason_form=form)


@require_POST
@for_members
def project_step(request: HttpRequest, membership: Membership, code: str, step: str) -> HttpResponse:
    """Take a step of a project's life; one that was refused is shown on its page with what was written."""
    move = find_move(step)
    project = access_project_by_code(code=code, membership=membership)
    form = move.form(request.POST, auto_id=f"{move.name}_%s")
    if form.is_valid():
        done = carry_out(form, move.service, actor=membership, project_id=project.pk, **form.cleaned_data)
        if done is not None:
            messages.success(request, str(move.done))
            # What was sent back is its cooperative's alone to see.
            return redirect("work") if step == "return" else redirect("project", code=project.code)
    return show_project(request, project, refused={step: form}, step_form=form)
