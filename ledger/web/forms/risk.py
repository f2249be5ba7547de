"""A risk assessment: a pick-list for each question, three for each peril."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ledger.projects.risk_scores import NO_PERIL, PERILS, questions
from ledger.web import risk_words
from ledger.web.forms.fields import WordField


class RiskForm(forms.Form):
    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        for factor in questions():
            words = {option: risk_words.ANSWERS[factor.name][option] for option in factor.options}
            self.fields[factor.name] = WordField(words, label=risk_words.QUESTIONS[factor.name])
        for peril in PERILS:
            self._ask_about(peril)

    def _ask_about(self, peril: str) -> None:
        label = risk_words.QUESTIONS[peril]
        self.fields[peril] = WordField(
            risk_words.SIGNIFICANCES, label=label, help_text=_("How much of the carbon it takes.")
        )
        self.fields[f"{peril}_likelihood"] = WordField(
            risk_words.LIKELIHOODS, label=_("%(peril)s: how often") % {"peril": label}, required=False
        )
        self.fields[f"{peril}_mitigation"] = WordField(
            risk_words.MITIGATIONS, label=_("%(peril)s: what is done against it") % {"peril": label}, required=False
        )

    def groups(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """Return the questions by the kind of risk that they are about."""
        asked = {
            category: [self[factor.name] for factor in questions() if factor.category == category]
            for category in ("internal", "external")
        }
        asked["natural"] = [
            self[name] for peril in PERILS for name in (peril, f"{peril}_likelihood", f"{peril}_mitigation")
        ]
        return [(risk_words.CATEGORIES[category], fields) for category, fields in asked.items()]

    def clean(self) -> dict[str, Any]:
        for peril in PERILS:
            if self.cleaned_data.get(peril) in (None, "", NO_PERIL):
                continue
            for name in (f"{peril}_likelihood", f"{peril}_mitigation"):
                if not self.cleaned_data.get(name) and name not in self.errors:
                    self.add_error(name, _("Say this too, where the peril occurs."))
        return self.cleaned_data

    def answers(self) -> dict[str, Any]:
        """Return what `state_risk` takes."""
        given: dict[str, Any] = {factor.name: self.cleaned_data[factor.name] for factor in questions()}
        for peril in PERILS:
            significance = self.cleaned_data[peril]
            given[peril] = significance
            if significance != NO_PERIL:
                given[peril] = {
                    "significance": significance,
                    "likelihood": self.cleaned_data[f"{peril}_likelihood"],
                    "mitigation": self.cleaned_data[f"{peril}_mitigation"],
                }
        return given
