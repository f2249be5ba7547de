"""The operator's first person: the code that the server's command line printed, and an account of their own."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from ledger.errors import DomainError, NotFound
from ledger.parties import first_operator
from ledger.parties.addresses import address_of
from ledger.web.doors import carry_out, show
from ledger.web.forms.accounts import CodeForm, SignUpForm
from ledger.web.members import unlisted
from ledger.web.security.entrance import lead_in
from ledger.web.security.pages import note_password


@sensitive_post_parameters("code")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def code(request: HttpRequest) -> HttpResponse:
    """Ask for the code, where somebody cannot open the address that was printed with it."""
    form = CodeForm(request.POST or None)
    if form.is_valid():
        typed = form.cleaned_data["code"]
        if carry_out(form, first_operator.find_first_operator, code=typed, address=address_of(request)) is not None:
            return redirect("first_operator_link", first_operator.as_typed(typed))
    return unlisted(show(request, "ledger/accounts/first_operator_code.html", {"form": form}))


@sensitive_post_parameters("password")
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def link(request: HttpRequest, code: str) -> HttpResponse:
    """Make the account of whoever has the code, and lead them on to their second factor."""
    try:
        offered = first_operator.find_first_operator(code=code, address=address_of(request))
    except DomainError as error:
        return unlisted(_refused(request, error))
    if request.user.is_authenticated:
        # Somebody who has an account takes the role as they would any other.
        return redirect("invitation", first_operator.as_typed(code))
    form = SignUpForm(request.POST or None)
    if form.is_valid():
        given = form.cleaned_data | {"code": code, "address": address_of(request)}
        joined = carry_out(form, first_operator.become_first_operator, **given)
        if joined is not None:
            note_password(request, joined.user)
            return lead_in(request, joined.user, reverse("work"), signup=True)
    context = {"form": form, "invitation": offered}
    return unlisted(show(request, "ledger/accounts/first_operator.html", context))


def _refused(request: HttpRequest, error: DomainError) -> HttpResponse:
    context = {"error": error, "is_unknown": isinstance(error, NotFound)}
    response = render(request, "ledger/accounts/first_operator_over.html", context, status=error.status)
    if "seconds" in error.params:
        response["Retry-After"] = str(error.params["seconds"])
    return response
