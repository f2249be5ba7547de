"""Set webhooks up: by the owners of an organisation, each step in the log."""

import datetime as dt
import hashlib
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ledger.errors import InvalidValue, NotFound, TooManyWebhooks, WrongState
from ledger.parties.access import log_name, require_approved, require_role
from ledger.parties.models import Membership, Organisation
from ledger.texts import check_text, check_texts
from ledger.transparency.services import append_record
from ledger.webhooks.calling import CallRefused, check_url
from ledger.webhooks.events import TEST_EVENT, event_types, payload_of
from ledger.webhooks.locks import lock_endpoint
from ledger.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookEvent
from ledger.webhooks.sealing import new_secret, seal

State = WebhookEndpoint.State
MOST_ENDPOINTS = 20
OLD_SECRET_STANDS = dt.timedelta(hours=24)
MAX_DESCRIPTION = 120
REFUSALS: dict[str, str | Promise] = {
    "malformed": _("Give a whole address, such as https://example.cn/hooks, in ASCII and without a # part."),
    "not_https": _("The address begins with https://."),
    "credentials": _("Leave user and password out: the signature says who calls."),
    "port": _("The port is 443 or 8443."),
    "address": _("This address leads to a private network. We call public ones alone."),
}


@transaction.atomic
def add_endpoint(
    *, actor: Membership, url: str, events: Sequence[str], description: str = ""
) -> tuple[WebhookEndpoint, str]:
    """Have an address told of events; return it with its secret, which is shown this once.

    Locks: the organisation, so that two at once do not come to too many.
    Raises: NotAllowed, OrganisationNotApproved, InvalidValue, TooManyWebhooks.
    """
    _require_owner(actor)
    require_approved(actor)
    organisation = Organisation.objects.select_for_update(of=("self",)).get(pk=actor.organisation_id)
    standing = WebhookEndpoint.objects.filter(organisation=organisation).exclude(state=State.REMOVED).count()
    if standing >= MOST_ENDPOINTS:
        raise TooManyWebhooks(most=MOST_ENDPOINTS)
    secret = new_secret()
    endpoint = WebhookEndpoint(
        organisation=organisation,
        url=_checked_url(url),
        events=_checked_events(events),
        description=_checked_description(description),
        secret=seal(secret),
        created_by=actor.user,
        created_at=timezone.now(),
    )
    check_texts(endpoint)
    endpoint.save()
    _record("webhook_added", endpoint, actor)
    return endpoint, secret


@transaction.atomic
def change_endpoint(
    *,
    actor: Membership,
    public_id: UUID,
    url: str | None = None,
    events: Sequence[str] | None = None,
    description: str | None = None,
) -> WebhookEndpoint:
    """Change an address, what it is told of, or what it is for.

    Locks: the endpoint.
    Raises: NotAllowed, NotFound, InvalidValue.
    """
    _require_owner(actor)
    endpoint = lock_endpoint(public_id, actor=actor)
    if url is not None:
        # What the address before has asked for does not bind another.
        endpoint.url, endpoint.resting_until = _checked_url(url), None
    if events is not None:
        endpoint.events = _checked_events(events)
    if description is not None:
        endpoint.description = _checked_description(description)
    check_texts(endpoint)
    endpoint.save(update_fields=["url", "events", "description", "resting_until"])
    _record("webhook_changed", endpoint, actor)
    return endpoint


@transaction.atomic
def rotate_secret(*, actor: Membership, public_id: UUID) -> tuple[WebhookEndpoint, str]:
    """Make a new secret, shown this once; the one before signs as well for a day, so that no delivery is refused meanwhile.

    Locks: the endpoint.
    Raises: NotAllowed, NotFound.
    """
    _require_owner(actor)
    endpoint = lock_endpoint(public_id, actor=actor)
    secret = new_secret()
    endpoint.previous_secret, endpoint.previous_until = endpoint.secret, timezone.now() + OLD_SECRET_STANDS
    endpoint.secret = seal(secret)
    endpoint.save(update_fields=["secret", "previous_secret", "previous_until"])
    _record("webhook_secret_rotated", endpoint, actor)
    return endpoint, secret


@transaction.atomic
def pause_endpoint(*, actor: Membership, public_id: UUID) -> WebhookEndpoint:
    """Stop deliveries; events wait until it is set going again.

    Locks: the endpoint.
    Raises: NotAllowed, NotFound, WrongState.
    """
    _require_owner(actor)
    endpoint = lock_endpoint(public_id, actor=actor)
    if endpoint.state != State.ACTIVE:
        raise WrongState(state=endpoint.get_state_display())
    endpoint.state, endpoint.pause_reason = State.PAUSED, ""
    endpoint.save(update_fields=["state", "pause_reason"])
    _record("webhook_paused", endpoint, actor)
    return endpoint


@transaction.atomic
def resume_endpoint(*, actor: Membership, public_id: UUID) -> WebhookEndpoint:
    """Set deliveries going again; what has waited is delivered in its order.

    Locks: the endpoint.
    Raises: NotAllowed, NotFound, WrongState.
    """
    _require_owner(actor)
    endpoint = lock_endpoint(public_id, actor=actor)
    if endpoint.state != State.PAUSED:
        raise WrongState(state=endpoint.get_state_display())
    endpoint.state, endpoint.pause_reason, endpoint.failing_since = State.ACTIVE, "", None
    endpoint.resting_until = None
    endpoint.save(update_fields=["state", "pause_reason", "failing_since", "resting_until"])
    _waiting(endpoint).update(next_at=timezone.now())
    _record("webhook_resumed", endpoint, actor)
    return endpoint


