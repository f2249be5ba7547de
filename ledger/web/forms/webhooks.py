"""An address that is told of events."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from ledger.webhooks.calling import LONGEST_URL
from ledger.webhooks.events import EventType, event_types


class WebhookForm(forms.Form):
    url = forms.CharField(
        label=_("Address"),
        max_length=LONGEST_URL,
        help_text=_("It begins with https:// and can be reached from the internet."),
        widget=forms.TextInput(attrs={"inputmode": "url", "autocapitalize": "none", "spellcheck": "false"}),
    )
    description = forms.CharField(label=_("What it is for"), max_length=120, required=False)
    events = forms.MultipleChoiceField(label=_("Events"), required=False)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        field = self.fields["events"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(each.name, each.name) for each in event_types()]

    def families(self) -> list[tuple[str, list[tuple[EventType, bool]]]]:
        """Return the events by what they are about, and which are ticked."""
        ticked = set(self["events"].value() or [])
        found: dict[str, list[tuple[EventType, bool]]] = {}
        for each in event_types():
            found.setdefault(each.family, []).append((each, each.name in ticked))
        return list(found.items())
