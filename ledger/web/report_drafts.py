"""Reports as they are written: begun, filled in field by field, previewed, handed in, and corrected while findings are open."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from ledger.errors import InvalidValue
from ledger.parties.models import Membership
from ledger.projects import reports as services
from ledger.projects.models import Finding, MonitoringReport, Parcel
from ledger.projects.reports.steps import LIVE
from ledger.projects.selectors import (
    access_project_by_code,
    access_report_by_id,
    findings_seen_by,
    open_vintages,
    quantification_case,
    reports_with_results,
)
from ledger.web.doors import carry_out, for_members, show
from ledger.web.forms.projects import PRACTICES_OF
from ledger.web.forms.reports import FIELDS_A_PAGE, VerifierForm, VintageForm, YieldsForm, codes_in
from ledger.web.rights import may_prepare
from ledger.web.sheets import view_sheet

Status = MonitoringReport.Status
SEASONS_IN_FORM = 2


@require_http_methods(["GET", "POST"])
@for_members
def report_new(request: HttpRequest, membership: Membership, code: str) -> HttpResponse:
    """Begin the report of a vintage; drafts that were begun before are gone on with."""
    project = access_project_by_code(code=code, membership=membership)
    is_own = may_prepare(membership) and project.proponent_id == membership.organisation_id
    if not is_own or project.status not in LIVE:
        raise Http404
    reports = list(reports_with_results(membership).filter(project=project))
    vintages = open_vintages(project, reports)
    form = VintageForm(request.POST or None, vintages=vintages)
    if form.is_valid():
        draft = carry_out(
            form, services.draft_report, actor=membership, project_id=project.pk, vintage=form.cleaned_data["vintage"]
        )
        if draft is not None:
            return redirect("report_edit", code=project.code, report_id=draft.pk)
    drafts = [report for report in reports if report.status == Status.DRAFT]
    context = {"project": project, "form": form, "vintages": vintages, "drafts": drafts}
    return show(request, "ledger/reports/new.html", context)


def own_report(membership: Membership, code: str, report_id: int) -> MonitoringReport:
    """Return a report of the reader's cooperative that may be changed just now; anything else is not found."""
    project = access_project_by_code(code=code, membership=membership)
    report = access_report_by_id(report_id=report_id, membership=membership, project=project)
    is_own = may_prepare(membership) and project.proponent_id == membership.organisation_id
    if not is_own or report.status not in MonitoringReport.CHANGEABLE or project.status not in LIVE:
        raise Http404
    return report


@require_http_methods(["GET", "POST"])
@for_members
def report_edit(request: HttpRequest, membership: Membership, code: str, report_id: int) -> HttpResponse:
    """Show what is entered of each field; save the yields, preview the result, hand the report in or correct it."""
    report = own_report(membership, code, report_id)
    page = Paginator(report.project.parcels.order_by("id"), FIELDS_A_PAGE).get_page(request.GET.get("page"))
    form = YieldsForm(request.POST or None, parcels=list(page), practices=report.practices)
    verifier_form = VerifierForm(request.POST if "hand_in" in request.POST else None)
    asked = _asked(membership, report)
    context: dict[str, Any] = {
        "report": report,
        "project": report.project,
        "page": page,
        "form": form,
        "verifier_form": verifier_form,
        "has_seasons": any(row["seasons"] for row in form.rows()),
        "findings": asked,
        "asked_of": _by_field(asked, [parcel.code for parcel in page]),
    }
    if request.method == "POST" and form.is_valid() and _save(membership, report, form):
        if done := _act(request, membership, report, form, verifier_form):
            return done
        context["sheet"] = _preview(membership, report, form) if "preview" in request.POST else None
        if not form.errors:
            # What was typed is kept now; the page shows it as it is stored.
            context["form"] = YieldsForm(parcels=list(page), practices=_stored(report))
    return show(request, "ledger/reports/edit.html", context)


def _asked(membership: Membership, report: MonitoringReport) -> list[Finding]:
    """Return what the verifier wants to have mended, and is not answered yet."""
    if report.status == Status.DRAFT:
        return []
    return list(findings_seen_by(membership, report).filter(status=Finding.Status.OPEN))


def _by_field(findings: list[Finding], codes: list[str]) -> dict[str, list[Finding]]:
    """Return the findings by the codes of the fields that they name."""
    named: dict[str, list[Finding]] = {}
    for finding in findings:
        for code in codes_in(finding.text, codes):
            named.setdefault(code, []).append(finding)
    return named


def _save(membership: Membership, report: MonitoringReport, form: YieldsForm) -> bool:
    changed = form.practices()
    if not changed:
        return True
    saved = carry_out(form, services.save_practices, actor=membership, report_id=report.pk, practices=changed)
    return saved is not None


