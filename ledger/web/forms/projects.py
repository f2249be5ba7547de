"""New projects, their fields and practices, statements and reasons."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ledger.quantification import METHODOLOGIES, rice_water_2
from ledger.quantification.methodologies import METHANE_AVOIDANCE
from ledger.quantification.soil_carbon import PADDY
from ledger.web import words
from ledger.web.forms.fields import DateField, NumberField, WholeField, WordField
from ledger.web.forms.inputs import InputsForm
from ledger.web.forms.samples import MeasuredPractices


class ProjectForm(forms.Form):
    """A new project; the settings are those of the methodology that was chosen before."""

    name = forms.CharField(label=_("Name of the project"), max_length=120)
    name_en = forms.CharField(label=_("Name in English"), max_length=120, required=False)
    province_code = WordField(words.PROVINCES, label=_("Province"))
    place = forms.CharField(label=_("Place"), max_length=120, help_text=_("City, county, township."))
    region = WordField(words.REGIONS, label=words.SETTINGS["region"], initial="east_asia")
    gwp = WordField(
        words.GWP,
        label=words.SETTINGS["gwp"],
        initial="AR5",
        help_text=_("How many tonnes of carbon dioxide a tonne of another gas counts for."),
    )
    climate = WordField(words.NITROGEN_CLIMATES, label=words.SETTINGS["climate"], initial="wet")
    depth_cm = NumberField(
        unit="cm",
        least=30,
        most=200,
        label=words.SETTINGS["depth_cm"],
        initial="30",
        help_text=_("Sample one layer deeper: loosened soil reaches deeper for the same mass."),
    )
    comparison = WordField(words.COMPARISONS, label=words.SETTINGS["comparison"], initial="resampled")
    began_on = DateField(
        label=words.SETTINGS["began_on"], required=False, help_text=_("Where fields beside are compared with.")
    )
    baseline_change_t_c_per_ha_year = NumberField(
        unit="t C/ha",
        most=10,
        label=words.SETTINGS["baseline_change_t_c_per_ha_year"],
        required=False,
        help_text=_(
            "Where the same fields are sampled again: it is taken off. 0 where the soil would gain nothing, or lose."
        ),
    )
    risk_percent = NumberField(unit="%", most=100, label=words.SETTINGS["risk_percent"], initial="10")
    crediting_starts_on = DateField(label=_("The crediting period starts on"))
    crediting_ends_on = DateField(label=_("The crediting period ends on"))
    description = forms.CharField(
        label=_("What the project does"), max_length=5_000, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    description_en = forms.CharField(
        label=_("The same in English"), max_length=5_000, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )
    illustrative = forms.CharField(
        label=_("What of it is only illustrative"),
        max_length=2_000,
        required=False,
        help_text=_("Say which data are not real or not public. It is shown on the project's page."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, methodology: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.methodology = methodology
        self.setting_names = METHODOLOGIES[methodology].settings
        for name in words.SETTINGS:
            if name not in self.setting_names:
                del self.fields[name]
        if "climate" in self.fields and METHODOLOGIES[methodology].project_type == METHANE_AVOIDANCE:
            climates = {name: words.NITROGEN_CLIMATES[name] for name in rice_water_2.CLIMATES}
            self.fields["climate"] = WordField(climates, label=words.SETTINGS["climate"], initial="wet")

    def groups(self) -> list[tuple[str | Promise, list[forms.BoundField]]]:
        """Return the fields as they are asked for: what everybody fills in, then what is right for most as it stands."""
        usual = [name for name in self.setting_names if name in self.fields and self.fields[name].initial is not None]
        optional = [
            name for name, field in self.fields.items() if not field.required and name not in self.setting_names
        ]
        first = [name for name in self.fields if name not in (*usual, *optional)]
        return [
            ("", [self[name] for name in first]),
            (_("How it is calculated: right as it stands for most"), [self[name] for name in usual]),
            (_("More about the project"), [self[name] for name in optional]),
        ]

    def clean(self) -> dict[str, Any]:
        """Ask for what the comparison needs, and drop what belongs to the other one."""
        comparison = self.cleaned_data.get("comparison")
        if comparison:
            needed, other = "baseline_change_t_c_per_ha_year", "began_on"
            if comparison == "control":
                needed, other = other, needed
            self.cleaned_data[other] = None
            if self.cleaned_data.get(needed) is None and needed not in self.errors:
                self.add_error(needed, _("Needed for the comparison that you have chosen."))
        return self.cleaned_data

    def arguments(self) -> dict[str, Any]:
        """Return what `create_project` takes."""
        given = {name: value for name, value in self.cleaned_data.items() if name not in words.SETTINGS}
        settings = {
            name: str(self.cleaned_data[name]) for name in self.setting_names if self.cleaned_data[name] is not None
        }
        return {**given, "methodology": self.methodology, "settings": settings}


class SeasonForm(forms.Form):
    """How a paddy was run in a season before the project, and how it is run in it."""

    name = WordField(words.SEASONS, label=_("Season"))
    days = WholeField(label=_("Days from planting to harvest"), min_value=1, max_value=366)
    baseline_water = WordField(words.WATER, label=_("Water"))
    project_water = WordField(words.WATER, label=_("Water"))
    baseline_preseason = WordField(words.PRESEASON, label=_("Before planting"))
    project_preseason = WordField(words.PRESEASON, label=_("Before planting"))
    baseline_n = NumberField(unit="kg/ha", label=_("Nitrogen fertiliser"))
    project_n = NumberField(unit="kg/ha", label=_("Nitrogen fertiliser"))
    baseline_amendment = WordField(words.AMENDMENTS, label=_("Straw or manure"), required=False)
    project_amendment = WordField(words.AMENDMENTS, label=_("Straw or manure"), required=False)
    baseline_amount = NumberField(unit="t/ha", label=_("How much of it"), required=False)
    project_amount = NumberField(unit="t/ha", label=_("How much of it"), required=False)

    def before(self) -> list[forms.BoundField]:
        """Return the fields of the time before the project."""
        return [field for field in self if field.name.startswith("baseline_")]

    def after(self) -> list[forms.BoundField]:
        """Return the fields of the project's time."""
        return [field for field in self if field.name.startswith("project_")]

    def clean(self) -> dict[str, Any]:
        for scenario in ("baseline", "project"):
            kind, amount = f"{scenario}_amendment", f"{scenario}_amount"
            if bool(self.cleaned_data.get(kind)) != bool(self.cleaned_data.get(amount)) and amount not in self.errors:
                self.add_error(amount, _("Give both the kind and the amount, or neither."))
        return self.cleaned_data

    def season(self) -> dict[str, Any]:
        """Return the season as a case file holds it."""
        given = self.cleaned_data
        return {
            "name": given["name"],
            "days": given["days"],
            "baseline": self._practice("baseline"),
            "project": self._practice("project"),
        }

    def _practice(self, scenario: str) -> dict[str, Any]:
        given = self.cleaned_data
        kind, amount = given[f"{scenario}_amendment"], given[f"{scenario}_amount"]
        return {
            "water": given[f"{scenario}_water"],
            "preseason": given[f"{scenario}_preseason"],
            "amendments": [{"kind": kind, "t_per_ha": amount}] if kind else [],
            "n_kg_per_ha": given[f"{scenario}_n"],
        }


