"""What the lists of the public registry are searched by. A list is searched by what is right in a form; the rest is shown."""

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from django import forms
from django.forms.utils import flatatt
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from ledger.credits.models import Retirement
from ledger.journal.models import Account
from ledger.projects.counties import counties, county_name
from ledger.projects.models import Project
from ledger.quantification import METHODOLOGIES
from ledger.registry.keyset import Order
from ledger.registry.search import (
    FIRST_YEAR,
    LAST_YEAR,
    BatchTerms,
    ProjectTerms,
    ReferenceTerms,
    RetirementTerms,
)
from ledger.registry.selectors import reference_countries, reference_registries
from ledger.web import words
from ledger.web.forms.fields import WholeField

Choices = Iterable[tuple[str, Any]]
NEWEST = "newest"
MAX_TEXT = 100


def _any_or(any_word: Any, choices: Choices) -> list[tuple[str, Any]]:
    return [("", any_word), *choices]


def _year_field(label: Any) -> WholeField:
    return WholeField(label=label, min_value=FIRST_YEAR, max_value=LAST_YEAR, required=False)


@lru_cache(maxsize=2_000)
def _select(
    language: str, attributes: tuple[tuple[str, str], ...], choices: tuple[tuple[str, str], ...], chosen: str
) -> SafeString:
    """Return a select field as HTML."""
    options = format_html_join(
        "",
        '<option value="{}"{}>{}</option>',
        ((value, SafeString(" selected") if value == chosen else "", label) for value, label in choices),
    )
    return format_html("<select{}>{}</select>", flatatt(dict(attributes)), options)


class QuickSelect(forms.Select):
    """A field whose options are written once: Django renders a template for each of them, each time."""

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        attributes = {**self.attrs, "name": name, **(attrs or {})}
        choices = tuple((str(each), str(label)) for each, label in self.choices)
        written = tuple(sorted((key, str(each)) for key, each in attributes.items()))
        return _select(get_language() or "", written, choices, str(value or ""))


class ChosenField(forms.ChoiceField):
    widget = QuickSelect


class RegistrySearch(forms.Form):
    """A form in an address: nothing in it is required, and the order is one of `orders`."""

    orders: dict[str, tuple[Any, Order]] = {}

    def __init__(self, given: Any = None, **arguments: Any) -> None:
        super().__init__(given if given is not None else {}, **arguments)
        self.fields["sort"].choices = [(name, label) for name, (label, _order) in self.orders.items()]  # type: ignore[attr-defined]
        self.is_valid()

    sort = ChosenField(label=_("Sorted by"), required=False)

    @property
    def order(self) -> Order:
        """The order that is chosen, or the first."""
        chosen = self.cleaned_data.get("sort") or next(iter(self.orders))
        return self.orders[chosen][1]

    def value(self, name: str) -> Any:
        """Return what a field holds, or what is empty where it holds nothing right."""
        return self.cleaned_data.get(name) or ("" if not isinstance(self.fields[name], forms.IntegerField) else None)

    @cached_property
    def refinements(self) -> list[forms.BoundField]:
        """The fields beside the box for text."""
        return [field for field in self.visible_fields() if field.name != "q"]

    @property
    def is_refined(self) -> bool:
        """Whether anything beside the box for text is chosen, or wrong."""
        return any(self.data.get(field.name) for field in self.refinements) or bool(self.errors)

    @property
    def is_used(self) -> bool:
        """Whether the list is searched at all."""
        return any(self.data.get(name) for name in self.fields if name != "sort")


# The states in which everybody sees a project.
PUBLIC_STATES = (
    Project.Status.REGISTERED,
    Project.Status.SUSPENDED,
    Project.Status.COMPLETED,
    Project.Status.WITHDRAWN,
)


