"""The admin site: the operator's and the auditor's desk, over both apps."""

from collections.abc import Callable, Sequence
from functools import update_wrapper
from typing import Any

from django.contrib.admin import AdminSite
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver, path, reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext

from config.operations.observe.runbook import runbook_html
from config.operations.observe.status import parts
from ledger.admin import trial_balance
from ledger.admin.access import desk_membership, is_operator, is_too_weak
from ledger.admin.accounts import AccountLockAdmin, FactorResetAdmin, SecurityEventAdmin
from ledger.admin.actions import Action, Text
from ledger.admin.bank import BankStatementAdmin
from ledger.admin.bank_accounts import BankAccountAdmin
from ledger.admin.bank_entries import BankEntryAdmin
from ledger.admin.base import ViewOnlyAdmin, refuse_writing
from ledger.admin.cancellations import CancellationAdmin, CancellationOrderAdmin
from ledger.admin.confirmation import PARAMETER
from ledger.admin.corrections import CorrectionAdmin
from ledger.admin.credits import BatchAdmin, RetirementAdmin
from ledger.admin.desk import Line, lines, log_state, queue_for, queues
from ledger.admin.display import list_url
from ledger.admin.evidence import DiaryEntryAdmin, DocumentAdmin
from ledger.admin.journal import (
    AccountAdmin,
    AssetAdmin,
    TransactionAdmin,
    TransferAdmin,
)
from ledger.admin.lifecycle import DebundlingDecisionAdmin, DeclaredConflictAdmin, RenewalAdmin
from ledger.admin.messages import MessageAdmin, WebhookDeliveryAdmin, WebhookEndpointAdmin
from ledger.admin.parties import (
    ApiTokenAdmin,
    InvitationAdmin,
    MembershipAdmin,
    OrganisationAdmin,
    RoleChangeAdmin,
    UserAdmin,
)
from ledger.admin.payments import PaymentAdmin
from ledger.admin.personal import ErasureAdmin
from ledger.admin.positions import HoldAdmin, SerialBlockAdmin
from ledger.admin.projects import ParcelAdmin, ProjectAdmin
from ledger.admin.queue import WHOSE, areas_of, oldest_first
from ledger.admin.references import ReferenceCreditAdmin, ReferenceImportAdmin, ReferenceProjectAdmin
from ledger.admin.reports import FindingAdmin, MonitoringReportAdmin, RiskAssessmentAdmin
from ledger.admin.reversals import ReversalAdmin
from ledger.admin.runs import ReconciliationRunAdmin
from ledger.admin.sharing import DistributionAdmin, HouseholdAdmin, PayoutAdmin, SharingPlanAdmin
from ledger.admin.supply import supply_of_all
from ledger.admin.transfers import CreditTransferAdmin
from ledger.admin.transparency import CheckpointAdmin, RecordAdmin
from ledger.models import (
    Account,
    AccountLock,
    ApiToken,
    Asset,
    BankAccount,
    BankEntry,
    BankStatement,
    Batch,
    Cancellation,
    CancellationOrder,
    Checkpoint,
    Correction,
    CreditTransfer,
    DebundlingDecision,
    DeclaredConflict,
    DiaryEntry,
    Distribution,
    Document,
    Erasure,
    FactorReset,
    Finding,
    Hold,
    Household,
    Incident,
    Invitation,
    Membership,
    Message,
    MonitoringReport,
    Organisation,
    Parcel,
    Payment,
    Payout,
    Project,
    ReconciliationRun,
    Record,
    ReferenceCredit,
    ReferenceImport,
    ReferenceProject,
    Renewal,
    Retirement,
    Reversal,
    RiskAssessment,
    RoleChange,
    SecurityEvent,
    SerialBlock,
    SharingPlan,
    Transaction,
    Transfer,
    User,
    WebhookDelivery,
    WebhookEndpoint,
)
from ledger.transparency.keys import log_signer
from ledger.web.security.doors import address_with_next, lead_to_second_factor, next_of
from trading.admin.auctions import BidAdmin, OneWayAuctionAdmin
from trading.admin.blocks import BlockOfferAdmin
from trading.admin.changes import MarketChangeAdmin
from trading.admin.concerns import concerns
from trading.admin.days import ClosedDayAdmin
from trading.admin.desk import halted_line, market_states, rules_line
from trading.admin.execution import ExecutedInstructionAdmin, TradeAdmin
from trading.admin.incidents import IncidentAdmin
from trading.admin.limits import TradingLimitAdmin
from trading.admin.markets import MarketAdmin
from trading.admin.orders import OrderAdmin
from trading.admin.reconciliation import begin_if_confirmed, page_of, progress_of, status
from trading.admin.relations import RelationAdmin
from trading.admin.subjects import SUBJECTS
from trading.admin.surveillance import AlertAdmin, alert_line, alert_queue
from trading.admin.watch_rules import RuleChangeAdmin
from trading.models import (
    Alert,
    Bid,
    BlockOffer,
    ClosedDay,
    ExecutedInstruction,
    Market,
    MarketChange,
    OneWayAuction,
    Order,
    Relation,
    RuleChange,
    Trade,
    TradingLimit,
)

