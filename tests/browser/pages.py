"""All pages, in one place: at which address, for whom, and what they are about.

`test_list.py` keeps the list whole: an address that is no page must say here why.
"""

from collections.abc import Iterator
from dataclasses import dataclass

VISITOR = ""
COOPERATIVE, BUYER, VIEWER = "coop", "buyer", "buyer-viewer"
VERIFIER, AUDITOR = "verifier", "auditor"
REGISTRAR, TREASURER = "registrar", "treasurer"
NEWCOMER = "applicant"
EVERYBODY = (VISITOR, COOPERATIVE, BUYER, VERIFIER, REGISTRAR, AUDITOR)


@dataclass(frozen=True, slots=True)
class Page:
    """A page: the name of its address, the address with names of the scene in it, and the people who read it."""

    name: str
    address: str
    readers: tuple[str, ...]
    about: str

    def at(self, names: dict[str, str]) -> str:
        """Return its address in a scene."""
        return self.address.format_map(names)


PAGES = (
    Page("home", "/", (*EVERYBODY, VIEWER), "Home"),
    Page("login", "/login", (VISITOR,), "Log in"),
    Page("sign_up", "/sign-up", (VISITOR,), "Sign up"),
    Page("apply", "/apply", (NEWCOMER,), "Apply for an organisation"),
    Page("password_forgotten", "/password", (VISITOR,), "A forgotten password"),
    Page("invitation", "/invitations/{invitation}", (VISITOR, NEWCOMER), "An invitation"),
    Page("guides", "/guide", (VISITOR,), "Guides"),
    *(
        Page("guide", f"/guide/{name}", (VISITOR,), f"The guide for a {name}")
        for name in ("visitor", "cooperative", "buyer", "verifier", "operator", "auditor", "programmer")
    ),
    Page("security", "/security", (COOPERATIVE, REGISTRAR), "Security"),
    Page("security_events", "/security/events", (COOPERATIVE,), "What happened to one's account"),
    Page("my_data", "/security/data", (COOPERATIVE,), "What is known of oneself"),
    Page("security_setup", "/security/setup", (COOPERATIVE,), "Set a second step up"),
    Page("security_password", "/security/password", (COOPERATIVE,), "Another password"),
    Page("security_email", "/security/email", (COOPERATIVE,), "One's e-mail address"),
    Page("security_app", "/security/app", (COOPERATIVE,), "Codes of an app"),
    Page("security_passkey", "/security/passkeys/new", (COOPERATIVE,), "A passkey"),
    Page("notices", "/notices", (COOPERATIVE, BUYER), "Notices"),
    Page("notice_preferences", "/notices/preferences", (COOPERATIVE,), "Which notices one gets, and how"),
    Page("webhooks", "/webhooks", (BUYER,), "Webhooks"),
    Page("webhook_events", "/webhooks/events", (BUYER,), "What webhooks tell"),
    Page("webhook_new", "/webhooks/new", (BUYER,), "A new webhook"),
    Page("tokens", "/tokens", (BUYER,), "API tokens"),
    Page("members", "/members", (COOPERATIVE, BUYER), "Members"),
    Page("member", "/members/{member}", (COOPERATIVE,), "A member"),
    Page("leave", "/members/leave", (VIEWER,), "Leave an organisation"),
    Page("status", "/status", (VISITOR, BUYER), "Whether one can trade, and what was proven when"),
    Page("methodologies", "/methodologies", (VISITOR,), "Methodologies"),
    Page("methodology", "/methodologies/rice-water-1", (VISITOR,), "A methodology"),
    Page("style_guide", "/style", (VISITOR,), "The style guide"),
    Page("projects", "/projects", (VISITOR, COOPERATIVE), "Projects"),
    Page("projects_map", "/projects/map", (VISITOR,), "Map of projects"),
    Page("project_new", "/projects/new", (COOPERATIVE,), "Choose a methodology"),
    Page("project_new", "/projects/new?methodology=rice-water-1", (COOPERATIVE,), "Begin a project"),
    Page("project", "/projects/{project}", (VISITOR, COOPERATIVE, VERIFIER, REGISTRAR), "A project"),
    Page("project", "/projects/{draft}", (COOPERATIVE,), "A draft"),
    Page("project", "/projects/{waiting}", (VERIFIER,), "A project to validate"),
    *(
        Page("draft_part", f"/projects/{{draft}}/draft/{part}", (COOPERATIVE,), f"A draft: {part}")
        for part in ("what", "baseline", "elsewhere", "climate", "hand-in")
    ),
    Page("parcels", "/projects/{project}/parcels", (VISITOR, COOPERATIVE), "Fields of a project"),
    Page("project_edit", "/projects/{draft}/fields", (COOPERATIVE,), "Fields of a draft"),
    Page("parcels_upload", "/projects/{draft}/fields/upload", (COOPERATIVE,), "Hand in a file of fields"),
    Page("parcel_edit", "/projects/{draft}/fields/{field}", (COOPERATIVE,), "A field"),
    Page("diary", "/projects/{project}/diary", (COOPERATIVE,), "Write the field diary"),
    Page("diary_entries", "/projects/{project}/diary/entries", (COOPERATIVE, VERIFIER), "Entries of the field diary"),
    Page("diary_season", "/projects/{project}/diary/season", (COOPERATIVE,), "A season of the diary"),
    Page("project_documents", "/projects/{project}/documents", (COOPERATIVE, VERIFIER), "Documents of a project"),
    Page("risk_new", "/projects/{soil}/risk", (COOPERATIVE,), "State the risk"),
    Page("report_new", "/projects/{project}/reports/new", (COOPERATIVE,), "Begin a report"),
    Page("report_edit", "/projects/{project}/reports/{report}/edit", (COOPERATIVE,), "Correct a report"),
    Page(
        "report_field", "/projects/{project}/reports/{report}/fields/{report_field}", (COOPERATIVE,), "A report's field"
    ),
    Page("report", "/projects/{project}/reports/{report}", (COOPERATIVE, VERIFIER), "A report under verification"),
    Page("report", "/projects/{project}/reports/{issued_report}", (VISITOR,), "A report whose credits are issued"),
    Page("project_sharing", "/projects/{project}/sharing", (VISITOR,), "How a project's proceeds are shared"),
    Page("batches", "/credits", (VISITOR,), "Issued credits"),
    Page("batch", "/credits/{batch}", (VISITOR, BUYER), "A batch of credits"),
    Page("retire_choose", "/retire", (BUYER,), "Choose what to retire"),
    Page("certificates", "/holdings/certificates", (BUYER,), "Certificates"),
    Page("retire", "/credits/{batch}/retire", (BUYER,), "Retire credits"),
    Page("transfer_new", "/credits/{batch}/transfer", (BUYER,), "Hand credits over"),
    Page("cancel", "/credits/{batch}/cancel", (COOPERATIVE,), "Cancel credits"),
    Page("transfers", "/transfers", (BUYER,), "Transfers"),
    Page("transfer", "/transfers/{transfer}", (BUYER,), "A transfer"),
    Page("cancellations", "/cancellations", (VISITOR,), "Cancellations"),
    Page("cancellation", "/cancellations/{cancellation}", (VISITOR,), "A cancellation"),
    Page("reversals", "/reversals", (VISITOR,), "Reversals"),
    Page("reversal", "/reversals/{reversal}", (COOPERATIVE,), "A reversal"),
    Page("reversal_new", "/projects/{project}/reversals/new", (COOPERATIVE,), "Report a reversal"),
    Page("retirements", "/retirements", (VISITOR,), "Retirements"),
    Page("certificate", "/retirements/{retirement}", (VISITOR,), "A certificate"),
    Page("certificate_check", "/retirements/{retirement}/check", (VISITOR,), "Check a certificate"),
    Page("references", "/references", (VISITOR,), "Other registries"),
    Page("reference", "/references/{reference}", (VISITOR,), "A project of another registry"),
    Page("dual_carbon", "/dual-carbon", (VISITOR,), "Sums for the dual-carbon targets"),
    Page("downloads", "/downloads", (VISITOR,), "Downloads"),
    Page("trace_search", "/trace", (VISITOR,), "Trace a tonne"),
    Page("trace", "/trace/{serial}", (VISITOR,), "The way of a tonne"),
    Page("statement", "/holdings/{account}", (BUYER,), "An account's statement"),
    Page("households", "/households", (COOPERATIVE,), "Member households"),
    Page("household", "/households/{household}", (COOPERATIVE,), "A household"),
    Page("household_link_page", "/h/{link}", (VISITOR,), "What a household sees by its link"),
    Page("sharing", "/sharing", (COOPERATIVE,), "Proceeds and their sharing"),
    Page("sharing_plan_new", "/sharing/plan", (COOPERATIVE,), "A plan of sharing"),
    Page("sharing_notice", "/sharing/notice", (COOPERATIVE,), "The notice of shares"),
    Page("distribution", "/sharing/distributions/{distribution}", (COOPERATIVE,), "A distribution"),
    Page("withdraw", "/withdraw", (BUYER,), "Withdraw money"),
    Page("payments", "/payments", (BUYER, COOPERATIVE), "Payments"),
    Page("holds", "/holdings/held", (BUYER,), "What is held, and for what"),
    Page("sell", "/sell", (COOPERATIVE,), "Sell, in plain words"),
    Page("sale", "/sell/{sale}", (COOPERATIVE,), "How a sale goes"),
    Page("proceeds", "/proceeds", (COOPERATIVE,), "Proceeds"),
    Page("market_history", "/markets/{market}/history", (VISITOR,), "A market's history"),
    Page("work", "/work", (COOPERATIVE, BUYER, VERIFIER, REGISTRAR, AUDITOR), "To do"),
    Page("log_page", "/proof", (VISITOR, AUDITOR), "The log"),
    Page("record_check", "/proof/records/{record}", (VISITOR, AUDITOR), "A record of the log"),
    Page("markets", "/markets", (VISITOR, BUYER), "Markets"),
    Page("market", "/markets/{market}", (VISITOR, BUYER, COOPERATIVE, VIEWER), "A market"),
    Page("orders", "/orders", (BUYER,), "Orders"),
    Page("orders", "/orders?show=trades", (BUYER,), "Trades"),
    Page("cancel_orders", "/orders/cancel", (BUYER,), "Cancel all orders"),
    Page("change_order", "/orders/{order}/change", (BUYER,), "Change an order"),
    Page("blocks", "/blocks", (BUYER,), "Block trades"),
    Page("new_offer", "/blocks/new", (BUYER,), "Offer a block trade"),
    Page("offer", "/blocks/{offer}", (COOPERATIVE,), "A block trade"),
    Page("auctions", "/auctions", (BUYER,), "Auctions"),
    Page("new_auction", "/auctions/new", (COOPERATIVE,), "Put up a lot"),
    Page("auction", "/auctions/{auction}", (BUYER, COOPERATIVE), "An auction"),
    Page("holdings", "/holdings", (BUYER, COOPERATIVE), "Holdings"),
)

