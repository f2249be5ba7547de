"""Where the ledger's operations are found, under /api/v1/."""

from django.urls import path

from config import converters  # noqa: F401 (registers id and code)
from ledger.api.corrections import Corrections
from ledger.api.credits import Batches, Retirements
from ledger.api.journal import Accounts, Payments
from ledger.api.log import Log, LogEntries
from ledger.api.parties import Me, Organisations, Tokens, Users
from ledger.api.projects import Projects
from ledger.api.registry import References
from ledger.api.reports import Reports
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
    path("projects", Projects.as_view({"get": "list_projects", "post": "create_project"})),
    path("projects/<code:code>", Projects.as_view({"get": "get_project"})),
    path("projects/<code:code>/parcels", Projects.as_view({"get": "list_parcels", "post": "add_parcel"})),
    path("projects/<code:code>/submit", Projects.as_view({"post": "submit_project"})),
    path("projects/<code:code>/validate", Projects.as_view({"post": "validate_project"})),
    path("projects/<code:code>/register", Projects.as_view({"post": "register_project"})),
    path("projects/<code:code>/reject", Projects.as_view({"post": "reject_project"})),
    path("projects/<code:code>/reports", Reports.as_view({"get": "list_reports", "post": "create_report"})),
    path("reports/<id:report_id>", Reports.as_view({"get": "get_report"})),
    path("reports/<id:report_id>/verify", Reports.as_view({"post": "verify_report"})),
    path("reports/<id:report_id>/approve", Reports.as_view({"post": "approve_report"})),
    path("reports/<id:report_id>/reject", Reports.as_view({"post": "reject_report"})),
    path("reports/<id:report_id>/issue", Reports.as_view({"post": "issue_report"})),
    path("batches", Batches.as_view({"get": "list_batches"})),
    path("batches/<code:code>", Batches.as_view({"get": "get_batch"})),
    path("retirements", Retirements.as_view({"get": "list_retirements", "post": "retire_credits"})),
    path("retirements/<uuid:public_id>", Retirements.as_view({"get": "get_retirement"})),
    path("retirements/<uuid:public_id>/evidence", Proofs.as_view({"get": "get_retirement_evidence"})),
    path("references/projects", References.as_view({"get": "list_reference_projects"})),
    path("references/credits", References.as_view({"get": "list_reference_credits"})),
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
