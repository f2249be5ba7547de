"""The parts of a draft: what it is, its climate, where else it is listed, how its baseline is known."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.errors import DomainError
from ledger.parties.households import plain_code
from ledger.projects.counties import counties_by_city
from ledger.projects.declarations import MAX_EVIDENCE
from ledger.projects.descriptions import MAX_ITEM_TEXT, MAX_ITEMS
from ledger.projects.judgements import DeclaredConflict
from ledger.projects.models import Project
from ledger.web import words
from ledger.web.forms.fields import NOTHING_CHOSEN, DateField, WholeField
from ledger.web.forms.projects import ProjectForm

SPARE_ROWS = 2
YES_OR_NO = [("yes", _("yes")), ("no", _("no"))]


class WhatForm(ProjectForm):
    """What a draft is; province and methodology stay as they are."""

    county_code = forms.ChoiceField(label=_("County"), required=False)
    starts_on = DateField(
        label=_("The practices began on"),
        required=False,
        help_text=_("When the fields were first run as in the project; it may be before the crediting period."),
    )
    project_link = forms.CharField(
        label=_("Address of the project's own page"),
        max_length=200,
        required=False,
        widget=forms.URLInput(attrs={"placeholder": "https://"}),
    )
    field_order = ["name", "name_en", "county_code", "place", "starts_on"]

    def __init__(self, *args: Any, project: Project, **options: Any) -> None:
        initial = {name: getattr(project, name) for name in (*self.base_fields,) if hasattr(project, name)}
        super().__init__(*args, methodology=project.methodology, initial=initial | project.settings, **options)
        del self.fields["province_code"]
        cities = [
            (city, [(county.code, county.name) for county in found])
            for city, found in counties_by_city(project.province_code)
        ]
        self.fields["county_code"].choices = [NOTHING_CHOSEN, *cities]  # type: ignore[attr-defined]

    def changes(self) -> dict[str, Any]:
        """Return what `describe_project` takes."""
        return {name: value for name, value in self.arguments().items() if name != "methodology"}


class Row(forms.Form):
    """A line of a list; one that is left empty counts for nothing."""

    needed: ClassVar[Sequence[str]] = ()

    use_required_attribute = False

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for field in self.fields.values():
            field.required = False

    @property
    def is_empty(self) -> bool:
        return not any(value not in (None, "") for value in self.cleaned_data.values())

    def clean(self) -> dict[str, Any]:
        if not self.errors and not self.is_empty:
            for name in self.needed:
                if self.cleaned_data.get(name) in (None, ""):
                    self.add_error(name, _("This is needed."))
        return self.cleaned_data

    def item(self) -> dict[str, Any]:
        """Return the line as the registry keeps it."""
        return {name: "" if value is None else value for name, value in self.cleaned_data.items()}


class EstimationRow(Row):
    starts_on = DateField(label=_("From"))
    ends_on = DateField(label=_("To"))
    quantity_t = WholeField(label=_("Expected tonnes CO₂e"), min_value=0, max_value=10**12)
    needed = ("starts_on", "ends_on", "quantity_t")

    def item(self) -> dict[str, Any]:
        given = self.cleaned_data
        return {
            "starts_on": str(given["starts_on"]),
            "ends_on": str(given["ends_on"]),
            "quantity_t": given["quantity_t"],
        }


class LabelRow(Row):
    name = forms.CharField(label=_("Label"), max_length=MAX_ITEM_TEXT)
    label_type = forms.ChoiceField(
        label=pgettext_lazy("of a label", "Kind"), choices=[("", "–"), *words.LABEL_TYPES.items()]
    )
    link = forms.CharField(label=_("Address"), max_length=MAX_ITEM_TEXT)
    valid_from = DateField(label=_("Valid from"))
    valid_until = DateField(label=_("Valid until"))
    needed = ("name", "label_type")

    def item(self) -> dict[str, Any]:
        days = {name: str(self.cleaned_data[name] or "") for name in ("valid_from", "valid_until")}
        return super().item() | days


class RelatedRow(Row):
    project = forms.CharField(label=_("Number of the project"), max_length=MAX_ITEM_TEXT)
    relationship = forms.CharField(label=_("How it is related"), max_length=MAX_ITEM_TEXT)
    registry = forms.CharField(label=_("In which registry"), max_length=MAX_ITEM_TEXT)
    needed = ("project", "relationship")


class ListingRow(Row):
    registry = forms.CharField(label=_("Registry"), max_length=MAX_ITEM_TEXT)
    number = forms.CharField(label=_("Number there"), max_length=MAX_ITEM_TEXT)
    link = forms.CharField(label=_("Address"), max_length=MAX_ITEM_TEXT)
    status = forms.CharField(label=_("Status there"), max_length=MAX_ITEM_TEXT)
    needed = ("registry", "number")


class Rows:
    """A list of lines with two empty ones below, so that it grows without a script."""

    def __init__(
        self, name: str, title: str | Promise, row: type[Row], data: Mapping[str, Any] | None, kept: Sequence[Any]
    ) -> None:
        self.name, self.title = name, title
        count = len(kept) + SPARE_ROWS if data is None else self._sent(row, data)
        self.rows = [
            row(data, prefix=f"{name}{at}", initial=kept[at] if at < len(kept) else None) for at in range(count)
        ]

    def _sent(self, row: type[Row], data: Mapping[str, Any]) -> int:
        fields = row.base_fields
        found = (at for at in range(MAX_ITEMS) if any(f"{self.name}{at}-{field}" in data for field in fields))
        return max(found, default=-1) + 1

    def is_valid(self) -> bool:
        """Return whether every line can be read."""
        refused = [row for row in self.rows if not row.is_valid()]
        return not refused

    def _filled(self) -> list[Row]:
        return [row for row in self.rows if not row.is_empty]

    def items(self) -> list[dict[str, Any]]:
        """Return the lines that are not empty."""
        return [row.item() for row in self._filled()]

    def put(self, error: DomainError) -> bool:
        """Put a refusal that names a line of this list beside its field, and return whether it does."""
        path = error.field or ""
        if not path.startswith(f"{self.name}["):
            return False
        place, _dot, field = path.removeprefix(f"{self.name}[").partition("].")
        row = self._filled()[int(place)]
        row.add_error(field if field in row.fields else None, str(error))
        return True


class ClimateForm(forms.Form):
    """What a draft is to the country's target and to other goals."""

    covered_by_ndc = forms.ChoiceField(
        label=_("Does the national target (NDC) cover what the project does?"), choices=Project.Ndc.choices
    )
    ndc_information = forms.CharField(
        label=_("About the national target"),
        max_length=2_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    co_benefits = forms.MultipleChoiceField(
        label=_("Other goals that it furthers"),
        choices=list(words.CO_BENEFITS.items()),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def changes(self) -> dict[str, Any]:
        """Return what `describe_project` takes."""
        return dict(self.cleaned_data)


class ElsewhereForm(forms.Form):
    """Whether the fields are listed in another registry."""

    is_listed_elsewhere = forms.ChoiceField(
        label=_("Are these fields, or a project on them, listed in another registry?"),
        choices=YES_OR_NO,
        widget=forms.RadioSelect,
        help_text=_("A tonne is credited once. Whoever says no and is found elsewhere is rejected."),
    )

    def changes(self) -> dict[str, Any]:
        """Return what `describe_project` takes."""
        return {"is_listed_elsewhere": self.cleaned_data["is_listed_elsewhere"] == "yes"}


class BaselineForm(forms.Form):
    """How it is known what was done on fields before the project."""

    evidence = forms.CharField(
        label=_("How is it known what was done before the project?"),
        max_length=MAX_EVIDENCE,
        help_text=_(
            "Records of the water station, purchase books, photos with dates, who was asked and when. Everybody can read it."
        ),
        widget=forms.Textarea(attrs={"rows": 4}),
    )
    parcels = forms.CharField(
        label=_("For which fields"),
        max_length=2_000,
        required=False,
        help_text=_("Codes with commas between; left empty, it is for all fields."),
    )

    def clean_parcels(self) -> list[str] | None:
        text = self.cleaned_data["parcels"].replace("，", ",").replace("、", ",")
        return [plain_code(code) for code in text.split(",") if code.strip()] or None


class ConflictForm(forms.Form):
    """Why a verifier may not judge a project."""

    nature = forms.ChoiceField(label=_("What is it?"), choices=DeclaredConflict.Nature.choices)
    note = forms.CharField(label=_("Note"), max_length=2_000, required=False, widget=forms.Textarea(attrs={"rows": 2}))


class RenewalForm(forms.Form):
    """More crediting years."""

    ends_on = DateField(label=_("The crediting period shall end on"))
    note = forms.CharField(
        label=_("What has changed since the validation"),
        max_length=2_000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
