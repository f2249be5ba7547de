"""Credits given up for good, and those that the operator has cancelled with a second person."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.credits import batch_named
from ledger.api.endpoints import Endpoint, show
from ledger.api.fields import MAX_WHOLE, Choice, Identifier, Moment, SerialNumber, Text, WholeNumber
from ledger.api.filters import WindowQuerySerializer, narrowed
from ledger.api.journal import SerialRunSerializer, serial_run
from ledger.api.once import key_of
from ledger.api.schema import refuses
from ledger.api.serializers import (
    NothingSerializer,
    OrganisationNameSerializer,
    PageQuerySerializer,
    StrictSerializer,
)
from ledger.credits.cancellations import orders
from ledger.credits.cancellations.models import Cancellation, CancellationOrder
from ledger.credits.cancellations.selectors import (
    cancellation_by_public_id,
    cancellations,
    may_see_holder,
    orders_seen_by,
)
from ledger.credits.cancellations.services import cancel_credits
from ledger.errors import (
    ChosenSerialsNotOwned,
    IdempotencyConflict,
    InsufficientBalance,
    InvalidValue,
    NotAllowed,
    NotFound,
    OrganisationNotApproved,
    SamePerson,
    WrongState,
)
from ledger.parties.scopes import Scope
from ledger.parties.selectors import access_organisation_by_public_id

OF_HOLDERS = [(reason.value, reason.label) for reason in Cancellation.OF_HOLDERS]
OF_THE_OPERATOR = [(reason.value, reason.label) for reason in Cancellation.OF_THE_OPERATOR]


class NewCreditCancellationSerializer(StrictSerializer):
    batch = Text(max_length=40, help_text="The batch's code.")
    quantity_t = WholeNumber(min_value=1, max_value=MAX_WHOLE)
    first_serial = SerialNumber(required=False, help_text="From which number on; the oldest ones where none is given.")
    reason = Choice(choices=OF_HOLDERS)
    note = Text(max_length=300, required=False, allow_blank=True, help_text="It is public.")


class CreditCancellationSerializer(serializers.Serializer[Cancellation]):
    """`organisation` is null for the buffer pool's credits, and where it is not yours to see whose they were."""

    id = Identifier(source="public_id")
    kind = Choice(choices=Cancellation.Kind.choices)
    organisation = OrganisationNameSerializer(allow_null=True)
    batch = Text(source="batch.asset.code")
    quantity_t = serializers.IntegerField()
    serials = serializers.SerializerMethodField()
    reason = Choice(choices=Cancellation.Reason.choices)
    note = Text()
    reversal = Identifier(source="reversal.public_id", allow_null=True, default=None)
    record = serializers.IntegerField(source="record_id", help_text="`/records/{record}/evidence` has its proof.")
    cancelled_at = Moment()

    @extend_schema_field(SerialRunSerializer(many=True))
    def get_serials(self, cancellation: Cancellation) -> Any:
        return [serial_run(run) for run in cancellation.serials]

    def to_representation(self, cancellation: Cancellation) -> dict[str, Any]:
        shown: dict[str, Any] = super().to_representation(cancellation)
        if not may_see_holder(cancellation, self.context["viewer"]):
            shown["organisation"] = None
        return shown


class CreditCancellationQuerySerializer(WindowQuerySerializer):
    """Query parameters of the list of cancellations."""

    kind = Choice(required=False, choices=Cancellation.Kind.choices)
    reason = Choice(required=False, choices=Cancellation.Reason.choices)
    batch = Text(required=False, max_length=40, help_text="The batch's code.")


class Cancellations(Endpoint):
    tag = "credits"
    writes = Scope.WITHDRAW
    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(
        summary="List cancellations",
        parameters=[CreditCancellationQuerySerializer],
        responses=CreditCancellationSerializer(many=True),
    )
    def list_cancellations(self, request: Request) -> Response:
        """All of them, newest first."""
        wanted = self.query(CreditCancellationQuerySerializer)
        columns = {"kind": "kind", "reason": "reason", "batch": "batch__asset__code"}
        found = narrowed(cancellations(), wanted, columns, time="cancelled_at")
        return self.page(found, CreditCancellationSerializer, lambda _found: self._context())

    @extend_schema(
        summary="Cancel credits",
        request=NewCreditCancellationSerializer,
        responses={201: CreditCancellationSerializer, 200: CreditCancellationSerializer},
        examples=[
            OpenApiExample(
                "For the climate",
                value={"batch": "TH-35-000001-2022", "quantity_t": 10, "reason": "no_claim"},
                request_only=True,
            )
        ],
    )
    @refuses(
        InvalidValue,
        NotFound,
        NotAllowed,
        OrganisationNotApproved,
        InsufficientBalance,
        ChosenSerialsNotOwned,
        IdempotencyConflict,
    )
    def cancel_credits(self, request: Request) -> Response:
        """They are gone for good: 201, or 200 with the first answer where the key was used for the same before."""
        actor, wanted = self.actor, self.body(NewCreditCancellationSerializer)
        key = key_of(request)
        batch = batch_named(wanted.pop("batch"))
        done = cancel_credits(actor=actor, batch_id=batch.pk, idempotency_key=key, **wanted)
        return Response(self._shown(done), status=200 if done.is_replay else 201)

    @extend_schema(summary="Read a cancellation", responses=CreditCancellationSerializer)
    def get_cancellation(self, request: Request, public_id: UUID) -> Response:
        """What its page says."""
        return Response(self._shown(cancellation_by_public_id(public_id)))

    def _shown(self, cancellation: Cancellation) -> Any:
        return CreditCancellationSerializer(cancellation, context=self._context()).data

    def _context(self) -> dict[str, Any]:
        return {"viewer": self.viewer}


