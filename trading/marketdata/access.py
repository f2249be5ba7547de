"""Who may follow an organisation's orders: by an API token, or by a ticket that a page, or a token, has asked for.

A browser cannot send a token with an EventSource, and an address is written down in many places: so what stands in the
address is a ticket, which is good once, for half a minute, and for this alone. Redis keeps its hash, not the ticket.
"""

import hashlib
import secrets
from dataclasses import asdict, dataclass

import orjson
import redis
from django.db.models import Q
from django.utils import timezone

from config.hints import hint_client
from ledger.parties.models import ApiToken, Membership, Organisation
from ledger.parties.rates import reader_with_token
from ledger.parties.security.sessions import sessions_of
from ledger.parties.tokens import hash_token
from trading.errors import StreamsOutOfReach

TICKET_SECONDS = 30
MAX_TICKET_CHARACTERS = 100

_redis = hint_client()


@dataclass(frozen=True, slots=True)
class Grant:
    """The right to follow an organisation's orders, and what it rests on: a membership, and a token where one was used."""

    user_id: int
    organisation_id: int
    token_hash: str | None
    is_ticket: bool
    # The session of the page that asked for the ticket, as it is listed for its person; none by a token.
    session_id: int | None = None

    @property
    def still_holds(self) -> bool:
        """Whether the person still acts for the organisation, and the session or the token is still good."""
        membership = (
            Membership.objects.select_related("user")
            .filter(user_id=self.user_id, user__is_active=True, organisation_id=self.organisation_id)
            .first()
        )
        if membership is None:
            return False
        if self.session_id is not None and not sessions_of(membership.user).filter(pk=self.session_id).exists():
            return False
        if self.token_hash is None:
            return True
        is_good = Q(expires_at=None) | Q(expires_at__gt=timezone.now())
        found = ApiToken.objects.filter(
            is_good, user_id=self.user_id, token_hash=bytes.fromhex(self.token_hash), revoked_at=None
        )
        # The tokens of a suspended organisation are refused.
        return found.exclude(organisation__status=Organisation.Status.SUSPENDED).exists()


def issue_ticket(*, actor: Membership, token: str | None, session_key: str | None = None) -> str:
    """Return a ticket for the stream of the caller's organisation's orders; what it opens ends with the token, or the session.

    Raises: StreamsOutOfReach.
    """
    ticket = secrets.token_urlsafe(32)
    token_hash = None if token is None else hash_token(token).hex()
    session = None if session_key is None else sessions_of(actor.user).filter(session_key=session_key).first()
    session_id = None if session is None else session.pk
    grant = Grant(actor.user_id, actor.organisation_id, token_hash, is_ticket=True, session_id=session_id)
    try:
        _redis.set(ticket_key(ticket), orjson.dumps(asdict(grant)), ex=TICKET_SECONDS)
    except redis.RedisError as error:
        raise StreamsOutOfReach() from error
    return ticket


def ticket_key(ticket: str) -> str:
    """Return where Redis keeps what a ticket grants."""
    return f"stream-ticket:{hashlib.sha256(ticket.encode()).hexdigest()}"


def read_grant(kept: bytes) -> Grant:
    """Return what a ticket grants."""
    return Grant(**orjson.loads(kept))


def grant_of_token(secret: str, address: str) -> Grant | None:
    """Return what an API token grants; None where it is not good, or its person acts for nobody.

    Raises: AddressNotAllowed, InsufficientScope.
    """
    user = reader_with_token(secret, address=address)
    membership: Membership | None = getattr(user, "membership_at_hand", None)
    if user is None or membership is None:
        return None
    return Grant(user.pk, membership.organisation_id, hash_token(secret).hex(), is_ticket=False)
