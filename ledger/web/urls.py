"""Addresses."""

from django.contrib.auth.views import LogoutView
from django.urls import path, re_path
from django.views.i18n import set_language

from config import converters  # noqa: F401 (registers code)
from ledger.web import (
    accounts,
    credits,
    drafts,
    holdings,
    methodologies,
    projects,
    proof,
    report_drafts,
    reports,
    risk,
    trace,
    work,
)

urlpatterns = [
    path("login", accounts.log_in, name="login"),
    path("logout", LogoutView.as_view(), name="logout"),
    path("sign-up", accounts.sign_up, name="sign_up"),
    path("apply", accounts.apply, name="apply"),
    path("language", set_language, name="set_language"),
    path("tokens", accounts.tokens, name="tokens"),
    path("tokens/<int:token_id>/revoke", accounts.revoke_token, name="revoke_token"),
    path("methodologies", methodologies.methodology_list, name="methodologies"),
    path("methodologies/samples.csv", methodologies.samples_example, name="samples_example"),
    path("methodologies/<slug:methodology_id>", methodologies.methodology_page, name="methodology"),
    path("projects", projects.project_list, name="projects"),
    path("projects/new", projects.project_new, name="project_new"),
    path("projects/<code:code>", projects.project_page, name="project"),
    path("projects/<code:code>/calculation.csv", projects.project_calculation, name="project_calculation"),
    path("projects/<code:code>/calculation.xlsx", projects.project_workbook, name="project_workbook"),
    path("projects/<code:code>/fields", projects.project_edit, name="project_edit"),
    path("projects/<code:code>/fields/<int:parcel_id>/remove", projects.parcel_remove, name="parcel_remove"),
    path("projects/<code:code>/draft/<slug:part>", drafts.draft_part, name="draft_part"),
    path("projects/<code:code>/submit", projects.project_submit, name="project_submit"),
    path("projects/<code:code>/validate", projects.project_validate, name="project_validate"),
    path("projects/<code:code>/reject", projects.project_reject, name="project_reject"),
    path("projects/<code:code>/risk", risk.risk_new, name="risk_new"),
    path("projects/<code:code>/risk/<int:assessment_id>/confirm", risk.risk_confirm, name="risk_confirm"),
    path("projects/<code:code>/risk/<int:assessment_id>/refuse", risk.risk_refuse, name="risk_refuse"),
    path("projects/<code:code>/reports/new", report_drafts.report_new, name="report_new"),
    path("projects/<code:code>/reports/<int:report_id>/edit", report_drafts.report_edit, name="report_edit"),
    path(
        "projects/<code:code>/reports/<int:report_id>/fields/<int:parcel_id>",
        report_drafts.report_field,
        name="report_field",
    ),
    path("projects/<code:code>/reports/<int:report_id>/discard", report_drafts.report_discard, name="report_discard"),
    path("projects/<code:code>/steps/<slug:step>", projects.project_step, name="project_step"),
    path("projects/<code:code>/reports/<int:report_id>", reports.report_page, name="report"),
    path(
        "projects/<code:code>/reports/<int:report_id>/calculation.csv",
        reports.report_calculation,
        name="report_calculation",
    ),
    path("projects/<code:code>/reports/<int:report_id>/assign", reports.report_assign, name="report_assign"),
    path("projects/<code:code>/reports/<int:report_id>/accept", reports.report_accept, name="report_accept"),
    path("projects/<code:code>/reports/<int:report_id>/decline", reports.report_decline, name="report_decline"),
    path("projects/<code:code>/reports/<int:report_id>/findings", reports.finding_new, name="finding_new"),
    re_path(
        r"^projects/(?P<code>[A-Za-z0-9-]{1,40})/reports/(?P<report_id>[0-9]{1,18})/findings/(?P<finding_id>[0-9]{1,18})/"
        r"(?P<step>answer|close|reopen)$",
        reports.finding_step,
        name="finding_step",
    ),
    path(
        "projects/<code:code>/reports/<int:report_id>/calculation.xlsx", reports.report_workbook, name="report_workbook"
    ),
    path("projects/<code:code>/reports/<int:report_id>/verify", reports.report_verify, name="report_verify"),
    path("projects/<code:code>/reports/<int:report_id>/reject", reports.report_reject, name="report_reject"),
    path("credits/<code:code>", credits.batch_page, name="batch"),
    path("credits/<code:code>/retire", credits.retire, name="retire"),
    path("retirements", credits.retirement_list, name="retirements"),
    path("retirements/<uuid:public_id>", credits.certificate, name="certificate"),
    path("retirements/<uuid:public_id>/check", trace.certificate_check, name="certificate_check"),
    re_path(r"^trace/?$", trace.trace_search, name="trace_search"),
    re_path(r"^trace/(?P<serial>[^/]+)/?$", trace.trace_page, name="trace"),
    path("holdings/<int:account_id>", holdings.account_statement, name="statement"),
    path("holdings/<int:account_id>/statement.csv", holdings.statement_as_csv, name="statement_csv"),
    path("holdings/<int:account_id>/statement.pdf", holdings.statement_as_pdf, name="statement_pdf"),
    path("withdraw", holdings.withdraw, name="withdraw"),
    path("work", work.work, name="work"),
    path("proof", proof.log_page, name="log_page"),
    path("proof/records/<id:record_id>", trace.record_check, name="record_check"),
]
