"""Batches of issued credits, and their retirement."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.endpoints import Endpoint
from ledger.api.fields import MAX_WHOLE, Choice, Day, Flag, Identifier, Moment, SerialNumber, Text, WholeNumber
from ledger.api.filters import narrowed
from ledger.api.journal import SerialRunSerializer, serial_run
from ledger.api.once import key_of
from ledger.api.registry import BatchQuerySerializer, RetirementQuerySerializer, batch_terms, retirement_terms
from ledger.api.schema import refuses
from ledger.api.serializers import OrganisationNameSerializer, StrictSerializer
from ledger.credits.models import Batch, Retirement
from ledger.credits.retiring import Use
from ledger.credits.selectors import (
    batch_by_code,
    batches,
    may_see_beneficiary,
    retirement_by_public_id,
    retirements,
    supply_of,
)
from ledger.credits.services import retire_credits
from ledger.errors import (
    ChosenSerialsNotOwned,
    IdempotencyConflict,
    InsufficientBalance,
    InvalidValue,
    NotAllowed,
    NotFound,
    OrganisationNotApproved,
)
from ledger.parties.scopes import Scope
from ledger.registry.search import matching_batches, matching_retirements


class SupplySerializer(serializers.Serializer[Any]):
    """Where a batch's tonnes are; issued is the sum of the others."""

    issued = serializers.IntegerField()
    held = serializers.IntegerField()
    buffer = serializers.IntegerField()
    retired = serializers.IntegerField()
    cancelled = serializers.IntegerField()


class BatchSerializer(serializers.Serializer[Batch]):
    code = Text(source="asset.code")
    project = Text(source="project.code")
    vintage = serializers.IntegerField()
    tranche = serializers.IntegerField(help_text="1, or more where the vintage was issued in parts.")
    report = serializers.IntegerField(source="report_id")
    quantity_t = serializers.IntegerField()
    buffer_t = serializers.IntegerField()
    first_serial = serializers.SerializerMethodField()
    last_serial = serializers.SerializerMethodField()
    supply = serializers.SerializerMethodField()
    issued_at = Moment()

    def get_first_serial(self, batch: Batch) -> str:
        return str(batch.serials.lower)

    def get_last_serial(self, batch: Batch) -> str:
        return str(batch.serials.upper - 1)

    @extend_schema_field(SupplySerializer)
    def get_supply(self, batch: Batch) -> Any:
        return SupplySerializer(self.context["supply"][batch.pk]).data


class NewRetirementSerializer(StrictSerializer):
    batch = Text(max_length=40, help_text="The batch's code.")
    quantity_t = WholeNumber(min_value=1, max_value=MAX_WHOLE)
    beneficiary_name = Text(max_length=120)
    purpose = Choice(choices=Retirement.Purpose.choices)
    beneficiary_code = Text(max_length=30, required=False, allow_blank=True, help_text="Unified social credit code.")
    beneficiary_place = Text(
        max_length=120, required=False, allow_blank=True, help_text="Needed on behalf of another that has no code."
    )
    first_serial = SerialNumber(required=False, help_text="From which number on; the oldest ones where none is given.")
    period_starts_on = Day(required=False, help_text="First day of the time that they are used for.")
    period_ends_on = Day(required=False, help_text="Last day of the time that they are used for.")
    court_name = Text(max_length=120, required=False, allow_blank=True, help_text="Of a judicial restitution.")
    case_number = Text(max_length=60, required=False, allow_blank=True, help_text="Of a judicial restitution.")
    is_beneficiary_public = Flag(required=False, help_text="True where it is not given.")
    note = Text(max_length=300, required=False, allow_blank=True)


# What is not shown where the beneficiary is not public.
HIDDEN = (
    "beneficiary_name",
    "beneficiary_code",
    "beneficiary_place",
    "period_starts_on",
    "period_ends_on",
    "court_name",
    "case_number",
    "note",
)