class ProjectSearch(RegistrySearch):
    orders = {
        NEWEST: (_("newest first"), Order("number")),
        "oldest": (_("oldest first"), Order("number", descending=False)),
        "start": (_("latest crediting period first"), Order("crediting_starts_on")),
    }
    q = forms.CharField(label=_("Name, place, proponent or number"), max_length=MAX_TEXT, required=False)
    province = ChosenField(
        label=_("Province"), choices=_any_or(_("every province"), words.PROVINCES.items()), required=False
    )
    county = forms.CharField(label=_("County"), max_length=6, required=False)
    methodology = ChosenField(label=_("Practice"), required=False)
    vintage = _year_field(_("Vintage issued"))
    status = ChosenField(label=_("Status"), choices=_any_or(_("every status"), Project.Status.choices), required=False)
    proponent = forms.UUIDField(required=False, widget=forms.HiddenInput)
    field_order = ("q", "province", "county", "methodology", "vintage", "status", "sort", "proponent")

    def __init__(self, given: Any = None, *, sees_states: bool = False, **arguments: Any) -> None:
        super().__init__(given, **arguments)
        methodologies = [(name, words.word_for(words.METHODOLOGIES, name)) for name in sorted(METHODOLOGIES)]
        self.fields["methodology"].choices = _any_or(_("every practice"), methodologies)  # type: ignore[attr-defined]
        if not sees_states:
            offered = [(state, state.label) for state in PUBLIC_STATES]
            self.fields["status"].choices = _any_or(_("every status"), offered)  # type: ignore[attr-defined]
        self._offer_counties()
        self.full_clean()

    def _offer_counties(self) -> None:
        """Offer the counties of the province that is chosen; without one, only a county that is named already."""
        province, county = self.cleaned_data.get("province", ""), self.cleaned_data.get("county", "")
        offered = [(code, county_name(code)) for code in counties() if province and code.startswith(province)]
        if county and county not in dict(offered):
            offered.append((county, county_name(county) or county))
        if not offered:
            self.fields["county"].widget = forms.HiddenInput()
            return
        choices = _any_or(_("every county"), offered)
        self.fields["county"] = ChosenField(label=_("County"), choices=choices, required=False)

    def terms(self) -> ProjectTerms:
        """Return what is looked for."""
        return ProjectTerms(
            text=self.value("q"),
            status=self.value("status"),
            province=self.value("province"),
            county=self.value("county"),
            methodology=self.value("methodology"),
            vintage=self.value("vintage"),
            proponent=self.value("proponent") or None,
        )


class BatchSearch(RegistrySearch):
    orders = {
        NEWEST: (_("newest first"), Order("pk")),
        "oldest": (_("oldest first"), Order("pk", descending=False)),
        "vintage": (_("latest vintage first"), Order("vintage")),
        "quantity": (_("largest first"), Order("quantity_t")),
    }
    HELD = ("holding", "buffer", "retired", "cancelled")
    project = forms.CharField(label=_("Project"), max_length=40, required=False)
    vintage = _year_field(_("Vintage"))
    holds = ChosenField(
        label=_("Status of its tonnes"),
        choices=_any_or(_("every status"), [(each, Account.Purpose(each).label) for each in HELD]),
        required=False,
    )
    field_order = ("project", "vintage", "holds", "sort")

    def terms(self) -> BatchTerms:
        """Return what is looked for."""
        return BatchTerms(self.value("project").strip(), self.value("vintage"), self.value("holds"))


class RetirementSearch(RegistrySearch):
    orders = {
        NEWEST: (_("newest first"), Order("pk")),
        "oldest": (_("oldest first"), Order("pk", descending=False)),
        "quantity": (_("largest first"), Order("quantity_t")),
    }
    q = forms.CharField(label=_("Beneficiary"), max_length=MAX_TEXT, required=False)
    purpose = ChosenField(
        label=_("Purpose"), choices=_any_or(_("every purpose"), Retirement.Purpose.choices), required=False
    )
    year = _year_field(_("Year of retirement"))
    project = forms.CharField(label=_("Project"), max_length=40, required=False)
    batch = forms.CharField(max_length=40, required=False, widget=forms.HiddenInput)
    field_order = ("q", "purpose", "year", "project", "sort", "batch")

    @property
    def order(self) -> Order:
        """The order that is chosen; of a year, in the order of time, by which a year is found."""
        order = super().order
        return Order("retired_at", order.descending) if order.field == "pk" and self.value("year") else order

    def terms(self) -> RetirementTerms:
        """Return what is looked for."""
        return RetirementTerms(
            self.value("q"),
            self.value("purpose"),
            self.value("year"),
            self.value("project").strip(),
            self.value("batch"),
        )


class ReferenceSearch(RegistrySearch):
    orders = {
        NEWEST: (pgettext_lazy("sorted by", "newest import first"), Order("pk")),
        "oldest": (pgettext_lazy("sorted by", "oldest import first"), Order("pk", descending=False)),
    }
    q = forms.CharField(label=_("Name, proponent or id"), max_length=MAX_TEXT, required=False)
    registry = ChosenField(label=_("Registry"), required=False)
    country = ChosenField(label=_("Country"), required=False)
    field_order = ("q", "registry", "country", "sort")

    def __init__(self, given: Any = None, **arguments: Any) -> None:
        super().__init__(given, **arguments)
        for name, any_word, found in (
            ("registry", _("every registry"), reference_registries()),
            ("country", _("every country"), reference_countries()),
        ):
            self.fields[name].choices = _any_or(any_word, [(each, each) for each in found])  # type: ignore[attr-defined]
        self.full_clean()

    def terms(self) -> ReferenceTerms:
        """Return what is looked for."""
        return ReferenceTerms(self.value("q"), self.value("registry"), self.value("country"))
