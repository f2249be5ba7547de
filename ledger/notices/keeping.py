"""How long notices and messages are kept."""

import datetime as dt

from django.utils import timezone

from ledger.notices.models import DigestSent, Message, Notice

NOTICES_KEPT = dt.timedelta(days=365)
MESSAGES_KEPT = dt.timedelta(days=90)
AT_ONCE = 10_000
"""How many rows one statement deletes: no night's sweep holds up what is written meanwhile."""


def sweep_notices() -> int:
    """Delete what is older than it is kept, and return how many notices and messages that were."""
    now, gone = timezone.now(), 0
    while pks := list(
        Message.objects.filter(created_at__lt=now - MESSAGES_KEPT).values_list("pk", flat=True)[:AT_ONCE]
    ):
        gone += Message.objects.filter(pk__in=pks).delete()[0]
    # A message is never older than what it tells of by so much: it has gone before its notice does.
    while pks := list(Notice.objects.filter(created_at__lt=now - NOTICES_KEPT).values_list("pk", flat=True)[:AT_ONCE]):
        gone += Notice.objects.filter(pk__in=pks).delete()[0]
    DigestSent.objects.filter(due_on__lt=timezone.localdate() - MESSAGES_KEPT).delete()
    return gone


def hold_back_messages() -> int:
    """Give up the messages that wait, and return how many: of a restored copy, they may have gone out before it was made.

    The notices that they tell of stay in the app.
    """
    waiting = Message.objects.filter(sent_at=None, failed_at=None)
    return waiting.update(failed_at=timezone.now(), claimed_until=None, reason="restored")
