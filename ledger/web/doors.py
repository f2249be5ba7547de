"""What every page of the workspace begins with, and how a service's refusal gets beside the field at fault."""

from collections.abc import Callable, Iterable
from functools import wraps
from typing import Any, TypeVar

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from ledger.errors import DomainError
from ledger.notices.selectors import UNREAD_OF_MEMBER, unread_count
from ledger.parties.access import find_membership
from ledger.parties.models import Membership, User
from ledger.parties.second_factor import is_needed_by, session_is_strong
from ledger.web.security.doors import lead_to_second_factor

View = Callable[..., HttpResponseBase]
Done = TypeVar("Done")


def reader_of(request: HttpRequest) -> Membership | None:
    """Return for whom the reader acts, looked up once a request."""
    if not hasattr(request, "reader"):
        # A request that was refused early (a strange host name) has no user yet.
        request.reader = _strong_reader(request)  # type: ignore[attr-defined]
    return request.reader  # type: ignore[attr-defined,no-any-return]


def _strong_reader(request: HttpRequest) -> Membership | None:
    """Return for whom the reader acts; for nobody where that needs a second factor that this session has not used."""
    # How many notices wait is read along: the header of each page says so.
    membership = find_membership(getattr(request, "user", None), unread_notices=UNREAD_OF_MEMBER)
    request.is_too_weak = is_needed_by(membership) and not session_is_strong(request)  # type: ignore[attr-defined]
    return None if request.is_too_weak else membership  # type: ignore[attr-defined]


def is_too_weak(request: HttpRequest) -> bool:
    """Return whether the reader acts for somebody only once a second factor was used in this session."""
    return reader_of(request) is None and request.is_too_weak  # type: ignore[attr-defined]


def unread_of(request: HttpRequest) -> int:
    """Return how many notices the reader has not read, up to a hundred; none of a visitor."""
    reader = reader_of(request)
    if reader is not None:
        return int(getattr(reader, "unread_notices", 0))
    user = getattr(request, "user", None)
    return unread_count(user) if isinstance(user, User) and not is_too_weak(request) else 0


def for_people(view: View) -> View:
    """Let in people who are logged in, whether or not they act for somebody; who needs a second factor for that uses it first."""

    @login_required
    @wraps(view)
    def with_person(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        return lead_to_second_factor(request) if is_too_weak(request) else view(request, **kwargs)

    return with_person


def for_members(view: View) -> View:
    """Let in people who act for an organisation, and hand the view their membership; others log in or apply first."""

    @login_required
    @wraps(view)
    def with_membership(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
        membership = reader_of(request)
        if membership is None and is_too_weak(request):
            return lead_to_second_factor(request)
        if membership is None:
            messages.info(request, _("You act for no organisation yet: apply for one, or ask its owner to add you."))
            return redirect("apply")
        return view(request, membership, **kwargs)

    return with_membership


def carry_out(form: forms.Form, service: Callable[..., Done], **arguments: Any) -> Done | None:
    """Call a service with what a valid form holds; a refusal goes to the field that it names, and None comes back."""
    try:
        return service(**arguments)
    except DomainError as error:
        form.add_error(error.field if error.field in form.fields else None, str(error))
        return None


def show(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """Render a page; where a form of it was refused, the status says so, and the reader is led to what is wrong."""
    refused = [value for value in context.values() if isinstance(value, forms.BaseForm) and value.errors]
    if refused:
        lead_to_fault(refused[0])
    return render(request, template, context, status=422 if refused else 200)


def lead_to_fault(form: forms.BaseForm) -> None:
    """Have the browser begin at the first field that was refused: on a long page it may lie far below, on a phone out of sight."""
    shown = [bound for bound in form.visible_fields() if bound.errors]
    for bound in form if shown else ():
        bound.field.widget.attrs.pop("autofocus", None)
    if shown:
        shown[0].field.widget.attrs["autofocus"] = True


def refusals_in(forms_at_hand: Iterable[forms.BaseForm]) -> list[str]:
    """Return what services refused as a whole: shown where the form itself is not, such as to one who came too late."""
    return [str(error) for form in forms_at_hand for error in form.non_field_errors()]
