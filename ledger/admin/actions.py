"""What the operator's people do at the desk: each a service call, after a page that says what it means."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ledger.admin.access import is_operator
from ledger.errors import DomainError
from ledger.parties.models import Membership

Text = str | Promise
Perform = Callable[[Membership, Any, dict[str, Any]], Any]


def _always(_target: Any) -> bool:
    return True


def is_requested(target: Any) -> bool:
    """Return whether one person has asked for something, and another one is to decide it."""
    return bool(target.status == target.Status.REQUESTED)


def _nothing(_target: Any) -> dict[str, Any]:
    return {}


def _as_it_is(_form: forms.Form, _target: Any) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Action:
    """A step that people of the operator with a role may take, `also` of other ones where the service lets them.

    `perform` gets who acts, the object (None for a step that makes a new one) and the form's values, and calls the
    service. `makers` names the attributes that hold whose own work the object is: they may not take the step.
    `is_due` says whether the object waits for it. Both only spare people the way: the service decides. `initial` fills the form
    in beforehand with what the object is; `fit` lets it offer what only this object has to choose from.
    """

    name: str
    label: Text
    explanation: Text
    done: Text
    role: Membership.Role
    perform: Perform
    form: type[forms.Form] = forms.Form
    makers: tuple[str, ...] = ()
    is_due: Callable[[Any], bool] = _always
    is_grave: bool = False
    initial: Callable[[Any], dict[str, Any]] = _nothing
    fit: Callable[[Any, Any], None] = _as_it_is
    also: tuple[Membership.Role, ...] = ()

    def form_for(self, target: Any, *given: Any, **more: Any) -> forms.Form:
        """Return the form that the step asks to be filled in for an object."""
        form = self.form(*given, **more)
        self.fit(form, target)
        return form

    def is_for(self, actor: Membership | None) -> bool:
        """Return whether the step is one of the actor's role."""
        return actor is not None and is_operator(actor) and actor.role in (self.role, *self.also)

    def needs_another(self, actor: Membership, target: Any) -> bool:
        """Return whether the object is the actor's own work, so that a second person must take the step."""
        return any(getattr(target, maker) == actor.user_id for maker in self.makers)

    def is_open_to(self, actor: Membership | None, target: Any) -> bool:
        """Return whether the actor may take the step with this object, once it is due."""
        return actor is not None and self.is_for(actor) and not self.needs_another(actor, target)


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=200, widget=forms.Textarea({"rows": 3}))


def show_refusal(form: forms.Form, error: DomainError) -> None:
    """Put what a service refused beside the field at fault, or above the form."""
    form.add_error(error.field if error.field in form.fields else None, str(error))
