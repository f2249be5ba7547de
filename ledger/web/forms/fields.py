"""Fields that more than one form has."""

import re
import unicodedata
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ledger.journal.posting import MAX_AMOUNT
from ledger.web.words import Words

NOTHING_CHOSEN = ("", _("Please choose"))
MAX_WRITTEN = 40
"""So many characters has a line for a number."""
# By three, or by four as Chinese counts. Whoever writes 1,5 or 0,125 means something else.
_GROUPED = re.compile(r"-?(?:[1-9][0-9]{0,2}(?:,[0-9]{3})+|[1-9][0-9]{0,3}(?:,[0-9]{4})+)(?:\.[0-9]*)?")


def plain_number(text: str) -> str:
    """Return a number that was written in ASCII, without what only sets it out: a Chinese keyboard may write １，２００。５０."""
    plain = "".join(unicodedata.normalize("NFKC", text).split()).replace("。", ".").removeprefix("¥")
    return plain.replace(",", "") if _GROUPED.fullmatch(plain) else plain


class UnitField(forms.Field):
    """A field with its unit written behind it."""

    unit: str | Promise = ""


class WrittenNumber(forms.Field):
    """A number that is read as people write it.

    The line takes any text: a browser's own line for numbers leaves out what it does not know, and makes 275 of 27。5.
    """

    widget = forms.TextInput
    inputmode = "decimal"

    def to_python(self, value: Any) -> Any:
        return super().to_python(plain_number(value) if isinstance(value, str) else value)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        shown = (
            {} if widget.is_hidden else {"inputmode": self.inputmode, "autocomplete": "off", "maxlength": MAX_WRITTEN}
        )
        return super().widget_attrs(widget) | shown


class WholeField(WrittenNumber, forms.IntegerField):
    """A whole number."""

    inputmode = "numeric"


class YuanField(WrittenNumber, forms.DecimalField, UnitField):
    """An amount that people write in yuan and the ledger keeps in fen, exactly."""

    unit = _("yuan")

    def __init__(self, **options: Any) -> None:
        largest = Decimal(MAX_AMOUNT) / 100
        super().__init__(min_value=Decimal("0.01"), max_value=largest, decimal_places=2, **options)

    def clean(self, value: Any) -> Any:
        yuan = super().clean(value)
        return None if yuan is None else int(yuan * 100)


class TonnesField(WholeField, UnitField):
    """Whole tonnes, one at least."""

    unit = _("tonnes CO₂e")

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=MAX_AMOUNT, **options)


class NumberField(WrittenNumber, forms.DecimalField, UnitField):
    """A number that is not negative, handed on as the text that a case file holds."""

    def __init__(self, *, unit: str | Promise, least: int = 0, most: int = 100_000, **options: Any) -> None:
        super().__init__(min_value=least, max_value=most, max_digits=12, decimal_places=4, **options)
        self.unit = unit

    def clean(self, value: Any) -> Any:
        number = super().clean(value)
        return None if number is None else f"{number:f}"


class DateField(forms.DateField):
    """A day, by the browser's own calendar."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"), **options)


class WordField(forms.ChoiceField):
    """One of the words that a methodology knows, by what people call it."""

    def __init__(self, words: Words, *, required: bool = True, nothing: str | Promise = "–", **options: Any) -> None:
        blank = NOTHING_CHOSEN if required else ("", nothing)
        super().__init__(choices=[blank, *words.items()], required=required, **options)
