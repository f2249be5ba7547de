"""Addresses."""

from django.contrib.auth.views import LogoutView
from django.urls import path, re_path
from django.views.i18n import set_language

from config import converters  # noqa: F401 (registers code)
from ledger.web import (
    accounts,
    cancellations,
    credits,
    holdings,
    projects,
    proof,
    reports,
    reversals,
    trace,
    transfers,
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
    path("projects", projects.project_list, name="projects"),
    path("projects/new", projects.project_new, name="project_new"),
    path("projects/<code:code>", projects.project_page, name="project"),
    path("projects/<code:code>/calculation.csv", projects.project_calculation, name="project_calculation"),
    path("projects/<code:code>/fields", projects.project_edit, name="project_edit"),
    path("projects/<code:code>/fields/<int:parcel_id>/remove", projects.parcel_remove, name="parcel_remove"),
    path("projects/<code:code>/submit", projects.project_submit, name="project_submit"),
    path("projects/<code:code>/validate", projects.project_validate, name="project_validate"),
    path("projects/<code:code>/reject", projects.project_reject, name="project_reject"),
    path("projects/<code:code>/reports/new", reports.report_new, name="report_new"),
    path("projects/<code:code>/reports/<int:report_id>", reports.report_page, name="report"),
    path(
        "projects/<code:code>/reports/<int:report_id>/calculation.csv",
        reports.report_calculation,
        name="report_calculation",
    ),
    path("projects/<code:code>/reports/<int:report_id>/verify", reports.report_verify, name="report_verify"),
    path("projects/<code:code>/reports/<int:report_id>/reject", reports.report_reject, name="report_reject"),
    path("credits/<code:code>", credits.batch_page, name="batch"),
    path("credits/<code:code>/retire", credits.retire, name="retire"),
    path("credits/<code:code>/transfer", transfers.transfer_new, name="transfer_new"),
    path("credits/<code:code>/cancel", cancellations.cancel, name="cancel"),
    path("transfers", transfers.transfer_list, name="transfers"),
    path("transfers/<uuid:public_id>", transfers.transfer_page, name="transfer"),
    path("transfers/<uuid:public_id>/accept", transfers.transfer_accept, name="transfer_accept"),
    path("transfers/<uuid:public_id>/decline", transfers.transfer_decline, name="transfer_decline"),
    path("transfers/<uuid:public_id>/withdraw", transfers.transfer_withdraw, name="transfer_withdraw"),
    path("cancellations", cancellations.cancellation_list, name="cancellations"),
    path("cancellations/<uuid:public_id>", cancellations.cancellation_page, name="cancellation"),
    path(
        "cancellations/<uuid:public_id>/statement.pdf", cancellations.cancellation_as_pdf, name="cancellation_pdf"
    ),
    path("reversals", reversals.reversal_list, name="reversals"),
    path("reversals/<uuid:public_id>", reversals.reversal_page, name="reversal"),
    path("projects/<code:code>/reversals/new", reversals.reversal_new, name="reversal_new"),
    path("retirements", credits.retirement_list, name="retirements"),
    path("retirements/<uuid:public_id>", credits.certificate, name="certificate"),
    path("retirements/<uuid:public_id>/certificate.pdf", credits.certificate_as_pdf, name="certificate_pdf"),
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