class SecondSeasonForm(SeasonForm):
    """A season that is only there where it has been chosen; the rest of the form counts for nothing otherwise."""

    name = WordField(words.SEASONS, label=_("Season"), required=False, nothing=_("no second season"))

    def has_changed(self) -> bool:
        return bool(self["name"].data)


class SeasonWithInputsForm(InputsForm, SeasonForm):
    """A season, and what the field gets beside water and straw."""

    nitrogen = "n"

    def before(self) -> list[forms.BoundField]:
        """Return the fields of the time before the project but for the further ones."""
        return [field for field in super().before() if field not in self.further_before()]

    def after(self) -> list[forms.BoundField]:
        """Return the fields of the project's time but for the further ones."""
        return [field for field in super().after() if field not in self.further_after()]

    def clean(self) -> dict[str, Any]:
        SeasonForm.clean(self)
        return InputsForm.clean(self)

    def _practice(self, scenario: str) -> dict[str, Any]:
        return {**super()._practice(scenario), "inputs": self.inputs(scenario)}


class SecondSeasonWithInputsForm(SeasonWithInputsForm, SecondSeasonForm):
    """The same, where it has been chosen."""


class RicePractices:
    """The seasons of a paddy: one, or two where a second is chosen."""

    template = "ledger/projects/_seasons.html"
    forms: tuple[type[SeasonForm], ...] = (SeasonForm, SecondSeasonForm)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        practices: Mapping[str, Any] | None = None,
        files: Mapping[str, Any] | None = None,
    ) -> None:
        initial = [_season_initial(season) for season in (practices or {}).get("seasons", [])]
        self.seasons = [
            form(
                data,
                prefix=f"season{at}",
                empty_permitted=at > 0,
                use_required_attribute=False,
                initial=initial[at] if at < len(initial) and data is None else None,
            )
            for at, form in enumerate(self.forms)
        ]

    def is_valid(self) -> bool:
        """Return whether the seasons can be read; two of one name cannot be told apart."""
        if any(season.errors for season in self.seasons):
            return False
        names = [season.cleaned_data["name"] for season in self._filled()]
        if len(set(names)) == len(names):
            return True
        self.seasons[-1].add_error("name", _("The two seasons have one name."))
        return False

    def practices(self) -> dict[str, Any]:
        """Return what a parcel of a case file holds beside its id and area."""
        return {"seasons": [season.season() for season in self._filled()]}

    def _filled(self) -> list[SeasonForm]:
        return [season for season in self.seasons if season.cleaned_data.get("name")]


