"""Read webhooks: members those of their own organisation, and nobody else any."""

from uuid import UUID

from django.db.models import Count, Max, Q, QuerySet

from ledger.errors import NotFound
from ledger.parties.models import Membership, Organisation
from ledger.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint

State = WebhookEndpoint.State


def endpoints_of(organisation: Organisation) -> QuerySet[WebhookEndpoint]:
    """Return an organisation's endpoints, newest first, each with how many events wait for it."""
    waiting = Count("deliveries", filter=Q(deliveries__state=WebhookDelivery.State.WAITING))
    return (
        WebhookEndpoint.objects.filter(organisation=organisation)
        .exclude(state=State.REMOVED)
        .annotate(waiting=waiting)
        .order_by("-id")
    )


def access_endpoint_by_public_id(*, public_id: UUID, membership: Membership) -> WebhookEndpoint:
    """Return an endpoint of one's own organisation.

    Raises: NotFound, also for another's and for one that was removed.
    """
    endpoint = endpoints_of(membership.organisation).filter(public_id=public_id).first()
    if endpoint is None:
        raise NotFound()
    return endpoint


def deliveries_to(endpoint: WebhookEndpoint, state: str = "") -> QuerySet[WebhookDelivery]:
    """Return what was or is to be told to an endpoint, newest first."""
    found = WebhookDelivery.objects.filter(endpoint=endpoint).select_related("event", "endpoint").order_by("-id")
    return found.filter(state=state) if state else found


def access_delivery_by_id(*, delivery_id: int, membership: Membership) -> WebhookDelivery:
    """Return a delivery to an endpoint of one's own organisation.

    Raises: NotFound.
    """
    found = WebhookDelivery.objects.select_related("event", "endpoint")
    delivery = found.filter(pk=delivery_id, endpoint__organisation=membership.organisation).first()
    if delivery is None:
        raise NotFound()
    return delivery


def attempts_at(delivery: WebhookDelivery) -> list[WebhookAttempt]:
    """Return the calls that were made to deliver something, newest first."""
    return list(WebhookAttempt.objects.filter(delivery=delivery).order_by("-id"))


def last_attempts(deliveries: list[WebhookDelivery]) -> dict[int, WebhookAttempt]:
    """Return the newest call for each of some deliveries, in one query."""
    newest = (
        WebhookAttempt.objects.filter(delivery__in=[each.pk for each in deliveries])
        .values("delivery")
        .annotate(newest=Max("pk"))
        .values("newest")
    )
    return {attempt.delivery_id: attempt for attempt in WebhookAttempt.objects.filter(pk__in=newest)}
