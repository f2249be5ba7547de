"""What lists are searched by."""

from django import forms
from django.utils.translation import gettext_lazy as _

from ledger.projects.models import Project


class ProjectSearch(forms.Form):
    q = forms.CharField(label=_("Name, place or number"), max_length=100, required=False)
    status = forms.ChoiceField(
        label=_("Status"), choices=[("", _("every status")), *Project.Status.choices], required=False
    )
