"""Wrong transactions: one treasurer asks for one to be reversed, a second one confirms it."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from ledger.admin.actions import Action, ReasonForm, is_requested
from ledger.admin.base import Fact, ViewOnlyAdmin
from ledger.admin.display import Table, amount_of, link, moment, person
from ledger.admin.records import Named, RecordIds, ids_naming
from ledger.journal.corrections import (
    REVERSIBLE,
    confirm_correction,
    is_corrected,
    refuse_correction,
    request_correction,
)
from ledger.journal.models import Correction, Transaction
from ledger.parties.models import Membership

REQUEST_CORRECTION = Action(
    name="request-correction",
    label=_("Have it reversed"),
    explanation=_(
        "The transaction stays as it is. Once a second treasurer confirms, another one moves the same back, with the same "
        "serial numbers."
    ),
    done=_("%(object)s is entered. A second treasurer confirms it."),
    role=Membership.Role.TREASURER,
    perform=lambda actor, wrong, values: request_correction(actor=actor, transaction_id=wrong.pk, **values),
    form=ReasonForm,
    is_due=lambda wrong: wrong.kind in REVERSIBLE and not is_corrected(wrong),
    is_grave=True,
)


CONFIRM = Action(
    name="confirm",
    label=_("Confirm the reversal"),
    explanation=_("The transaction was wrong. What it moved is moved back at once, as far as it is still there."),
    done=_("%(object)s is confirmed and posted."),
    role=Membership.Role.TREASURER,
    perform=lambda actor, correction, _values: confirm_correction(actor=actor, correction_id=correction.pk),
    makers=("requested_by_id",),
    is_due=is_requested,
    is_grave=True,
)
REFUSE = Action(
    name="refuse",
    label=_("Refuse the reversal"),
    explanation=_("The transaction stands as it is. Nothing is posted."),
    done=_("%(object)s is refused."),
    role=Membership.Role.TREASURER,
    perform=lambda actor, correction, _values: refuse_correction(actor=actor, correction_id=correction.pk),
    makers=("requested_by_id",),
    is_due=is_requested,
)


class CorrectionAdmin(ViewOnlyAdmin):
    list_display = (
        "number",
        "transaction",
        "reason",
        "status",
        "requested_by",
        "requested_at",
        "decided_by",
        "decided_at",
        "reversal",
    )
    list_filter = ("status",)
    list_select_related = ("transaction", "reversal", "requested_by", "decided_by")
    search_fields = ("transaction__id", "reason")
    ordering = ("-id",)
    fields = list_display
    object_actions = (CONFIRM, REFUSE)

    @admin.display(description=_("number"), ordering="id")
    def number(self, correction: Correction) -> str:
        return str(correction.pk)

    def record_ids(self, target: Correction) -> RecordIds:
        kinds = ("correction_requested", "correction_confirmed", "correction_refused")
        named = Named(kinds, {"correction": str(target.pk)})
        return [
            target.reversal.record_id if target.reversal else None,
            *ids_naming(named, near=(target.requested_at, target.decided_at)),
        ]

    def facts(self, target: Correction) -> list[Fact]:
        return [
            (_("Reason"), target.reason),
            *transaction_facts(target.transaction),
            (_("Entered by"), link(target.requested_by)),
            (_("Entered at"), moment(target.requested_at)),
        ]


def transaction_facts(transaction: Transaction) -> list[Fact]:
    """Return what a treasurer should see of a transaction before it is reversed."""
    transfers = transaction.transfers.select_related(
        "debit_account__organisation",
        "debit_account__asset",
        "credit_account__organisation",
        "credit_account__asset",
    ).order_by("id")
    return [
        (_("Transaction"), link(transaction)),
        (_("Occurred at"), moment(transaction.occurred_at)),
        (_("Actor"), person(transaction.actor)),
        *(
            (
                _("Transfer"),
                f"{transfer.debit_account} → {transfer.credit_account}: "
                f"{amount_of(transfer.debit_account.asset, transfer.amount)}",
            )
            for transfer in transfers
        ),
    ]


def corrections_of(transaction: Transaction) -> list[Table]:
    """Return who has asked for a transaction to be reversed, where anybody has."""
    rows: list[tuple[object, ...]] = [
        (link(each), each.reason, each.get_status_display(), link(each.requested_by), moment(each.requested_at))
        for each in transaction.corrections.select_related("requested_by").order_by("-id")
    ]
    columns = (_("Correction"), _("Reason"), _("Status"), _("Entered by"), _("Entered at"))
    return [Table(str(_("Corrections")), tuple(map(str, columns)), rows)] if rows else []
