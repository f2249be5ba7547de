"""Entries of the bank's statements: what each may be, and what a treasurer does with it."""

from collections.abc import Iterable

from django import forms
from django.contrib import admin
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.admin.actions import Action, ReasonForm
from ledger.admin.base import Fact, ViewOnlyAdmin
from ledger.admin.display import EMPTY, at_moment, link, money, yuan
from ledger.admin.filters import MAX_BIGINT
from ledger.admin.payments import DepositForm
from ledger.journal.bank.matching import Proposal, Step, propose
from ledger.journal.bank.models import BankEntry
from ledger.journal.bank.services import confirm_withdrawal, enter_deposit, ignore_entry, link_payment, reopen_entry
from ledger.parties.models import Membership

TREASURER = Membership.Role.TREASURER
HANDLED_AT = at_moment("decided_at", _("handled at"))


class OrganisationForm(DepositForm):
    """Amount and reference are the entry's."""

    amount_fen = None  # type: ignore[assignment]
    bank_reference = None  # type: ignore[assignment]


class PaymentForm(forms.Form):
    payment_id = forms.IntegerField(label=_("Number of the payment"), min_value=1, max_value=MAX_BIGINT)


def is_matchable(entry: BankEntry) -> bool:
    """Return whether an entry waits, and can be one payment."""
    return entry.is_open and entry.takes_a_payment


ENTER_DEPOSIT = Action(
    name=Step.ENTER_DEPOSIT.value,
    label=_("Enter as a deposit"),
    explanation=_("The money is entered for this organisation. It is credited once a second treasurer confirms it."),
    done=_("The deposit is entered. A second treasurer confirms it."),
    role=TREASURER,
    perform=lambda actor, entry, values: enter_deposit(actor=actor, entry_id=entry.pk, **values).statement,
    form=OrganisationForm,
    is_due=lambda entry: is_matchable(entry) and entry.direction == BankEntry.Direction.CREDIT,
)
CONFIRM_WITHDRAWAL = Action(
    name=Step.CONFIRM_WITHDRAWAL.value,
    label=_("Confirm a withdrawal"),
    explanation=_("The bank has paid this withdrawal out. It leaves the organisation's account."),
    done=_("The withdrawal is confirmed and posted."),
    role=TREASURER,
    perform=lambda actor, entry, values: confirm_withdrawal(actor=actor, entry_id=entry.pk, **values).statement,
    form=PaymentForm,
    is_due=lambda entry: is_matchable(entry) and entry.direction == BankEntry.Direction.DEBIT,
)
LINK_PAYMENT = Action(
    name=Step.LINK_PAYMENT.value,
    label=_("Link a payment"),
    explanation=_(
        "For a payment that was entered or confirmed without the statement. The payment itself stays as it is."
    ),
    done=_("The entry is linked with the payment."),
    role=TREASURER,
    perform=lambda actor, entry, values: link_payment(actor=actor, entry_id=entry.pk, **values).statement,
    form=PaymentForm,
    is_due=is_matchable,
)
IGNORE = Action(
    name="ignore",
    label=pgettext_lazy("bank entry", "Set aside"),
    explanation=_(
        "For what is no payment of an organisation, such as interest or the bank's charges. Nothing is posted."
    ),
    done=_("The entry is set aside."),
    role=TREASURER,
    perform=lambda actor, entry, values: ignore_entry(actor=actor, entry_id=entry.pk, **values).statement,
    form=ReasonForm,
    is_due=lambda entry: entry.is_open,
)
REOPEN = Action(
    name="reopen",
    label=_("Take up again"),
    explanation=_("The entry is to be matched again."),
    done=_("The entry is to be matched again."),
    role=TREASURER,
    perform=lambda actor, entry, _values: reopen_entry(actor=actor, entry_id=entry.pk).statement,
    is_due=lambda entry: entry.status == BankEntry.Status.IGNORED,
)


class BankEntryAdmin(ViewOnlyAdmin):
    list_display = (
        "bank_reference",
        "booked_on",
        "direction",
        "amount_figure",
        "counterparty_name",
        "state",
        "payment_link",
        "statement",
    )
    list_filter = ("status", "direction", "is_reversal")
    list_select_related = ("statement", "payment")
    search_fields = ("bank_reference", "counterparty_name", "counterparty_account", "text")
    date_hierarchy = "booked_on"
    ordering = ("-id",)
    object_actions = (ENTER_DEPOSIT, CONFIRM_WITHDRAWAL, LINK_PAYMENT, IGNORE, REOPEN)
    fields = (
        "statement",
        "bank_reference",
        "booked_on",
        "direction",
        "amount_figure",
        "is_reversal",
        "payments",
        "counterparty_name",
        "counterparty_account",
        "counterparty_code",
        "text",
        "state",
        "proposals",
        "payment_link",
        "reason",
        "decided_by",
        HANDLED_AT,
    )

    @admin.display(description=_("amount in yuan"), ordering="amount_fen")
    def amount_figure(self, entry: BankEntry) -> str:
        return yuan(entry.signed_fen)

    @admin.display(description=_("status"), ordering="status")
    def state(self, entry: BankEntry) -> str:
        return state_of(entry)

    @admin.display(description=_("payment"))
    def payment_link(self, entry: BankEntry) -> str:
        return link(entry.payment)

    @admin.display(description=_("proposals"))
    def proposals(self, entry: BankEntry) -> str:
        found = propose([entry]).get(entry.pk)
        return _listed(found.found) if found is not None and found.found else EMPTY

    def facts(self, target: BankEntry) -> list[Fact]:
        return [
            (_("Bank reference"), target.bank_reference),
            (_("Booked on"), target.booked_on.isoformat()),
            (_("Direction"), target.get_direction_display()),
            (_("Amount"), money(target.amount_fen)),
            (_("Counterparty"), target.counterparty_name or EMPTY),
            (_("Remittance text"), target.text or EMPTY),
            (_("Status"), state_of(target)),
            (_("Proposals"), self.proposals(target)),
        ]


def state_of(entry: BankEntry) -> str:
    """Return how an entry stands, in words."""
    if entry.is_open and entry.payment is not None:
        return str(_("to be matched again: its payment was refused"))
    return entry.get_status_display()


def _listed(proposals: Iterable[Proposal]) -> SafeString:
    """Return proposals with their reasons, a line for each."""
    return format_html_join(
        SafeString("<br>"),
        "{}: {} {} ({})",
        (
            (
                proposal.step.label,
                link(proposal.organisation),
                link(proposal.payment) if proposal.payment is not None else "",
                "; ".join(str(reason.label) for reason in proposal.reasons),
            )
            for proposal in proposals
        ),
    )