class RicePracticesWithInputs(RicePractices):
    """The same, with what the fields get."""

    forms = (SeasonWithInputsForm, SecondSeasonWithInputsForm)


def _season_initial(season: Mapping[str, Any]) -> dict[str, Any]:
    initial = {"name": season["name"], "days": season["days"]}
    for scenario in ("baseline", "project"):
        practice = season[scenario]
        amendment = practice["amendments"][0] if practice["amendments"] else {"kind": "", "t_per_ha": ""}
        initial |= {
            f"{scenario}_water": practice["water"],
            f"{scenario}_preseason": practice["preseason"],
            f"{scenario}_n": practice["n_kg_per_ha"],
            f"{scenario}_amendment": amendment["kind"],
            f"{scenario}_amount": amendment["t_per_ha"],
            **InputsForm.initial_of(scenario, practice.get("inputs")),
        }
    return initial


class SoilForm(forms.Form):
    """How a field is used before and in the project; the terms are the IPCC's."""

    climate_zone = WordField(words.CLIMATES, label=_("Climate"))
    soil = WordField(words.SOILS, label=_("Soil"))
    baseline_land_use = WordField(words.LAND_USES, label=_("Use"))
    project_land_use = WordField(words.LAND_USES, label=_("Use"))
    baseline_tillage = WordField(words.TILLAGE, label=_("Tillage"), required=False)
    project_tillage = WordField(words.TILLAGE, label=_("Tillage"), required=False)
    baseline_input = WordField(words.INPUTS, label=_("Organic matter returned"), required=False)
    project_input = WordField(words.INPUTS, label=_("Organic matter returned"), required=False)

    before = SeasonForm.before
    after = SeasonForm.after

    def clean(self) -> dict[str, Any]:
        for scenario in ("baseline", "project"):
            if self.cleaned_data.get(f"{scenario}_land_use") in (None, PADDY):
                continue
            for name in (f"{scenario}_tillage", f"{scenario}_input"):
                if not self.cleaned_data.get(name):
                    self.add_error(name, _("Needed for every use but paddy rice."))
        return self.cleaned_data


class SoilPractices:
    """A field's climate, soil and use."""

    template = "ledger/projects/_soil.html"

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        practices: Mapping[str, Any] | None = None,
        files: Mapping[str, Any] | None = None,
    ) -> None:
        self.form = SoilForm(
            data, prefix="soil", use_required_attribute=False, initial=_soil_initial(practices) if practices else None
        )

    def is_valid(self) -> bool:
        """Return whether the use can be read."""
        return self.form.is_valid()

    def practices(self) -> dict[str, Any]:
        """Return what a parcel of a case file holds beside its id and area."""
        given = self.form.cleaned_data
        return {
            "climate_zone": given["climate_zone"],
            "soil": given["soil"],
            "baseline": _land(given, "baseline"),
            "project": _land(given, "project"),
        }


def _land(given: Mapping[str, Any], scenario: str) -> dict[str, str]:
    names = ("land_use",) if given[f"{scenario}_land_use"] == PADDY else ("land_use", "tillage", "input")
    return {name: given[f"{scenario}_{name}"] for name in names}


def _soil_initial(practices: Mapping[str, Any]) -> dict[str, Any]:
    initial = {"climate_zone": practices["climate_zone"], "soil": practices["soil"]}
    for scenario in ("baseline", "project"):
        initial |= {f"{scenario}_{name}": value for name, value in practices[scenario].items()}
    return initial


PRACTICES_OF: dict[str, type[RicePractices] | type[SoilPractices] | type[MeasuredPractices]] = {
    "rice-water-1": RicePractices,
    "rice-water-2": RicePracticesWithInputs,
    "soc-tier1-1": SoilPractices,
    "soc-measured-1": MeasuredPractices,
}


class StatementForm(forms.Form):
    """What a verifier states, in public."""

    statement = forms.CharField(
        label=_("Statement"),
        max_length=5_000,
        help_text=_("What was examined, and what it came to. It is shown publicly, with your organisation's name."),
        widget=forms.Textarea(attrs={"rows": 5}),
    )


class ReasonForm(forms.Form):
    """Why something is rejected."""

    reason = forms.CharField(
        label=_("Why"),
        max_length=2_000,
        help_text=_("Say what has to be mended. The proponent reads it."),
        widget=forms.Textarea(attrs={"rows": 3}),
    )
