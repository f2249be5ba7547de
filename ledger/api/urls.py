"""Where the ledger's operations are found, under /api/v1/."""

from django.urls import path

from config import converters  # noqa: F401 (registers id and code)
from ledger.api.bank_accounts import BankAccounts
from ledger.api.cancellations import CancellationOrders, Cancellations
from ledger.api.corrections import Corrections
from ledger.api.credits import Batches, Retirements
from ledger.api.diary import Diary
from ledger.api.documents import Documents, ProjectDocuments
from ledger.api.findings import Findings
from ledger.api.households import Households
from ledger.api.journal import Accounts, Payments
from ledger.api.land import Parcels
from ledger.api.lifecycle import ProjectLife
from ledger.api.log import Log, LogEntries
from ledger.api.members import Invitations, Members, RoleChanges
from ledger.api.methodologies import Methodologies
from ledger.api.notices import Notices
from ledger.api.papers import Papers
from ledger.api.parties import Me, Organisations, Tokens, Users
from ledger.api.projects import Projects
from ledger.api.registry import CarbonTotals, Dumps, References
from ledger.api.reports import Reports
from ledger.api.reversals import Reversals
from ledger.api.risk import Risks
from ledger.api.sharing import Distributions, Payouts, SharingPlans
from ledger.api.statements import Statements
from ledger.api.tasks import Tasks
from ledger.api.trace import Proofs, Serials
from ledger.api.transfers import CreditTransfers
from ledger.api.webhooks import Webhooks

