"""What lists are searched by."""

from django import forms
from django.utils.translation import gettext_lazy as _


class SerialSearch(forms.Form):
    serial = forms.CharField(
        label=_("Serial number"),
        max_length=100,
        help_text=_("A number alone, or as a certificate writes it."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "placeholder": "TH-35-000001-2022-000000000123"}),
    )
