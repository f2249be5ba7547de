"""Member households, how proceeds are shared among them, and what is paid out to them."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from ledger.admin.actions import Action, is_requested
from ledger.admin.base import Fact, ViewOnlyAdmin
from ledger.admin.display import EMPTY, Table, link, moment, money, yuan
from ledger.admin.payments import BankReferenceForm
from ledger.admin.personal import ERASE_HOUSEHOLD, EXPORT_HOUSEHOLD
from ledger.admin.records import Named, RecordIds, ids_naming
from ledger.credits.sharing.models import Distribution, SharingPlan
from ledger.credits.sharing.selectors import funds_of, lines_of, shares_in, shares_of_household
from ledger.journal.models import Payout
from ledger.journal.payouts import confirm_payout, refuse_payout
from ledger.parties.models import Household, Membership
from ledger.personal.exports import as_file, data_of_household
from ledger.templatetags.sharing import exact_mu, percent, rule_text

SHOWN = 50


class HouseholdAdmin(ViewOnlyAdmin):
    list_display = ("code", "name", "cooperative", "created_at", "left_at")
    list_select_related = ("cooperative",)
    search_fields = ("code", "name", "cooperative__name", "cooperative__name_en")
    date_hierarchy = "created_at"
    ordering = ("-id",)
    fields = ("code", "name", "cooperative", "public_id", "created_at", "left_at")
    object_actions = (EXPORT_HOUSEHOLD, ERASE_HOUSEHOLD)

    def answer(self, request: HttpRequest, action: Action, target: Any, result: Any) -> HttpResponse:
        if action is EXPORT_HOUSEHOLD:
            return as_file(data_of_household(result), f"household-{result.public_id}")
        return super().answer(request, action, target, result)

    def record_ids(self, target: Household) -> RecordIds:
        kinds = ("household_added", "household_left", "household_data_exported")
        named = Named(kinds, {"household": str(target.public_id)})
        return ids_naming(named, near=(target.created_at, target.left_at))

    def tables(self, target: Household) -> list[Table]:
        funds = funds_of(target)
        figures = (funds.shared_fen, funds.paid_fen, funds.held_fen, funds.balance_fen)
        columns = (_("Shared"), _("Paid out"), _("About to be paid"), _("Balance"))
        sums = Table(
            str(_("Money in yuan")), tuple(map(str, columns)), [tuple(map(yuan, figures))], figures=frozenset(range(4))
        )
        fields: list[tuple[object, ...]] = [
            (link(parcel), link(parcel.project), exact_mu(parcel.area_ha))
            for parcel in target.parcels.select_related("project").order_by("id")[:SHOWN]
        ]
        shares: list[tuple[object, ...]] = [
            (link(share.distribution), moment(share.distribution.distributed_at), yuan(share.amount_fen))
            for share in shares_of_household(target)[:SHOWN]
        ]
        return [
            sums,
            Table(str(_("Fields")), (str(_("Field")), str(_("Project")), str(_("mu"))), fields, figures=frozenset({2})),
            Table(
                str(_("Shares")),
                (str(_("Distribution")), str(_("Time")), str(_("Yuan"))),
                shares,
                figures=frozenset({2}),
            ),
        ]


class SharingPlanAdmin(ViewOnlyAdmin):
    list_display = (
        "number",
        "cooperative",
        "project",
        "version",
        "effective_from",
        "retained",
        "rule",
        "is_public",
        "stated_by",
        "stated_at",
    )
    list_filter = ("is_public",)
    list_select_related = ("cooperative", "project", "stated_by")
    search_fields = ("cooperative__name", "cooperative__name_en", "project__name")
    date_hierarchy = "stated_at"
    ordering = ("-id",)
    fields = (
        "number",
        "cooperative",
        "project",
        "version",
        "effective_from",
        "retained",
        "retained_for",
        "rule",
        "statement",
        "is_public",
        "content_sha256",
        "stated_by",
        "stated_at",
    )

    @admin.display(description=_("number"), ordering="id")
    def number(self, plan: SharingPlan) -> str:
        return str(plan.pk)

    @admin.display(description=_("retained"), ordering="retained_bps")
    def retained(self, plan: SharingPlan) -> str:
        return percent(plan.retained_bps)

    @admin.display(description=_("rule"))
    def rule(self, plan: SharingPlan) -> str:
        return rule_text(plan)

    def record_ids(self, target: SharingPlan) -> RecordIds:
        return ids_naming(Named(("sharing_plan_stated",), {"plan": str(target.pk)}), near=(target.stated_at,))

    def tables(self, target: SharingPlan) -> list[Table]:
        weights: list[tuple[object, ...]] = [
            (link(weight.household), weight.weight)
            for weight in target.weights.select_related("household").order_by("household__code")[:SHOWN]
        ]
        return [
            Table(
                str(_("Contributions")), (str(_("Household")), str(_("Contribution"))), weights, figures=frozenset({1})
            )
        ]


class DistributionAdmin(ViewOnlyAdmin):
    list_display = (
        "number",
        "cooperative",
        "batch",
        "net_figure",
        "retained_figure",
        "shared_figure",
        "distributed_at",
    )
    list_select_related = ("cooperative", "batch__asset")
    search_fields = ("cooperative__name", "cooperative__name_en", "batch__asset__code")
    date_hierarchy = "distributed_at"
    ordering = ("-id",)
    fields = (
        "number",
        "cooperative",
        "plan",
        "batch",
        "net_figure",
        "retained_figure",
        "shared_figure",
        "shares_sha256",
        "distributed_at",
    )

    @admin.display(description=_("number"), ordering="id")
    def number(self, distribution: Distribution) -> str:
        return str(distribution.pk)

    @admin.display(description=_("net proceeds in yuan"), ordering="net_fen")
    def net_figure(self, distribution: Distribution) -> str:
        return yuan(distribution.net_fen)

    @admin.display(description=_("retained in yuan"), ordering="retained_fen")
    def retained_figure(self, distribution: Distribution) -> str:
        return yuan(distribution.retained_fen)

    @admin.display(description=_("shared in yuan"), ordering="shared_fen")
    def shared_figure(self, distribution: Distribution) -> str:
        return yuan(distribution.shared_fen)

    def record_ids(self, target: Distribution) -> RecordIds:
        return [target.record_id]

    def tables(self, target: Distribution) -> list[Table]:
        shares: list[tuple[object, ...]] = [
            (link(share.household), exact_mu(share.area_ha), share.contribution, yuan(share.amount_fen))
            for share in shares_in(target)[:SHOWN]
        ]
        sales: list[tuple[object, ...]] = [
            (link(sale.transaction), yuan(sale.net_fen))
            for sale in target.sales.select_related("transaction").order_by("transaction_id")[:SHOWN]
        ]
        columns = tuple(map(str, (_("Household"), _("mu"), _("Contribution"), _("Yuan"))))
        return [
            Table(str(_("Shares")), columns, shares, figures=frozenset({1, 2, 3})),
            Table(str(_("Sales")), (str(_("Transaction")), str(_("Yuan"))), sales, figures=frozenset({1})),
        ]


CONFIRM = Action(
    name="confirm-payout",
    label=_("Confirm the payout"),
    explanation=_("The bank has paid the households of the list. The money leaves their accounts."),
    done=_("%(object)s is confirmed and posted."),
    role=Membership.Role.TREASURER,
    perform=lambda actor, payout, values: confirm_payout(actor=actor, payout_id=payout.pk, **values),
    form=BankReferenceForm,
    makers=("requested_by_id",),
    is_due=is_requested,
)
REFUSE = Action(
    name="refuse-payout",
    label=_("Refuse the payout"),
    explanation=_("Nothing is posted; what it holds is the households' again."),
    done=_("%(object)s is refused."),
    role=Membership.Role.TREASURER,
    perform=lambda actor, payout, _values: refuse_payout(actor=actor, payout_id=payout.pk),
    form=forms.Form,
    makers=("requested_by_id",),
    is_due=is_requested,
    is_grave=True,
)


class PayoutAdmin(ViewOnlyAdmin):
    list_display = (
        "number",
        "cooperative",
        "amount_figure",
        "status",
        "bank_reference",
        "requested_by",
        "requested_at",
        "decided_by",
        "decided_at",
    )
    list_filter = ("status",)
    list_select_related = ("cooperative", "requested_by", "decided_by")
    search_fields = ("cooperative__name", "cooperative__name_en", "bank_reference")
    date_hierarchy = "requested_at"
    ordering = ("-id",)
    fields = (
        "number",
        "cooperative",
        "amount",
        "bank_reference",
        "status",
        "requested_by",
        "requested_at",
        "decided_by",
        "decided_at",
        "transaction",
    )
    object_actions = (CONFIRM, REFUSE)

    @admin.display(description=_("number"), ordering="id")
    def number(self, payout: Payout) -> str:
        return str(payout.pk)

    @admin.display(description=_("amount in yuan"), ordering="amount_fen")
    def amount_figure(self, payout: Payout) -> str:
        return yuan(payout.amount_fen)

    @admin.display(description=_("amount"))
    def amount(self, payout: Payout) -> str:
        return money(payout.amount_fen)

    def record_ids(self, target: Payout) -> RecordIds:
        named = Named(("payout_requested", "payout_confirmed", "payout_refused"), {"payout": str(target.pk)})
        posted = target.transaction.record_id if target.transaction else None
        return [posted, *ids_naming(named, near=(target.requested_at, target.decided_at))]

    def facts(self, target: Payout) -> list[Fact]:
        return [
            (_("Cooperative"), link(target.cooperative)),
            (_("Amount"), money(target.amount_fen)),
            (_("Households"), target.lines.count()),
            (_("Bank reference"), target.bank_reference or EMPTY),
            (_("Entered by"), link(target.requested_by)),
            (_("Entered at"), moment(target.requested_at)),
        ]

    def tables(self, target: Payout) -> list[Table]:
        lines: list[tuple[object, ...]] = [
            (link(line.account.household), link(line.account), yuan(line.amount_fen)) for line in lines_of(target)
        ]
        columns = (str(_("Household")), str(_("Account")), str(_("Yuan")))
        return [Table(str(_("Households")), columns, lines, figures=frozenset({2}))]
