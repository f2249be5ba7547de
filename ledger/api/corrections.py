"""Wrong transactions: one treasurer asks for one to be reversed, a second one decides."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.endpoints import Endpoint, show
from ledger.api.fields import MAX_WHOLE, Choice, Moment, Text, WholeNumber
from ledger.api.filters import WindowQuerySerializer, narrowed
from ledger.api.schema import refuses
from ledger.api.serializers import NothingSerializer, StrictSerializer
from ledger.errors import (
    AlreadyReversed,
    InsufficientBalance,
    InvalidValue,
    NotAllowed,
    NotFound,
    NotReversible,
    SamePerson,
    SerialsNotOwned,
    WrongState,
)
from ledger.journal import corrections
from ledger.journal.models import Correction
from ledger.journal.selectors import corrections_seen_by
from ledger.parties.scopes import Scope


class NewCorrectionSerializer(StrictSerializer):
    transaction = WholeNumber(min_value=1, max_value=MAX_WHOLE, help_text="The wrong one.")
    reason = Text(max_length=200)


class CorrectionSerializer(serializers.Serializer[Correction]):
    id = serializers.IntegerField()
    transaction = serializers.IntegerField(source="transaction_id", help_text="The wrong one.")
    reason = Text()
    status = Choice(choices=Correction.Status.choices)
    reversal = serializers.IntegerField(
        source="reversal_id", allow_null=True, help_text="The transaction that corrects it."
    )
    requested_at = Moment()
    decided_at = Moment(allow_null=True)


class CorrectionQuerySerializer(WindowQuerySerializer):
    """Query parameters of the list of corrections."""

    status = Choice(required=False, choices=Correction.Status.choices)


class Corrections(Endpoint):
    tag = "corrections"
    writes = Scope.WITHDRAW

    @extend_schema(
        summary="List corrections", parameters=[CorrectionQuerySerializer], responses=CorrectionSerializer(many=True)
    )
    @refuses(NotAllowed)
    def list_corrections(self, request: Request) -> Response:
        """For the operator and auditors, newest first."""
        wanted = self.query(CorrectionQuerySerializer)
        found = narrowed(corrections_seen_by(self.actor), wanted, {"status": "status"}, time="requested_at")
        return self.page(found, CorrectionSerializer)

    @extend_schema(
        summary="Ask for a correction",
        request=NewCorrectionSerializer,
        responses={201: CorrectionSerializer},
        examples=[
            OpenApiExample(
                "Paid in for the wrong organisation",
                value={"transaction": 4711, "reason": "Entered for the wrong organisation."},
                request_only=True,
            )
        ],
    )
    @refuses(InvalidValue, NotFound, NotAllowed, NotReversible, AlreadyReversed)
    def create_correction(self, request: Request) -> Response:
        """For treasurers. Deposits, withdrawals and transfers can be reversed; trades and what is done with credits not."""
        actor, wanted = self.actor, self.body(NewCorrectionSerializer)
        correction = corrections.request_correction(
            actor=actor, transaction_id=wanted["transaction"], reason=wanted["reason"]
        )
        return Response(show(CorrectionSerializer, correction), status=201)

    @extend_schema(summary="Confirm a correction", request=NothingSerializer, responses=CorrectionSerializer)
    @refuses(NotAllowed, SamePerson, WrongState, AlreadyReversed, InsufficientBalance, SerialsNotOwned)
    def confirm_correction(self, request: Request, correction_id: int) -> Response:
        """For a second treasurer: what was moved is moved back, the very same serial numbers with it."""
        return self._decide(corrections.confirm_correction, correction_id)

    @extend_schema(summary="Refuse a correction", request=NothingSerializer, responses=CorrectionSerializer)
    @refuses(NotAllowed, SamePerson, WrongState)
    def refuse_correction(self, request: Request, correction_id: int) -> Response:
        """For a second treasurer: the transaction stands as it is."""
        return self._decide(corrections.refuse_correction, correction_id)

    def _decide(self, service: Any, correction_id: int) -> Response:
        self.body(NothingSerializer)
        return Response(show(CorrectionSerializer, service(actor=self.actor, correction_id=correction_id)))
