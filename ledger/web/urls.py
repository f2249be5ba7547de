"""Addresses."""

from django.contrib.auth.views import LogoutView
from django.urls import path, re_path
from django.views.i18n import set_language

from config import converters  # noqa: F401 (registers code)
from ledger.web import accounts, credits, diary, documents, holdings, projects, proof, reports, trace, work

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
    path("projects/<code:code>/diary", diary.diary_page, name="diary"),
    path("projects/<code:code>/diary/entries", diary.diary_entries, name="diary_entries"),
    path("projects/<code:code>/diary/entries.csv", diary.diary_csv, name="diary_csv"),
    path("projects/<code:code>/diary/season", diary.diary_season, name="diary_season"),
    path("projects/<code:code>/diary/<id:entry_id>/withdraw", diary.diary_withdraw, name="diary_withdraw"),
    path("diary-worker.js", diary.diary_worker, name="diary_worker"),
    path("projects/<code:code>/documents", documents.project_documents, name="project_documents"),
    path("documents/<uuid:public_id>", documents.document_file, name="document"),
    path("documents/<uuid:public_id>/publish", documents.document_publish, name="document_publish"),
    path("documents/<uuid:public_id>/withdraw", documents.document_withdraw, name="document_withdraw"),
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
