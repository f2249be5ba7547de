"""What was done on the fields: one form for every kind, of which the fields of the kind at hand count."""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.errors import InvalidValue
from ledger.projects.diary.content import CONTENT, Quantity, Word
from ledger.projects.diary.models import DiaryEntry
from ledger.projects.diary.selectors import Filter
from ledger.projects.diary.services import MAX_ACCURACY_M, MAX_NOTE, NewEntry, Place
from ledger.web import words
from ledger.web.forms.fields import DateField, UnitField, WrittenNumber

Kind = DiaryEntry.Kind
MAX_PHOTO_BYTES = 20_000_000
NAMES: words.Words = {
    "water_level_cm": _("Water above the soil"),
    "method": _("How it was planted"),
    "straw_t_per_ha": _("Straw worked in, dry"),
    "manure_kind": _("Kind of manure"),
    "manure_t_per_ha": _("Manure, fresh"),
    "n_kg_per_ha": _("Nitrogen in it"),
    "yield_t_per_ha": _("Yield"),
    "depth_cm": _("Depth"),
    "samples": _("Number of samples"),
}
HELP: words.Words = {
    "water_level_cm": _("Below the surface it is negative: -15."),
    "straw_t_per_ha": _("1 t/ha is about 67 kg/mu."),
    "manure_t_per_ha": _("1 t/ha is about 67 kg/mu."),
    "yield_t_per_ha": _("500 kg/mu are 7.5 t/ha."),
    "n_kg_per_ha": _("Pure nitrogen: 10 kg of urea have 4.6 kg. 10 kg/mu are 150 kg/ha."),
}
METHODS: words.Words = {"transplanting": _("transplanted"), "direct_seeding": _("sown directly")}
MANURES: words.Words = {name: words.AMENDMENTS[name] for name in ("farmyard_manure", "compost", "green_manure")}
WORDS: dict[str, words.Words] = {"method": METHODS, "manure_kind": MANURES}
SYMBOLS = {
    Kind.FLOODING: "droplets",
    Kind.DRAINAGE: "sun-medium",
    Kind.PLANTING: "sprout",
    Kind.STRAW: "leaf",
    Kind.MANURE: "layers",
    Kind.FERTILISER: "scale",
    Kind.HARVEST: "wheat",
    Kind.SOIL_SAMPLING: "ruler",
    Kind.OTHER: "pencil",
}


class QuantityField(WrittenNumber, forms.DecimalField, UnitField):
    """A number in its unit; what it may be, the service says."""

    def __init__(self, what: Quantity, **options: Any) -> None:
        super().__init__(max_digits=9, decimal_places=3, required=False, **options)
        self.unit = what.unit if what.unit != "1" else ""

    def clean(self, value: Any) -> Any:
        number = super().clean(value)
        return None if number is None else f"{number:f}"


def _field(name: str, what: Quantity | Word) -> forms.Field:
    label, help_text = NAMES[name], HELP.get(name, "")
    if name == "water_level_cm" and isinstance(what, Quantity) and what.least >= 0:
        help_text = ""
    if isinstance(what, Word):
        return forms.ChoiceField(
            label=str(label), choices=WORDS[name].items(), required=False, widget=forms.RadioSelect
        )
    return QuantityField(what, label=label, help_text=help_text)