View = Callable[..., HttpResponseBase]


class WholeRecordAdmin(RecordAdmin):
    """Records with all that they may prove, in both apps."""

    subjects = {**RecordAdmin.subjects, **SUBJECTS}


# All that can be read here. What is read together stands together, in the order in which things come about.
ROOMS: tuple[tuple[Text, dict[type[Model], type[ViewOnlyAdmin]]], ...] = (
    (
        _("People and organisations"),
        {
            Organisation: OrganisationAdmin,
            User: UserAdmin,
            Membership: MembershipAdmin,
            Invitation: InvitationAdmin,
            RoleChange: RoleChangeAdmin,
            Household: HouseholdAdmin,
            ApiToken: ApiTokenAdmin,
            SecurityEvent: SecurityEventAdmin,
            FactorReset: FactorResetAdmin,
            AccountLock: AccountLockAdmin,
            Erasure: ErasureAdmin,
        },
    ),
    (
        _("Registry"),
        {
            Project: ProjectAdmin,
            Parcel: ParcelAdmin,
            Renewal: RenewalAdmin,
            DebundlingDecision: DebundlingDecisionAdmin,
            DeclaredConflict: DeclaredConflictAdmin,
            MonitoringReport: MonitoringReportAdmin,
            DiaryEntry: DiaryEntryAdmin,
            Document: DocumentAdmin,
            Finding: FindingAdmin,
            RiskAssessment: RiskAssessmentAdmin,
            Batch: BatchAdmin,
            Retirement: RetirementAdmin,
            SharingPlan: SharingPlanAdmin,
            Distribution: DistributionAdmin,
        },
    ),
    (
        _("Other registries"),
        {
            ReferenceImport: ReferenceImportAdmin,
            ReferenceProject: ReferenceProjectAdmin,
            ReferenceCredit: ReferenceCreditAdmin,
            CreditTransfer: CreditTransferAdmin,
            Cancellation: CancellationAdmin,
            CancellationOrder: CancellationOrderAdmin,
            Reversal: ReversalAdmin,
        },
    ),
    (
        _("Ledger"),
        {
            Payment: PaymentAdmin,
            Payout: PayoutAdmin,
            Correction: CorrectionAdmin,
            BankStatement: BankStatementAdmin,
            BankEntry: BankEntryAdmin,
            BankAccount: BankAccountAdmin,
            Account: AccountAdmin,
            Transaction: TransactionAdmin,
            Transfer: TransferAdmin,
            Hold: HoldAdmin,
            SerialBlock: SerialBlockAdmin,
            Asset: AssetAdmin,
        },
    ),
    (
        _("Exchange"),
        {
            Market: MarketAdmin,
            MarketChange: MarketChangeAdmin,
            ClosedDay: ClosedDayAdmin,
            TradingLimit: TradingLimitAdmin,
            Order: OrderAdmin,
            Trade: TradeAdmin,
            ExecutedInstruction: ExecutedInstructionAdmin,
            BlockOffer: BlockOfferAdmin,
            OneWayAuction: OneWayAuctionAdmin,
            Bid: BidAdmin,
        },
    ),
    (
        _("Surveillance"),
        {Alert: AlertAdmin, Relation: RelationAdmin, RuleChange: RuleChangeAdmin},
    ),
    (
        _("Messages"),
        {Message: MessageAdmin, WebhookEndpoint: WebhookEndpointAdmin, WebhookDelivery: WebhookDeliveryAdmin},
    ),
    (
        _("Proof"),
        {
            Incident: IncidentAdmin,
            Record: WholeRecordAdmin,
            Checkpoint: CheckpointAdmin,
            ReconciliationRun: ReconciliationRunAdmin,
        },
    ),
)
RUNS_SHOWN = 5
# Django's own pages that this site does without.
LEFT_OUT = ("autocomplete", "view_on_site", "app_list", "password_change", "password_change_done")


