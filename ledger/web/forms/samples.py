"""Soil samples: a table from a file or pasted from a spreadsheet, read strictly, with the row named that is at fault."""

import csv
import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from io import StringIO
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ledger.quantification.reading import InvalidInput
from ledger.quantification.soil_samples import read_points
from ledger.spreadsheets import BYTE_ORDER_MARK, csv_row
from ledger.web import words
from ledger.web.forms.fields import DateField, NumberField
from ledger.web.forms.inputs import SCENARIOS, InputsForm

EXAMPLE = (("P1", "0", "10", "1.25", "0", "15.2"), ("P1", "10", "30", "1.32", "0", "12.8"), ("P1", "30", "40", "1.38", "0", "8.1"))  # fmt: skip
MAX_BYTES = 2_000_000
MAX_ROWS = 20_000
MAX_COLUMNS = 30
LANGUAGES = ("en", "zh-hans")
LAYER = ("upper_cm", "lower_cm", "bulk_density_g_per_cm3", "coarse_fragments_mass_percent", "soc_g_per_kg")
# Where Excel writes a Chinese CSV, and where it pastes.
ENCODINGS = ("utf-8-sig", "gb18030")
DELIMITERS = ("\t", ";", ",", "，")
Points = list[dict[str, Any]]


class SamplesField(forms.CharField):
    """A table of samples as text; its value is the points of each parcel, by the parcel's code ("" without that column)."""

    def __init__(self, **options: Any) -> None:
        widget = forms.Textarea(attrs={"rows": 6, "spellcheck": "false", "class": "code"})
        super().__init__(max_length=MAX_BYTES, widget=widget, **options)

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        return read_samples(text) if text else None


def read_samples_file(file: "UploadedFile[Any]") -> dict[str, Points]:
    """Return the points of an uploaded table.

    Raises: ValidationError, also for a file that is too large, or no text.
    """
    if (file.size or 0) > MAX_BYTES:
        raise forms.ValidationError(_("The file is larger than two megabytes."))
    content = file.read()
    for encoding in ENCODINGS:
        try:
            return read_samples(content.decode(encoding))
        except UnicodeDecodeError:
            continue
    raise forms.ValidationError(_("This is no CSV file: it cannot be read as text. Save the table as CSV first."))


def read_samples(text: str) -> dict[str, Points]:
    """Return the points of a table, by parcel; a row is a layer, from the surface down.

    Raises: ValidationError, naming the row.
    """
    rows = _rows(text.lstrip("\ufeff"))
    columns = _columns(next(rows, []))
    parcels: dict[str, dict[str, dict[str, Any]]] = {}
    for number, row in enumerate(rows, 2):
        if not any(cell.strip() for cell in row):
            continue
        if number > MAX_ROWS:
            raise forms.ValidationError(_("The table has more than %(most)s rows.") % {"most": MAX_ROWS})
        cells = {name: row[at].strip() if at < len(row) else "" for name, at in columns.items()}
        if not cells["point"]:
            raise forms.ValidationError(_("Row %(row)s: the sampling point has no name.") % {"row": number})
        points = parcels.setdefault(cells.get("parcel", ""), {})
        point = points.setdefault(cells["point"], {"point": cells["point"], "layers": [], "rows": []})
        point["layers"].append({name: cells[name] for name in LAYER})
        point["rows"].append(number)
    if not parcels:
        raise forms.ValidationError(_("The table has no row below its headings."))
    return {parcel: _checked(list(points.values())) for parcel, points in parcels.items()}


def example_table() -> Iterator[str]:
    """Write the headings, in the reader's language, and a point as an example, as CSV."""
    yield BYTE_ORDER_MARK
    yield csv_row(words.word_for(words.SAMPLE_COLUMNS, key) for key in ("point", *LAYER))
    yield from (csv_row(row) for row in EXAMPLE)


def _rows(text: str) -> Iterator[list[str]]:
    if "\x00" in text:
        raise forms.ValidationError(_("This is no CSV file: it cannot be read as text. Save the table as CSV first."))
    head = text.partition("\n")[0]
    delimiter = next((one for one in DELIMITERS if one in head), ",")
    try:
        for row in csv.reader(text.splitlines(), delimiter=delimiter):
            if len(row) > MAX_COLUMNS:
                raise forms.ValidationError(_("The table has more than %(most)s columns.") % {"most": MAX_COLUMNS})
            yield row
    except csv.Error as error:
        raise forms.ValidationError(_("The table cannot be read as CSV.")) from error


