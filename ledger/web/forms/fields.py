"""Fields that more than one form has."""

from decimal import Decimal
from typing import Any

import orjson
from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ledger.journal.posting import MAX_AMOUNT
from ledger.web.words import Words

MAX_GEOJSON_BYTES = 1_000_000
NOTHING_CHOSEN = ("", _("Please choose"))


class UnitField(forms.Field):
    """A field with its unit written behind it."""

    unit: str | Promise = ""


class YuanField(forms.DecimalField, UnitField):
    """An amount that people write in yuan and the ledger keeps in fen, exactly."""

    unit = _("yuan")

    def __init__(self, **options: Any) -> None:
        largest = Decimal(MAX_AMOUNT) / 100
        super().__init__(min_value=Decimal("0.01"), max_value=largest, decimal_places=2, **options)
        self.widget.attrs["inputmode"] = "decimal"

    def clean(self, value: Any) -> Any:
        yuan = super().clean(value)
        return None if yuan is None else int(yuan * 100)


class TonnesField(forms.IntegerField, UnitField):
    """Whole tonnes, one at least."""

    unit = _("tonnes CO₂e")

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=1, max_value=MAX_AMOUNT, **options)


class NumberField(forms.DecimalField, UnitField):
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


class GeoJsonField(forms.CharField):
    """A polygon in GeoJSON: bare, or as the only feature of what a map program has written."""

    def __init__(self, **options: Any) -> None:
        widget = forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "class": "code"})
        super().__init__(max_length=MAX_GEOJSON_BYTES, widget=widget, **options)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        return read_geojson(text) if text else None


def read_geojson(content: str | bytes) -> dict[str, Any]:
    """Return the geometry of a GeoJSON text.

    Raises: ValidationError for what is no JSON, or holds more than one shape.
    """
    try:
        geojson = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise forms.ValidationError(_("This is not GeoJSON: it cannot be read as JSON.")) from None
    if isinstance(geojson, dict) and geojson.get("type") == "FeatureCollection":
        features = geojson.get("features")
        if not isinstance(features, list) or len(features) != 1:
            raise forms.ValidationError(_("The file holds several shapes: add one field at a time."))
        geojson = features[0]
    if isinstance(geojson, dict) and geojson.get("type") == "Feature":
        geojson = geojson.get("geometry")
    if not isinstance(geojson, dict):
        raise forms.ValidationError(_("The field's shape must be a GeoJSON polygon."))
    return geojson


def read_geojson_file(file: "UploadedFile[Any]") -> dict[str, Any]:
    """Return the geometry of an uploaded GeoJSON file.

    Raises: ValidationError, also for a file that is too large.
    """
    if (file.size or 0) > MAX_GEOJSON_BYTES:
        raise forms.ValidationError(_("The file is larger than a megabyte."))
    return read_geojson(file.read())
