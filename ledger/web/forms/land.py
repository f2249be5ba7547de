"""Fields: one by itself, a file of many, and what is done to several at once."""

from decimal import Decimal
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from ledger.errors import InvalidValue
from ledger.projects.land.examine import MAX_AREA_REASON, NewParcel
from ledger.projects.land.uploads import BD09, CGCS2000, GCJ02, WGS84, Reading, read_upload
from ledger.projects.models import Parcel
from ledger.web.forms.fields import NumberField, WordField
from ledger.web.words import Words

MAX_GEOJSON_BYTES = 1_000_000
FILES = ".geojson,.json,.kml,.kmz,.zip,application/geo+json,application/vnd.google-earth.kml+xml,application/zip"
DATUMS: Words = {
    WGS84: _("WGS 84: GPS, Google Earth, drawn here"),
    CGCS2000: _("CGCS2000: surveyed, land register"),
    GCJ02: _("GCJ-02: Amap, Tencent maps"),
    BD09: _("BD-09: Baidu maps"),
}


class DatumFields(forms.Form):
    """What somebody has to say of coordinates."""

    datum = WordField(DATUMS, label=_("The coordinates are in"))
    converts = forms.BooleanField(
        label=_("Convert GCJ-02 or BD-09 to WGS 84"),
        required=False,
        help_text=_("Exact to about two metres; that it was converted is recorded with each field."),
    )
    swaps = forms.BooleanField(label=_("Latitude comes first: swap the two"), required=False)

    def reading(self) -> Reading:
        """Return what was said."""
        given = self.cleaned_data
        return Reading(given.get("datum", ""), swaps=given.get("swaps", False), converts=given.get("converts", False))


class ParcelForm(DatumFields):
    """A field's code, name, shape, household and declared area."""

    code = forms.CharField(
        label=_("Code of the field"), max_length=32, help_text=_("Such as A01, unique in the project.")
    )
    name = forms.CharField(label=_("What people call it"), max_length=80, required=False)
    household = forms.CharField(
        label=_("Household that works it"),
        max_length=32,
        required=False,
        help_text=_("The household's code in your cooperative."),
        widget=forms.TextInput(attrs={"list": "households", "autocomplete": "off"}),
    )
    declared_area_mu = NumberField(
        unit=_("mu"),
        most=1_500_000,
        label=_("Declared area"),
        required=False,
        help_text=_("As the contract or the land register has it. What counts is the area of the shape."),
    )
    area_reason = forms.CharField(
        label=_("Why it is not the area of the shape"),
        max_length=MAX_AREA_REASON,
        required=False,
        help_text=_("Needed where the two differ by more than a tenth."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    geometry_file = forms.FileField(
        label=_("Shape from a file"),
        required=False,
        help_text=_("GeoJSON, KML, KMZ or a zipped shapefile with one field."),
        widget=forms.ClearableFileInput(attrs={"accept": FILES}),
    )
    geometry = forms.CharField(
        label=_("Or the shape as text"),
        required=False,
        max_length=MAX_GEOJSON_BYTES,
        help_text=_("GeoJSON; what is drawn on the map is written here."),
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "class": "code"}),
    )
    field_order = (
        "code", "name", "household", "geometry_file", "geometry", "datum", "converts", "swaps", "declared_area_mu",
        "area_reason",
    )  # fmt: skip
    # What a service calls otherwise than the form does.
    called = {"declared_area_ha": "declared_area_mu", "household_code": "household"}

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["datum"].initial = WGS84
        self._shape: NewParcel | None = None

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        file, text = cleaned.get("geometry_file"), cleaned.get("geometry")
        if file:
            self._read("geometry_file", file.name, file.read())
        elif text:
            self._read("geometry", str(self.fields["geometry"].label), text.encode(errors="replace"))
        elif "geometry" not in self.errors:
            self.add_error("geometry", _("Give the field's shape: draw it, or give a file or text."))
        return cleaned

    def _read(self, name: str, file: str, content: bytes) -> None:
        try:
            parcels = read_upload(file, content, self.reading(), practices={}).parcels
        except InvalidValue as error:
            at = error.field if error.field in ("datum", "converts") else name
            if at not in self.errors:
                self.add_error(at, str(error))
            return
        if len(parcels) != 1:
            self.add_error(name, _("There is more than one field in it: upload the file as a whole."))
            return
        (self._shape,) = parcels

    def new_parcel(self, practices: dict[str, Any]) -> NewParcel:
        """Return the field as the services take it."""
        assert self._shape is not None
        given = self.cleaned_data
        declared_mu = given["declared_area_mu"]
        return NewParcel(
            code=given["code"],
            name=given["name"],
            geometry=self._shape.geometry,
            practices=practices,
            household_code=given["household"],
            declared_area_ha=None if declared_mu is None else Decimal(declared_mu) / 15,
            area_reason=given["area_reason"],
            converted_from=self._shape.converted_from,
        )


class UploadForm(DatumFields):
    """A file of many fields."""

    file = forms.FileField(
        label=_("File"),
        help_text=_("GeoJSON, KML, KMZ or a zipped shapefile, 20 MB and 10,000 fields at most."),
        widget=forms.ClearableFileInput(attrs={"accept": FILES}),
    )
    field_order = ("file", "datum", "converts", "swaps")


class SelectionForm(forms.Form):
    """Some fields of a project, or all, and what is done to them."""

    PRACTICES, HOUSEHOLD, REMOVE = "practices", "household", "remove"

    do = forms.ChoiceField(choices=[(PRACTICES, ""), (HOUSEHOLD, ""), (REMOVE, "")])
    all = forms.BooleanField(required=False)
    household = forms.CharField(max_length=32, required=False)

    def __init__(self, data: Any, parcels: QuerySet[Parcel]) -> None:
        super().__init__(data)
        self._chosen: list[str] = data.getlist("parcel")
        self._parcels = parcels

    def clean(self) -> dict[str, Any]:
        cleaned = self.cleaned_data
        if cleaned.get("all"):
            cleaned["parcels"] = list(self._parcels.values_list("pk", flat=True))
        else:
            cleaned["parcels"] = [
                int(each) for each in self._chosen if each.isascii() and each.isdigit() and len(each) < 19
            ]
        if not cleaned["parcels"]:
            self.add_error(None, _("Choose the fields first."))
        return cleaned


def initial_of(parcel: Parcel, geometry: str) -> dict[str, Any]:
    """Return what the form of a field begins with when it is changed."""
    declared_ha = parcel.declared_area_ha
    return {
        "code": parcel.code,
        "name": parcel.name,
        "household": parcel.household.code if parcel.household else "",
        "declared_area_mu": None if declared_ha is None else f"{(declared_ha * 15).normalize():f}",
        "area_reason": parcel.area_reason,
        "geometry": geometry,
        "datum": WGS84,
    }
