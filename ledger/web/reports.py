"""Monitoring reports: shown to everybody, examined by the verifier with findings that the cooperative answers."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from ledger.credits.selectors import batches
from ledger.parties.models import Membership
from ledger.projects import reports as services
from ledger.projects.deadlines import due_on, is_overdue
from ledger.projects.digests import sheet_sha256
from ledger.projects.models import Finding, MonitoringReport
from ledger.projects.reports.steps import LIVE
from ledger.projects.selectors import (
    access_finding_by_id,
    access_project_by_code,
    access_report_by_id,
    findings_seen_by,
    forward_actions_before,
)
from ledger.quantification import InvalidInput
from ledger.web.differences import Differences, differences
from ledger.web.doors import carry_out, for_members, reader_of, refusals_in, show
from ledger.web.forms.projects import ReasonForm, StatementForm
from ledger.web.forms.reports import (
    AnswerForm,
    DeclineForm,
    FindingForm,
    NoteForm,
    ReopenForm,
    VerifierForm,
    codes_in,
)
from ledger.web.projects import as_csv, as_workbook, organisation_of
from ledger.web.rights import is_registrar, may_prepare, may_verify
from ledger.web.sheets import view_sheet
from ledger.web.steps import report_steps

Status = MonitoringReport.Status
# The page has another form with a reason: that of who gives the report back.
REJECTING = "reject_%s"
MOST_FIELDS_NAMED = 20
DECIDED_AT_THE_DESK = (Status.SUBMITTED, Status.VERIFIED, Status.APPROVED)


@require_safe
def report_page(request: HttpRequest, code: str, report_id: int) -> HttpResponse:
    """Show a report: what it comes to, line by line, and who stands for it."""
    report = _report(request, code, report_id)
    if report.status == Status.DRAFT:
        return redirect("report_edit", code=code, report_id=report_id)
    return _show(request, report)


def _report(request: HttpRequest, code: str, report_id: int) -> MonitoringReport:
    reader = reader_of(request)
    project = access_project_by_code(code=code, membership=reader)
    return access_report_by_id(report_id=report_id, membership=reader, project=project)


def _show(request: HttpRequest, report: MonitoringReport, **given: Any) -> HttpResponse:
    assert report.sheet is not None
    reader = reader_of(request)
    issued = list(batches().filter(report=report).order_by("id"))
    is_assigned = may_verify(reader) and reader is not None and reader.organisation_id == report.verifier_id
    is_own = may_prepare(reader) and reader is not None and reader.organisation_id == report.project.proponent_id
    is_live = report.project.status in LIVE
    examines = is_assigned and is_live and report.status in MonitoringReport.EXAMINED
    last = issued[-1].issued_at if issued and report.status == Status.ISSUED else None
    context = {
        "report": report,
        "project": report.project,
        "batches": issued,
        "steps": report_steps(report, last),
        "due_on": due_on(report),
        "is_overdue": is_overdue(report),
        "approver": organisation_of(report.approved_by_id),
        "sheet": view_sheet(report.sheet, report.project.settings, request.GET.get("page"), case=report.case),
        "findings": _findings(reader, report, examines=examines, is_own=is_own and is_live, refused=given),
        "changes": _changes(report),
        "asked_to_accept": is_assigned and is_live and report.status == Status.SUBMITTED,
        "examines": examines,
        "may_change": is_own and is_live and report.status == Status.FINDINGS_OPEN,
        "names_verifier": is_own and is_live and report.status == Status.SUBMITTED and report.verifier_id is None,
        "decides": is_registrar(reader) and report.status in DECIDED_AT_THE_DESK,
        "refusals": refusals_in(form for form in given.values() if isinstance(form, forms.BaseForm)),
        "verifier_form": VerifierForm(),
        "finding_form": FindingForm(),
        "statement_form": StatementForm(),
        "decline_form": DeclineForm(),
        "reason_form": ReasonForm(auto_id=REJECTING),
    }
    if examines:
        context |= _examination(report)
    return show(request, "ledger/reports/page.html", context | given)


def _findings(
    reader: Membership | None, report: MonitoringReport, *, examines: bool, is_own: bool, refused: dict[str, Any]
) -> list[dict[str, Any]]:
    """Return what was found, with the forms that the reader may fill in; of earlier reports what is still to be done."""
    rows: list[dict[str, Any]] = []
    found = list(findings_seen_by(reader, report))
    parcels = dict(report.project.parcels.order_by("id").values_list("code", "pk")) if found and is_own else {}
    earlier = list(forward_actions_before(report)) if examines or is_own else []
    for finding in (*found, *earlier):
        is_earlier = finding.report_id != report.pk
        can_be_answered = is_own and finding.status == Finding.Status.OPEN and _is_open_to_answers(finding, report)
        row: dict[str, Any] = {"finding": finding, "is_earlier": is_earlier}
        if report.status == Status.FINDINGS_OPEN and finding.status == Finding.Status.OPEN:
            named = codes_in(finding.text, parcels)
            row["fields"] = [(each, parcels[each]) for each in named[:MOST_FIELDS_NAMED]]
        if can_be_answered:
            row["answer_form"] = AnswerForm(prefix=f"finding{finding.pk}")
        if examines and finding.status != Finding.Status.CLOSED:
            row["note_form"] = NoteForm(prefix=f"finding{finding.pk}")
        if examines and finding.status != Finding.Status.OPEN:
            row["reopen_form"] = ReopenForm(prefix=f"finding{finding.pk}")
        if refused.get("finding_id") == finding.pk:
            row |= {refused["form_name"]: refused["refused_form"]}
        rows.append(row)
    return rows


def _is_open_to_answers(finding: Finding, report: MonitoringReport) -> bool:
    return finding.kind == Finding.Kind.FORWARD_ACTION or report.status in MonitoringReport.EXAMINED


def _changes(report: MonitoringReport) -> list[dict[str, Any]]:
    """Return each correction of a report, newest first: what it came to before, and which lines it changed."""
    assert report.sheet is not None
    versions = list(report.versions.order_by("-number"))
    later = [report.sheet, *(version.sheet for version in versions[:-1])]
    return [
        {"version": version, "differences": differences(version.sheet, sheet)}
        for version, sheet in zip(versions, later, strict=False)
    ]


def _examination(report: MonitoringReport) -> dict[str, Any]:
    """Return what the verifier sees beside the report: whether it comes to the same again, and what is still open."""
    assert report.sheet is not None
    open_count = sum(1 for finding in report.findings.all() if finding.is_blocking)
    try:
        again = services.recompute(report)
    except InvalidInput as error:
        return {"recomputation_agrees": False, "recomputation_error": str(error), "open_count": open_count}
    agrees = sheet_sha256(again) == report.sheet_sha256
    found: Differences | None = None if agrees else differences(report.sheet, again)
    return {"recomputation_agrees": agrees, "recomputation_differences": found, "open_count": open_count}


@require_safe
def report_calculation(request: HttpRequest, code: str, report_id: int) -> HttpResponse | StreamingHttpResponse:
    """Hand the report's calculation out as CSV, with every digit."""
    report = _report(request, code, report_id)
    if report.sheet is None:
        return redirect("report_edit", code=code, report_id=report_id)
    return as_csv(report.sheet, f"{report.project.code}-{report.vintage}.csv")


