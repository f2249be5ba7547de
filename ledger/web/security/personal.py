"""One's own data: to take along, and to have erased."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from ledger.errors import DomainError
from ledger.parties.access import find_membership
from ledger.personal.exports import as_file, data_of_person
from ledger.personal.models import Erasure
from ledger.personal.services import ask_for_own_erasure
from ledger.web.security.doors import once_confirmed, person_of


@never_cache
@require_safe
@once_confirmed
def my_data_file(request: HttpRequest) -> HttpResponse:
    """Hand out all that is kept of the reader, as one JSON file."""
    user = person_of(request)
    return as_file(data_of_person(user), f"tianhui-{user.public_id}")


@never_cache
@require_http_methods(["GET", "POST"])
@once_confirmed
def my_data(request: HttpRequest) -> HttpResponse:
    """Say what is kept of the reader and for how long, and take the request that it be erased."""
    user, problem = person_of(request), ""
    if request.method == "POST":
        try:
            ask_for_own_erasure(user=user)
        except DomainError as error:
            problem = str(error)
        else:
            messages.success(request, _("You have asked that your data be erased. The operator confirms it."))
            return redirect("my_data")
    context = {
        "waits": Erasure.objects.filter(person=user, status=Erasure.Status.REQUESTED).exists(),
        "acts": find_membership(user),
        "problem": problem,
    }
    return render(request, "ledger/security/my_data.html", context, status=409 if problem else 200)
