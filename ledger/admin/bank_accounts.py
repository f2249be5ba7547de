"""Where organisations' money is paid out to: one treasurer states it, a second one confirms it."""

from django import forms
from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from ledger.admin.actions import Action
from ledger.admin.base import Fact, ViewOnlyAdmin
from ledger.admin.display import link, moment
from ledger.admin.records import Named, RecordIds, ids_naming
from ledger.journal.bank.accounts import confirm_bank_account, refuse_bank_account, state_bank_account
from ledger.journal.bank.content import MAX_NAME
from ledger.journal.bank.models import BankAccount
from ledger.parties.models import Membership, Organisation

RECORDS = ("bank_account_stated", "bank_account_confirmed", "bank_account_refused")


class BankAccountForm(forms.Form):
    organisation = forms.ModelChoiceField(
        label=_("Organisation"),
        queryset=Organisation.objects.filter(
            kind__in=Organisation.HOLDERS, status=Organisation.Status.APPROVED
        ).order_by("name"),
    )
    bank = forms.CharField(label=_("Bank and branch"), max_length=MAX_NAME)
    number = forms.CharField(
        label=_("Account number"),
        max_length=60,
        help_text=_("Digits; blanks and hyphens do not count. In the organisation's own name, as its contract says."),
    )


def _waits(stated: BankAccount) -> bool:
    return stated.status == BankAccount.Status.REQUESTED


STATE = Action(
    name="state",
    label=_("Enter a bank account"),
    explanation=_(
        "From the contract, or from a sealed letter. Money is paid out to it once a second treasurer confirms."
    ),
    done=_("%(object)s is entered. A second treasurer confirms it."),
    role=Membership.Role.TREASURER,
    perform=lambda actor, _target, values: state_bank_account(actor=actor, **values),
    form=BankAccountForm,
)
CONFIRM = Action(
    name="confirm",
    label=_("Confirm the bank account"),
    explanation=_(
        "You have compared it with the contract or the sealed letter, and called the organisation back at a number that you know. "
        "Money is paid out to it from now on; its people are told."
    ),
    done=_("%(object)s is confirmed."),
    role=Membership.Role.TREASURER,
    perform=lambda actor, stated, _values: confirm_bank_account(actor=actor, bank_account_id=stated.pk),
    makers=("requested_by_id",),
    is_due=_waits,
    is_grave=True,
)
REFUSE = Action(
    name="refuse",
    label=_("Refuse the bank account"),
    explanation=_("It stays at the account before."),
    done=_("%(object)s is refused."),
    role=Membership.Role.TREASURER,
    perform=lambda actor, stated, _values: refuse_bank_account(actor=actor, bank_account_id=stated.pk),
    makers=("requested_by_id",),
    is_due=_waits,
)


class BankAccountAdmin(ViewOnlyAdmin):
    """In lists the number is masked; who confirms it sees it whole."""

    list_display = ("organisation", "shown", "status", "requested_by", "requested_at", "decided_by", "decided_at")
    list_filter = ("status",)
    list_select_related = ("organisation", "requested_by", "decided_by")
    search_fields = ("organisation__name", "organisation__name_en")
    ordering = ("-id",)
    fields = (
        "organisation",
        "bank",
        "number",
        "nonce",
        "status",
        "requested_by",
        "requested_at",
        "decided_by",
        "decided_at",
    )
    list_actions = (STATE,)
    object_actions = (CONFIRM, REFUSE)

    @admin.display(description=_("account number"))
    def shown(self, stated: BankAccount) -> str:
        return stated.masked

    def record_ids(self, target: BankAccount) -> RecordIds:
        named = Named(RECORDS, {"bank_account": str(target.pk)})
        return ids_naming(named, near=(target.requested_at, target.decided_at))

    def facts(self, target: BankAccount) -> list[Fact]:
        return [
            (_("Organisation"), link(target.organisation)),
            (_("Bank and branch"), target.bank),
            (_("Account number"), target.number),
            (_("Entered by"), link(target.requested_by)),
            (_("Entered at"), moment(target.requested_at)),
        ]