def _stored(report: MonitoringReport) -> dict[str, Any]:
    report.refresh_from_db(fields=["practices"])
    practices: dict[str, Any] = report.practices
    return practices


def _act(
    request: HttpRequest,
    membership: Membership,
    report: MonitoringReport,
    form: YieldsForm,
    verifier_form: VerifierForm,
) -> HttpResponse | None:
    """Take the step whose button was pressed; None where the page is shown again."""
    if "hand_in" in request.POST:
        if not verifier_form.is_valid():
            return None
        handed_in = carry_out(
            verifier_form,
            services.hand_in_report,
            actor=membership,
            report_id=report.pk,
            verifier=verifier_form.cleaned_data["verifier"],
        )
        if handed_in is None:
            return None
        messages.success(request, _("The report is handed in. The verifier accepts it next."))
        return redirect("report", code=report.project.code, report_id=report.pk)
    if "correct" in request.POST:
        if carry_out(form, services.correct_report, actor=membership, report_id=report.pk) is None:
            return None
        messages.success(request, _("The report is corrected. Now answer the finding that asked for it."))
        return redirect("report", code=report.project.code, report_id=report.pk)
    if "preview" in request.POST:
        return None
    messages.success(request, _("Saved. You can go on later."))
    if "leave" in request.POST:
        return redirect("work")
    return redirect(request.get_full_path())


def _preview(membership: Membership, report: MonitoringReport, form: YieldsForm) -> Any:
    sheet = carry_out(form, services.preview_report, actor=membership, report_id=report.pk)
    if sheet is None:
        return None
    case = quantification_case(report.project, _stored(report))
    return view_sheet(sheet.as_dict(), report.project.settings, case=case)


@require_http_methods(["GET", "POST"])
@for_members
def report_field(
    request: HttpRequest, membership: Membership, code: str, report_id: int, parcel_id: int
) -> HttpResponse:
    """Say what was done on one field in the year of the report."""
    report = own_report(membership, code, report_id)
    parcel = report.project.parcels.filter(pk=parcel_id).first()
    if parcel is None:
        raise Http404
    entered = report.practices.get(parcel.code, parcel.practices)
    practices_of = PRACTICES_OF[report.project.methodology]
    sent = (request.POST, request.FILES) if request.method == "POST" else (None, None)
    practices = practices_of(sent[0], practices=entered, files=sent[1])
    refusals: list[str] = []
    if request.method == "POST":
        refusals = _save_field(membership, report, parcel, practices, resets="reset" in request.POST)
        if not refusals:
            messages.success(request, _("Field %(code)s is saved.") % {"code": parcel.code})
            return redirect("report_edit", code=code, report_id=report_id)
    context = {
        "report": report,
        "project": report.project,
        "parcel": parcel,
        "practices": practices,
        "refusals": refusals,
        "is_changed": parcel.code in report.practices,
        "has_more": _has_more_than_the_form(entered),
        "findings": _by_field(_asked(membership, report), [parcel.code]).get(parcel.code, []),
    }
    response = show(request, "ledger/reports/field.html", context)
    if request.method == "POST":
        response.status_code = 422
    return response


def _has_more_than_the_form(practices: dict[str, Any]) -> bool:
    """Return whether there are seasons or amendments that the form has no place for, and that saving it would drop."""
    seasons = practices.get("seasons", [])
    amended = (season[scenario].get("amendments", []) for season in seasons for scenario in ("baseline", "project"))
    return len(seasons) > SEASONS_IN_FORM or any(len(amendments) > 1 for amendments in amended)


def _save_field(
    membership: Membership, report: MonitoringReport, parcel: Parcel, practices: Any, *, resets: bool
) -> list[str]:
    """Keep what was entered of a field, and return what was refused."""
    given: dict[str, Any] | None = None
    if not resets:
        if not practices.is_valid():
            return [_("Please mend what is marked.")]
        given = _with_yields(practices.practices(), report.practices.get(parcel.code, parcel.practices))
    try:
        services.save_practices(actor=membership, report_id=report.pk, practices={parcel.code: given})
    except InvalidValue as error:
        return [str(error)]
    return []


def _with_yields(practices: dict[str, Any], entered: dict[str, Any]) -> dict[str, Any]:
    """Return practices with the yields that are entered of seasons of the same name."""
    known = {season["name"]: season.get("yield_t_per_ha") for season in entered.get("seasons", [])}
    for season in practices.get("seasons", []):
        if "yield_t_per_ha" not in season and known.get(season["name"]):
            season["yield_t_per_ha"] = known[season["name"]]
    return practices


@require_POST
@for_members
def report_discard(request: HttpRequest, membership: Membership, code: str, report_id: int) -> HttpResponse:
    """Throw a draft away."""
    report = own_report(membership, code, report_id)
    services.discard_report(actor=membership, report_id=report.pk)
    messages.success(request, _("The draft is thrown away."))
    return redirect("project", code=code)