urlpatterns = [
    path("tokens", Tokens.as_view({"get": "list_tokens", "post": "create_token"})),
    path("tokens/revoke", Tokens.as_view({"post": "revoke_tokens"})),
    path("tokens/<id:token_id>", Tokens.as_view({"delete": "revoke_token"})),
    path("users", Users.as_view({"post": "create_user"})),
    path("me", Me.as_view({"get": "get_me"})),
    path("members", Members.as_view({"get": "list_members"})),
    path("members/leave", Members.as_view({"post": "leave_organisation"})),
    path("members/<uuid:public_id>/role", Members.as_view({"post": "change_member_role"})),
    path("members/<uuid:public_id>/remove", Members.as_view({"post": "remove_member"})),
    path("invitations", Invitations.as_view({"get": "list_invitations", "post": "invite_member"})),
    path("invitations/accept", Invitations.as_view({"post": "accept_invitation"})),
    path("invitations/<uuid:public_id>/withdraw", Invitations.as_view({"post": "withdraw_invitation"})),
    path("invitations/<uuid:public_id>/confirm", Invitations.as_view({"post": "confirm_invitation"})),
    path("role-changes", RoleChanges.as_view({"get": "list_role_changes"})),
    path("role-changes/<id:change_id>/confirm", RoleChanges.as_view({"post": "confirm_role_change"})),
    path("role-changes/<id:change_id>/refuse", RoleChanges.as_view({"post": "refuse_role_change"})),
    path("organisations", Organisations.as_view({"get": "list_organisations", "post": "apply_for_organisation"})),
    path("organisations/<uuid:public_id>/approve", Organisations.as_view({"post": "approve_organisation"})),
    path("organisations/<uuid:public_id>/suspend", Organisations.as_view({"post": "suspend_organisation"})),
    path("notices", Notices.as_view({"get": "list_notices"})),
    path("notices/read", Notices.as_view({"post": "read_notices"})),
    path("notices/<id:notice_id>/read", Notices.as_view({"post": "read_notice"})),
    path("webhooks", Webhooks.as_view({"get": "list_webhooks", "post": "add_webhook"})),
    path("webhooks/<uuid:public_id>", Webhooks.as_view({"get": "get_webhook", "delete": "remove_webhook"})),
    path("webhooks/<uuid:public_id>/change", Webhooks.as_view({"post": "change_webhook"})),
    path("webhooks/<uuid:public_id>/rotate", Webhooks.as_view({"post": "rotate_webhook"})),
    path("webhooks/<uuid:public_id>/pause", Webhooks.as_view({"post": "pause_webhook"})),
    path("webhooks/<uuid:public_id>/resume", Webhooks.as_view({"post": "resume_webhook"})),
    path("webhooks/<uuid:public_id>/test", Webhooks.as_view({"post": "test_webhook"})),
    path("webhooks/<uuid:public_id>/deliveries", Webhooks.as_view({"get": "list_webhook_deliveries"})),
    path("webhooks/deliveries/<id:delivery_id>", Webhooks.as_view({"get": "get_webhook_delivery"})),
    path("webhooks/deliveries/<id:delivery_id>/redeliver", Webhooks.as_view({"post": "redeliver_webhook"})),
    path("methodologies", Methodologies.as_view({"get": "list_methodologies"})),
    path("methodologies/<slug:methodology_id>", Methodologies.as_view({"get": "get_methodology"})),
    path("households", Households.as_view({"get": "list_households", "post": "add_household"})),
    path("households/links", Households.as_view({"post": "make_missing_links"})),
    path("households/import", Households.as_view({"post": "import_households"})),
    path("households/<uuid:public_id>", Households.as_view({"get": "get_household"})),
    path("households/<uuid:public_id>/rename", Households.as_view({"post": "rename_household"})),
    path("households/<uuid:public_id>/leave", Households.as_view({"post": "leave_household"})),
    path("households/<uuid:public_id>/link", Households.as_view({"post": "make_link"})),
    path("households/<uuid:public_id>/revoke-link", Households.as_view({"post": "revoke_link"})),
    path("projects", Projects.as_view({"get": "list_projects", "post": "create_project"})),
    path("projects/<code:code>", Projects.as_view({"get": "get_project"})),
    path("projects/<code:code>/parcels", Projects.as_view({"get": "list_parcels", "post": "add_parcel"})),
    path("projects/<code:code>/describe", Projects.as_view({"post": "describe_project"})),
    path("projects/<code:code>/baseline", Projects.as_view({"post": "state_baseline"})),
    path("projects/<code:code>/parcels/many", Parcels.as_view({"post": "add_parcels"})),
    path("projects/<code:code>/parcels/file", Parcels.as_view({"post": "upload_parcels"})),
    path("projects/<code:code>/parcels/change", Parcels.as_view({"post": "change_parcel"})),
    path("projects/<code:code>/parcels/remove", Parcels.as_view({"post": "remove_parcels"})),
    path("projects/<code:code>/parcels/practices", Parcels.as_view({"post": "set_practices"})),
    path("projects/<code:code>/parcels/household", Parcels.as_view({"post": "set_household"})),
    path("projects/<code:code>/parcels.geojson", Parcels.as_view({"get": "get_parcels_geojson"})),
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
    path("projects/<code:code>/diary/report", Diary.as_view({"post": "report_from_diary"})),
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
    path(
        "reports/<id:report_id>/practices",
        Reports.as_view({"get": "get_report_practices", "post": "save_report_practices"}),
    ),
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
    path("retirements/<uuid:public_id>/certificate.pdf", Papers.as_view({"get": "get_certificate"})),
    path("retirements/<uuid:public_id>/evidence", Proofs.as_view({"get": "get_retirement_evidence"})),
    path(
        "credit-transfers",
        CreditTransfers.as_view({"get": "list_credit_transfers", "post": "offer_credit_transfer"}),
    ),
    path("credit-transfers/<uuid:public_id>", CreditTransfers.as_view({"get": "get_credit_transfer"})),
    path("credit-transfers/<uuid:public_id>/accept", CreditTransfers.as_view({"post": "accept_credit_transfer"})),
    path("credit-transfers/<uuid:public_id>/decline", CreditTransfers.as_view({"post": "decline_credit_transfer"})),
    path("credit-transfers/<uuid:public_id>/withdraw", CreditTransfers.as_view({"post": "withdraw_credit_transfer"})),
    path("cancellations", Cancellations.as_view({"get": "list_cancellations", "post": "cancel_credits"})),
    path("cancellations/<uuid:public_id>/statement.pdf", Papers.as_view({"get": "get_cancellation_statement"})),
    path("cancellations/<uuid:public_id>", Cancellations.as_view({"get": "get_cancellation"})),
    path(
        "cancellation-orders",
        CancellationOrders.as_view({"get": "list_cancellation_orders", "post": "order_cancellation"}),
    ),
    path(
        "cancellation-orders/<id:order_id>/confirm", CancellationOrders.as_view({"post": "confirm_cancellation_order"})
    ),
    path("cancellation-orders/<id:order_id>/refuse", CancellationOrders.as_view({"post": "refuse_cancellation_order"})),
    path("reversals", Reversals.as_view({"get": "list_reversals", "post": "report_reversal"})),
    path("reversals/<uuid:public_id>", Reversals.as_view({"get": "get_reversal"})),
    path("reversals/<uuid:public_id>/confirm", Reversals.as_view({"post": "confirm_reversal"})),
    path("reversals/<uuid:public_id>/refuse", Reversals.as_view({"post": "refuse_reversal"})),
    path("reversals/<uuid:public_id>/replenish", Reversals.as_view({"post": "replenish"})),
    path("carbon-totals", CarbonTotals.as_view({"get": "list_carbon_totals"})),
    path("dumps", Dumps.as_view({"get": "list_dumps"})),
    path("references/projects", References.as_view({"get": "list_reference_projects"})),
    path("references/credits", References.as_view({"get": "list_reference_credits"})),
    path("serials/<str:serial>", Serials.as_view({"get": "get_serial"})),
    path("records/<id:record_id>/evidence", Proofs.as_view({"get": "get_record_evidence"})),
    path("accounts", Accounts.as_view({"get": "list_accounts"})),
    path("accounts/<id:account_id>/transfers", Accounts.as_view({"get": "list_transfers"})),
    path("accounts/<id:account_id>/serials", Accounts.as_view({"get": "list_serials"})),
    path("accounts/<id:account_id>/statement.csv", Statements.as_view({"get": "get_statement"})),
    path("accounts/<id:account_id>/statement.pdf", Statements.as_view({"get": "get_statement_pdf"})),
    path("tasks", Tasks.as_view({"get": "list_tasks"})),
    path("trial-balance", Statements.as_view({"get": "get_trial_balance"})),
    path("trial-balance.csv", Statements.as_view({"get": "get_trial_balance_csv"})),
    path("payments", Payments.as_view({"get": "list_payments"})),
    path("payments/deposits", Payments.as_view({"post": "create_deposit"})),
    path("payments/withdrawals", Payments.as_view({"post": "create_withdrawal"})),
    path("payments/<id:payment_id>/confirm", Payments.as_view({"post": "confirm_payment"})),
    path("payments/<id:payment_id>/refuse", Payments.as_view({"post": "refuse_payment"})),
    path("bank-accounts", BankAccounts.as_view({"get": "list_bank_accounts", "post": "state_bank_account"})),
    path("bank-accounts/<id:bank_account_id>", BankAccounts.as_view({"get": "get_bank_account"})),
    path("bank-accounts/<id:bank_account_id>/confirm", BankAccounts.as_view({"post": "confirm_bank_account"})),
    path("bank-accounts/<id:bank_account_id>/refuse", BankAccounts.as_view({"post": "refuse_bank_account"})),
    path("sharing-plans", SharingPlans.as_view({"get": "list_plans", "post": "state_plan"})),
    path("sharing-plans/preview", SharingPlans.as_view({"post": "preview_plan"})),
    path("distributions", Distributions.as_view({"get": "list_distributions"})),
    path("distributions/<id:distribution_id>/shares", Distributions.as_view({"get": "list_shares"})),
    path("payouts", Payouts.as_view({"get": "list_payouts", "post": "request_payout"})),
    path("payouts/<id:payout_id>/lines", Payouts.as_view({"get": "list_payout_lines"})),
    path("payouts/<id:payout_id>/confirm", Payouts.as_view({"post": "confirm_payout"})),
    path("payouts/<id:payout_id>/refuse", Payouts.as_view({"post": "refuse_payout"})),
    path("corrections", Corrections.as_view({"get": "list_corrections", "post": "create_correction"})),
    path("corrections/<id:correction_id>/confirm", Corrections.as_view({"post": "confirm_correction"})),
    path("corrections/<id:correction_id>/refuse", Corrections.as_view({"post": "refuse_correction"})),
    path("log", Log.as_view({"get": "get_log"})),
    path("log/inclusion", Log.as_view({"get": "get_inclusion"})),
    path("log/consistency", Log.as_view({"get": "get_consistency"})),
    path("log/entries/<id:record_id>", LogEntries.as_view({"get": "get_log_entry"})),
]
