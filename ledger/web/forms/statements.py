"""What part of a statement is asked for."""

import datetime as dt
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.errors import InvalidValue
from ledger.journal.statements import Period, check_instant, period_of
from ledger.web.forms.fields import DateField


class PeriodForm(forms.Form):
    starts_on = DateField(label=pgettext_lazy("statement", "First day"), required=False)
    ends_on = DateField(label=pgettext_lazy("statement", "Last day"), required=False)

    def clean(self) -> dict[str, Any]:
        given = self.cleaned_data
        try:
            period_of(given.get("starts_on"), given.get("ends_on"))
        except InvalidValue as error:
            self.add_error(error.field, str(error))
        return given

    def period(self) -> Period:
        """Return what a valid form asks for."""
        return period_of(self.cleaned_data["starts_on"], self.cleaned_data["ends_on"])


class StatementForm(PeriodForm):
    at = forms.DateTimeField(
        label=_("Balance at"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": 1}, format="%Y-%m-%dT%H:%M:%S"),
    )

    def clean_at(self) -> dt.datetime | None:
        at: dt.datetime | None = self.cleaned_data["at"]
        try:
            return check_instant(at)
        except InvalidValue as error:
            raise ValidationError(str(error)) from error