FILE = "is a file"
STEP = "takes a form, and leads on to a page of this list"
NOT_PAGES = {
    "account_login": "is the log-in, by the name that allauth has for it",
    "login_again": "is there in the middle of a log-in: tests/ledger/web/test_entrance.py",
    "mfa_authenticate": "is there in the middle of a log-in: tests/ledger/web/test_entrance.py",
    "passkey_challenge": FILE,
    "passkey_log_in": STEP,
    "password_reset_link": "is there for whoever got the mail: tests/ledger/web/test_entrance.py",
    "email_confirm": "is there for whoever got the mail: tests/ledger/web/test_entrance.py",
    "security_confirm": "is there for whoever has not shown for a while who they are: tests/ledger/web/test_security.py",
    "my_data_file": FILE,
    "first_operator": "is there until the operator has somebody: tests/ledger/web/test_first_operator.py",
    "first_operator_link": "is there for whoever has the first operator's code: tests/ledger/web/test_first_operator.py",
    "security_email_remove": STEP,
    "security_passkey_rename": "is there for whoever has a passkey: tests/ledger/web/test_security.py",
    "security_factor_remove": "is there for whoever has a second step: tests/ledger/web/test_security.py",
    "security_codes": "is there for whoever has a second step: tests/ledger/web/test_security.py",
    "security_sessions_end_others": STEP,
    "security_session_end": STEP,
    "notice": STEP,
    "notice_phone": STEP,
    "notices_read": STEP,
    "webhook": "is there for whoever has a webhook, whose address must be reached: tests/ledger/web/test_webhooks.py",
    "webhook_edit": "is there for whoever has a webhook, whose address must be reached: tests/ledger/web/test_webhooks.py",
    "webhook_delivery": "is there for whoever has a webhook, whose address must be reached: tests/ledger/web/test_webhooks.py",
    "webhook_redeliver": STEP,
    "webhook_rotate": STEP,
    "webhook_step": STEP,
    "revoke_tokens": STEP,
    "member_remove": STEP,
    "invitation_accept": STEP,
    "invitation_confirm": STEP,
    "invitation_withdraw": STEP,
    "role_change_confirm": STEP,
    "role_change_refuse": STEP,
    "draft_discard": STEP,
    "statement_workbook": FILE,
    "review_order": "is a part of the market's page",
    "review_all": STEP,
    "sale_price": STEP,
    "set_language": STEP,
    "set_theme": STEP,
    "logout": STEP,
    "revoke_token": STEP,
    "samples_example": FILE,
    "projects_map_json": FILE,
    "project_json": FILE,
    "project_calculation": FILE,
    "project_workbook": FILE,
    "parcels_geojson": FILE,
    "parcels_selected": STEP,
    "parcels_preview": "is there for an hour after a file was handed in: the cooperative's journey sees it",
    "parcels_preview_geojson": FILE,
    "parcel_remove": STEP,
    "project_submit": STEP,
    "project_validate": STEP,
    "project_reject": STEP,
    "project_step": STEP,
    "diary_csv": FILE,
    "diary_report": STEP,
    "diary_withdraw": STEP,
    "diary_worker": FILE,
    "document": FILE,
    "document_publish": STEP,
    "document_withdraw": STEP,
    "risk_confirm": STEP,
    "risk_refuse": STEP,
    "report_discard": STEP,
    "report_calculation": FILE,
    "report_workbook": FILE,
    "report_assign": STEP,
    "report_accept": STEP,
    "report_decline": STEP,
    "report_verify": STEP,
    "report_reject": STEP,
    "finding_new": STEP,
    "finding_step": STEP,
    "batch_json": FILE,
    "transfer_accept": STEP,
    "transfer_decline": STEP,
    "transfer_withdraw": STEP,
    "cancellation_pdf": FILE,
    "certificate_pdf": FILE,
    "retirement_json": FILE,
    "dual_carbon_csv": FILE,
    "dump": FILE,
    "dump_sha256": FILE,
    "download": FILE,
    "sitemap": FILE,
    "sitemap_part": FILE,
    "robots": FILE,
    "statement_csv": FILE,
    "statement_pdf": FILE,
    "household_export": FILE,
    "household_links": "answers a form with links that are shown once",
    "household_leave": STEP,
    "household_link": STEP,
    "household_unlink": STEP,
    "sharing_notice_pdf": FILE,
    "sharing_notice_csv": FILE,
    "payout_new": STEP,
    "payout_csv": FILE,
    "market_live": FILE,
    "place_order": STEP,
    "trades_csv": FILE,
    "cancel_order": STEP,
    "accept_offer": STEP,
    "decline_offer": STEP,
    "withdraw_offer": STEP,
    "cancel_auction": STEP,
    "withdraw_bid": STEP,
}
"""Named addresses that are no page of their own, and why."""

DESK = (
    Page("admin:index", "/admin/", (REGISTRAR, TREASURER, AUDITOR), "The desk"),
    Page("admin:queue", "/admin/queue/", (REGISTRAR, TREASURER), "What waits at the desk"),
    Page("admin:reconcile", "/admin/reconcile/", (AUDITOR,), "Reconcile the books"),
    Page("admin:status", "/admin/status/", (REGISTRAR, AUDITOR), "How every part stands"),
    Page("admin:runbook", "/admin/runbook/", (REGISTRAR,), "The runbook"),
    Page("admin:trial_balance", "/admin/trial-balance/", (AUDITOR,), "Trial balance"),
)
"""Pages of the desk that are about no one table; those of a table are found in the desk's own list of tables."""


def visits() -> Iterator[tuple[Page, str]]:
    """Yield each page with each of its readers, but for the desk's."""
    for page in PAGES:
        for reader in page.readers:
            yield page, reader
