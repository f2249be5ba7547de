"""What lists are searched by."""

from django import forms
from django.utils.translation import gettext_lazy as _

from ledger.projects.models import Project

# The states in which everybody sees a project.
PUBLIC_STATES = (
    Project.Status.REGISTERED,
    Project.Status.SUSPENDED,
    Project.Status.COMPLETED,
    Project.Status.WITHDRAWN,
)


class ProjectSearch(forms.Form):
    q = forms.CharField(label=_("Name, place or number"), max_length=100, required=False)
    status = forms.ChoiceField(
        label=_("Status"), choices=[("", _("every status")), *Project.Status.choices], required=False
    )

    def offer_public_states(self) -> None:
        """Offer those states alone that a visitor can find a project in."""
        offered = [("", _("every status")), *((state.value, state.label) for state in PUBLIC_STATES)]
        self.fields["status"].choices = offered  # type: ignore[attr-defined]


class SerialSearch(forms.Form):
    serial = forms.CharField(
        label=_("Serial number"),
        max_length=100,
        help_text=_("A number alone, or as a certificate writes it."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "TH-35-000001-2022-000000000123"}),
    )
