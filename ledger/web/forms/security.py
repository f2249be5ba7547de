"""Passwords, codes, passkeys, the e-mail address."""

import unicodedata
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from ledger.parties.security.factors import MAX_NAME
from ledger.parties.security.passwords import MAX_PASSWORD


def _password(label: Any, autocomplete: str, help_text: Any = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        max_length=MAX_PASSWORD,
        strip=False,
        help_text=help_text,
        widget=forms.PasswordInput(attrs={"autocomplete": autocomplete}),
    )


class CodeField(forms.CharField):
    """A code of six digits, or a recovery code, as a Chinese keyboard writes it, too: １２３ ４５６."""

    def to_python(self, value: Any) -> str:
        return unicodedata.normalize("NFKC", super().to_python(value) or "")


CHOOSE = _("Eight characters at least, and nothing that is easily guessed.")


class FactorForm(forms.Form):
    """A code that was typed, or what the browser says of a passkey."""

    code = CodeField(
        label=pgettext_lazy("second factor", "Code"),
        max_length=20,
        help_text=_("Six digits from the app, or one of your recovery codes."),
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}),
    )
    credential = forms.CharField(max_length=20_000, widget=forms.HiddenInput, required=False)

    def __init__(self, data: QueryDict | None = None) -> None:
        super().__init__(data)
        # Who shows a passkey types no code.
        self.fields["code"].required = not (data and data.get("credential"))


class AppCodeForm(forms.Form):
    code = CodeField(
        label=pgettext_lazy("second factor", "Code"),
        max_length=20,
        help_text=_("The six digits that the app shows now."),
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"}),
    )


class PasswordForm(forms.Form):
    password = _password(_("Password"), "current-password")


class ChangePasswordForm(forms.Form):
    old = _password(_("Your password now"), "current-password")
    new = _password(_("New password"), "new-password", CHOOSE)


class NewPasswordForm(forms.Form):
    new = _password(_("New password"), "new-password", CHOOSE)


class EmailForm(forms.Form):
    email = forms.EmailField(
        label=_("E-mail address"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "spellcheck": "false"}),
    )


class PasskeyForm(forms.Form):
    name = forms.CharField(
        label=_("Name of the passkey"),
        max_length=MAX_NAME,
        required=False,
        help_text=_("So that you know it again, such as “my phone”."),
    )
    credential = forms.CharField(max_length=20_000, widget=forms.HiddenInput, required=False)


class PasskeyNameForm(forms.Form):
    name = forms.CharField(label=_("Name of the passkey"), max_length=MAX_NAME)