class NewCancellationOrderSerializer(StrictSerializer):
    batch = Text(max_length=40, help_text="The batch's code.")
    organisation = Identifier(required=False, help_text="Whose credits; the buffer pool's where none is given.")
    quantity_t = WholeNumber(min_value=1, max_value=MAX_WHOLE)
    first_serial = SerialNumber(required=False, help_text="From which number on; the oldest ones where none is given.")
    reason = Choice(choices=OF_THE_OPERATOR)
    note = Text(max_length=300)


class CancellationOrderSerializer(serializers.Serializer[CancellationOrder]):
    id = serializers.IntegerField()
    batch = Text(source="batch.asset.code")
    organisation = OrganisationNameSerializer(allow_null=True)
    quantity_t = serializers.IntegerField()
    first_serial = serializers.SerializerMethodField()
    reason = Choice(choices=Cancellation.Reason.choices)
    note = Text()
    status = Choice(choices=CancellationOrder.Status.choices)
    cancellation = Identifier(source="cancellation_id", allow_null=True)
    requested_at = Moment()
    decided_at = Moment(allow_null=True)

    @extend_schema_field({"type": ["string", "null"]})
    def get_first_serial(self, order: CancellationOrder) -> str | None:
        return None if order.first_serial is None else str(order.first_serial)


class CancellationOrders(Endpoint):
    tag = "credits"
    writes = Scope.WITHDRAW

    @extend_schema(
        summary="List ordered cancellations",
        parameters=[PageQuerySerializer],
        responses=CancellationOrderSerializer(many=True),
    )
    @refuses(NotAllowed)
    def list_cancellation_orders(self, request: Request) -> Response:
        """For the operator and auditors, newest first."""
        self.query(PageQuerySerializer)
        return self.page(orders_seen_by(self.actor), CancellationOrderSerializer)

    @extend_schema(
        summary="Order a cancellation",
        request=NewCancellationOrderSerializer,
        responses={201: CancellationOrderSerializer},
        examples=[
            OpenApiExample(
                "Counted twice",
                value={
                    "batch": "TH-35-000001-2022",
                    "organisation": "01234567-89ab-cdef-0123-456789abcdef",
                    "quantity_t": 10,
                    "reason": "double_counting",
                    "note": "Parcel 12 is in project TH-35-000009 as well.",
                },
                request_only=True,
            )
        ],
    )
    @refuses(InvalidValue, NotFound, NotAllowed, InsufficientBalance)
    def order_cancellation(self, request: Request) -> Response:
        """For registrars: wrongly issued credits are held until a second registrar decides."""
        actor, wanted = self.actor, self.body(NewCancellationOrderSerializer)
        batch, owner = batch_named(wanted.pop("batch")), wanted.pop("organisation", None)
        organisation = owner and access_organisation_by_public_id(public_id=owner, membership=actor)
        order = orders.request_cancellation(actor=actor, batch_id=batch.pk, organisation=organisation, **wanted)
        return Response(show(CancellationOrderSerializer, order), status=201)

    @extend_schema(
        summary="Confirm an ordered cancellation", request=NothingSerializer, responses=CancellationOrderSerializer
    )
    @refuses(NotAllowed, NotFound, SamePerson, WrongState, ChosenSerialsNotOwned)
    def confirm_cancellation_order(self, request: Request, order_id: int) -> Response:
        """For a second registrar: the credits are gone for good."""
        return self._decide(orders.confirm_cancellation, order_id)

    @extend_schema(
        summary="Refuse an ordered cancellation", request=NothingSerializer, responses=CancellationOrderSerializer
    )
    @refuses(NotAllowed, NotFound, SamePerson, WrongState)
    def refuse_cancellation_order(self, request: Request, order_id: int) -> Response:
        """For a second registrar: the credits are free again."""
        return self._decide(orders.refuse_cancellation, order_id)

    def _decide(self, service: Any, order_id: int) -> Response:
        self.body(NothingSerializer)
        return Response(show(CancellationOrderSerializer, service(actor=self.actor, order_id=order_id)))
