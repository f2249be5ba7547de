"""Members, invitations, and API tokens."""

import datetime as dt
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.parties.models import Membership
from ledger.parties.rights import roles_in
from ledger.parties.scopes import Scope
from ledger.parties.tokens import GOOD_FOR, MOST_GOOD_FOR
from ledger.web.forms.fields import DateField


class RoleField(forms.ChoiceField):
    """A role of a kind of organisation."""

    def __init__(self, kind: str, **options: Any) -> None:
        super().__init__(choices=[(role, Membership.Role(role).label) for role in roles_in(kind)], **options)


class RoleForm(forms.Form):
    def __init__(self, kind: str, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["role"] = RoleField(kind, label=_("Role"))


class InviteForm(RoleForm):
    note = forms.CharField(
        label=_("For whom"),
        max_length=120,
        required=False,
        help_text=_("For you to know it again: a name, or an e-mail address. The link is yours to send."),
    )
    field_order = ("role", "note")


class TokenForm(forms.Form):
    name = forms.CharField(
        label=_("What the token is for"), max_length=60, help_text=_("So that you know it again, such as “ERP”.")
    )
    scopes = forms.MultipleChoiceField(
        label=_("What it may be used for"),
        choices=Scope.choices,
        initial=[Scope.READ],
        widget=forms.CheckboxSelectMultiple,
        help_text=_("No more than is needed. What your role does not allow, it does not allow either."),
        error_messages={"required": _("Choose one scope at least.")},
    )
    expires_on = DateField(
        label=_("Last day"), required=False, help_text=_("One year at most. Empty: 90 days from now.")
    )
    networks = forms.CharField(
        label=_("Only from these addresses"),
        required=False,
        max_length=1_000,
        widget=forms.Textarea({"rows": 2, "placeholder": "203.0.113.0/24", "spellcheck": "false"}),
        help_text=_("Addresses or networks, a line each. Empty: from everywhere."),
    )

    def clean_expires_on(self) -> dt.date:
        last_day = self.cleaned_data["expires_on"]
        today = timezone.localdate()
        if last_day is None:
            return today + GOOD_FOR
        if last_day < today:
            raise forms.ValidationError(_("This day is over."))
        if last_day >= today + MOST_GOOD_FOR:
            raise forms.ValidationError(_("A token is good for one year at most."))
        return last_day  # type: ignore[no-any-return]

    def clean_networks(self) -> list[str]:
        words: list[str] = self.cleaned_data["networks"].replace(",", " ").split()
        return words
