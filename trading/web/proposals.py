"""What the forms of offers, lots and bids have in common."""

import secrets
from collections.abc import Callable
from typing import Any, TypeVar

from django import forms
from django.utils.translation import gettext_lazy as _

from ledger.errors import DomainError
from ledger.parties.models import Membership
from ledger.parties.rights import Right, has_right
from trading.markets.models import Market
from trading.orders.terms import MAX_CLIENT_ORDER_ID
from trading.web.words import words_of_refusal

Done = TypeVar("Done")


class MomentField(forms.DateTimeField):
    """A time by the browser's own calendar and clock, in the house's time zone."""

    def __init__(self, **options: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
        super().__init__(widget=widget, **options)


def new_key() -> str:
    """Return an id that no other form has."""
    return f"web-{secrets.token_urlsafe(16)}"


class ProposalForm(forms.Form):
    """A form that is made for each page that shows it: sent twice, it proposes once."""

    key = forms.CharField(widget=forms.HiddenInput, max_length=MAX_CLIENT_ORDER_ID, initial=new_key)

    def refuse(self, error: DomainError) -> None:
        """Put a refusal beside the field at fault; the form then gets a new key, for it may be sent again."""
        self.add_error(error.field if error.field in self.fields else None, words_of_refusal(error))
        self.data = dict(self.data.items()) | {"key": new_key()}


def market_choice() -> "forms.ModelChoiceField[Market]":
    """Return a field for one of the markets, by its symbol."""
    return forms.ModelChoiceField(
        label=_("Market"),
        queryset=Market.objects.order_by("-id"),
        to_field_name="symbol",
        empty_label=_("Please choose"),
    )


def propose(form: ProposalForm, service: Callable[..., Done], **arguments: Any) -> Done | None:
    """Call a service with what a valid form holds; a refusal goes to the field that it names, and None comes back."""
    try:
        return service(**arguments)
    except DomainError as error:
        form.refuse(error)
        return None


def may_trade(membership: Membership | None) -> bool:
    """Return whether somebody may propose now: the services decide, a page only does not offer what they would refuse."""
    return membership is not None and membership.organisation.is_approved and has_right(membership, Right.TRADE)
