"""Do what a key marks once, and answer the same whenever it is asked for again."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection, transaction
from django.utils import timezone

from ledger.errors import IdempotencyInFlight, IdempotencyKeyReused
from ledger.idempotency.models import IdempotentRequest
from ledger.parties.models import User

KEPT = dt.timedelta(hours=48)
"""For how long an answer is given again."""
DELETED_AT_ONCE = 10_000
RETRY_AFTER_SECONDS = 1
_LOCK_CLASS = 0x7469


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request was answered; `is_replayed` where that was done by an earlier one."""

    status: int
    content: bytes
    is_replayed: bool = False


@transaction.atomic
def answer_once(*, user: User, key: str, fingerprint: bytes, act: Callable[[], Answer]) -> Answer:
    """Do something and keep its answer, in one transaction; or return what was answered to the same key before.

    What `act` raises goes through, with all that was written undone and nothing kept: a refusal has changed nothing, so
    the same key may try again. Where the process dies before the commit, neither change nor answer is there.

    Locks: the key, by an advisory lock that ends with the transaction, or with the process.
    Raises: IdempotencyInFlight while another request with this key is at it; IdempotencyKeyReused where the key was used for
    another request.
    """
    if not _lock(user, key):
        raise IdempotencyInFlight(seconds=RETRY_AFTER_SECONDS)
    known = IdempotentRequest.objects.filter(user=user, key=key).first()
    if known is not None:
        return _again(known, fingerprint)
    answer = act()
    IdempotentRequest.objects.create(
        user=user, key=key, fingerprint=fingerprint, status=answer.status, answer=answer.content
    )
    return answer


def sweep_answers() -> int:
    """Delete the answers that are not given again any more, and return how many there were. Safe to do twice at once."""
    old = IdempotentRequest.objects.filter(created_at__lt=timezone.now() - KEPT).order_by("id")
    swept = 0
    while ids := list(old.values_list("id", flat=True)[:DELETED_AT_ONCE]):
        swept += IdempotentRequest.objects.filter(id__in=ids).delete()[0]
    return swept


def _lock(user: User, key: str) -> bool:
    """Take the key, or return False at once where another transaction has it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s, hashtext(%s))", [_LOCK_CLASS, f"{user.pk}:{key}"])
        (taken,) = cursor.fetchone()
    return bool(taken)


def _again(known: IdempotentRequest, fingerprint: bytes) -> Answer:
    if bytes(known.fingerprint) != fingerprint:
        raise IdempotencyKeyReused(key=known.key)
    return Answer(known.status, bytes(known.answer), is_replayed=True)
