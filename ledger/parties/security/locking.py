"""An account that is locked at once, by one person of the operator, where it may be in wrong hands; another one unlocks it."""

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.errors import InvalidValue, NotFound, SamePerson, WrongState
from ledger.parties.access import STEWARDS, log_name, require_operator
from ledger.parties.models import Membership, User
from ledger.parties.security.keys import end_all_tokens
from ledger.parties.security.models import AccountLock, SecurityEvent
from ledger.parties.security.services import record_security_event
from ledger.parties.security.sessions import end_sessions
from ledger.texts import check_text

ERASED = "erased-"
"""How the user name of a person begins whose data are erased: nobody logs in by it any more."""


@transaction.atomic
def lock_account(*, actor: Membership, user_id: int, reason: str) -> AccountLock:
    """Lock a person out at once: every session and every token ends, streams within seconds, and no log-in is let in.

    Locks: the person, then the tokens.
    Raises: NotAllowed, NotFound, SamePerson for oneself, InvalidValue (reason), WrongState where it is locked.
    """
    require_operator(actor, *STEWARDS)
    if not reason.strip():
        raise InvalidValue(field="reason", reason=_("Say why, for who unlocks it."))
    check_text(reason.strip(), field="reason", most=200)
    user = User.objects.select_for_update(of=("self",)).filter(pk=user_id).first()
    if user is None:
        raise NotFound()
    if user.pk == actor.user_id:
        raise SamePerson()
    if not user.is_active:
        raise WrongState(state=_("locked"))
    try:
        with transaction.atomic():
            lock = AccountLock.objects.create(
                user=user, reason=reason.strip(), locked_by=actor.user, locked_at=timezone.now()
            )
    except IntegrityError as error:
        raise WrongState(state=_("locked")) from error
    user.is_active = False
    user.save(update_fields=["is_active"])
    end_sessions(user=user)
    end_all_tokens(user, actor=log_name(actor))
    record_security_event(user=user, kind=SecurityEvent.Kind.ACCOUNT_LOCKED, actor=log_name(actor))
    return lock


@transaction.atomic
def unlock_account(*, actor: Membership, lock_id: int) -> AccountLock:
    """Let a person in again, as another one than who locked the account. Sessions and tokens stay ended.

    Locks: the lock, then the person.
    Raises: NotAllowed, NotFound, SamePerson, WrongState.
    """
    require_operator(actor, *STEWARDS)
    lock = AccountLock.objects.select_for_update(of=("self",)).select_related("user").filter(pk=lock_id).first()
    if lock is None:
        raise NotFound()
    if lock.unlocked_at is not None:
        raise WrongState(state=_("unlocked"))
    if actor.user_id in (lock.locked_by_id, lock.user_id):
        raise SamePerson()
    user = User.objects.select_for_update(of=("self",)).get(pk=lock.user_id)
    if user.username.startswith(ERASED):
        raise WrongState(state=_("erased"))
    lock.unlocked_by, lock.unlocked_at = actor.user, timezone.now()
    lock.save(update_fields=["unlocked_by", "unlocked_at"])
    # Whoever was about to be let in when it was locked has come no further, and gets no further now.
    end_sessions(user=user)
    user.is_active = True
    user.save(update_fields=["is_active"])
    record_security_event(user=user, kind=SecurityEvent.Kind.ACCOUNT_UNLOCKED, actor=log_name(actor))
    return lock
