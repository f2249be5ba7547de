"""How keys to the API end, whoever ends them: by their person, with the password, a role, or the organisation's approval."""

from collections.abc import Sequence

from django.utils import timezone

from ledger.parties.models import ApiToken, User
from ledger.parties.security.models import SecurityEvent
from ledger.parties.security.revocations import tell_revoked
from ledger.parties.security.services import NOWHERE, Origin, record_security_event


def end_tokens(tokens: Sequence[ApiToken], *, origin: Origin = NOWHERE, actor: str = "") -> None:
    """Make keys worthless that the caller has locked, and note it to their person; `actor` did it, where it was another."""
    ApiToken.objects.filter(pk__in=[token.pk for token in tokens]).update(revoked_at=timezone.now())
    for token in tokens:
        record_security_event(user=token.user, kind=SecurityEvent.Kind.TOKEN_REVOKED, origin=origin, actor=actor)
    for user_id in {token.user_id for token in tokens}:
        tell_revoked(user_id)


def end_all_tokens(user: User, *, origin: Origin = NOWHERE, actor: str = "") -> int:
    """Make every key of a person worthless, and return how many were not yet.

    Locks: the tokens.
    """
    good = ApiToken.objects.select_for_update(of=("self",)).filter(user=user, revoked_at=None).order_by("pk")
    tokens = list(good.select_related("user"))
    end_tokens(tokens, origin=origin, actor=actor)
    return len(tokens)
