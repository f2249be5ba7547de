"""Note now and then when a session was seen last, so that its person recognises it."""

import time
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from ledger.parties.models import User
from ledger.parties.security.origins import origin_of
from ledger.parties.security.sessions import note_session

SEEN = "seen_at"
EVERY_SECONDS = 15 * 60


def mark_seen(request: HttpRequest) -> None:
    """Note in the session when it was seen."""
    request.session[SEEN] = int(time.time())


class SessionsSeen:
    """Costs a comparison for a request that has read its session anyway, and two writes a quarter of an hour."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        session = request.session
        if session.accessed and not session.is_empty() and time.time() - session.get(SEEN, time.time()) > EVERY_SECONDS:
            self._note(request)
        return response

    def _note(self, request: HttpRequest) -> None:
        if isinstance(request.user, User) and request.session.session_key is not None:
            mark_seen(request)
            note_session(user=request.user, session_key=request.session.session_key, origin=origin_of(request))
