"""How long the log of deliveries is kept."""

import datetime as dt

from django.utils import timezone

from ledger.webhooks.models import WebhookEvent

KEPT = dt.timedelta(days=30)
AT_ONCE = 5_000


def sweep_deliveries() -> int:
    """Delete events that are older than they are kept, with their deliveries; return how many rows that were.

    One that still waits for a paused endpoint goes too: nobody wants to hear of it any more.
    """
    gone, before = 0, timezone.now() - KEPT
    while pks := list(WebhookEvent.objects.filter(created_at__lt=before).values_list("pk", flat=True)[:AT_ONCE]):
        gone += WebhookEvent.objects.filter(pk__in=pks).delete()[0]
    return gone
