"""Money in and out: one treasurer enters it, a second one confirms it."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils import timezone
from django.utils.translation import gettext as now
from django.utils.translation import gettext_lazy as _

from ledger.admin.actions import Action, is_requested
from ledger.admin.base import Fact, ViewOnlyAdmin
from ledger.admin.display import EMPTY, link, moment, money, yuan
from ledger.admin.fields import YuanField
from ledger.admin.records import Named, RecordIds, ids_naming
from ledger.journal.bank.accounts import accounts_while, bank_account_of
from ledger.journal.bank.models import BankAccount
from ledger.journal.models import Payment
from ledger.journal.payments import confirm_payment, refuse_payment, request_deposit
from ledger.parties.models import Membership, Organisation


class DepositForm(forms.Form):
    organisation = forms.ModelChoiceField(
        label=_("Organisation"),
        queryset=Organisation.objects.filter(
            kind__in=Organisation.HOLDERS, status=Organisation.Status.APPROVED
        ).order_by("name"),
    )
    amount_fen = YuanField(label=_("Amount in yuan"))
    bank_reference = forms.CharField(
        label=_("Bank reference"), max_length=64, help_text=_("As it stands on the bank's statement.")
    )


class BankReferenceForm(forms.Form):
    bank_reference = forms.CharField(
        label=_("Bank reference"), max_length=64, help_text=_("Of the payment that the bank has made.")
    )


class PaidOutForm(BankReferenceForm):
    """To which account: asked where another one was confirmed while the withdrawal waited, else there is only one."""

    bank_account = forms.TypedChoiceField(
        label=_("Paid to"),
        coerce=int,
        empty_value=None,
        required=False,
        widget=forms.RadioSelect,
        help_text=_("To which account the bank has really paid: the log names it."),
    )


def _offer_accounts(form: Any, payment: Payment) -> None:
    """Let a treasurer choose among the accounts that a withdrawal can have been paid to; where there is one, it is that."""
    accounts = accounts_while(payment.organisation, payment.requested_at)
    if not accounts:
        # The service says what is missing.
        del form.fields["bank_account"]
        return
    field = form.fields["bank_account"]
    field.choices = [(account.pk, _since(account)) for account in accounts]
    if len(accounts) == 1:
        field.initial = accounts[0].pk


def _since(account: BankAccount) -> str:
    assert account.decided_at is not None, "it is confirmed"
    day = timezone.localtime(account.decided_at).strftime("%Y-%m-%d %H:%M")
    return now("%(bank)s %(number)s, confirmed on %(day)s") % {
        "bank": account.bank,
        "number": account.number,
        "day": day,
    }


ENTER_DEPOSIT = Action(
    name="enter-deposit",
    label=_("Enter a deposit"),
    explanation=_("Enter what the bank has received. It is credited once a second treasurer confirms it."),
    done=_("%(object)s is entered. A second treasurer confirms it."),
    role=Membership.Role.TREASURER,
    perform=lambda actor, _target, values: request_deposit(actor=actor, **values),
    form=DepositForm,
)
CONFIRM_DEPOSIT = Action(
    name="confirm-deposit",
    label=_("Confirm the deposit"),
    explanation=_("You have seen the money on the bank's statement. The organisation can use it at once."),
    done=_("%(object)s is confirmed and posted."),
    role=Membership.Role.TREASURER,
    perform=lambda actor, payment, _values: confirm_payment(actor=actor, payment_id=payment.pk),
    makers=("requested_by_id",),
    is_due=lambda payment: is_requested(payment) and payment.direction == Payment.Direction.DEPOSIT,
)
CONFIRM_WITHDRAWAL = Action(
    name="confirm-withdrawal",
    label=_("Confirm the withdrawal"),
    explanation=_(
        "The bank has paid the money out, to the bank account that is named here and to no other. It leaves the organisation's account."
    ),
    done=_("%(object)s is confirmed and posted."),
    role=Membership.Role.TREASURER,
    perform=lambda actor, payment, values: confirm_payment(actor=actor, payment_id=payment.pk, **values),
    form=PaidOutForm,
    fit=_offer_accounts,
    makers=("requested_by_id",),
    is_due=lambda payment: is_requested(payment) and payment.direction == Payment.Direction.WITHDRAWAL,
)
REFUSE = Action(
    name="refuse",
    label=_("Refuse the payment"),
    explanation=_("Nothing is posted; what a withdrawal holds is released."),
    done=_("%(object)s is refused."),
    role=Membership.Role.TREASURER,
    perform=lambda actor, payment, _values: refuse_payment(actor=actor, payment_id=payment.pk),
    makers=("requested_by_id",),
    is_due=is_requested,
    is_grave=True,
)


class PaymentAdmin(ViewOnlyAdmin):
    list_display = (
        "number",
        "organisation",
        "direction",
        "amount_figure",
        "status",
        "bank_reference",
        "requested_by",
        "requested_at",
        "decided_by",
        "decided_at",
    )
    list_filter = ("status", "direction")
    list_select_related = ("organisation", "requested_by", "decided_by")
    search_fields = ("organisation__name", "organisation__name_en", "bank_reference")
    date_hierarchy = "requested_at"
    ordering = ("-id",)
    fields = (
        "number",
        "organisation",
        "direction",
        "amount",
        "bank_reference",
        "bank_account",
        "status",
        "requested_by",
        "requested_at",
        "decided_by",
        "decided_at",
        "transaction",
        "hold",
    )
    list_actions = (ENTER_DEPOSIT,)
    object_actions = (CONFIRM_DEPOSIT, CONFIRM_WITHDRAWAL, REFUSE)

    @admin.display(description=_("number"), ordering="id")
    def number(self, payment: Payment) -> str:
        return str(payment.pk)

    @admin.display(description=_("amount in yuan"), ordering="amount_fen")
    def amount_figure(self, payment: Payment) -> str:
        return yuan(payment.amount_fen)

    @admin.display(description=_("amount"))
    def amount(self, payment: Payment) -> str:
        return money(payment.amount_fen)

    def record_ids(self, target: Payment) -> RecordIds:
        named = Named(("payment_requested", "payment_confirmed", "payment_refused"), {"payment": str(target.pk)})
        posted = target.transaction.record_id if target.transaction else None
        return [posted, *ids_naming(named, near=(target.requested_at, target.decided_at))]

    def facts(self, target: Payment) -> list[Fact]:
        return [
            (_("Organisation"), link(target.organisation)),
            *_where_to(target),
            (_("Direction"), target.get_direction_display()),
            (_("Amount"), money(target.amount_fen)),
            (_("Bank reference"), target.bank_reference or EMPTY),
            (_("Entered by"), link(target.requested_by)),
            (_("Entered at"), moment(target.requested_at)),
        ]


def _where_to(payment: Payment) -> list[Fact]:
    """Return to which account a withdrawal is to be paid, as its treasurer needs it, or was paid."""
    if payment.direction != Payment.Direction.WITHDRAWAL:
        return []
    if payment.status != Payment.Status.REQUESTED:
        paid = payment.bank_account
        return [(_("Paid to"), link(paid, f"{paid.bank} {paid.number}"))] if paid else []
    account = bank_account_of(payment.organisation)
    if account is None:
        return [
            (
                _("Bank account"),
                _("None is confirmed: enter it from the contract first. Nothing is paid out until then."),
            )
        ]
    said = _since(account)
    if account.decided_at is not None and account.decided_at > payment.requested_at:
        said = now("%(account)s: after this was asked for") % {"account": said}
    return [(_("Bank account"), said)]
