"""How one wants to be told, and which phone one has."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _

from ledger.notices.choices import groups_for
from ledger.notices.models import Group, NoticeSettings
from ledger.notices.services import Wishes
from ledger.notices.sms import is_sms_possible
from ledger.parties.models import Membership


class TimeField(forms.TimeField):
    """A time of the day, by the browser's own clock."""

    def __init__(self, **options: Any) -> None:
        super().__init__(widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"), **options)


class PreferencesForm(forms.Form):
    """For each kind of notices: in the app, by e-mail, by text message. The boxes stand in a table of their own."""

    in_app = forms.MultipleChoiceField(required=False, choices=Group)
    email_groups = forms.MultipleChoiceField(required=False, choices=Group)
    sms_groups = forms.MultipleChoiceField(required=False, choices=Group)
    digest = forms.ChoiceField(
        label=_("Digest by e-mail"),
        choices=NoticeSettings.Digest,
        help_text=_(
            "What was sold, what is due and what has changed, in one e-mail. Nothing comes where there is nothing."
        ),
    )
    pace = forms.ChoiceField(
        label=_("E-mails of notices"),
        choices=NoticeSettings.Pace,
        required=False,
        help_text=_("Bundled: what comes within minutes is one e-mail. Warnings always come at once."),
    )
    language = forms.ChoiceField(label=_("Language of messages"), choices=settings.LANGUAGES)
    quiet_from = TimeField(label=_("Quiet from"), required=False)
    quiet_until = TimeField(label=_("until"), required=False)

    def __init__(self, given: Any = None, *, membership: Membership | None, chosen: NoticeSettings) -> None:
        self.groups = groups_for(membership)
        self.chosen = chosen
        initial = {
            "in_app": [group for group in self.groups if group not in chosen.muted_groups],
            "email_groups": chosen.email_groups,
            "sms_groups": chosen.sms_groups,
            "digest": chosen.digest,
            "pace": chosen.pace,
            "language": chosen.language,
            "quiet_from": chosen.quiet_from,
            "quiet_until": chosen.quiet_until,
        }
        super().__init__(given, initial=initial)

    @property
    def has_sms(self) -> bool:
        return is_sms_possible()

    def rows(self) -> list[dict[str, Any]]:
        """Return what the table shows: a row for each kind of notices, and what is ticked in it."""
        ticked = {name: self[name].value() or [] for name in ("in_app", "email_groups", "sms_groups")}
        return [
            {
                "group": group,
                "label": group.label,
                "in_app": group in ticked["in_app"],
                "email": group in ticked["email_groups"],
                "sms": group in ticked["sms_groups"],
            }
            for group in self.groups
        ]

    def wishes(self) -> Wishes:
        """Return what was chosen; of kinds that the table does not show nothing changes."""
        given = self.cleaned_data
        shown = set(self.groups)

        def merged(name: str, before: list[str]) -> list[str]:
            return [*(each for each in before if each not in shown), *(each for each in given[name] if each in shown)]

        muted = [group for group in self.groups if group not in given["in_app"]]
        return Wishes(
            email_groups=merged("email_groups", self.chosen.email_groups),
            sms_groups=merged("sms_groups", self.chosen.sms_groups) if self.has_sms else self.chosen.sms_groups,
            muted_groups=[*(each for each in self.chosen.muted_groups if each not in shown), *muted],
            digest=given["digest"],
            pace=given["pace"] or self.chosen.pace,
            language=given["language"],
            quiet_from=given["quiet_from"],
            quiet_until=given["quiet_until"],
        )


class PhoneForm(forms.Form):
    phone = forms.CharField(
        label=_("Mobile number"),
        max_length=30,
        widget=forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "inputmode": "tel"}),
    )


class PhoneCodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code from the text message"),
        max_length=10,
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )
