"""Reversals: reported by those concerned, confirmed by the operator, made up for by the proponent."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.cancellations import CreditCancellationSerializer
from ledger.api.credits import batch_named
from ledger.api.endpoints import Endpoint
from ledger.api.fields import MAX_WHOLE, Choice, Day, Flag, Identifier, Moment, SerialNumber, Text, WholeNumber
from ledger.api.filters import WindowQuerySerializer, narrowed
from ledger.api.once import key_of
from ledger.api.schema import refuses
from ledger.api.serializers import OrganisationNameSerializer, StrictSerializer
from ledger.credits.reversals import services
from ledger.credits.reversals.models import Reversal
from ledger.credits.reversals.selectors import access_reversal_by_public_id, replenished_t, reversals_seen_by
from ledger.errors import (
    ChosenSerialsNotOwned,
    IdempotencyConflict,
    InsufficientBalance,
    InvalidValue,
    LossTooLarge,
    NotAllowed,
    NotFound,
    NothingOwed,
    OrganisationNotApproved,
    ReversalReportedAlready,
    SamePerson,
    WrongState,
)


class NewReversalSerializer(StrictSerializer):
    project = Text(max_length=20, help_text="The project's code.")
    happened_on = Day()
    discovered_on = Day()
    cause = Choice(choices=Reversal.Cause.choices)
    is_intentional = Flag(required=False, help_text="False where it is not given.")
    description = Text(max_length=2_000)
    loss_t = WholeNumber(min_value=1, max_value=MAX_WHOLE)


class ReversalDecisionSerializer(StrictSerializer):
    due_on = Day(
        required=False, help_text="Until when what is owed is to be made up for; in 180 days where none is given."
    )


class ReversalRefusalSerializer(StrictSerializer):
    reason = Text(max_length=200)


class ReplenishmentSerializer(StrictSerializer):
    batch = Text(max_length=40, help_text="The code of a batch that you hold.")
    quantity_t = WholeNumber(min_value=1, max_value=MAX_WHOLE)
    first_serial = SerialNumber(required=False, help_text="From which number on; the oldest ones where none is given.")


class ReversalSerializer(serializers.Serializer[Reversal]):
    id = Identifier(source="public_id")
    project = Text(source="project.code")
    happened_on = serializers.DateField()
    discovered_on = serializers.DateField()
    cause = Choice(choices=Reversal.Cause.choices)
    is_intentional = serializers.BooleanField()
    description = Text()
    loss_t = serializers.IntegerField()
    state = Choice(choices=Reversal.State.choices)
    from_buffer_t = serializers.IntegerField(allow_null=True, help_text="Null until it is confirmed.")
    owed_t = serializers.IntegerField(allow_null=True, help_text="Null until it is confirmed.")
    replenished_t = serializers.SerializerMethodField(help_text="What of it is made up for.")
    due_on = serializers.DateField(allow_null=True)
    refusal_reason = Text()
    reporter = OrganisationNameSerializer()
    reported_at = Moment()
    decided_at = Moment(allow_null=True)
    compensated_at = Moment(allow_null=True)

    def get_replenished_t(self, reversal: Reversal) -> int:
        made_up: dict[int, int] = self.context["replenished_t"]
        return made_up[reversal.pk]


def reversal_context(found: list[Reversal]) -> dict[str, Any]:
    """Return what the serializer of reversals needs to know beside them."""
    return {"replenished_t": replenished_t(found)}


class ReversalQuerySerializer(WindowQuerySerializer):
    """Query parameters of the list of reversals."""

    state = Choice(required=False, choices=Reversal.State.choices)
    cause = Choice(required=False, choices=Reversal.Cause.choices)
    project = Text(required=False, max_length=40, help_text="The project's code.")


class Reversals(Endpoint):
    tag = "credits"
    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(
        summary="List reversals", parameters=[ReversalQuerySerializer], responses=ReversalSerializer(many=True)
    )
    def list_reversals(self, request: Request) -> Response:
        """Confirmed ones, newest first; those that wait or were refused are there for whom they concern."""
        wanted = self.query(ReversalQuerySerializer)
        columns = {"state": "state", "cause": "cause", "project": "project__code"}
        found = narrowed(reversals_seen_by(self.viewer), wanted, columns, time="reported_at")
        return self.page(found, ReversalSerializer, reversal_context)

    @extend_schema(
        summary="Report a reversal",
        request=NewReversalSerializer,
        responses={201: ReversalSerializer},
        examples=[
            OpenApiExample(
                "A flood",
                value={
                    "project": "TH-35-000001",
                    "happened_on": "2026-06-14",
                    "discovered_on": "2026-06-20",
                    "cause": "flood",
                    "description": "The dyke of the lower fields broke; 12 ha lost their topsoil.",
                    "loss_t": 40,
                },
                request_only=True,
            )
        ],
    )
    @refuses(InvalidValue, NotFound, NotAllowed, OrganisationNotApproved, LossTooLarge, ReversalReportedAlready)
    def report_reversal(self, request: Request) -> Response:
        """For the project's proponent, verifiers and registrars; a registrar confirms it."""
        actor, wanted = self.actor, self.body(NewReversalSerializer)
        project = wanted.pop("project")
        reported = services.report_reversal(actor=actor, project_code=project, loss=services.Loss(**wanted))
        return Response(_shown(reported), status=201)

    @extend_schema(summary="Read a reversal", responses=ReversalSerializer)
    def get_reversal(self, request: Request, public_id: UUID) -> Response:
        """With what is made up for of it."""
        return Response(_shown(access_reversal_by_public_id(public_id=public_id, membership=self.viewer)))

    @extend_schema(summary="Confirm a reversal", request=ReversalDecisionSerializer, responses=ReversalSerializer)
    @refuses(InvalidValue, NotAllowed, NotFound, SamePerson, WrongState)
    def confirm_reversal(self, request: Request, public_id: UUID) -> Response:
        """For a registrar who has not reported it: the buffer pool pays for what it covers, the rest is owed."""
        actor, given = self.actor, self.body(ReversalDecisionSerializer)
        return Response(_shown(services.confirm_reversal(actor=actor, public_id=public_id, **given)))

    @extend_schema(summary="Refuse a reversal", request=ReversalRefusalSerializer, responses=ReversalSerializer)
    @refuses(InvalidValue, NotAllowed, NotFound, SamePerson, WrongState)
    def refuse_reversal(self, request: Request, public_id: UUID) -> Response:
        """For a registrar who has not reported it: nothing changes."""
        actor, given = self.actor, self.body(ReversalRefusalSerializer)
        return Response(_shown(services.refuse_reversal(actor=actor, public_id=public_id, reason=given["reason"])))

    @extend_schema(
        summary="Make up for a reversal",
        request=ReplenishmentSerializer,
        responses={201: CreditCancellationSerializer, 200: CreditCancellationSerializer},
        examples=[OpenApiExample("In part", value={"batch": "TH-35-000001-2023", "quantity_t": 10}, request_only=True)],
    )
    @refuses(
        InvalidValue,
        NotFound,
        NotAllowed,
        OrganisationNotApproved,
        WrongState,
        NothingOwed,
        InsufficientBalance,
        ChosenSerialsNotOwned,
        IdempotencyConflict,
    )
    def replenish(self, request: Request, public_id: UUID) -> Response:
        """For the proponent: credits of your own are cancelled for good. 200 where the key was used for the same before."""
        actor, wanted = self.actor, self.body(ReplenishmentSerializer)
        key, batch = key_of(request), batch_named(wanted.pop("batch"))
        done = services.replenish(actor=actor, public_id=public_id, batch_id=batch.pk, idempotency_key=key, **wanted)
        shown = CreditCancellationSerializer(done, context={"viewer": actor}).data
        return Response(shown, status=200 if done.is_replay else 201)


def _shown(reversal: Reversal) -> Any:
    return ReversalSerializer(reversal, context=reversal_context([reversal])).data