class RetirementSerializer(serializers.Serializer[Retirement]):
    """Beneficiary, use and note are null where they are not public and you are neither the retiring organisation nor the
    operator nor an auditor.
    """

    id = Identifier(source="public_id")
    organisation = OrganisationNameSerializer()
    batch = Text(source="batch.asset.code")
    quantity_t = serializers.IntegerField()
    serials = serializers.SerializerMethodField()
    purpose = Choice(choices=Retirement.Purpose.choices)
    is_beneficiary_public = serializers.BooleanField()
    beneficiary_name = Text(allow_null=True)
    beneficiary_code = Text(allow_null=True)
    beneficiary_place = Text(allow_null=True)
    period_starts_on = serializers.DateField(allow_null=True)
    period_ends_on = serializers.DateField(allow_null=True)
    court_name = Text(allow_null=True)
    case_number = Text(allow_null=True)
    note = Text(allow_null=True)
    retired_at = Moment()

    @extend_schema_field(SerialRunSerializer(many=True))
    def get_serials(self, retirement: Retirement) -> Any:
        return [serial_run(run) for run in retirement.serials]

    def to_representation(self, retirement: Retirement) -> dict[str, Any]:
        shown: dict[str, Any] = super().to_representation(retirement)
        if not may_see_beneficiary(retirement, self.context["viewer"]):
            shown |= dict.fromkeys(HIDDEN)
        return shown


def batch_context(found: Sequence[Batch]) -> dict[str, Any]:
    """Return what the serializer of batches needs to know beside them."""
    return {"supply": supply_of(found)}


class Batches(Endpoint):
    tag = "credits"
    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(summary="List batches", parameters=[BatchQuerySerializer], responses=BatchSerializer(many=True))
    def list_batches(self, request: Request) -> Response:
        """All that was ever issued, newest first."""
        terms = batch_terms(self.query(BatchQuerySerializer))
        return self.page(matching_batches(batches(), terms), BatchSerializer, batch_context)

    @extend_schema(summary="Read a batch", responses=BatchSerializer)
    def get_batch(self, request: Request, code: str) -> Response:
        """With what became of its tonnes."""
        batch = batch_by_code(code)
        return Response(BatchSerializer(batch, context=batch_context([batch])).data)


class Retirements(Endpoint):
    tag = "credits"
    writes = Scope.WITHDRAW
    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(
        summary="List retirements", parameters=[RetirementQuerySerializer], responses=RetirementSerializer(many=True)
    )
    def list_retirements(self, request: Request) -> Response:
        """All of them, newest first."""
        wanted = self.query(RetirementQuerySerializer)
        found = narrowed(matching_retirements(retirements(), retirement_terms(wanted)), wanted, time="retired_at")
        return self.page(found, RetirementSerializer, lambda _found: self._context())

    @extend_schema(
        summary="Retire credits",
        request=NewRetirementSerializer,
        responses={201: RetirementSerializer, 200: RetirementSerializer},
        examples=[
            OpenApiExample(
                "For one's own footprint",
                value={
                    "batch": "TH-35-000001-2022",
                    "quantity_t": 100,
                    "beneficiary_name": "闽江纸业",
                    "purpose": "own_footprint",
                },
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
    def retire_credits(self, request: Request) -> Response:
        """They are used up for good: 201, or 200 with the first answer where the key was used for the same before."""
        actor, wanted = self.actor, self.body(NewRetirementSerializer)
        key = key_of(request)
        batch = batch_named(wanted.pop("batch"))
        use = Use(**{name: wanted.pop(name) for name in Use.__dataclass_fields__ if name in wanted})
        retirement = retire_credits(actor=actor, batch_id=batch.pk, use=use, idempotency_key=key, **wanted)
        shown = RetirementSerializer(retirement, context=self._context()).data
        return Response(shown, status=200 if retirement.is_replay else 201)

    @extend_schema(summary="Read a retirement", responses=RetirementSerializer)
    def get_retirement(self, request: Request, public_id: UUID) -> Response:
        """What its certificate says."""
        retirement = retirement_by_public_id(public_id)
        return Response(RetirementSerializer(retirement, context=self._context()).data)

    def _context(self) -> dict[str, Any]:
        return {"viewer": self.viewer}


def batch_named(code: str) -> Batch:
    """Return the batch that a body names.

    Raises: NotFound.
    """
    batch = batches().filter(asset__code=code).first()
    if batch is None:
        raise NotFound(field="batch")
    return batch
