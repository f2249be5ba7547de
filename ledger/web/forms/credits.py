"""Retirement and withdrawal."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ledger.credits.models import Retirement
from ledger.templatetags.tianhui import tonnes, yuan
from ledger.web.forms.fields import NOTHING_CHOSEN, TonnesField, YuanField


class RetireForm(forms.Form):
    quantity_t = TonnesField(label=_("How many tonnes"))
    beneficiary_name = forms.CharField(
        label=_("Beneficiary"), max_length=120, help_text=_("In whose name the credits are used up, for good.")
    )
    beneficiary_code = forms.CharField(
        label=_("Unified social credit code of the beneficiary"), max_length=18, required=False
    )
    is_beneficiary_public = forms.BooleanField(
        label=_("Show the beneficiary publicly"),
        required=False,
        initial=True,
        help_text=_("On the certificate and in the list of retirements."),
    )
    purpose = forms.ChoiceField(label=_("Purpose"), choices=[NOTHING_CHOSEN, *Retirement.Purpose.choices])
    note = forms.CharField(
        label=_("Note"),
        max_length=300,
        required=False,
        help_text=_("It stands on the certificate, such as the event or the product."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    # Sent with the form, so that the same form sent twice retires once.
    key = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, *args: Any, available: int, **options: Any) -> None:
        super().__init__(*args, **options)
        self.available = available
        self.fields["quantity_t"].help_text = _("Available: %(available)s t") % {"available": tonnes(available)}
        self.fields["quantity_t"].widget.attrs["max"] = available

    def arguments(self) -> dict[str, Any]:
        """Return what `retire_credits` takes."""
        given = dict(self.cleaned_data)
        key = given.pop("key")
        return {**given, "idempotency_key": str(key)}


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
