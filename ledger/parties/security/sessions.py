"""Where a person is logged in: each session with its browser, to be ended by the person."""

from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.utils import timezone

from ledger.errors import NotFound
from ledger.parties.models import User
from ledger.parties.security.models import SecurityEvent
from ledger.parties.security.revocations import tell_revoked
from ledger.parties.security.services import NOWHERE, Origin, record_security_event


def sessions_of(user: User) -> QuerySet[UserSession]:
    """Return a person's sessions that are alive, the one seen last first."""
    alive = Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")
    found: QuerySet[UserSession] = UserSession.objects.filter(user_id=user.pk, session_key__in=alive)
    return found.order_by("-last_seen_at", "-id")


def note_session(*, user: User, session_key: str, origin: Origin) -> None:
    """List a session that was opened, or has been seen again, for its person."""
    now = timezone.now()
    UserSession.objects.update_or_create(
        session_key=session_key,
        defaults={
            "user": user,
            "ip": origin.address or "0.0.0.0",
            "user_agent": origin.browser,
            "last_seen_at": now,
        },
    )


@transaction.atomic
def end_session(*, user: User, session_id: int, origin: Origin = NOWHERE) -> None:
    """End one of one's sessions, at once.

    Raises: NotFound.
    """
    session = UserSession.objects.filter(pk=session_id, user_id=user.pk).first()
    if session is None:
        raise NotFound()
    end_sessions(user=user, only=session.session_key)
    record_security_event(user=user, kind=SecurityEvent.Kind.SESSION_ENDED, origin=origin)


@transaction.atomic
def end_other_sessions(*, user: User, session_key: str | None, origin: Origin = NOWHERE) -> int:
    """End all of one's sessions but this one, and return how many there were."""
    ended = end_sessions(user=user, kept=session_key)
    if ended:
        record_security_event(user=user, kind=SecurityEvent.Kind.SESSION_ENDED, origin=origin)
    return ended


def end_sessions(*, user: User, kept: str | None = None, only: str | None = None) -> int:
    """End sessions of a person: all but the one that is `kept`, or `only` one; return how many."""
    sessions = UserSession.objects.filter(user_id=user.pk)
    sessions = sessions.filter(session_key=only) if only else sessions.exclude(session_key=kept or "")
    keys = list(sessions.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    sessions.filter(session_key__in=keys).delete()
    tell_revoked(user.pk)
    return len(keys)


def sweep_sessions() -> None:
    """Delete sessions whose time is over, and forget from where they were opened."""
    SessionStore.clear_expired()
    alive = Session.objects.filter(session_key=OuterRef("session_key")).values("session_key")
    UserSession.objects.annotate(alive=Subquery(alive)).filter(alive=None).delete()
