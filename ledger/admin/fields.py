"""Form fields for what people write and the ledger counts otherwise."""

import re
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from ledger.admin.display import yuan

_AMOUNT = re.compile(r"(\d{1,15}|\d{1,3}(,\d{3}){1,4})(\.\d{1,2})?", re.ASCII)


class YuanField(forms.Field):
    """An amount in yuan, such as 1,250.50, taken exactly: its value is whole fen, within the bounds if there are any."""

    widget = forms.TextInput({"inputmode": "decimal", "autocomplete": "off"})
    default_error_messages = {
        "invalid": _("Write the amount in yuan with at most two decimals, such as 12500.00."),
        "bounds": _("This must be from %(least)s to %(most)s yuan."),
    }

    def __init__(self, *, bounds_fen: tuple[int, int] | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.bounds_fen = bounds_fen

    def to_python(self, value: str | None) -> int | None:
        """Return the amount in fen, or None where nothing was written."""
        text = (value or "").strip()
        if not text:
            return None
        if not _AMOUNT.fullmatch(text):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        return int(Decimal(text.replace(",", "")) * 100)

    def validate(self, value: int | None) -> None:
        super().validate(value)
        if value is None or self.bounds_fen is None:
            return
        least, most = self.bounds_fen
        if not least <= value <= most:
            bounds = {"least": yuan(least), "most": yuan(most)}
            raise ValidationError(self.error_messages["bounds"], code="bounds", params=bounds)
