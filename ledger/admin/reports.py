"""Monitoring reports, with their calculation line by line."""

from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from ledger.admin.actions import Action, ReasonForm
from ledger.admin.base import Fact, ViewOnlyAdmin, refuse_writing
from ledger.admin.display import EMPTY, document, link, moment, object_url, tonnes
from ledger.admin.records import Named, RecordIds, ids_naming
from ledger.credits.services import issue_credits
from ledger.parties.models import Membership
from ledger.projects.digests import sheet_sha256
from ledger.projects.models import MonitoringReport
from ledger.projects.reports import approve_report, recompute, reject_report

LINES_A_PAGE = 100
Status = MonitoringReport.Status
# What the log says of a report.
RECORDS = ("report_submitted", "report_verified", "report_approved", "report_rejected", "batch_issued")

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
    is_due=lambda report: report.status in (Status.SUBMITTED, Status.VERIFIED),
    is_grave=True,
)
ISSUE = Action(
    name="issue",
    label=_("Issue the credits"),
    explanation=_(
        "Whole tonnes get their serial numbers and go to the cooperative, a share to the buffer pool. A report is issued once."
    ),
    done=_("Issued: %(object)s"),
    role=Membership.Role.REGISTRAR,
    perform=lambda actor, report, _values: issue_credits(actor=actor, report_id=report.pk),
    is_due=lambda report: report.status == Status.APPROVED,
)


class MonitoringReportAdmin(ViewOnlyAdmin):
    list_display = (
        "report",
        "project",
        "status",
        "net_figure",
        "buffer_figure",
        "issuable_figure",
        "verifier",
        "submitted_at",
    )
    list_filter = ("status", "vintage")
    list_select_related = ("project", "verifier")
    search_fields = ("project__name", "project__name_en", "project__proponent__name")
    date_hierarchy = "submitted_at"
    ordering = ("-id",)
    object_actions = (APPROVE, REJECT, ISSUE)
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
                    "batch",
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
        return found if _is_of_one(request) else found.defer("case", "sheet")

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

    @admin.display(description=_("batch of credits"))
    def batch(self, report: MonitoringReport) -> str:
        return link(getattr(report, "batch", None))

    @admin.display(description=_("calculation sheet"))
    def sheet_link(self, report: MonitoringReport) -> SafeString:
        address = reverse("admin:ledger_monitoringreport_sheet", args=[report.pk])
        lines = tonnes(len(report.sheet["lines"]))
        return format_html('<a href="{}">{}</a>', address, _("%(lines)s lines") % {"lines": lines})

    @admin.display(description=_("result"))
    def result_document(self, report: MonitoringReport) -> SafeString:
        return document(report.sheet["result"])

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
            (_("Calculation sheet"), self.sheet_link(target)),
            (_("Verified by"), link(target.verified_by)),
            (_("Verified at"), moment(target.verified_at)),
            (_("Verification statement"), target.verification_statement or EMPTY),
        ]

    def get_urls(self) -> list[URLPattern]:
        sheet = path("<int:report_id>/sheet/", self._guard(self.sheet), name="ledger_monitoringreport_sheet")
        return [sheet, *super().get_urls()]

    def sheet(self, request: HttpRequest, report_id: int) -> HttpResponse:
        """Show the calculation line by line; with `again`, do it again and compare."""
        refuse_writing(request)
        report = MonitoringReport.objects.select_related("project").filter(pk=report_id).first()
        if report is None:
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


def _is_of_one(request: HttpRequest) -> bool:
    match = request.resolver_match
    return match is not None and "object_id" in match.kwargs


def _is_same_again(report: MonitoringReport) -> bool:
    return sheet_sha256(recompute(report)) == report.sheet_sha256 == sheet_sha256(report.sheet)
