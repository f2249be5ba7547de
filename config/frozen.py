"""While everything is frozen, pages and API are read and nothing is sent: what tells so beforehand, and what says so to who asks.

Of facts the database has the last word (ledger/freezes.py): a request that comes in the second in which this process does not
know yet is refused there, with the same answer.
"""

from collections.abc import Callable

from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import Resolver404, resolve

from ledger.api.problems import answer_to
from ledger.freezes import Frozen, Scope, as_refusal, is_everything_frozen, refuse_frozen

READING = ("GET", "HEAD", "OPTIONS")
# Forms that are taken all the same: to log in and out, to show who one is, to read in another language or light.
LET_THROUGH = frozenset(
    {
        *("login", "account_login", "login_again", "mfa_authenticate", "passkey_log_in", "passkey_challenge"),
        *("security_confirm", "logout", "set_language", "set_theme"),
    }
)
INCIDENTS = "ledger_incident_"
"""The desk's own pages about freezes: without them nobody could lift one."""

GetResponse = Callable[[HttpRequest], HttpResponse]


class FrozenPages:
    """Refuse whatever is sent while everything is frozen, but what leads to its lift."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.method not in READING and is_everything_frozen() and not _is_let_through(request.path_info):
            return refusal(request, refuse_frozen(Scope.EVERYTHING))
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Say what the database meant that would not take a fact."""
        found = as_refusal(exception) if isinstance(exception, DatabaseError) else None
        return None if found is None else refusal(request, found)


def refusal(request: HttpRequest, error: Frozen) -> HttpResponse:
    """Return a refusal as a problem to who calls the API, as a page to who reads pages."""
    if request.path_info.startswith("/api/"):
        return answer_to(error)
    response = render(request, "error.html", {"error": error}, status=error.status)
    if "seconds" in error.params:
        response["Retry-After"] = str(error.params["seconds"])
    return response


def _is_let_through(path: str) -> bool:
    try:
        name = resolve(path).url_name or ""
    except Resolver404:
        return False
    return name in LET_THROUGH or name.startswith(INCIDENTS)
