"""What a field gets beside water and straw, before the project and in it. What is left empty is nothing."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from ledger.quantification.components import read_inputs
from ledger.quantification.reading import InvalidInput
from ledger.web import words
from ledger.web.forms.fields import NumberField

SCENARIOS = ("baseline", "project")
# By the ends of the fields' names: the key in a case file, the most, and what people call it. Units: kg/ha.
AMOUNTS = {
    "organic_n": ("organic_n_kg_per_ha", 2_000, _("Nitrogen in manure")),
    "urea": ("urea_kg_per_ha", 4_000, _("Urea among the fertiliser")),
    "limestone": ("limestone_kg_per_ha", 20_000, _("Limestone")),
    "dolomite": ("dolomite_kg_per_ha", 20_000, _("Dolomite")),
}
MOST_LITRES = 5_000
FURTHER = (*AMOUNTS, *words.FUELS)
NOTHING = (None, "", "0")


class InputsForm(forms.Form):
    """Adds the fields; `nitrogen` is the end of the name of the one with the mineral nitrogen."""

    nitrogen: ClassVar[str] = "n"

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for scenario in SCENARIOS:
            for end, (_key, most, label) in AMOUNTS.items():
                self.fields[f"{scenario}_{end}"] = NumberField(unit="kg/ha", most=most, label=label, required=False)
            for kind, name in words.FUELS.items():
                self.fields[f"{scenario}_{kind}"] = NumberField(
                    unit=_("l/ha"), most=MOST_LITRES, label=capfirst(str(name)), required=False
                )

    def further_before(self) -> list[forms.BoundField]:
        """Return what the field got beside before the project: few fill it in, so that it is folded."""
        return self._further("baseline")

    def further_after(self) -> list[forms.BoundField]:
        """Return what the field gets beside in the project."""
        return self._further("project")

    def says_further(self) -> bool:
        """Return whether any of that is given, or refused: it is not folded then."""
        further = [*self.further_before(), *self.further_after()]
        return any(field.errors or field.value() not in NOTHING for field in further)

    def _further(self, scenario: str) -> list[forms.BoundField]:
        return [field for field in self if field.name in {f"{scenario}_{end}" for end in FURTHER}]

    def clean(self) -> dict[str, Any]:
        """Refuse urea that holds more nitrogen than the field gets."""
        for scenario in SCENARIOS:
            nitrogen = self.cleaned_data.get(f"{scenario}_{self.nitrogen}")
            if nitrogen is None or any(name.startswith(scenario) for name in self.errors):
                continue
            try:
                read_inputs(self.inputs(scenario), "", synthetic_n_kg_per_ha=Decimal(nitrogen))
            except InvalidInput:
                self.add_error(f"{scenario}_urea", _("So much urea holds more nitrogen than the field gets."))
        return self.cleaned_data

    def inputs(self, scenario: str) -> dict[str, Any]:
        """Return what the field gets in a scenario, as a case file holds it, but for the mineral nitrogen."""
        given = self.cleaned_data
        amounts = {key: given.get(f"{scenario}_{end}") or "0" for end, (key, _most, _label) in AMOUNTS.items()}
        litres = {kind: given.get(f"{scenario}_{kind}") for kind in words.FUELS}
        fuel = [{"kind": kind, "litres_per_ha": amount} for kind, amount in litres.items() if amount]
        return {**amounts, "fuel": fuel}

    @staticmethod
    def initial_of(scenario: str, inputs: Mapping[str, Any] | None) -> dict[str, Any]:
        """Return the fields' values for what a parcel has, none where it has no inputs."""
        if inputs is None:
            return {}
        amounts = {f"{scenario}_{end}": inputs[key] for end, (key, _most, _label) in AMOUNTS.items()}
        litres = {f"{scenario}_{one['kind']}": one.get("litres_per_ha", "") for one in inputs["fuel"]}
        return amounts | litres
