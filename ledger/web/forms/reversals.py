"""What is reported of a reversal."""

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.credits.reversals.models import Reversal
from ledger.credits.reversals.services import Loss
from ledger.templatetags.tianhui import tonnes
from ledger.web.forms.fields import NOTHING_CHOSEN, DateField, TonnesField


class ReversalForm(forms.Form):
    cause = forms.ChoiceField(label=_("Cause"), choices=[NOTHING_CHOSEN, *Reversal.Cause.choices])
    is_intentional = forms.BooleanField(
        label=_("The proponent brought it about on purpose"),
        required=False,
        help_text=_("Then the buffer pool does not pay for it: all of it is owed by the proponent."),
    )
    happened_on = DateField(label=_("Happened on"))
    discovered_on = DateField(label=_("Discovered on"), initial=timezone.localdate)
    loss_t = TonnesField(label=pgettext_lazy("reversal", "Tonnes lost"))
    description = forms.CharField(
        label=_("What has happened"),
        max_length=2_000,
        help_text=_("Which fields, how large, how the tonnes were estimated, and where the evidence is."),
        widget=forms.Textarea(attrs={"rows": 5}),
    )

    def __init__(self, *args: Any, losable_t: int, stores_carbon: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["loss_t"].help_text = _("At most %(most)s t") % {"most": tonnes(max(losable_t, 0))}
        if not stores_carbon:
            cause = self.fields["cause"]
            assert isinstance(cause, forms.ChoiceField)
            cause.choices = [(Reversal.Cause.OVER_ISSUANCE.value, Reversal.Cause.OVER_ISSUANCE.label)]
            cause.help_text = _("What this project has avoided is not lost again: only too much can have been issued.")
            del self.fields["is_intentional"]

    def loss(self) -> Loss:
        """Return what a valid form reports."""
        return Loss(**self.cleaned_data)
