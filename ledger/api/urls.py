"""Where the ledger's operations are found, under /api/v1/."""

from django.urls import path

from config import converters  # noqa: F401 (registers id and code)
from ledger.api.corrections import Corrections
from ledger.api.credits import Batches, Retirements
from ledger.api.diary import Diary
from ledger.api.documents import Documents, ProjectDocuments
from ledger.api.findings import Findings
from ledger.api.journal import Accounts, Payments
from ledger.api.lifecycle import ProjectLife
from ledger.api.log import Log, LogEntries
from ledger.api.methodologies import Methodologies
from ledger.api.parties import Me, Organisations, Tokens, Users
from ledger.api.projects import Projects
from ledger.api.reports import Reports
from ledger.api.risk import Risks
from ledger.api.statements import Statements
from ledger.api.trace import Proofs, Serials

urlpatterns = [
    path("tokens", Tokens.as_view({"get": "list_tokens", "post": "create_token"})),
    path("tokens/<id:token_id>", Tokens.as_view({"delete": "revoke_token"})),
    path("users", Users.as_view({"post": "create_user"})),
    path("me", Me.as_view({"get": "get_me"})),
    path("organisations", Organisations.as_view({"get": "list_organisations", "post": "apply_for_organisation"})),
    path("organisations/<uuid:public_id>/approve", Organisations.as_view({"post": "approve_organisation"})),
    path("organisations/<uuid:public_id>/suspend", Organisations.as_view({"post": "suspend_organisation"})),
    path("methodologies", Methodologies.as_view({"get": "list_methodologies"})),
    path("methodologies/<slug:methodology_id>", Methodologies.as_view({"get": "get_methodology"})),
    path("projects", Projects.as_view({"get": "list_projects", "post": "create_project"})),
    path("projects/<code:code>", Projects.as_view({"get": "get_project"})),
    path("projects/<code:code>/parcels", Projects.as_view({"get": "list_parcels", "post": "add_parcel"})),
    path("projects/<code:code>/describe", Projects.as_view({"post": "describe_project"})),
    path("projects/<code:code>/baseline", Projects.as_view({"post": "state_baseline"})),
    path("projects/<code:code>/submit", Projects.as_view({"post": "submit_project"})),
    path("projects/<code:code>/accept", ProjectLife.as_view({"post": "accept_project"})),
    path("projects/<code:code>/decline", ProjectLife.as_view({"post": "decline_project"})),
    path("projects/<code:code>/return", ProjectLife.as_view({"post": "return_project"})),
    path("projects/<code:code>/validate", Projects.as_view({"post": "validate_project"})),
    path("projects/<code:code>/register", Projects.as_view({"post": "register_project"})),
    path("projects/<code:code>/reject", Projects.as_view({"post": "reject_project"})),
    path("projects/<code:code>/risks", Risks.as_view({"get": "list_risks", "post": "state_risk"})),
    path("risks/<id:assessment_id>/confirm", Risks.as_view({"post": "confirm_risk"})),
    path("risks/<id:assessment_id>/refuse", Risks.as_view({"post": "refuse_risk"})),
    path("verifiers", Reports.as_view({"get": "list_verifiers"})),
    path("projects/<code:code>/suspend", ProjectLife.as_view({"post": "suspend_project"})),
    path("projects/<code:code>/resume", ProjectLife.as_view({"post": "resume_project"})),
    path("projects/<code:code>/withdraw", ProjectLife.as_view({"post": "withdraw_project"})),
    path("projects/<code:code>/withdrawal", ProjectLife.as_view({"post": "ask_withdrawal"})),
    path("projects/<code:code>/withdrawal/grant", ProjectLife.as_view({"post": "grant_withdrawal"})),
    path("projects/<code:code>/withdrawal/refuse", ProjectLife.as_view({"post": "refuse_withdrawal"})),
    path(
        "projects/<code:code>/debundling", ProjectLife.as_view({"get": "get_debundling", "post": "decide_debundling"})
    ),
    path("projects/<code:code>/renewals", ProjectLife.as_view({"get": "list_renewals", "post": "create_renewal"})),
    path("renewals/<id:renewal_id>/assess", ProjectLife.as_view({"post": "assess_renewal"})),
    path("renewals/<id:renewal_id>/grant", ProjectLife.as_view({"post": "grant_renewal"})),
    path("renewals/<id:renewal_id>/refuse", ProjectLife.as_view({"post": "refuse_renewal"})),
    path("projects/<code:code>/conflicts", ProjectLife.as_view({"get": "list_conflicts", "post": "declare_conflict"})),
    path("conflicts/<id:conflict_id>/lift", ProjectLife.as_view({"post": "lift_conflict"})),
    path("projects/<code:code>/reports", Reports.as_view({"get": "list_reports", "post": "create_report"})),
    path("projects/<code:code>/diary", Diary.as_view({"get": "list_diary", "post": "create_diary_entry"})),
    path("projects/<code:code>/diary/<id:entry_id>/withdraw", Diary.as_view({"post": "withdraw_diary_entry"})),
    path(
        "projects/<code:code>/documents",
        ProjectDocuments.as_view({"get": "list_documents", "post": "add_document"}),
    ),
    path("documents/<uuid:public_id>", Documents.as_view({"get": "get_document"})),
    path("documents/<uuid:public_id>/content", Documents.as_view({"get": "get_document_content"})),
    path("documents/<uuid:public_id>/publish", Documents.as_view({"post": "publish_document"})),
    path("documents/<uuid:public_id>/withdraw", Documents.as_view({"post": "withdraw_document"})),
    path("reports/<id:report_id>", Reports.as_view({"get": "get_report"})),
    path("reports/<id:report_id>/practices", Reports.as_view({"post": "save_report_practices"})),
    path("reports/<id:report_id>/preview", Reports.as_view({"get": "preview_report"})),
    path("reports/<id:report_id>/submit", Reports.as_view({"post": "submit_report"})),
    path("reports/<id:report_id>/discard", Reports.as_view({"post": "discard_report"})),
    path("reports/<id:report_id>/assign", Reports.as_view({"post": "assign_report"})),
    path("reports/<id:report_id>/accept", Reports.as_view({"post": "accept_report"})),
    path("reports/<id:report_id>/decline", Reports.as_view({"post": "decline_report"})),
    path("reports/<id:report_id>/findings", Findings.as_view({"get": "list_findings", "post": "open_finding"})),
    path("findings/<id:finding_id>/answer", Findings.as_view({"post": "answer_finding"})),
    path("findings/<id:finding_id>/close", Findings.as_view({"post": "close_finding"})),
    path("findings/<id:finding_id>/reopen", Findings.as_view({"post": "reopen_finding"})),
    path("reports/<id:report_id>/correct", Reports.as_view({"post": "correct_report"})),
    path("reports/<id:report_id>/verify", Reports.as_view({"post": "verify_report"})),
    path("reports/<id:report_id>/approve", Reports.as_view({"post": "approve_report"})),
    path("reports/<id:report_id>/reject", Reports.as_view({"post": "reject_report"})),
    path("reports/<id:report_id>/issue", Reports.as_view({"post": "issue_report"})),
    path("batches", Batches.as_view({"get": "list_batches"})),
    path("batches/<code:code>", Batches.as_view({"get": "get_batch"})),
    path("retirements", Retirements.as_view({"get": "list_retirements", "post": "retire_credits"})),
    path("retirements/<uuid:public_id>", Retirements.as_view({"get": "get_retirement"})),
    path("retirements/<uuid:public_id>/evidence", Proofs.as_view({"get": "get_retirement_evidence"})),
    path("serials/<str:serial>", Serials.as_view({"get": "get_serial"})),
    path("records/<id:record_id>/evidence", Proofs.as_view({"get": "get_record_evidence"})),
    path("accounts", Accounts.as_view({"get": "list_accounts"})),
    path("accounts/<id:account_id>/transfers", Accounts.as_view({"get": "list_transfers"})),
    path("accounts/<id:account_id>/serials", Accounts.as_view({"get": "list_serials"})),
    path("accounts/<id:account_id>/statement.csv", Statements.as_view({"get": "get_statement"})),
    path("trial-balance", Statements.as_view({"get": "get_trial_balance"})),
    path("trial-balance.csv", Statements.as_view({"get": "get_trial_balance_csv"})),
    path("payments", Payments.as_view({"get": "list_payments"})),
    path("payments/deposits", Payments.as_view({"post": "create_deposit"})),
    path("payments/withdrawals", Payments.as_view({"post": "create_withdrawal"})),
    path("payments/<id:payment_id>/confirm", Payments.as_view({"post": "confirm_payment"})),
    path("payments/<id:payment_id>/refuse", Payments.as_view({"post": "refuse_payment"})),
    path("corrections", Corrections.as_view({"get": "list_corrections", "post": "create_correction"})),
    path("corrections/<id:correction_id>/confirm", Corrections.as_view({"post": "confirm_correction"})),
    path("corrections/<id:correction_id>/refuse", Corrections.as_view({"post": "refuse_correction"})),
    path("log", Log.as_view({"get": "get_log"})),
    path("log/inclusion", Log.as_view({"get": "get_inclusion"})),
    path("log/consistency", Log.as_view({"get": "get_consistency"})),
    path("log/entries/<id:record_id>", LogEntries.as_view({"get": "get_log_entry"})),
]
