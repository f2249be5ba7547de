"""Fields in which people write money and tonnes; what comes out is a whole number."""

import re
import unicodedata
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ledger.templatetags.tianhui import yuan

_YUAN = re.compile(r"[0-9]{1,12}(\.[0-9]{1,2})?")
_TONNES = re.compile(r"[0-9]{1,12}")


class _NumberField(forms.CharField):
    """One line for a number, with its unit beside it."""

    def __init__(self, *, unit: str | Promise, inputmode: str, **options: Any) -> None:
        widget = forms.TextInput(attrs={"inputmode": inputmode, "autocomplete": "off", "maxlength": "24"})
        super().__init__(widget=widget, max_length=24, **options)
        self.unit = unit

    def plain(self, text: str) -> str:
        """Return what was written in ASCII, without separators: a Chinese keyboard may write １，２００。"""
        return unicodedata.normalize("NFKC", text).replace("。", ".").replace(",", "").replace(" ", "")


class YuanField(_NumberField):
    """Yuan with at most two decimals; gives whole fen."""

    def __init__(self, *, unit: str | Promise, **options: Any) -> None:
        super().__init__(unit=unit, inputmode="decimal", **options)

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if text in self.empty_values:
            return None
        if not _YUAN.fullmatch(self.plain(text)):
            raise ValidationError(_("Write an amount in yuan with at most two decimals, such as 40.25."))
        fen = int(Decimal(self.plain(text)) * 100)
        if fen == 0:
            raise ValidationError(_("The amount must be more than zero."))
        return fen

    def prepare_value(self, value: Any) -> Any:
        return yuan(value) if isinstance(value, int) else value


class TonnesField(_NumberField):
    """Whole tonnes, one at least."""

    def __init__(self, **options: Any) -> None:
        super().__init__(unit=_("t"), inputmode="numeric", **options)

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if text in self.empty_values:
            return None
        if not _TONNES.fullmatch(self.plain(text)):
            raise ValidationError(_("Write whole tonnes, such as 100."))
        tonnes = int(self.plain(text))
        if tonnes == 0:
            raise ValidationError(_("One tonne at least."))
        return tonnes