def _columns(headings: Sequence[str]) -> dict[str, int]:
    """Return where each column stands, by headings in either language or by their keys."""
    found = {
        key: at
        for at, heading in enumerate(headings)
        if (key := _heading_keys().get(heading.strip().lower())) is not None
    }
    missing = [str(text) for key, text in words.SAMPLE_COLUMNS.items() if key not in found and key != "parcel"]
    if missing:
        raise forms.ValidationError(_("The table has no column “%(column)s”.") % {"column": missing[0]})
    return found


@cache
def _heading_keys() -> dict[str, str]:
    keys = {key: key for key in words.SAMPLE_COLUMNS}
    for language in LANGUAGES:
        with translation.override(language):
            keys |= {str(text).lower(): key for key, text in words.SAMPLE_COLUMNS.items()}
    return keys


def _checked(points: Points) -> Points:
    """Return the points as a case file holds them; what the methodology would refuse is refused here, by its row."""
    for point in points:
        rows = point.pop("rows")
        try:
            read_points([point], "points")
        except InvalidInput as error:
            raise _refusal(error, point, rows) from error
    return points


def _refusal(error: InvalidInput, point: Mapping[str, Any], rows: Sequence[int]) -> forms.ValidationError:
    """Return what is said of a point that the methodology does not take: the row, the column, and what stands there."""
    place = error.path.rpartition("layers[")[2]
    at, _bracket, key = place.partition("].")
    layer = int(at) if at.isdigit() else 0
    where = {"row": rows[layer], "point": point["point"]}
    if key == "upper_cm":
        return forms.ValidationError(
            _("Row %(row)s, point %(point)s: a layer begins where the one above it ends, the first at 0 cm.") % where
        )
    if key in point["layers"][layer]:
        column, value = words.word_for(words.SAMPLE_COLUMNS, key), point["layers"][layer][key][:40]
        return forms.ValidationError(
            _(
                "Row %(row)s, point %(point)s: “%(value)s” cannot be the value of “%(column)s”. Check the number and its unit."
            )
            % {**where, "value": value, "column": column}
        )
    return forms.ValidationError(
        _("Row %(row)s, point %(point)s: the point cannot be read: its name or the number of its layers.") % where
    )


