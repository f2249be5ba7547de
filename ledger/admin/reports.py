"""Monitoring reports, with their calculation line by line, their findings and what was issued of them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext, pgettext_lazy

from ledger.admin.actions import Action, ReasonForm
from ledger.admin.base import Fact, ViewOnlyAdmin, refuse_writing
from ledger.admin.display import EMPTY, Table, document, link, list_url, moment, object_url, tonnes
from ledger.admin.records import Named, RecordIds, ids_naming
from ledger.credits.services import issue_credits
from ledger.parties.models import Membership
from ledger.projects.deadlines import due_on, is_overdue
from ledger.projects.digests import sheet_sha256
from ledger.projects.models import Finding, MonitoringReport, RiskAssessment
from ledger.projects.reports import approve_report, assign_verifier, recompute, reject_report
from ledger.projects.selectors import verifiers

LINES_A_PAGE = 100
SHOWN_CHARACTERS = 80
Status = MonitoringReport.Status
# What the log says of a report.
RECORDS = (
    "report_submitted",
    "report_assigned",
    "report_accepted",
    "report_declined",
    "report_corrected",
    "report_verified",
    "report_approved",
    "report_rejected",
    "finding_opened",
    "finding_answered",
    "finding_closed",
    "finding_reopened",
    "batch_issued",
)
UNDER_WAY = (Status.SUBMITTED, *MonitoringReport.EXAMINED)


def _choices() -> list[tuple[str, str]]:
    return [(str(each.public_id), each.name) for each in verifiers()]


class AssignForm(ReasonForm):
    """Another verifier, and why."""

    verifier = forms.ChoiceField(label=_("Verifier"), choices=_choices)
    field_order = ("verifier", "reason")


class TrancheForm(forms.Form):
    """How much is issued now."""

    quantity_t = forms.IntegerField(
        label=_("Tonnes to issue now"),
        required=False,
        min_value=1,
        help_text=_("All that are left where it is empty. What is left can be issued later, as a batch of its own."),
    )


ASSIGN = Action(
    name="assign",
    label=_("Assign another verifier"),
    explanation=_("The verifier must be free of conflicts of interest, and accept. The reason goes into the log."),
    done=_("The report %(object)s is assigned."),
    role=Membership.Role.REGISTRAR,
    perform=lambda actor, report, values: assign_verifier(actor=actor, report_id=report.pk, **values),
    form=AssignForm,
    is_due=lambda report: report.status in UNDER_WAY,
)

APPROVE = Action(
    name="approve",
    label=_("Approve the report"),
    explanation=_("You confirm what the verifier has verified. The credits can be issued after that."),
    done=_("The report %(object)s is approved. Its credits can be issued."),
    role=Membership.Role.REGISTRAR,
    perform=lambda actor, report, _values: approve_report(actor=actor, report_id=report.pk),
    makers=("prepared_by_id", "verified_by_id"),
    is_due=lambda report: report.status == Status.VERIFIED,
)
REJECT = Action(
    name="reject",
    label=_("Reject the report"),
    explanation=_("The reason goes into the log. The vintage may be reported again."),
    done=_("The report %(object)s is rejected."),
    role=Membership.Role.REGISTRAR,
    perform=lambda actor, report, values: reject_report(actor=actor, report_id=report.pk, **values),
    form=ReasonForm,
    is_due=lambda report: report.status in (*UNDER_WAY, Status.VERIFIED),
    is_grave=True,
)
ISSUE = Action(
    name="issue",
    label=_("Issue the credits"),
    explanation=_(
        "Whole tonnes get their serial numbers and go to the cooperative, a share to the buffer pool: all at once, or a part now."
    ),
    done=_("Issued: %(object)s"),
    role=Membership.Role.REGISTRAR,
    perform=lambda actor, report, values: issue_credits(actor=actor, report_id=report.pk, **values),
    form=TrancheForm,
    is_due=lambda report: report.status == Status.APPROVED,
    initial=lambda report: {"quantity_t": report.left_t},
)


class MonitoringReportAdmin(ViewOnlyAdmin):
    list_display = (
        "report",
        "project",
        "status",
        "net_figure",
        "buffer_figure",
        "issuable_figure",
        "issued_figure",
        "verifier",
        "due",
        "submitted_at",
    )
    list_filter = ("status", "vintage")
    list_select_related = ("project", "verifier")
    search_fields = ("project__name", "project__name_en", "project__proponent__name")
    date_hierarchy = "submitted_at"
    ordering = ("-id",)
    object_actions = (ASSIGN, APPROVE, REJECT, ISSUE)
    fieldsets = (
        (
            None,
            {
                "fields": (
                    "project",
                    "year",
                    "period_starts_on",
                    "period_ends_on",
                    "status",
                    "net_figure",
                    "buffer_figure",
                    "issuable_figure",
                    "issued_figure",
                    "due",
                )
            },
        ),
        (_("Calculation"), {"fields": ("sheet_link", "sheet_sha256", "result_document")}),
        (
            _("Who did what"),
            {
                "fields": (
                    "prepared_by",
                    "submitted_at",
                    "verifier",
                    "assigned_at",
                    "accepted_by",
                    "accepted_at",
                    "verified_by",
                    "verified_at",
                    "verification_statement",
                    "approved_by",
                    "approved_at",
                )
            },
        ),
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        found = super().get_queryset(request)
        # A list needs neither the case nor the sheet, which can be megabytes each.
        return found if _is_of_one(request) else found.defer("case", "sheet", "practices")

    @admin.display(description=_("vintage"), ordering="vintage")
    def report(self, report: MonitoringReport) -> str:
        return str(report.vintage)

    @admin.display(description=_("vintage"))
    def year(self, report: MonitoringReport) -> str:
        return str(report.vintage)

    @admin.display(description=_("net tonnes"), ordering="net_t")
    def net_figure(self, report: MonitoringReport) -> str:
        return tonnes(report.net_t)

    @admin.display(description=_("to the buffer pool"), ordering="buffer_t")
    def buffer_figure(self, report: MonitoringReport) -> str:
        return tonnes(report.buffer_t)

    @admin.display(description=_("issuable"), ordering="issuable_t")
    def issuable_figure(self, report: MonitoringReport) -> str:
        return tonnes(report.issuable_t)

    @admin.display(description=_("issued"), ordering="issued_t")
    def issued_figure(self, report: MonitoringReport) -> str:
        return tonnes(report.issued_t)

    @admin.display(description=_("next step due"), ordering="status_since")
    def due(self, report: MonitoringReport) -> str:
        day = due_on(report)
        if day is None:
            return EMPTY
        return str(_("%(day)s, overdue") % {"day": day}) if is_overdue(report) else str(day)

    @admin.display(description=_("calculation sheet"))
    def sheet_link(self, report: MonitoringReport) -> SafeString:
        if report.sheet is None:
            return format_html("{}", EMPTY)
        address = reverse("admin:ledger_monitoringreport_sheet", args=[report.pk])
        lines = tonnes(len(report.sheet["lines"]))
        return format_html('<a href="{}">{}</a>', address, _("%(lines)s lines") % {"lines": lines})

    @admin.display(description=_("result"))
    def result_document(self, report: MonitoringReport) -> SafeString:
        return document(report.sheet["result"] if report.sheet else None)

    def record_ids(self, target: MonitoringReport) -> RecordIds:
        return ids_naming(Named(RECORDS, {"report": str(target.pk)}))

    def facts(self, target: MonitoringReport) -> list[Fact]:
        return [
            (_("Project"), link(target.project)),
            (_("Vintage"), str(target.vintage)),
            (_("Status"), target.get_status_display()),
            (_("Net tonnes"), tonnes(target.net_t)),
            (_("To the buffer pool"), tonnes(target.buffer_t)),
            (_("To the cooperative"), tonnes(target.issuable_t)),
            (_("Issued so far"), tonnes(target.issued_t)),
            (_("Calculation sheet"), self.sheet_link(target)),
            (_("Verified by"), link(target.verified_by)),
            (_("Verified at"), moment(target.verified_at)),
            (_("Verification statement"), target.verification_statement or EMPTY),
        ]

    def tables(self, target: MonitoringReport) -> list[Table]:
        return [_findings(target), _batches(target), _versions(target)]

    def get_urls(self) -> list[URLPattern]:
        sheet = path("<int:report_id>/sheet/", self._guard(self.sheet), name="ledger_monitoringreport_sheet")
        return [sheet, *super().get_urls()]

    def sheet(self, request: HttpRequest, report_id: int) -> HttpResponse:
        """Show the calculation line by line; with `again`, do it again and compare."""
        refuse_writing(request)
        report = MonitoringReport.objects.select_related("project").filter(pk=report_id).first()
        if report is None or report.sheet is None:
            raise Http404
        context = self.admin_site.each_context(request) | {
            "title": _("Calculation sheet"),
            "subtitle": str(report),
            "opts": self.opts,
            "report": report,
            "back": object_url(report),
            "page": Paginator(report.sheet["lines"], LINES_A_PAGE).get_page(request.GET.get("page")),
            "is_same_again": _is_same_again(report) if "again" in request.GET else None,
        }
        return TemplateResponse(request, "admin/sheet.html", context)


def _findings(report: MonitoringReport) -> Table:
    rows: list[tuple[object, ...]] = [
        (
            link(finding, str(finding.number)),
            finding.get_kind_display(),
            finding.get_status_display(),
            finding.text,
            finding.answer or EMPTY,
            finding.closing_note or EMPTY,
        )
        for finding in report.findings.order_by("number")
    ]
    columns = (
        str(_("No.")),
        str(_("Kind")),
        str(_("Status")),
        pgettext("verification", "Finding"),
        str(_("Answer")),
        str(_("Closing note")),
    )
    return Table(pgettext("verification", "Findings"), columns, rows, list_url(Finding, report=report.pk), is_text=True)


def _batches(report: MonitoringReport) -> Table:
    rows: list[tuple[object, ...]] = [
        (link(batch), tonnes(batch.quantity_t), tonnes(batch.buffer_t), moment(batch.issued_at))
        for batch in report.batches.select_related("asset").order_by("id")
    ]
    columns = (str(_("Batch of credits")), str(_("Tonnes")), str(_("To the buffer pool")), str(_("Issued at")))
    return Table(str(_("Issued")), columns, rows, figures=frozenset({1, 2}))


def _versions(report: MonitoringReport) -> Table:
    rows: list[tuple[object, ...]] = [
        (version.number, tonnes(version.net_t), version.sheet_sha256, moment(version.replaced_at))
        for version in report.versions.defer("case", "sheet").order_by("number")
    ]
    columns = (str(_("Version")), str(_("Net tonnes")), "SHA-256", str(_("Replaced at")))
    return Table(str(_("What it came to before it was corrected")), columns, rows, figures=frozenset({1}))


def _is_of_one(request: HttpRequest) -> bool:
    match = request.resolver_match
    return match is not None and "object_id" in match.kwargs


def _is_same_again(report: MonitoringReport) -> bool:
    assert report.sheet is not None
    return sheet_sha256(recompute(report)) == report.sheet_sha256 == sheet_sha256(report.sheet)


class FindingAdmin(ViewOnlyAdmin):
    list_display = ("finding", "report", "number", "kind", "status", "opened_at", "answered_at", "closed_at")
    list_filter = ("status", "kind")
    list_select_related = ("report__project",)
    search_fields = ("text", "answer", "report__project__name")
    date_hierarchy = "opened_at"
    ordering = ("-id",)
    fields = (
        "report",
        "number",
        "kind",
        "status",
        "text",
        "opened_by",
        "opened_at",
        "answer",
        "answered_by",
        "answered_at",
        "reopening_reason",
        "reopened_by",
        "reopened_at",
        "closing_note",
        "closed_by",
        "closed_at",
    )

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("report__case", "report__sheet", "report__practices")

    @admin.display(description=pgettext_lazy("verification", "finding"), ordering="id")
    def finding(self, finding: Finding) -> str:
        return finding.text if len(finding.text) <= SHOWN_CHARACTERS else f"{finding.text[:SHOWN_CHARACTERS]}…"

    def record_ids(self, target: Finding) -> RecordIds:
        kinds = ("finding_opened", "finding_answered", "finding_closed", "finding_reopened")
        return ids_naming(Named(kinds, {"finding": str(target.pk)}))


class RiskAssessmentAdmin(ViewOnlyAdmin):
    list_display = ("assessment", "project", "status", "risk_percent", "verifier", "stated_at", "decided_at")
    list_filter = ("status",)
    list_select_related = ("project", "verifier")
    search_fields = ("project__name", "project__name_en", "project__proponent__name")
    date_hierarchy = "stated_at"
    ordering = ("-id",)
    fields = (
        "project",
        "number",
        "status",
        "internal",
        "external",
        "natural",
        "risk_percent",
        "answers_document",
        "stated_by",
        "stated_at",
        "verifier",
        "decided_by",
        "decided_at",
        "refusal_reason",
    )

    @admin.display(description=_("risk assessment"), ordering="id")
    def assessment(self, assessment: RiskAssessment) -> str:
        return f"{assessment.project.code} · {assessment.number}"

    @admin.display(description=_("answers"))
    def answers_document(self, assessment: RiskAssessment) -> SafeString:
        return document(assessment.answers)

    def record_ids(self, target: RiskAssessment) -> RecordIds:
        kinds = ("risk_stated", "risk_confirmed", "risk_refused")
        return ids_naming(Named(kinds, {"assessment": str(target.pk)}))
