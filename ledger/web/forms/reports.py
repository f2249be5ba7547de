"""Monitoring reports: the year, the yields, to whom they are handed in, findings and their answers."""

import copy
import re
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.parties.households import plain_code
from ledger.projects.models import Finding, Parcel
from ledger.projects.selectors import verifiers
from ledger.web import words
from ledger.web.forms.fields import NOTHING_CHOSEN, NumberField

MAX_TEXT = 5_000
# How many fields of a project a page of a draft has.
FIELDS_A_PAGE = 50


class VintageForm(forms.Form):
    """A vintage to report."""

    vintage = forms.TypedChoiceField(label=_("Vintage"), coerce=int)

    def __init__(self, *args: Any, vintages: Sequence[int], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["vintage"].choices = [(year, str(year)) for year in vintages]  # type: ignore[attr-defined]


class YieldsForm(forms.Form):
    """The yields of each field and season where they are known; `practices` is what is entered of each field so far."""

    def __init__(
        self, *args: Any, parcels: Sequence[Parcel], practices: Mapping[str, Mapping[str, Any]], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        self.parcels = parcels
        self.entered = practices
        for parcel in parcels:
            for season in self._seasons(parcel):
                self._add_yields(parcel, season)

    def _seasons(self, parcel: Parcel) -> list[dict[str, Any]]:
        seasons: list[dict[str, Any]] = self.entered.get(parcel.code, parcel.practices).get("seasons", [])
        return seasons

    def _add_yields(self, parcel: Parcel, season: Mapping[str, Any]) -> None:
        known = season.get("yield_t_per_ha") or {}
        for scenario in ("baseline", "project"):
            label = _("%(parcel)s, %(season)s: yield %(when)s") % {
                "parcel": parcel.code,
                "season": words.word_for(words.SEASONS, season["name"]),
                "when": words.SCENARIOS[scenario],
            }
            self.fields[_yield_name(parcel, season, scenario)] = NumberField(
                unit="t/ha", most=100, required=False, label=label, initial=known.get(scenario)
            )

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each field, with its seasons and their two yields."""
        return [
            {
                "parcel": parcel,
                "is_changed": parcel.code in self.entered,
                "seasons": [
                    {
                        "name": words.word_for(words.SEASONS, season["name"]),
                        "before": self[_yield_name(parcel, season, "baseline")],
                        "after": self[_yield_name(parcel, season, "project")],
                    }
                    for season in self._seasons(parcel)
                ],
            }
            for parcel in self.parcels
        ]

    def clean(self) -> dict[str, Any]:
        for parcel in self.parcels:
            for season in self._seasons(parcel):
                before, after = (_yield_name(parcel, season, scenario) for scenario in ("baseline", "project"))
                self._check_yields(before, after)
        return self.cleaned_data

    def _check_yields(self, before: str, after: str) -> None:
        first, second = self.cleaned_data.get(before), self.cleaned_data.get(after)
        if (first is None) != (second is None) and not {before, after} & self.errors.keys():
            self.add_error(after if second is None else before, _("Give both yields, or neither."))
        elif first is not None and Decimal(first) == 0:
            self.add_error(before, _("The yield before the project is more than nothing."))

    def practices(self) -> dict[str, dict[str, Any]]:
        """Return the practices of the fields whose yields are other than what is entered so far."""
        changed = {}
        for parcel in self.parcels:
            entered = self.entered.get(parcel.code, parcel.practices)
            practices = copy.deepcopy(dict(entered))
            for season in practices.get("seasons", []):
                self._put_yields(parcel, season)
            if practices != entered:
                changed[parcel.code] = practices
        return changed

    def _put_yields(self, parcel: Parcel, season: dict[str, Any]) -> None:
        yields = {
            scenario: self.cleaned_data[_yield_name(parcel, season, scenario)] for scenario in ("baseline", "project")
        }
        season.pop("yield_t_per_ha", None)
        if None not in yields.values():
            season["yield_t_per_ha"] = yields


def _yield_name(parcel: Parcel, season: Mapping[str, Any], scenario: str) -> str:
    return f"yield-{parcel.pk}-{season['name']}-{scenario}"


class VerifierForm(forms.Form):
    """To whom a report is handed in."""

    verifier = forms.ChoiceField(
        label=_("Verifier"),
        help_text=_("It must be free of conflicts of interest with your project, and accepts or declines."),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        choices = [(str(each.public_id), str(each)) for each in verifiers()]
        self.fields["verifier"].choices = [NOTHING_CHOSEN, *choices]  # type: ignore[attr-defined]


# What verifiers find again and again: a text to begin with, or to leave as it is.
FINDING_TEXTS: dict[str, str | Promise] = {
    "water": _(
        "The diary lacks days of draining and flooding. Add them, with photos or the records of the water station."
    ),
    "nitrogen": _(
        "There is no proof of how much fertiliser was used. Upload invoices or the store book of the season."
    ),
    "straw": _("It is not shown what became of the straw. Say when it was taken off or worked in, with photos."),
    "yield": _("The yields have no proof. Upload weighing slips or purchase receipts."),
    "area": _("The declared area and the measured one differ. Explain it, or correct the field."),
    "baseline": _(
        "It is not shown how the field was run before the project. Name records, or people who can be asked."
    ),
    "forward": _("To be looked at again in the next report."),
}
FINDING_TITLES: dict[str, str | Promise] = {
    "water": _("Diary of water incomplete"),
    "nitrogen": _("Proof of fertiliser missing"),
    "straw": _("Straw not shown"),
    "yield": _("Yields without proof"),
    "area": _("Areas differ"),
    "baseline": _("Baseline not shown"),
    "forward": _("To be looked at again next year"),
}


def codes_in(text: str, codes: Iterable[str]) -> list[str]:
    """Return the codes of fields that a text names, in the order of `codes`."""
    return [code for code in codes if re.search(rf"(?<![0-9A-Za-z_-]){re.escape(code)}(?![0-9A-Za-z_-])", text)]


class FindingForm(forms.Form):
    """What is to be mended, explained or looked after, in words of one's own or of the house, and about which fields."""

    template = forms.ChoiceField(
        label=_("Common finding"),
        choices=[("", _("none: in my own words")), *FINDING_TITLES.items()],
        required=False,
        help_text=_("Its text is used; what you write below is added to it."),
    )
    fields_named = forms.CharField(
        label=_("About which fields"),
        max_length=1_000,
        required=False,
        help_text=_("Codes with commas between: the cooperative sees the finding beside these fields."),
    )

    kind = forms.ChoiceField(
        label=pgettext_lazy("finding", "Kind"),
        choices=Finding.Kind.choices,
        help_text=_(
            "A forward action does not keep the report from being verified: it is looked after in the next one."
        ),
    )
    text = forms.CharField(
        label=_("What you have found"), max_length=MAX_TEXT, required=False, widget=forms.Textarea(attrs={"rows": 4})
    )

    field_order = ("kind", "template", "fields_named", "text")

    def __init__(self, *args: Any, codes: Sequence[str] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        self.codes = set(codes)

    def clean_fields_named(self) -> list[str]:
        """Return the codes that were named; all of them must be the project's."""
        text = self.cleaned_data["fields_named"].replace("，", ",").replace("、", ",")
        named = [plain_code(code) for code in text.split(",") if code.strip()]
        unknown = [code for code in named if code not in self.codes]
        if unknown:
            raise forms.ValidationError(
                _("The project has no field %(codes)s."), params={"codes": ", ".join(unknown[:5])}
            )
        return named

    def clean(self) -> dict[str, Any]:
        """Put together what the service takes: the kind and the text."""
        given = self.cleaned_data
        own = given.get("text", "")
        common = str(FINDING_TEXTS.get(given.get("template", ""), ""))
        about = ", ".join(given.get("fields_named", []))
        text = "\n".join(filter(None, [common, own]))
        if not text and "text" not in self.errors:
            self.add_error("text", _("Say what you have found, or choose a common finding."))
        whole = f"{about}: {text}" if about else text
        if len(whole) > MAX_TEXT and "text" not in self.errors:
            self.add_error("text", _("With the fields and the common text this is too long: write less."))
        return {"kind": given.get("kind", ""), "text": whole}


class AnswerForm(forms.Form):
    answer = forms.CharField(label=_("Your answer"), max_length=MAX_TEXT, widget=forms.Textarea(attrs={"rows": 4}))


class NoteForm(forms.Form):
    note = forms.CharField(
        label=_("Why it can be closed"), max_length=MAX_TEXT, widget=forms.Textarea(attrs={"rows": 2})
    )


class ReopenForm(forms.Form):
    reason = forms.CharField(
        label=_("Why the answer does not do"), max_length=2_000, widget=forms.Textarea(attrs={"rows": 2})
    )


class DeclineForm(forms.Form):
    reason = forms.CharField(
        label=_("Why"),
        max_length=2_000,
        help_text=_("Such as a conflict of interest, or no time. The cooperative names another verifier."),
        widget=forms.Textarea(attrs={"rows": 2}),
    )