@require_safe
def report_workbook(request: HttpRequest, code: str, report_id: int) -> HttpResponse | FileResponse:
    """Hand the report's calculation out as a workbook."""
    report = _report(request, code, report_id)
    if report.sheet is None:
        return redirect("report_edit", code=code, report_id=report_id)
    return as_workbook(report.sheet, f"{report.project.code}-{report.vintage}.xlsx")


def _take_step(
    request: HttpRequest,
    report: MonitoringReport,
    service: Callable[..., object],
    name: str,
    form: forms.Form,
    said: str,
    *,
    actor: Membership,
) -> HttpResponse:
    """Let a service do with a report what a form asks for; refused, the form stands on the report's page under its name."""
    done = carry_out(form, service, actor=actor, report_id=report.pk, **form.cleaned_data) if form.is_valid() else None
    if done is None:
        return _show(request, report, **{name: form})
    messages.success(request, said)
    return redirect("report", code=report.project.code, report_id=report.pk)


@require_POST
@for_members
def report_assign(request: HttpRequest, membership: Membership, code: str, report_id: int) -> HttpResponse:
    """Name another verifier, where the first has declined."""
    report = _report(request, code, report_id)
    form = VerifierForm(request.POST)
    return _take_step(
        request,
        report,
        services.assign_verifier,
        "verifier_form",
        form,
        _("The report is handed in. The verifier accepts it next."),
        actor=membership,
    )


