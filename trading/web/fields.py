"""Fields in which people write money and tonnes; what comes out is a whole number."""

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ledger.templatetags.tianhui import yuan
from ledger.web.forms.fields import plain_number

MAX_LENGTH = 24
MOST_DIGITS = 12

_YUAN = re.compile(r"[0-9]{1,12}(\.[0-9]{1,2})?")
_TONNES = re.compile(r"[0-9]{1,12}")


class _NumberField(forms.Field):
    """One line for a number, with its unit beside it."""

    def __init__(self, *, unit: str | Promise, inputmode: str, **options: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": inputmode, "autocomplete": "off", "maxlength": str(MAX_LENGTH)})
        super().__init__(widget=widget, **options)
        self.unit = unit

    def to_python(self, value: Any) -> int | None:
        text = plain_number(str(value or "")[: MAX_LENGTH + 1])
        return self.parse(text) if text else None

    def parse(self, text: str) -> int:
        raise NotImplementedError

    @staticmethod
    def refuse_endless(text: str) -> None:
        """Refuse a number that is written as it should be, but has more digits than anything here."""
        if len(text.partition(".")[0]) > MOST_DIGITS and text.replace(".", "", 1).isdecimal():
            raise ValidationError(_("That is more than there is: write fewer digits."))


class YuanField(_NumberField):
    """Yuan with at most two decimals; gives whole fen."""

    def __init__(self, *, unit: str | Promise, **options: Any) -> None:
        super().__init__(unit=unit, inputmode="decimal", **options)

    def parse(self, text: str) -> int:
        self.refuse_endless(text)
        if not _YUAN.fullmatch(text):
            raise ValidationError(_("Write an amount in yuan with at most two decimals, such as 40.25."))
        fen = int(Decimal(text) * 100)
        if fen == 0:
            raise ValidationError(_("The amount must be more than zero."))
        return fen

    def prepare_value(self, value: Any) -> Any:
        return yuan(value) if isinstance(value, int) else value


class TonnesField(_NumberField):
    """Whole tonnes, one at least."""

    def __init__(self, **options: Any) -> None:
        super().__init__(unit=_("t"), inputmode="numeric", **options)

    def parse(self, text: str) -> int:
        self.refuse_endless(text)
        if not _TONNES.fullmatch(text):
            raise ValidationError(_("Write whole tonnes, such as 100."))
        if int(text) == 0:
            raise ValidationError(_("One tonne at least."))
        return int(text)
