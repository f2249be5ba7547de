"""Retirement, transfer, cancellation and withdrawal."""

import re
import uuid
from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ledger.credits.cancellations.models import Cancellation
from ledger.credits.models import Retirement
from ledger.credits.retiring import Use
from ledger.credits.transfers.models import CreditTransfer
from ledger.credits.transfers.services import TransferTerms
from ledger.errors import DomainError
from ledger.journal.models import Account
from ledger.journal.selectors import first_runs
from ledger.journal.serials import MAX_SERIAL
from ledger.templatetags.tianhui import tonnes, yuan
from ledger.web.forms.fields import NOTHING_CHOSEN, DateField, TonnesField, YuanField

RUNS_NAMED = 4
# A number, or as certificates write it; of a run its first number.
_WRITTEN = re.compile(r"(?:TH-[0-9]{2}-[0-9]{6,9}-[0-9]{4}-)?([0-9]{1,19})(?: ?[-–—] ?[0-9]{1,19})?")


class SerialField(forms.CharField):
    """A serial number, as people write it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"}), **options)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        match = _WRITTEN.fullmatch(text.upper())
        if match is None or not 0 < int(match[1]) <= MAX_SERIAL:
            raise forms.ValidationError(_("This is no serial number."))
        return int(match[1])


class KeyedForm(forms.Form):
    """A form that is made for each page that shows it: sent twice, it does what it asks for once."""

    key = forms.UUIDField(widget=forms.HiddenInput, initial=uuid.uuid4)

    def refuse(self, error: DomainError) -> None:
        """Put a refusal beside the field at fault."""
        self.add_error(error.field if error.field in self.fields else None, str(error))

    @property
    def idempotency_key(self) -> str:
        return str(self.cleaned_data["key"])


class TonnesForm(KeyedForm):
    """A form that takes credits out of a holding: how many, and where it matters which."""

    quantity_t = TonnesField(label=_("How many tonnes"))
    first_serial = SerialField(label=_("From which serial number on"), required=False)

    def __init__(self, *args: Any, holding: Account, **options: Any) -> None:
        super().__init__(*args, **options)
        self.holding = holding
        quantity = self.fields["quantity_t"]
        quantity.help_text = _("Available: %(available)s t") % {"available": tonnes(holding.available)}
        if "first_serial" in self.fields:
            self.fields["first_serial"].help_text = _which_numbers(first_runs(holding, RUNS_NAMED))

    def check_available(self) -> None:
        """Refuse more than there is, beside the field; the service does so too."""
        if self.is_valid() and self.cleaned_data["quantity_t"] > self.holding.available:
            self.add_error("quantity_t", _("You have not so many: choose fewer."))


def _which_numbers(runs: Sequence[tuple[int, int]]) -> str:
    written = "; ".join(f"{first}–{last}" for first, last in runs)
    return str(_("Leave it empty to take the oldest ones. You have: %(runs)s") % {"runs": written})


class RetireForm(TonnesForm):
    beneficiary_name = forms.CharField(
        label=_("Beneficiary"), max_length=120, help_text=_("In whose name the credits are used up, for good.")
    )
    beneficiary_code = forms.CharField(
        label=_("Unified social credit code of the beneficiary"), max_length=30, required=False
    )
    beneficiary_place = forms.CharField(
        label=_("Place of the beneficiary"),
        max_length=120,
        required=False,
        help_text=_("Such as its city; needed where you retire for another that has no code."),
    )
    is_beneficiary_public = forms.BooleanField(
        label=_("Show the beneficiary publicly"),
        required=False,
        initial=True,
        help_text=_("On the certificate and in the list of retirements."),
    )
    purpose = forms.ChoiceField(label=_("Purpose"), choices=[NOTHING_CHOSEN, *Retirement.Purpose.choices])
    period_starts_on = DateField(
        label=_("Used for the time from"),
        required=False,
        help_text=_("The year of your footprint, the days of the event, the time in which the product is sold."),
    )
    period_ends_on = DateField(label=_("Used for the time to"), required=False)
    court_name = forms.CharField(label=_("Court"), max_length=120, required=False)
    case_number = forms.CharField(
        label=_("Case number"), max_length=60, required=False, help_text=_("As the judgment has it.")
    )
    note = forms.CharField(
        label=_("Note"),
        max_length=300,
        required=False,
        help_text=_("It stands on the certificate, such as the event or the product."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def arguments(self) -> dict[str, Any]:
        """Return what `retire_credits` takes."""
        given = dict(self.cleaned_data)
        key = given.pop("key")
        use = Use(**{name: given.pop(name) for name in Use.__dataclass_fields__})
        return {**given, "use": use, "idempotency_key": str(key)}


class TransferForm(TonnesForm):
    recipient = forms.CharField(
        label=_("Recipient"),
        max_length=60,
        help_text=_("Its unified social credit code or its public id: ask for it. Nobody sees a list of all."),
    )
    ground = forms.ChoiceField(label=_("Ground"), choices=[NOTHING_CHOSEN, *CreditTransfer.Ground.choices])
    price_fen = YuanField(
        label=_("Price a tonne, for information"),
        required=False,
        help_text=_("What you have agreed, where you have. Nothing is paid by this: the money goes another way."),
    )
    note = forms.CharField(
        label=_("Note"),
        max_length=300,
        required=False,
        help_text=_("The recipient, the operator and auditors read it."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    # Which numbers move is settled when it is accepted.
    first_serial = None  # type: ignore[assignment]
    field_order = ("recipient", "quantity_t", "ground", "price_fen", "note")

    def terms(self) -> TransferTerms:
        """Return what a valid form offers."""
        given = self.cleaned_data
        return TransferTerms(given["quantity_t"], given["ground"], given["price_fen"], given["note"])


class CancelForm(TonnesForm):
    reason = forms.ChoiceField(
        label=_("Reason"),
        choices=[NOTHING_CHOSEN, *((reason.value, reason.label) for reason in Cancellation.OF_HOLDERS)],
    )
    note = forms.CharField(
        label=_("Note"),
        max_length=300,
        required=False,
        help_text=_("It stands on the public page of the cancellation."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def arguments(self) -> dict[str, Any]:
        """Return what `cancel_credits` takes."""
        given = dict(self.cleaned_data)
        key = given.pop("key")
        return {**given, "idempotency_key": str(key)}


class ReplenishForm(KeyedForm):
    batch = forms.ChoiceField(label=_("Which credits"))
    quantity_t = TonnesField(label=_("How many tonnes"))

    def __init__(self, *args: Any, holdings: Sequence[Account], owed_t: int, **options: Any) -> None:
        super().__init__(*args, **options)
        batch, quantity = self.fields["batch"], self.fields["quantity_t"]
        assert isinstance(batch, forms.ChoiceField)
        own = [(each.asset.code, f"{each.asset.code}: {tonnes(each.available)} t") for each in holdings]
        batch.choices = [NOTHING_CHOSEN, *own]
        quantity.help_text = _("Owed: %(owed)s t") % {"owed": tonnes(owed_t)}


class WithdrawForm(forms.Form):
    amount_fen = YuanField(label=_("Amount to be paid out"))

    def __init__(self, *args: Any, available_fen: int, **options: Any) -> None:
        super().__init__(*args, **options)
        self.available_fen = available_fen
        self.fields["amount_fen"].help_text = _("Available: ¥%(available)s") % {"available": yuan(available_fen)}

    def clean_amount_fen(self) -> int:
        amount_fen: int = self.cleaned_data["amount_fen"]
        if amount_fen > self.available_fen:
            raise forms.ValidationError(_("Available is ¥%(yuan)s."), params={"yuan": yuan(self.available_fen)})
        return amount_fen