@require_POST
@for_members
def report_accept(request: HttpRequest, membership: Membership, code: str, report_id: int) -> HttpResponse:
    """Take a report on."""
    report = _report(request, code, report_id)
    form = forms.Form(request.POST)
    form.is_valid()
    if carry_out(form, services.accept_report, actor=membership, report_id=report.pk) is None:
        return _show(request, report, accept_form=form)
    messages.success(request, _("The report is yours to verify."))
    return redirect("report", code=code, report_id=report_id)


@require_POST
@for_members
def report_decline(request: HttpRequest, membership: Membership, code: str, report_id: int) -> HttpResponse:
    """Give a report back."""
    report = _report(request, code, report_id)
    form = DeclineForm(request.POST)
    return _take_step(
        request, report, services.decline_report, "decline_form", form, _("The report is given back."), actor=membership
    )


@require_POST
@for_members
def report_verify(request: HttpRequest, membership: Membership, code: str, report_id: int) -> HttpResponse:
    """Sign a report off."""
    report = _report(request, code, report_id)
    form = StatementForm(request.POST)
    return _take_step(
        request,
        report,
        services.verify_report,
        "statement_form",
        form,
        _("The report is verified. The operator approves it next."),
        actor=membership,
    )


@require_POST
@for_members
def report_reject(request: HttpRequest, membership: Membership, code: str, report_id: int) -> HttpResponse:
    """Reject a report, with a reason."""
    report = _report(request, code, report_id)
    form = ReasonForm(request.POST, auto_id=REJECTING)
    return _take_step(
        request,
        report,
        services.reject_report,
        "reason_form",
        form,
        _("The report is rejected; the vintage may be reported again."),
        actor=membership,
    )


@require_POST
@for_members
def finding_new(request: HttpRequest, membership: Membership, code: str, report_id: int) -> HttpResponse:
    """Open a finding."""
    report = _report(request, code, report_id)
    form = FindingForm(request.POST, codes=list(report.project.parcels.values_list("code", flat=True)))
    return _take_step(
        request,
        report,
        services.open_finding,
        "finding_form",
        form,
        _("The finding is open. The cooperative answers it."),
        actor=membership,
    )


# What is done with a finding: the form, by which name the page has it, the service, and what is said afterwards.
FINDING_STEPS: dict[str, tuple[type[forms.Form], str, Any]] = {
    "answer": (AnswerForm, "answer_form", services.answer_finding),
    "close": (NoteForm, "note_form", services.close_finding),
    "reopen": (ReopenForm, "reopen_form", services.reopen_finding),
}


@require_POST
@for_members
def finding_step(
    request: HttpRequest, membership: Membership, code: str, report_id: int, finding_id: int, step: str
) -> HttpResponse:
    """Answer a finding, close it, or open it again; it may be an earlier report's that is looked after in this one."""
    report = _report(request, code, report_id)
    finding = access_finding_by_id(finding_id=finding_id, membership=membership)
    form_class, name, service = FINDING_STEPS[step]
    form = form_class(request.POST, prefix=f"finding{finding.pk}")
    done = (
        carry_out(form, service, actor=membership, finding_id=finding.pk, **form.cleaned_data)
        if form.is_valid()
        else None
    )
    if done is None:
        return _show(request, report, finding_id=finding.pk, form_name=name, refused_form=form)
    said = {"answer": _("Answered."), "close": _("The finding is closed."), "reopen": _("The finding is open again.")}
    messages.success(request, said[step])
    return redirect("report", code=code, report_id=report_id)
