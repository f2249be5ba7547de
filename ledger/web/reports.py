"""Monitoring reports: handed in by the cooperative, examined by the verifier, shown to everybody."""

from typing import Any

from django.contrib import messages
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ledger.credits.selectors import batches
from ledger.parties.models import Membership
from ledger.projects import reports as services
from ledger.projects.digests import sheet_sha256
from ledger.projects.models import MonitoringReport, Project
from ledger.projects.selectors import (
    access_project_by_code,
    access_report_by_id,
    open_vintages,
    quantification_case,
    reports_with_results,
)
from ledger.projects.services import compute
from ledger.web.doors import carry_out, for_members, reader_of, refusals_in, show
from ledger.web.forms.projects import ReasonForm, ReportForm, StatementForm
from ledger.web.projects import as_csv, as_workbook, organisation_of
from ledger.web.rights import is_registrar, may_prepare, may_verify
from ledger.web.sheets import view_sheet
from ledger.web.steps import report_steps

DECIDED_AT_THE_DESK = (
    MonitoringReport.Status.SUBMITTED,
    MonitoringReport.Status.VERIFIED,
    MonitoringReport.Status.APPROVED,
)


@require_safe
def report_page(request: HttpRequest, code: str, report_id: int) -> HttpResponse:
    """Show a report: what it comes to, line by line, and who stands for it."""
    return _show(request, _report(request, code, report_id))


def _report(request: HttpRequest, code: str, report_id: int) -> MonitoringReport:
    reader = reader_of(request)
    project = access_project_by_code(code=code, membership=reader)
    return access_report_by_id(report_id=report_id, membership=reader, project=project)


def _show(request: HttpRequest, report: MonitoringReport, **forms: Any) -> HttpResponse:
    reader = reader_of(request)
    batch = batches().filter(report=report).first()
    examines = may_verify(reader) and report.status == MonitoringReport.Status.SUBMITTED
    context = {
        "report": report,
        "project": report.project,
        "batch": batch,
        "steps": report_steps(report, batch.issued_at if batch else None),
        "approver": organisation_of(report.approved_by_id),
        "sheet": view_sheet(report.sheet, report.project.settings, request.GET.get("page"), case=report.case),
        "examines": examines,
        "recomputation_agrees": examines and _agrees(report),
        "decides": is_registrar(reader) and report.status in DECIDED_AT_THE_DESK,
        "refusals": refusals_in(forms.values()),
        "statement_form": StatementForm(),
        "reason_form": ReasonForm(),
    }
    return show(request, "ledger/reports/page.html", context | forms)


def _agrees(report: MonitoringReport) -> bool:
    return sheet_sha256(services.recompute(report)) == report.sheet_sha256


@require_safe
def report_calculation(request: HttpRequest, code: str, report_id: int) -> StreamingHttpResponse:
    """Hand the report's calculation out as CSV, with every digit."""
    report = _report(request, code, report_id)
    return as_csv(report.sheet, f"{report.project.code}-{report.vintage}.csv")


@require_safe
def report_workbook(request: HttpRequest, code: str, report_id: int) -> FileResponse:
    """Hand the report's calculation out as a workbook."""
    report = _report(request, code, report_id)
    return as_workbook(report.sheet, f"{report.project.code}-{report.vintage}.xlsx")


@require_http_methods(["GET", "POST"])
@for_members
def report_new(request: HttpRequest, membership: Membership, code: str) -> HttpResponse:
    """Report a vintage: first what it comes to is shown, then it is handed in."""
    project = access_project_by_code(code=code, membership=membership)
    is_own = may_prepare(membership) and project.proponent_id == membership.organisation_id
    if not is_own or project.status != Project.Status.REGISTERED:
        raise Http404
    vintages = open_vintages(project, reports_with_results(membership).filter(project=project))
    form = ReportForm(request.POST or None, vintages=vintages, parcels=list(project.parcels.all()))
    context = {"project": project, "form": form, "vintages": vintages}
    if not form.is_valid():
        return show(request, "ledger/reports/new.html", context)
    if "hand_in" in request.POST:
        report = carry_out(
            form,
            services.submit_report,
            actor=membership,
            project_id=project.pk,
            vintage=form.cleaned_data["vintage"],
            practices=form.practices(),
        )
        if report is not None:
            messages.success(request, _("The report is handed in. A verifier examines it next."))
            return redirect("report", code=project.code, report_id=report.pk)
    else:
        sheet = carry_out(form, compute, project=project, practices=form.practices())
        if sheet is not None:
            case = quantification_case(project, form.practices(), form.parcels)
            context["sheet"] = view_sheet(sheet.as_dict(), project.settings, case=case)
    return show(request, "ledger/reports/new.html", context)


@require_POST
@for_members
def report_verify(request: HttpRequest, membership: Membership, code: str, report_id: int) -> HttpResponse:
    """Sign a report off."""
    report = _report(request, code, report_id)
    form = StatementForm(request.POST)
    if (
        form.is_valid()
        and carry_out(form, services.verify_report, actor=membership, report_id=report.pk, **form.cleaned_data)
        is not None
    ):
        messages.success(request, _("The report is verified. The operator approves it next."))
        return redirect("report", code=code, report_id=report_id)
    return _show(request, report, statement_form=form)


@require_POST
@for_members
def report_reject(request: HttpRequest, membership: Membership, code: str, report_id: int) -> HttpResponse:
    """Reject a report, with a reason."""
    report = _report(request, code, report_id)
    form = ReasonForm(request.POST)
    if (
        form.is_valid()
        and carry_out(form, services.reject_report, actor=membership, report_id=report.pk, **form.cleaned_data)
        is not None
    ):
        messages.success(request, _("The report is rejected; the vintage may be reported again."))
        return redirect("report", code=code, report_id=report_id)
    return _show(request, report, reason_form=form)
