"""Log-in, sign-up, application, tokens."""

from django import forms
from django.contrib.auth.forms import UsernameField
from django.utils.translation import gettext_lazy as _

from ledger.parties.models import Organisation

APPLICANTS = (
    Organisation.Kind.COOPERATIVE,
    Organisation.Kind.BUYER,
    Organisation.Kind.VERIFIER,
    Organisation.Kind.AUDITOR,
)
EXPLAINED = {
    Organisation.Kind.COOPERATIVE: _("Cooperative: registers fields, receives credits and sells them"),
    Organisation.Kind.BUYER: _("Buyer: buys credits and retires them"),
    Organisation.Kind.VERIFIER: _("Verifier: validates projects and verifies reports"),
    Organisation.Kind.AUDITOR: _("Auditor: reads everything and changes nothing"),
}


class LoginForm(forms.Form):
    username = UsernameField(
        label=_("User name"),
        max_length=150,
        widget=forms.TextInput(
            attrs={
                "autocomplete": "username webauthn",
                "autocapitalize": "none",
                "spellcheck": "false",
                "autofocus": True,
            }
        ),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=200,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "current-password"}),
    )


class SignUpForm(forms.Form):
    display_name = forms.CharField(
        label=_("Your name"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    username = UsernameField(
        label=_("User name"),
        max_length=150,
        help_text=_("With it you log in."),
        widget=forms.TextInput(attrs={"autocomplete": "username", "autocapitalize": "none", "spellcheck": "false"}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=200,
        strip=False,
        help_text=_("Eight characters at least, and nothing that is easily guessed."),
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Code"),
        max_length=60,
        help_text=_("Five groups of four letters and digits, from the server's command line."),
        widget=forms.TextInput(
            attrs={"autocapitalize": "characters", "autocomplete": "off", "spellcheck": "false", "class": "tabular"}
        ),
    )


class ApplyForm(forms.Form):
    kind = forms.ChoiceField(
        label=_("What your organisation does"),
        choices=[(kind, EXPLAINED[kind]) for kind in APPLICANTS],
        widget=forms.RadioSelect,
    )
    name = forms.CharField(label=_("Name of the organisation"), max_length=120, help_text=_("As it is registered."))
    name_en = forms.CharField(label=_("Name in English"), max_length=120, required=False)
    credit_code = forms.CharField(
        label=_("Unified social credit code"),
        max_length=40,
        required=False,
        help_text=_("The eighteen digits and letters on the business licence. A cooperative has to give it."),
        widget=forms.TextInput(attrs={"autocapitalize": "characters", "autocomplete": "off"}),
    )
