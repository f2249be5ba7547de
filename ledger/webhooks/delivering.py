"""Deliver: endpoints are claimed, called outside of any transaction, and each answer is written down at once.

One endpoint is called by one worker, one event at a time, so events come in their order. One that keeps failing is set
aside after three attempts, so that it holds up no other. Calls wait in threads, the database is spoken to by this thread
alone; a slow endpoint takes one thread for fifteen seconds, and nothing else.

A worker that dies leaves claims that run out: what it was delivering is delivered again, under the same id.
"""

import datetime as dt
import random
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from django.db import connection, transaction
from django.db.models import Max
from django.utils import timezone
from standardwebhooks import Webhook

from ledger.webhooks.calling import LONGEST_SECONDS as CALL_SECONDS
from ledger.webhooks.calling import Answer, Resolve, call, look_up
from ledger.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from ledger.webhooks.sealing import unseal
from ledger.webhooks.services import pause_failing

AT_ONCE = 32
A_TURN = 20
"""So many events an endpoint gets before the others have their turn."""
ROUND_SECONDS = 20.0
"""After so long no new call is begun, so that a round ends, and another worker may take over."""
CLAIMED_FOR = dt.timedelta(seconds=ROUND_SECONDS + CALL_SECONDS + 60)
PAUSES = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds after each failed attempt, some more or less by chance: three days in all. Source: Standard Webhooks."""
IN_ORDER = 3
"""After so many attempts at one event others are delivered before it (also in deliveries_aside, an index)."""
GIVEN_UP_AFTER = dt.timedelta(days=5)
"""An endpoint that has answered nothing well for so long is paused."""
GONE = 410


@dataclass(frozen=True, slots=True)
class Call:
    """All that a thread needs to call an endpoint."""

    delivery_id: int
    endpoint_id: int
    url: str
    body: bytes
    headers: dict[str, str]


def deliver_due(*, resolve: Resolve = look_up, seconds: float = ROUND_SECONDS) -> int:
    """Deliver what is due, for some seconds at most, and return how many calls were made."""
    until = time.monotonic() + seconds
    calls = 0
    claimed: set[int] = set()
    turns: Counter[int] = Counter()
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="webhook") as threads:
        try:
            under_way: dict[Future[Answer], Call] = {}
            while True:
                if time.monotonic() < until:
                    claimed |= _begin(threads, under_way, resolve)
                if not under_way:
                    break
                done, _rest = wait(under_way, timeout=1.0, return_when=FIRST_COMPLETED)
                for future in done:
                    made = under_way.pop(future)
                    calls += 1
                    turns[made.endpoint_id] += 1
                    write_answer(made, future.result())
                    may_go_on = time.monotonic() < until and turns[made.endpoint_id] < A_TURN
                    following = next_call(made.endpoint_id) if may_go_on else None
                    if following is None:
                        _let_go([made.endpoint_id])
                        claimed.discard(made.endpoint_id)
                        del turns[made.endpoint_id]
                    else:
                        under_way[_start(threads, following, resolve)] = following
        finally:
            _let_go(claimed)
    return calls


def _begin(threads: ThreadPoolExecutor, under_way: dict[Future[Answer], Call], resolve: Resolve) -> set[int]:
    """Claim as many endpoints as there are threads free, and begin to call each."""
    begun = set()
    for endpoint_id in claim_endpoints(AT_ONCE - len(under_way)):
        first = next_call(endpoint_id)
        if first is None:
            _let_go([endpoint_id])
            continue
        under_way[_start(threads, first, resolve)] = first
        begun.add(endpoint_id)
    return begun


def _start(threads: ThreadPoolExecutor, made: Call, resolve: Resolve) -> Future[Answer]:
    return threads.submit(call, made.url, body=made.body, headers=made.headers, resolve=resolve)


def claim_endpoints(most: int) -> list[int]:
    """Take endpoints into one's hands that something is due for, those first that were not served for longest.

    Two workers never take the same.
    """
    if most <= 0:
        return []
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            UPDATE ledger_webhookendpoint SET claimed_until = %(until)s
             WHERE id IN (SELECT endpoint.id FROM ledger_webhookendpoint endpoint
                           WHERE endpoint.state = 'active'
                             AND (endpoint.resting_until IS NULL OR endpoint.resting_until <= %(now)s)
                             AND (endpoint.claimed_until IS NULL OR endpoint.claimed_until < %(now)s)
                             AND EXISTS ({_DUE.replace("$endpoint", "endpoint.id")})
                           ORDER BY endpoint.claimed_until NULLS FIRST, endpoint.id
                           LIMIT %(most)s
                             FOR UPDATE SKIP LOCKED)
            RETURNING id
            """,
            {"until": now + CLAIMED_FOR, "now": now, "most": most},
        )
        return sorted(row[0] for row in cursor.fetchall())


# The oldest event that has not failed too often, once it is time for it; else one of those set aside, once it is time.
_DUE = f"""
SELECT id FROM (
    (SELECT id, next_at FROM ledger_webhookdelivery
      WHERE endpoint_id = $endpoint AND state = 'waiting' AND attempts < {IN_ORDER} ORDER BY id LIMIT 1)
    UNION ALL
    (SELECT id, next_at FROM ledger_webhookdelivery
      WHERE endpoint_id = $endpoint AND state = 'waiting' AND attempts >= {IN_ORDER} AND next_at <= %(now)s
      ORDER BY next_at LIMIT 1)
) due WHERE next_at <= %(now)s ORDER BY id LIMIT 1
"""


