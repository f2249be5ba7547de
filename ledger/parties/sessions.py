"""End what somebody is logged in to."""

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.utils import timezone

from ledger.parties.models import User

_AT_ONCE = 1_000


def end_sessions(user: User) -> int:
    """End every session of a person, and return how many there were.

    A session does not say in the open whose it is: all that are alive are read, which is done when somebody is removed, and
    not otherwise.
    """
    alive = Session.objects.filter(expire_date__gt=timezone.now())
    ended = [
        session.pk
        for session in alive.iterator(chunk_size=_AT_ONCE)
        if session.get_decoded().get(SESSION_KEY) == str(user.pk)
    ]
    Session.objects.filter(pk__in=ended).delete()
    return len(ended)
