"""Lock endpoints before they change."""

from uuid import UUID

from ledger.errors import NotFound
from ledger.parties.models import Membership
from ledger.webhooks.models import WebhookEndpoint


def lock_endpoint(public_id: UUID, *, actor: Membership) -> WebhookEndpoint:
    """Return an endpoint of the actor's organisation, locked.

    Locks: the endpoint.
    Raises: NotFound, also for another's and for one that was removed.
    """
    endpoint = (
        WebhookEndpoint.objects.select_for_update(of=("self",))
        .select_related("organisation")
        .filter(public_id=public_id, organisation=actor.organisation)
        .exclude(state=WebhookEndpoint.State.REMOVED)
        .first()
    )
    if endpoint is None:
        raise NotFound()
    return endpoint