def next_call(endpoint_id: int) -> Call | None:
    """Return the call to make next to an endpoint that one has claimed, None where nothing is due."""
    now = timezone.now()
    with connection.cursor() as cursor:
        cursor.execute(_DUE.replace("$endpoint", "%(endpoint)s"), {"endpoint": endpoint_id, "now": now})
        row = cursor.fetchone()
    if row is None:
        return None
    delivery = WebhookDelivery.objects.select_related("event", "endpoint").get(pk=row[0])
    if delivery.endpoint.state != WebhookEndpoint.State.ACTIVE or is_resting(delivery.endpoint, now):
        return None
    return Call(delivery.pk, endpoint_id, delivery.endpoint.url, bytes(delivery.event.payload), _headers(delivery, now))


def is_resting(endpoint: WebhookEndpoint, now: dt.datetime) -> bool:
    """Return whether an endpoint has asked for no call yet."""
    return endpoint.resting_until is not None and endpoint.resting_until > now


def _headers(delivery: WebhookDelivery, now: dt.datetime) -> dict[str, str]:
    body = bytes(delivery.event.payload).decode()
    now = now.astimezone(dt.UTC)
    message_id = delivery.event.message_id
    signatures = [Webhook(secret).sign(message_id, now, body) for secret in _secrets(delivery.endpoint, now)]
    return {
        "content-type": "application/json",
        "user-agent": "Tianhui-Webhooks/1",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def _secrets(endpoint: WebhookEndpoint, now: dt.datetime) -> Iterable[str]:
    """Return what signs: the secret, and for a while the one before."""
    sealed = [endpoint.secret]
    if endpoint.previous_secret is not None and endpoint.previous_until is not None and now < endpoint.previous_until:
        sealed.append(endpoint.previous_secret)
    return [secret for each in sealed if (secret := unseal(each)) is not None]


@transaction.atomic
def write_answer(made: Call, answer: Answer) -> None:
    """Write down what a call has come to, and when the next is to be.

    Locks: the endpoint, then the delivery.
    """
    endpoint = (
        WebhookEndpoint.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=made.endpoint_id)
    )
    delivery = WebhookDelivery.objects.select_for_update(of=("self",)).get(pk=made.delivery_id)
    now = timezone.now()
    tries = WebhookAttempt.objects.filter(delivery=delivery).aggregate(last=Max("number"))["last"] or 0
    WebhookAttempt.objects.create(
        delivery=delivery,
        number=tries + 1,
        at=now,
        duration_ms=answer.duration_ms,
        status=answer.status,
        answer=answer.text,
        error=answer.error,
    )
    delivery.attempts += 1
    if answer.is_success:
        _delivered(endpoint, delivery, now)
    else:
        _failed(endpoint, delivery, answer, now)


def _delivered(endpoint: WebhookEndpoint, delivery: WebhookDelivery, now: dt.datetime) -> None:
    delivery.state, delivery.next_at, delivery.delivered_at = WebhookDelivery.State.DELIVERED, None, now
    delivery.save(update_fields=["attempts", "state", "next_at", "delivered_at"])
    endpoint.failing_since, endpoint.delivered_at, endpoint.resting_until = None, now, None
    endpoint.save(update_fields=["failing_since", "delivered_at", "resting_until"])


def _failed(endpoint: WebhookEndpoint, delivery: WebhookDelivery, answer: Answer, now: dt.datetime) -> None:
    if delivery.state != WebhookDelivery.State.WAITING:
        # The endpoint was removed meanwhile.
        return
    if delivery.attempts > len(PAUSES):
        delivery.state, delivery.next_at = WebhookDelivery.State.FAILED, None
    else:
        delivery.next_at = now + dt.timedelta(seconds=PAUSES[delivery.attempts - 1] * random.uniform(0.9, 1.2))
    delivery.save(update_fields=["attempts", "state", "next_at"])
    endpoint.failing_since = endpoint.failing_since or now
    # It speaks for all of its address: no other event comes meanwhile either. Never sooner than by our own pauses, or one
    # that always says "in a second" would be given up within a minute.
    endpoint.resting_until = now + dt.timedelta(seconds=answer.rest_s) if answer.rest_s else None
    endpoint.save(update_fields=["failing_since", "resting_until"])
    if endpoint.state != WebhookEndpoint.State.ACTIVE:
        return
    if answer.status == GONE:
        pause_failing(endpoint, "gone")
    elif now - endpoint.failing_since > GIVEN_UP_AFTER:
        pause_failing(endpoint, "failing")


def _let_go(endpoint_ids: Iterable[int]) -> None:
    """Give endpoints back; when each was served last stays known, so that the others have their turn."""
    ids: Sequence[int] = sorted(endpoint_ids)
    if ids:
        now = timezone.now()
        WebhookEndpoint.objects.filter(pk__in=ids, claimed_until__gt=now).update(claimed_until=now)