class MeasuredForm(InputsForm):
    """A field's stratum, its samples, and what it gets in a year."""

    nitrogen = "synthetic_n"

    stratum = forms.CharField(
        label=gettext_lazy("Stratum"),
        max_length=64,
        help_text=gettext_lazy(
            "Fields of one soil and one use share a name, such as A. Their points count together: three at least."
        ),
    )
    baseline_on = DateField(label=gettext_lazy("Sampled on"), required=False)
    baseline_file = forms.FileField(label=gettext_lazy("Samples from a file"), required=False)
    baseline_table = SamplesField(label=gettext_lazy("Or the table as text"), required=False)
    project_on = DateField(label=gettext_lazy("Sampled on"), required=False)
    project_file = forms.FileField(label=gettext_lazy("Samples from a file"), required=False)
    project_table = SamplesField(label=gettext_lazy("Or the table as text"), required=False)
    expected = NumberField(
        unit="t C/ha",
        most=10,
        required=False,
        label=gettext_lazy("Expected gain in a year"),
        help_text=gettext_lazy("For the forecast, until the project has been sampled. It is never credited."),
    )
    baseline_synthetic_n = NumberField(unit="kg/ha", most=2_000, label=gettext_lazy("Nitrogen fertiliser"))
    project_synthetic_n = NumberField(unit="kg/ha", most=2_000, label=gettext_lazy("Nitrogen fertiliser"))

    def sampled(self, scenario: str) -> list[forms.BoundField]:
        """Return the fields of a scenario's samples, as the template groups them."""
        return [self[f"{scenario}_{end}"] for end in ("on", "file", "table")]

    def before(self) -> list[forms.BoundField]:
        """Return the fields of the time before the project."""
        return self._group("baseline")

    def after(self) -> list[forms.BoundField]:
        """Return the fields of the project's time."""
        return self._group("project")

    def _group(self, scenario: str) -> list[forms.BoundField]:
        inputs = [field for field in self if field.name.startswith(f"{scenario}_")]
        samples = self.sampled(scenario)
        names = {field.name for field in (*samples, *self._further(scenario))}
        return samples + [field for field in inputs if field.name not in names]

    def clean(self) -> dict[str, Any]:
        for scenario in SCENARIOS:
            self._clean_samples(scenario)
        return super().clean()

    def _clean_samples(self, scenario: str) -> None:
        file, table, day = (f"{scenario}_{end}" for end in ("file", "table", "on"))
        if self.cleaned_data.get(file):
            try:
                self.cleaned_data[table] = read_samples_file(self.cleaned_data[file])
            except forms.ValidationError as error:
                self.add_error(file, error)
        if len(self.cleaned_data.get(table) or ()) > 1:
            self.add_error(table, _("The table has samples of several fields: give those of this field alone."))
            return
        has_day, has_points = bool(self.cleaned_data.get(day)), bool(self.cleaned_data.get(table))
        if has_day != has_points and not {file, table, day} & self.errors.keys():
            self.add_error(table if has_day else day, _("Give both the day and the samples, or neither."))

    def practices(self) -> dict[str, Any]:
        """Return what a parcel of a case file holds beside its id and area."""
        given = self.cleaned_data
        samples = {
            scenario: campaign_of(given[f"{scenario}_on"], *given[f"{scenario}_table"].values())
            for scenario in SCENARIOS
            if given.get(f"{scenario}_table")
        }
        nitrogen = {scenario: given[f"{scenario}_synthetic_n"] for scenario in SCENARIOS}
        inputs = {
            scenario: {"synthetic_n_kg_per_ha": nitrogen[scenario], **self.inputs(scenario)} for scenario in SCENARIOS
        }
        practices = {"stratum": given["stratum"], "samples": samples, "inputs": inputs}
        return practices | ({"expected_t_c_per_ha_year": given["expected"]} if given["expected"] else {})


def table_of(points: Points) -> str:
    """Return points as a table that can be read again, with its headings in the reader's language."""
    written = StringIO()
    writer = csv.writer(written, delimiter="\t", lineterminator="\n")
    writer.writerow([words.word_for(words.SAMPLE_COLUMNS, key) for key in ("point", *LAYER)])
    for point in points:
        writer.writerows([point["point"], *(layer[key] for key in LAYER)] for layer in point["layers"])
    return written.getvalue()


def campaign_of(sampled_on: dt.date, points: Points) -> dict[str, Any]:
    """Return a campaign as a case file holds it."""
    return {"sampled_on": sampled_on.isoformat(), "points": points}


class MeasuredPractices:
    """A field of measured soil carbon."""

    template = "ledger/projects/_measured.html"

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        practices: Mapping[str, Any] | None = None,
        files: Mapping[str, Any] | None = None,
    ) -> None:
        self.form = MeasuredForm(
            data,
            files,
            prefix="measured",
            use_required_attribute=False,
            initial=_initial(practices) if practices else None,
        )

    @classmethod
    def of_field(cls, practices: Mapping[str, Any]) -> "MeasuredPractices":
        """Return the form of a field with its own samples, to be changed; by the constructor they are not copied."""
        made = cls(practices=practices)
        for scenario, campaign in practices["samples"].items():
            made.form.initial[f"{scenario}_on"] = campaign["sampled_on"]
            made.form.initial[f"{scenario}_table"] = table_of(campaign["points"])
        return made

    def is_valid(self) -> bool:
        """Return whether the field's samples can be read."""
        return self.form.is_valid()

    def practices(self) -> dict[str, Any]:
        """Return what a parcel of a case file holds beside its id and area."""
        return self.form.practices()


def _initial(practices: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the next field begins with: the stratum and what is brought onto it, but no samples, which are its own."""
    initial = {"stratum": practices["stratum"], "expected": practices.get("expected_t_c_per_ha_year", "")}
    for scenario in SCENARIOS:
        inputs = practices["inputs"][scenario]
        initial[f"{scenario}_synthetic_n"] = inputs["synthetic_n_kg_per_ha"]
        initial |= InputsForm.initial_of(scenario, inputs)
    return initial
