"""Credits that one holder offers to another, as the desk sees them."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from ledger.admin.base import ViewOnlyAdmin
from ledger.admin.display import EMPTY, at_moment, money, serial_runs, tonnes
from ledger.admin.records import Named, RecordIds, ids_naming
from ledger.credits.transfers.models import CreditTransfer

TRANSFER_RECORDS = tuple(f"credit_transfer_{state}" for state in CreditTransfer.State.values)
OFFERED_AT = at_moment("offered_at", _("offered at"))
EXPIRES_AT = at_moment("expires_at", _("expires at"))
DECIDED_AT = at_moment("decided_at", _("decided at"))


class CreditTransferAdmin(ViewOnlyAdmin):
    list_display = (
        "number",
        "batch",
        "quantity_figure",
        "sender",
        "recipient",
        "ground",
        "outcome_text",
        OFFERED_AT,
        DECIDED_AT,
    )
    list_filter = ("state", "ground")
    list_select_related = ("batch__asset", "sender", "recipient")
    search_fields = ("batch__asset__code", "sender__name", "recipient__name", "public_id__exact")
    ordering = ("-id",)
    fields = (
        "public_id",
        "batch",
        "quantity_figure",
        "sender",
        "recipient",
        "ground",
        "price",
        "note",
        "outcome_text",
        "serial_numbers",
        "transaction",
        "hold",
        "offered_by",
        OFFERED_AT,
        EXPIRES_AT,
        "decided_by",
        DECIDED_AT,
    )

    @admin.display(description=_("number"), ordering="id")
    def number(self, transfer: CreditTransfer) -> str:
        return str(transfer.pk)

    @admin.display(description=_("tonnes"), ordering="quantity_t")
    def quantity_figure(self, transfer: CreditTransfer) -> str:
        return tonnes(transfer.quantity_t)

    @admin.display(description=_("price a tonne, for information"))
    def price(self, transfer: CreditTransfer) -> str:
        return EMPTY if transfer.price_fen is None else money(transfer.price_fen)

    @admin.display(description=_("state"), ordering="state")
    def outcome_text(self, transfer: CreditTransfer) -> str:
        return transfer.get_outcome_display()

    @admin.display(description=_("serial numbers"))
    def serial_numbers(self, transfer: CreditTransfer) -> str:
        return serial_runs(transfer.serials)

    def record_ids(self, target: CreditTransfer) -> RecordIds:
        named = Named(TRANSFER_RECORDS, {"credit_transfer": str(target.public_id)})
        posted = [target.transaction.record_id] if target.transaction else []
        return [*posted, *ids_naming(named, near=(target.offered_at, target.decided_at))]