class DiaryForm(forms.Form):
    """An entry. Beside it stand the photo and where the phone was, where it may say so."""

    client_uuid = forms.UUIDField(widget=forms.HiddenInput)
    replaces = forms.IntegerField(widget=forms.HiddenInput, required=False)
    latitude = forms.DecimalField(widget=forms.HiddenInput, required=False)
    longitude = forms.DecimalField(widget=forms.HiddenInput, required=False)
    accuracy_m = forms.IntegerField(widget=forms.HiddenInput, required=False, max_value=MAX_ACCURACY_M)
    kind = forms.ChoiceField(label=_("What was done on the field"), choices=Kind.choices, widget=forms.RadioSelect)
    parcels = forms.MultipleChoiceField(label=_("On which fields"), widget=forms.CheckboxSelectMultiple)
    season = forms.ChoiceField(label=_("Season"), required=False)
    happened_on = DateField(label=_("Day"))
    happened_time = forms.TimeField(
        label=_("Time"), required=False, widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    )
    note = forms.CharField(
        label=_("Note"), required=False, max_length=MAX_NOTE, widget=forms.Textarea(attrs={"rows": 2})
    )
    photo = forms.FileField(
        label=_("Photo"),
        required=False,
        widget=forms.FileInput(attrs={"accept": "image/*", "capture": "environment"}),
    )

    def __init__(self, *args: Any, parcels: Sequence[tuple[str, str]], seasons: Sequence[str], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["parcels"].choices = [(code, f"{code} {name}".strip()) for code, name in parcels]  # type: ignore[attr-defined]
        named = [(name, words.word_for(words.SEASONS, name)) for name in seasons]
        self.fields["season"].choices = [("", _("by the date")), *named]  # type: ignore[attr-defined]
        for kind, asked in CONTENT.items():
            for name, what in asked.items():
                self.fields[f"{kind}-{name}"] = _field(name, what)

    def kinds(self) -> list[tuple[Any, str]]:
        """Return the buttons of the kinds, each with its picture."""
        return [(button, SYMBOLS[Kind(str(button.data["value"]))]) for button in self["kind"]]

    def parts(self) -> Iterator[tuple[str, str, list[forms.BoundField]]]:
        """Yield the fields of each kind that has any."""
        for kind, asked in CONTENT.items():
            if asked:
                yield str(kind), str(Kind(kind).label), [self[f"{kind}-{name}"] for name in asked]

    def clean_photo(self) -> "UploadedFile[Any] | None":
        photo: UploadedFile[Any] | None = self.cleaned_data["photo"]
        if photo and (photo.size or 0) > MAX_PHOTO_BYTES:
            raise forms.ValidationError(_("The file is larger than 20 MB."))
        return photo

    def entry(self) -> NewEntry:
        """Return what a valid form wants written."""
        given = self.cleaned_data
        return NewEntry(
            client_uuid=given["client_uuid"],
            kind=given["kind"],
            parcels=given["parcels"],
            happened_on=given["happened_on"],
            happened_time=given["happened_time"],
            season=given["season"],
            content={name: given[f"{given['kind']}-{name}"] for name in CONTENT[given["kind"]]},
            place=self._place(),
            note=given["note"],
            replaces=given["replaces"],
        )

    def _place(self) -> Place | None:
        latitude, longitude = self.cleaned_data["latitude"], self.cleaned_data["longitude"]
        if latitude is None or longitude is None:
            return None
        return Place(Decimal(latitude), Decimal(longitude), self.cleaned_data["accuracy_m"] or 0)

    def refuse(self, error: InvalidValue) -> None:
        """Show a refusal of the service beside the field that it names."""
        name = (error.field or "").replace("content.", f"{self.cleaned_data['kind']}-")
        self.add_error(name if name in self.fields else None, str(error))


def initial_of(entry: DiaryEntry | None, last: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return what a form begins with: the entry that is corrected, or now and what was last said of each kind."""
    now = timezone.localtime()
    initial: dict[str, Any] = {"client_uuid": uuid.uuid4(), "happened_on": now.date(), "happened_time": now.time()}
    if entry is None:
        for kind, said in last.items():
            initial |= {f"{kind}-{name}": said[name] for name in CONTENT[kind] if name in said}
        return initial
    return {
        "client_uuid": uuid.uuid4(),
        "replaces": entry.pk,
        "kind": entry.kind,
        "parcels": entry.parcels,
        "season": entry.season,
        "happened_on": entry.happened_on,
        "happened_time": entry.happened_time,
        "note": entry.note,
        "latitude": entry.latitude,
        "longitude": entry.longitude,
        "accuracy_m": entry.accuracy_m,
        **{f"{entry.kind}-{name}": value for name, value in entry.content.items()},
    }


class DiaryFilter(forms.Form):
    """Which entries are shown."""

    parcel = forms.ChoiceField(label=_("Field"), required=False)
    season = forms.ChoiceField(label=_("Season"), required=False)
    kind = forms.ChoiceField(label=_("Kind"), required=False, choices=[("", _("all")), *Kind.choices])
    starts_on = DateField(label=_("From"), required=False)
    ends_on = DateField(label=_("Until"), required=False)
    withdrawn = forms.BooleanField(label=_("Show withdrawn entries, too"), required=False)

    def __init__(self, *args: Any, parcels: Sequence[str], seasons: Sequence[str], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["parcel"].choices = [("", _("all")), *((code, code) for code in parcels)]  # type: ignore[attr-defined]
        named = [(name, words.word_for(words.SEASONS, name)) for name in seasons]
        self.fields["season"].choices = [("", _("all")), *named]  # type: ignore[attr-defined]

    def wanted(self) -> Filter:
        """Return what is asked for; what cannot be read is not asked for."""
        self.is_valid()
        given = dict(self.cleaned_data)
        includes_withdrawn = bool(given.pop("withdrawn", False))
        return Filter(**given, includes_withdrawn=includes_withdrawn)


class YearForm(forms.Form):
    """Of which year the seasons are read."""

    year = forms.TypedChoiceField(label=_("Year"), coerce=int)

    def __init__(self, *args: Any, years: Sequence[int], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["year"].choices = [(year, str(year)) for year in years]  # type: ignore[attr-defined]


class WithdrawForm(forms.Form):
    """Why something is withdrawn."""

    reason = forms.CharField(label=_("Why"), max_length=1_000, widget=forms.Textarea(attrs={"rows": 2}))
