"""Addresses of an organisation that are told of events."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.endpoints import Endpoint, show
from ledger.api.fields import Choice, Identifier, Moment, Text
from ledger.api.once import keeps_no_answer
from ledger.api.schema import refuses
from ledger.api.serializers import NothingSerializer, PageQuerySerializer, StrictSerializer
from ledger.errors import InvalidValue, NotAllowed, NotFound, OrganisationNotApproved, TooManyWebhooks, WrongState
from ledger.webhooks import services
from ledger.webhooks.calling import LONGEST_URL
from ledger.webhooks.models import WebhookAttempt, WebhookDelivery, WebhookEndpoint
from ledger.webhooks.selectors import (
    access_delivery_by_id,
    access_endpoint_by_public_id,
    attempts_at,
    deliveries_to,
    endpoints_of,
)

MOST_EVENTS = 100
STATES = [choice for choice in WebhookEndpoint.State.choices if choice[0] != WebhookEndpoint.State.REMOVED]


class NewWebhookSerializer(StrictSerializer):
    url = Text(max_length=LONGEST_URL, help_text="https, port 443 or 8443, a public address.")
    events = serializers.ListField(
        child=Text(max_length=64), max_length=MOST_EVENTS, help_text="Of the catalogue at /webhooks/events."
    )
    description = Text(max_length=120, required=False, allow_blank=True)


class WebhookChangeSerializer(StrictSerializer):
    url = Text(max_length=LONGEST_URL, required=False)
    events = serializers.ListField(child=Text(max_length=64), max_length=MOST_EVENTS, required=False)
    description = Text(max_length=120, required=False, allow_blank=True)


class WebhookSerializer(serializers.Serializer[WebhookEndpoint]):
    id = Identifier(source="public_id")
    url = Text()
    description = Text()
    events = serializers.ListField(child=Text())
    state = Choice(choices=STATES)
    pause_reason = Text(help_text="failing or gone where we have paused it; empty where you have.")
    created_at = Moment()
    failing_since = Moment(allow_null=True)
    delivered_at = Moment(allow_null=True, help_text="When a call was last answered well.")
    resting_until = Moment(allow_null=True, help_text="It has asked not to be called before (Retry-After).")


class WebhookWithSecretSerializer(WebhookSerializer):
    secret = Text(help_text="Shown this once.")


class WebhookDeliverySerializer(serializers.Serializer[WebhookDelivery]):
    id = serializers.IntegerField()
    webhook = Identifier(source="endpoint.public_id")
    message_id = Text(source="event.message_id", help_text="The webhook-id of each call.")
    type = Text(source="event.type")
    state = Choice(choices=WebhookDelivery.State.choices)
    attempts = serializers.IntegerField()
    created_at = Moment()
    next_at = Moment(allow_null=True)
    delivered_at = Moment(allow_null=True)


class WebhookAttemptSerializer(serializers.Serializer[WebhookAttempt]):
    number = serializers.IntegerField()
    at = Moment()
    duration_ms = serializers.IntegerField()
    status = serializers.IntegerField(allow_null=True, help_text="Of the answer; null where none came.")
    answer = Text(help_text="Its first kilobyte.")
    error = Text(help_text="Why no answer came, as a stable code.")


class WebhookDeliveryInFullSerializer(WebhookDeliverySerializer):
    payload = serializers.SerializerMethodField(help_text="Exactly what is sent, as a text.")
    tries = serializers.SerializerMethodField(help_text="Each call, the newest first.")

    def get_payload(self, delivery: WebhookDelivery) -> str:
        return bytes(delivery.event.payload).decode()

    @extend_schema_field(WebhookAttemptSerializer(many=True))
    def get_tries(self, delivery: WebhookDelivery) -> Any:
        return [show(WebhookAttemptSerializer, attempt) for attempt in attempts_at(delivery)]


class WebhookDeliveryQuerySerializer(PageQuerySerializer):
    state = Choice(choices=WebhookDelivery.State.choices, required=False)


class Webhooks(Endpoint):
    tag = "webhooks"

    @extend_schema(summary="List webhooks", parameters=[PageQuerySerializer], responses=WebhookSerializer(many=True))
    @refuses(NotAllowed)
    def list_webhooks(self, request: Request) -> Response:
        """Those of your organisation, newest first."""
        self.query(PageQuerySerializer)
        return self.page(endpoints_of(self.actor.organisation), WebhookSerializer)

    @extend_schema(
        summary="Add a webhook",
        request=NewWebhookSerializer,
        responses={201: WebhookWithSecretSerializer},
        examples=[
            OpenApiExample(
                "Trades and issuance",
                value={"url": "https://example.cn/hooks/tianhui", "events": ["trade.settled", "credits.issued"]},
                request_only=True,
            )
        ],
    )
    @refuses(InvalidValue, NotAllowed, OrganisationNotApproved, TooManyWebhooks)
    @keeps_no_answer
    def add_webhook(self, request: Request) -> Response:
        """For owners. The secret that signs is shown this once."""
        endpoint, secret = services.add_endpoint(actor=self.actor, **self.body(NewWebhookSerializer))
        return _with_secret(endpoint, secret, 201)

    @extend_schema(summary="Read a webhook", responses=WebhookSerializer)
    @refuses(NotAllowed, NotFound)
    def get_webhook(self, request: Request, public_id: UUID) -> Response:
        """One of your organisation's."""
        return Response(show(WebhookSerializer, self._endpoint(public_id)))

    @extend_schema(summary="Change a webhook", request=WebhookChangeSerializer, responses=WebhookSerializer)
    @refuses(InvalidValue, NotAllowed, NotFound)
    def change_webhook(self, request: Request, public_id: UUID) -> Response:
        """For owners: what is given becomes so, the rest stays."""
        changes = self.body(WebhookChangeSerializer)
        endpoint = services.change_endpoint(actor=self.actor, public_id=public_id, **changes)
        return Response(show(WebhookSerializer, endpoint))

    @extend_schema(summary="Make a new secret", request=NothingSerializer, responses=WebhookWithSecretSerializer)
    @refuses(NotAllowed, NotFound)
    @keeps_no_answer
    def rotate_webhook(self, request: Request, public_id: UUID) -> Response:
        """For owners. It is shown this once; the one before signs as well for 24 hours."""
        self.body(NothingSerializer)
        endpoint, secret = services.rotate_secret(actor=self.actor, public_id=public_id)
        return _with_secret(endpoint, secret, 200)

    @extend_schema(summary="Pause a webhook", request=NothingSerializer, responses=WebhookSerializer)
    @refuses(NotAllowed, NotFound, WrongState)
    def pause_webhook(self, request: Request, public_id: UUID) -> Response:
        """For owners: events wait, for up to 30 days."""
        self.body(NothingSerializer)
        return Response(show(WebhookSerializer, services.pause_endpoint(actor=self.actor, public_id=public_id)))

    @extend_schema(summary="Resume a webhook", request=NothingSerializer, responses=WebhookSerializer)
    @refuses(NotAllowed, NotFound, WrongState)
    def resume_webhook(self, request: Request, public_id: UUID) -> Response:
        """For owners: what has waited is delivered in its order."""
        self.body(NothingSerializer)
        return Response(show(WebhookSerializer, services.resume_endpoint(actor=self.actor, public_id=public_id)))

    @extend_schema(summary="Send a test event", request=NothingSerializer, responses={202: WebhookDeliverySerializer})
    @refuses(NotAllowed, NotFound, WrongState)
    def test_webhook(self, request: Request, public_id: UUID) -> Response:
        """For owners: a `webhook.test`, delivered as any other event."""
        self.body(NothingSerializer)
        delivery = services.send_test(actor=self.actor, public_id=public_id)
        return Response(show(WebhookDeliverySerializer, delivery), status=202)

    @extend_schema(summary="Remove a webhook", responses={204: None})
    @refuses(NotAllowed, NotFound)
    def remove_webhook(self, request: Request, public_id: UUID) -> Response:
        """For owners: it is told nothing any more, and what waits for it is dropped."""
        services.remove_endpoint(actor=self.actor, public_id=public_id)
        return Response(status=204)

    @extend_schema(
        summary="List deliveries",
        parameters=[WebhookDeliveryQuerySerializer],
        responses=WebhookDeliverySerializer(many=True),
    )
    @refuses(NotAllowed, NotFound)
    def list_webhook_deliveries(self, request: Request, public_id: UUID) -> Response:
        """Those of the last 30 days, newest first."""
        state = self.query(WebhookDeliveryQuerySerializer).get("state", "")
        return self.page(deliveries_to(self._endpoint(public_id), state), WebhookDeliverySerializer)

    @extend_schema(summary="Read a delivery", responses=WebhookDeliveryInFullSerializer)
    @refuses(NotAllowed, NotFound)
    def get_webhook_delivery(self, request: Request, delivery_id: int) -> Response:
        """With what is sent, and each call."""
        delivery = access_delivery_by_id(delivery_id=delivery_id, membership=self.actor)
        return Response(show(WebhookDeliveryInFullSerializer, delivery))

    @extend_schema(summary="Deliver once more", request=NothingSerializer, responses={202: WebhookDeliverySerializer})
    @refuses(NotAllowed, NotFound, WrongState)
    def redeliver_webhook(self, request: Request, delivery_id: int) -> Response:
        """For owners: the same bytes, under the same id."""
        self.body(NothingSerializer)
        services.redeliver(actor=self.actor, delivery_id=delivery_id)
        delivery = access_delivery_by_id(delivery_id=delivery_id, membership=self.actor)
        return Response(show(WebhookDeliverySerializer, delivery), status=202)

    def _endpoint(self, public_id: UUID) -> WebhookEndpoint:
        return access_endpoint_by_public_id(public_id=public_id, membership=self.actor)


def _with_secret(endpoint: WebhookEndpoint, secret: str, status: int) -> Response:
    body = {**show(WebhookSerializer, endpoint), "secret": secret}
    return Response(body, status=status, headers={"Cache-Control": "no-store"})
