"""Follow the log and write events and their deliveries, in one transaction with the place in the log."""

import time
from collections.abc import Sequence

from django.db import connection
from django.utils import timezone

from ledger.rows import array_of, draw_ids
from ledger.transparency.following import LoggedRecord, follow_log
from ledger.webhooks.events import Event, events_of, followed_kinds, payload_of
from ledger.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookEvent

FOLLOWER = "webhooks"
LONGEST_SECONDS = 0.6


def write_events() -> int:
    """Write the events of what the log has since last time, for a moment at most; return by how many places it went on."""
    went_on, until = 0, time.monotonic() + LONGEST_SECONDS
    while time.monotonic() < until:
        steps = follow_log(FOLLOWER, kinds=followed_kinds(), take=_take)
        if steps == 0:
            break
        went_on += steps
    return went_on


def _take(records: Sequence[LoggedRecord]) -> None:
    # Of a paused one events wait: it may be set going again.
    listening = WebhookEndpoint.objects.exclude(state=WebhookEndpoint.State.REMOVED)
    endpoints = list(listening.only("organisation_id", "events", "created_at").order_by("pk"))
    if not endpoints:
        return
    by_organisation: dict[int, list[WebhookEndpoint]] = {}
    for endpoint in endpoints:
        by_organisation.setdefault(endpoint.organisation_id, []).append(endpoint)
    wanted = {
        organisation: {name for endpoint in some for name in endpoint.events}
        for organisation, some in by_organisation.items()
    }
    events = [
        event for event in events_of(records, by_organisation.keys()) if event.type in wanted[event.organisation_id]
    ]
    _write(events, by_organisation)


def _write(events: Sequence[Event], by_organisation: dict[int, list[WebhookEndpoint]]) -> None:
    if not events:
        return
    ids = draw_ids(WebhookEvent, len(events))
    with connection.cursor() as cursor:
        # Of those of one key the first is written, and has deliveries.
        rows = [
            WebhookEvent(
                id=pk,
                organisation_id=event.organisation_id,
                type=event.type,
                payload=payload_of(event.type, event.at, event.data),
                created_at=event.at,
                key=event.key,
            )
            for pk, event in zip(ids, events, strict=True)
        ]
        WebhookEvent.objects.bulk_create(rows, batch_size=1_000, ignore_conflicts=True)
        cursor.execute("SELECT id FROM ledger_webhookevent WHERE id = ANY(%s::bigint[])", [array_of(ids)])
        written = {row[0] for row in cursor.fetchall()}
    now = timezone.now()
    deliveries = [
        WebhookDelivery(event_id=pk, endpoint_id=endpoint.pk, created_at=now, next_at=now)
        for pk, event in zip(ids, events, strict=True)
        if pk in written
        for endpoint in by_organisation[event.organisation_id]
        if event.type in endpoint.events and event.at >= endpoint.created_at
    ]
    WebhookDelivery.objects.bulk_create(deliveries, batch_size=1_000)
