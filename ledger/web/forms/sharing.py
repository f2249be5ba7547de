"""Households, and how proceeds are shared among them."""

import unicodedata
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.credits.sharing.models import WHOLE_BPS
from ledger.credits.sharing.plans import MAX_STATEMENT, PlanTerms
from ledger.parties.households import MAX_BYTES
from ledger.parties.models import Household
from ledger.projects.models import Project
from ledger.texts import localized
from ledger.web.forms.fields import DateField, UnitField, WrittenNumber

RULES = (
    ("area", _("by area")),
    ("equal", _("equally")),
    ("contribution", _("by contribution")),
    ("mixed", _("a mixture of these")),
)


class PercentField(WrittenNumber, forms.DecimalField, UnitField):
    """A percentage with two places at most, handed on in basis points."""

    unit = "%"

    def __init__(self, **options: Any) -> None:
        super().__init__(min_value=0, max_value=100, decimal_places=2, **options)

    def clean(self, value: Any) -> Any:
        percent: Decimal | None = super().clean(value)
        return 0 if percent is None else int(percent * 100)


class HouseholdForm(forms.Form):
    code = forms.CharField(
        label=_("Household code"), max_length=32, help_text=_("The cooperative's own number, such as 3-017.")
    )
    name = forms.CharField(label=_("Name of the household"), max_length=80)


class HouseholdFileForm(forms.Form):
    file = forms.FileField(
        label=_("CSV file"),
        max_length=200,
        help_text=_(
            "The first line names the columns: code, name (户号, 户名). UTF-8 or GBK, up to 10,000 households."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
    )

    def clean_file(self) -> bytes:
        file = self.cleaned_data["file"]
        if (file.size or 0) > MAX_BYTES:
            raise forms.ValidationError(_("The file is larger than two megabytes."))
        content: bytes = file.read()
        return content


class HouseholdSearch(forms.Form):
    q = forms.CharField(label=_("Name or code"), max_length=80, required=False)


class PlanForm(forms.Form):
    project = forms.ChoiceField(label=pgettext_lazy("sharing plan", "For"), required=False)
    retained = PercentField(
        label=_("The cooperative keeps"),
        required=False,
        initial=0,
        help_text=_("Of what is left of a sale after the fee."),
    )
    retained_for = forms.CharField(
        label=_("What this part is for"), max_length=300, required=False, help_text=_("Such as mending the ditches.")
    )
    rule = forms.ChoiceField(label=_("The rest is shared"), choices=RULES, initial="area", widget=forms.RadioSelect)
    area = PercentField(label=_("Mixture: by area"), required=False)
    equal = PercentField(label=_("Mixture: equally"), required=False)
    contribution = PercentField(label=_("Mixture: by contribution"), required=False)
    contributions = forms.CharField(
        label=_("Contributions"),
        required=False,
        max_length=500_000,
        help_text=_("A line for each household: its code and a whole number, such as its days of work."),
        widget=forms.Textarea(attrs={"rows": 6, "class": "code", "spellcheck": "false"}),
    )
    effective_on = DateField(
        label=_("In effect from"), required=False, help_text=_("From now on, where no day is given.")
    )
    statement = forms.CharField(
        label=_("Statement to the members"),
        max_length=MAX_STATEMENT,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Such as which meeting has resolved this."),
    )
    is_public = forms.BooleanField(
        label=_("Show the plan publicly"),
        required=False,
        help_text=_("Beside the project. Otherwise the members alone see it, by their links."),
    )

    def __init__(self, *args: Any, projects: Sequence[Project], **options: Any) -> None:
        super().__init__(*args, **options)
        named = [(project.code, f"{localized(project, 'name')} ({project.code})") for project in projects]
        self.fields["project"].choices = [("", _("all projects of the cooperative")), *named]  # type: ignore[attr-defined]

    def clean_contributions(self) -> dict[str, int]:
        """Return the contributions by code; a line that is none is named."""
        found: dict[str, int] = {}
        for number, line in enumerate(self.cleaned_data["contributions"].splitlines(), 1):
            parts = unicodedata.normalize("NFKC", line).replace(",", " ").replace("\t", " ").rsplit(maxsplit=1)
            if not parts:
                continue
            if len(parts) != 2 or not (parts[1].isascii() and parts[1].isdigit()) or len(parts[1]) > 15:
                params = {"line": number}
                raise forms.ValidationError(_("Line %(line)s: write a code and a whole number."), params=params)
            code = parts[0].strip()
            if code in found:
                raise forms.ValidationError(
                    _("Line %(line)s: %(code)s was named before."), params={"line": number, "code": code}
                )
            found[code] = int(parts[1])
        return found

    def terms(self) -> PlanTerms:
        """Return what the form states."""
        given = self.cleaned_data
        parts = {name: WHOLE_BPS if given["rule"] == name else 0 for name in ("area", "equal", "contribution")}
        if given["rule"] == "mixed":
            parts = {name: given[name] for name in parts}
        day = given["effective_on"]
        midnight = (
            None
            if day is None
            else timezone.localtime().replace(
                year=day.year, month=day.month, day=day.day, hour=0, minute=0, second=0, microsecond=0
            )
        )
        # Today's midnight is past: from now on, then.
        is_today = day is not None and day == timezone.localdate()
        return PlanTerms(
            retained_bps=given["retained"],
            area_bps=parts["area"],
            equal_bps=parts["equal"],
            contribution_bps=parts["contribution"],
            retained_for=given["retained_for"],
            statement=given["statement"],
            is_public=given["is_public"],
            project=given["project"] or None,
            effective_from=None if is_today else midnight,
            contributions=given["contributions"],
        )

    def refuse(self, field: str | None, reason: str) -> None:
        """Put what a service refused beside the field that said it."""
        names = {
            "retained_bps": "retained",
            "area_bps": "rule",
            "equal_bps": "rule",
            "contribution_bps": "rule",
            "effective_from": "effective_on",
        }
        name = names.get(field or "", field)
        self.add_error(name if name in self.fields else None, reason)


class NoticeForm(forms.Form):
    starts_on = DateField(label=_("From"), required=False)
    ends_on = DateField(label=_("Until"), required=False)
    names = forms.ChoiceField(
        label=_("Households by"),
        required=False,
        choices=[("names", _("code and name")), ("codes", _("code alone"))],
    )

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        start, end = given.get("starts_on"), given.get("ends_on")
        if start and end and end < start:
            raise forms.ValidationError(_("The last day is before the first."))
        return given


def contribution_lines(households: Sequence[Household], known: dict[int, int]) -> str:
    """Return the lines that a form for contributions begins with: the last plan's, or each household with nothing yet."""
    return "\n".join(f"{each.code} {known.get(each.pk, 0)}" for each in households)