class TianhuiAdminSite(AdminSite):
    """Open to the operator's and the auditors' people by their membership; nobody edits tables here."""

    site_header = _("Tianhui: operator and auditor")
    site_title = _("Tianhui")
    index_title = _("Desk")
    index_template = "admin/desk.html"

    def __init__(self, name: str = "admin") -> None:
        super().__init__(name)
        for _title, tables in ROOMS:
            for model, model_admin in tables.items():
                self.register(model, model_admin)

    def has_permission(self, request: HttpRequest) -> bool:
        return desk_membership(request) is not None

    def admin_view(self, view: View, cacheable: bool = False) -> View:  # type: ignore[override]
        """Show visitors the log-in, and everyone else who may not see a page a refusal with status 403.

        Whoever is not of the operator is refused here whatever writes, before any page looks at it.
        """
        guarded: View = super().admin_view(view, cacheable)

        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if view == self.logout:
                return view(request)
            membership = desk_membership(request)
            if is_too_weak(request) and request.method in ("GET", "HEAD"):
                return lead_to_second_factor(request)
            if request.user.is_authenticated and membership is None:
                return self.refuse(request)
            try:
                if membership is not None and not is_operator(membership):
                    refuse_writing(request)
                return guarded(request, *args, **kwargs)
            except PermissionDenied:
                return self.refuse(request)

        return update_wrapper(inner, view)

    def refuse(self, request: HttpRequest) -> HttpResponse:
        """Say that a page is not for this person."""
        context = self.each_context(request) | {"title": _("Not for your role")}
        return TemplateResponse(request, "admin/refused.html", context, status=403)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Lead to the one log-in that there is, and from there back to the desk."""
        wanted = next_of(request) or reverse("admin:index")
        if not request.user.is_authenticated:
            return HttpResponseRedirect(address_with_next("login", wanted))
        if is_too_weak(request):
            return lead_to_second_factor(request, wanted)
        return HttpResponseRedirect(wanted) if self.has_permission(request) else self.refuse(request)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        membership = desk_membership(request)
        return super().each_context(request) | {"membership": membership, "is_operator": is_operator(membership)}

    def get_urls(self) -> list[URLPattern | URLResolver]:
        kept = [each for each in super().get_urls() if getattr(each, "name", None) not in LEFT_OUT]
        own = (
            ("queue/", self.queue, "queue"),
            ("reconcile/", self.reconcile, "reconcile"),
            ("reconcile/progress/", self.reconcile_progress, "reconcile_progress"),
            ("status/", self.status, "status"),
            ("runbook/", self.runbook, "runbook"),
            ("trial-balance/", self.trial_balance, "trial_balance"),
            ("trial-balance/export.csv", self.trial_balance_export, "trial_balance_export"),
        )
        return [*(path(route, self.admin_view(view), name=name) for route, view, name in own), *kept]

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> list[dict[str, Any]]:
        """Return the tables by rooms, in the form in which the admin's templates take apps."""
        if not self.has_permission(request):
            return []
        return [{"name": title, "models": [_entry(model) for model in tables]} for title, tables in ROOMS]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """Show what is to be looked at, where all tonnes are, how books, log and markets stand, and what waits."""
        refuse_writing(request)
        membership = desk_membership(request)
        assert membership is not None
        waiting = [*queues(membership), queue_for(rules_line(), membership), alert_queue(membership)]
        log, markets, books = log_state(), list(market_states()), status(RUNS_SHOWN)
        found = concerns(waiting, log, markets, books.runs)
        context = {
            "alerts": waiting[-1],
            "late": len(found),
            "queues": waiting,
            "log": log,
            "markets": markets,
            "reconciliation": books,
            "concerns": found,
            "supply": supply_of_all(),
            "vkey": log_signer().vkey,
            "site_address": request.build_absolute_uri("/").rstrip("/"),
        }
        return super().index(request, context | (extra_context or {}))

    def queue(self, request: HttpRequest) -> HttpResponse:
        """Show all that waits in one list: what is the reader's, what is another person's because the reader entered it."""
        refuse_writing(request)
        membership = desk_membership(request)
        assert membership is not None
        steps = _all_lines()
        areas = areas_of(membership, steps, self.steps_of)
        area = next((str(each.name) for each in areas if str(each.name) == request.GET.get("area")), "")
        whose = request.GET.get("whose", "")
        whose = whose if whose in WHOSE else ""
        found = oldest_first(areas, area=area, whose="")
        log, markets = log_state(), list(market_states())
        context = self.each_context(request) | {
            "title": _("All that waits"),
            "areas": areas,
            "area": area,
            "whose": whose,
            "whose_choices": [
                ("", _("All"), len(found)),
                *((name, label, sum(row.whose == name for row in found)) for name, label in WHOSE.items()),
            ],
            "rows": oldest_first(areas, area=area, whose=whose),
            "concerns": concerns([], log, markets, status(RUNS_SHOWN).runs),
        }
        return TemplateResponse(request, "admin/queue.html", context)

    def steps_of(self, target: Model, names: Sequence[str]) -> list[tuple[Action, str]]:
        """Return those of an object's steps that are due and have these names, each with where it is asked for."""
        table = self._registry[type(target)]
        assert isinstance(table, ViewOnlyAdmin)
        due = (action for action in table.object_actions if action.name in names and action.is_due(target))
        return [(action, table.action_url(action, target)) for action in due]

    def reconcile(self, request: HttpRequest) -> HttpResponse:
        """Show what reconciliation has found; when its button was pressed, have a worker check the books."""
        refuse_writing(request)
        problem: Text = ""
        if PARAMETER in request.GET:
            membership = desk_membership(request)
            assert membership is not None
            problem = begin_if_confirmed(request, membership)
            if not problem:
                return HttpResponseRedirect(reverse("admin:reconcile"))
        context = self.each_context(request) | page_of(request) | {"problem": problem}
        return TemplateResponse(request, "admin/reconcile.html", context, status=409 if problem else 200)

    def reconcile_progress(self, request: HttpRequest) -> HttpResponse:
        """Show how far the check has got; once it has ended, have the page read anew."""
        refuse_writing(request)
        progress = status(shown=0).progress
        answer = TemplateResponse(request, "admin/reconcile_progress.html", progress_of(progress))
        if progress is None or not progress.is_under_way:
            answer["HX-Refresh"] = "true"
        return answer

    def status(self, request: HttpRequest) -> HttpResponse:
        """Show how every part of the product stands; the page asks for itself again while it is open."""
        refuse_writing(request)
        found = parts()
        context = self.each_context(request) | {
            "title": pgettext("operations", "Status"),
            "parts": found,
            "worst": found[0].state,
            "looked_at": timezone.now(),
        }
        return TemplateResponse(request, "admin/status.html", context)

    def runbook(self, request: HttpRequest) -> HttpResponse:
        """Show what to do when something does not work."""
        refuse_writing(request)
        context = self.each_context(request) | {"title": _("Runbook"), "text": runbook_html(request.LANGUAGE_CODE)}
        return TemplateResponse(request, "admin/runbook.html", context)

    def trial_balance(self, request: HttpRequest) -> HttpResponse:
        """Show what every account was debited and credited, now or as of a past instant."""
        refuse_writing(request)
        context = self.each_context(request) | trial_balance.page_of(request)
        return TemplateResponse(
            request, "admin/trial_balance.html", context, status=422 if "problem" in context else 200
        )

    def trial_balance_export(self, request: HttpRequest) -> HttpResponseBase:
        """Return the same as CSV."""
        refuse_writing(request)
        return trial_balance.exported(request) or self.trial_balance(request)


def _all_lines() -> list[Line]:
    """Return every step that waits for the operator, in both apps."""
    return [*lines(), rules_line(), halted_line(), alert_line()]


def _entry(model: type[Model]) -> dict[str, Any]:
    options = model._meta
    return {
        "name": capfirst(options.verbose_name_plural),
        "object_name": options.object_name,
        "admin_url": list_url(model),
    }