@transaction.atomic
def remove_endpoint(*, actor: Membership, public_id: UUID) -> None:
    """Tell an address nothing any more; what was delivered stays in its log.

    Locks: the endpoint.
    Raises: NotAllowed, NotFound.
    """
    _require_owner(actor)
    endpoint = lock_endpoint(public_id, actor=actor)
    endpoint.state = State.REMOVED
    # The secret is worth nothing now, and is not kept.
    endpoint.secret, endpoint.previous_secret, endpoint.previous_until = b"", None, None
    endpoint.save(update_fields=["state", "secret", "previous_secret", "previous_until"])
    _waiting(endpoint).update(state=WebhookDelivery.State.FAILED, next_at=None)
    _record("webhook_removed", endpoint, actor)


@transaction.atomic
def send_test(*, actor: Membership, public_id: UUID) -> WebhookDelivery:
    """Have a test event delivered to an endpoint, as any other.

    Locks: the endpoint.
    Raises: NotAllowed, NotFound, WrongState where it is paused.
    """
    _require_owner(actor)
    endpoint = lock_endpoint(public_id, actor=actor)
    if endpoint.state != State.ACTIVE:
        raise WrongState(state=endpoint.get_state_display())
    _wake(endpoint)
    now = timezone.now()
    data = {"endpoint": str(endpoint.public_id), "organisation": str(endpoint.organisation.public_id)}
    event = WebhookEvent.objects.create(
        organisation=endpoint.organisation, type=TEST_EVENT, payload=payload_of(TEST_EVENT, now, data), created_at=now
    )
    return WebhookDelivery.objects.create(event=event, endpoint=endpoint, created_at=now, next_at=now)


@transaction.atomic
def redeliver(*, actor: Membership, delivery_id: int) -> WebhookDelivery:
    """Deliver an event once more, with the same id and the same bytes, however it went before.

    Locks: the endpoint, then the delivery.
    Raises: NotAllowed, NotFound, WrongState where it waits already or the endpoint is not active.
    """
    _require_owner(actor)
    found = WebhookDelivery.objects.filter(pk=delivery_id, endpoint__organisation=actor.organisation)
    public_id = found.values_list("endpoint__public_id", flat=True).first()
    if public_id is None:
        raise NotFound()
    endpoint = lock_endpoint(public_id, actor=actor)
    if endpoint.state != State.ACTIVE:
        raise WrongState(state=endpoint.get_state_display())
    delivery = WebhookDelivery.objects.select_for_update(of=("self",)).get(pk=delivery_id)
    if delivery.state == WebhookDelivery.State.WAITING and delivery.attempts == 0:
        raise WrongState(state=delivery.get_state_display())
    _wake(endpoint)
    delivery.state, delivery.attempts, delivery.next_at = WebhookDelivery.State.WAITING, 0, timezone.now()
    delivery.save(update_fields=["state", "attempts", "next_at"])
    return delivery


def pause_failing(endpoint: WebhookEndpoint, reason: str) -> None:
    """Pause an endpoint that does not answer; its owners are told (by the record, like of everything).

    Called with the endpoint locked.
    """
    assert transaction.get_connection().in_atomic_block
    endpoint.state, endpoint.pause_reason = State.PAUSED, reason
    endpoint.save(update_fields=["state", "pause_reason"])
    append_record(kind="webhook_paused", body=_body(endpoint), actor="system")


def _wake(endpoint: WebhookEndpoint) -> None:
    """Call an endpoint though it has asked for rest: its owner asks for it now."""
    if endpoint.resting_until is not None:
        endpoint.resting_until = None
        endpoint.save(update_fields=["resting_until"])


def _waiting(endpoint: WebhookEndpoint) -> Any:
    return WebhookDelivery.objects.filter(endpoint=endpoint, state=WebhookDelivery.State.WAITING)


def _require_owner(actor: Membership) -> None:
    require_role(actor, Membership.Role.OWNER)


def _checked_url(url: str) -> str:
    url = url.strip()
    try:
        check_url(url)
    except CallRefused as refused:
        raise InvalidValue(field="url", reason=REFUSALS[refused.code]) from refused
    return url


def _checked_events(events: Sequence[str]) -> list[str]:
    known = {each.name for each in event_types()}
    if not events:
        raise InvalidValue(field="events", reason=_("Choose at least one event."))
    if not set(events) <= known:
        raise InvalidValue(field="events", reason=_("There is no such event."))
    return sorted(set(events))


def _checked_description(description: str) -> str:
    check_text(description.strip(), field="description", most=MAX_DESCRIPTION)
    return description.strip()


def _record(kind: str, endpoint: WebhookEndpoint, actor: Membership) -> None:
    append_record(kind=kind, body=_body(endpoint), actor=log_name(actor))


def _body(endpoint: WebhookEndpoint) -> dict[str, Any]:
    # The address itself may hold what is nobody's business, such as a key of its own.
    return {
        "endpoint": str(endpoint.public_id),
        "organisation": str(endpoint.organisation.public_id),
        "url_sha256": hashlib.sha256(endpoint.url.encode()).hexdigest(),
        "events": list(endpoint.events),
    }
