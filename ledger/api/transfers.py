"""Transfers of credits outside the market: offered by one holder, decided by another."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.credits import batch_named
from ledger.api.endpoints import Endpoint, show
from ledger.api.fields import MAX_WHOLE, Choice, Identifier, Moment, Text, WholeNumber
from ledger.api.filters import WindowQuerySerializer, narrowed
from ledger.api.journal import SerialRunSerializer, serial_run
from ledger.api.once import key_of
from ledger.api.schema import refuses
from ledger.api.serializers import (
    NothingSerializer,
    OrganisationNameSerializer,
    StrictSerializer,
)
from ledger.credits.transfers import services
from ledger.credits.transfers.models import CreditTransfer
from ledger.credits.transfers.selectors import access_transfer_by_public_id, open_transfers, transfers_seen_by
from ledger.errors import (
    IdempotencyConflict,
    InsufficientBalance,
    InvalidValue,
    NotAllowed,
    NotFound,
    OrganisationNotApproved,
    TooManyTransfersOpen,
    TransferNotOpen,
    UnknownRecipient,
)
from ledger.parties.scopes import Scope

OPEN = "open"
STATE_FILTERS = [(OPEN, OPEN), ("all", "all")]


class NewCreditTransferSerializer(StrictSerializer):
    batch = Text(max_length=40, help_text="The batch's code.")
    recipient = Text(max_length=60, help_text="Unified social credit code, or public id.")
    quantity_t = WholeNumber(min_value=1, max_value=MAX_WHOLE)
    ground = Choice(choices=CreditTransfer.Ground.choices)
    price_fen = WholeNumber(
        min_value=1,
        max_value=MAX_WHOLE,
        required=False,
        help_text="A tonne, as you have agreed; for information, nothing is paid by it.",
    )
    note = Text(max_length=300, required=False, allow_blank=True)


class CreditTransferSerializer(serializers.Serializer[CreditTransfer]):
    id = Identifier(source="public_id")
    batch = Text(source="batch.asset.code")
    sender = OrganisationNameSerializer()
    recipient = OrganisationNameSerializer()
    quantity_t = serializers.IntegerField()
    ground = Choice(choices=CreditTransfer.Ground.choices)
    price_fen = serializers.IntegerField(allow_null=True)
    note = Text()
    state = Choice(choices=CreditTransfer.State.choices, source="outcome")
    serials = serializers.SerializerMethodField(help_text="Which numbers moved; none before it is accepted.")
    offered_at = Moment()
    expires_at = Moment()
    decided_at = Moment(allow_null=True)

    @extend_schema_field(SerialRunSerializer(many=True))
    def get_serials(self, transfer: CreditTransfer) -> Any:
        return [serial_run(run) for run in transfer.serials or ()]


class TransferQuerySerializer(WindowQuerySerializer):
    state = Choice(choices=STATE_FILTERS, required=False, help_text="All where none is given.")
    batch = Text(required=False, max_length=40, help_text="The batch's code.")


class CreditTransfers(Endpoint):
    tag = "credits"
    writes = Scope.WITHDRAW

    @extend_schema(
        summary="List transfers of credits",
        parameters=[TransferQuerySerializer],
        responses=CreditTransferSerializer(many=True),
    )
    @refuses(NotAllowed)
    def list_credit_transfers(self, request: Request) -> Response:
        """Those that your organisation has offered or been offered, newest first; the operator and auditors see all."""
        wanted = self.query(TransferQuerySerializer)
        columns = {"batch": "batch__asset__code"}
        found = narrowed(transfers_seen_by(self.actor), wanted, columns, time="offered_at")
        is_open = wanted.get("state") == OPEN
        return self.page(open_transfers(found) if is_open else found, CreditTransferSerializer)

    @extend_schema(
        summary="Offer a transfer of credits",
        request=NewCreditTransferSerializer,
        responses={201: CreditTransferSerializer, 200: CreditTransferSerializer},
        examples=[
            OpenApiExample(
                "Under a contract",
                value={
                    "batch": "TH-35-000001-2022",
                    "recipient": "91350100M000100Y43",
                    "quantity_t": 100,
                    "ground": "contract",
                    "price_fen": 4_000,
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
        UnknownRecipient,
        InsufficientBalance,
        TooManyTransfersOpen,
        IdempotencyConflict,
    )
    def offer_credit_transfer(self, request: Request) -> Response:
        """The tonnes are held for 7 days at most: 201, or 200 with the first answer where the key was used for the same."""
        actor, wanted = self.actor, self.body(NewCreditTransferSerializer)
        transfer = services.offer_transfer(
            actor=actor,
            idempotency_key=key_of(request),
            batch_id=batch_named(wanted.pop("batch")).pk,
            recipient=wanted.pop("recipient"),
            terms=services.TransferTerms(**wanted),
        )
        return Response(show(CreditTransferSerializer, transfer), status=200 if transfer.is_replay else 201)

    @extend_schema(summary="Read a transfer of credits", responses=CreditTransferSerializer)
    @refuses(NotAllowed)
    def get_credit_transfer(self, request: Request, public_id: UUID) -> Response:
        """One of yours; the operator and auditors read any."""
        transfer = access_transfer_by_public_id(public_id=public_id, membership=self.actor)
        return Response(show(CreditTransferSerializer, transfer))

    @extend_schema(
        summary="Accept a transfer of credits", request=NothingSerializer, responses=CreditTransferSerializer
    )
    @refuses(NotAllowed, OrganisationNotApproved, NotFound, TransferNotOpen)
    def accept_credit_transfer(self, request: Request, public_id: UUID) -> Response:
        """For the recipient: the credits move at once; `serials` says which."""
        return self._decide(services.accept_transfer, public_id)

    @extend_schema(
        summary="Decline a transfer of credits", request=NothingSerializer, responses=CreditTransferSerializer
    )
    @refuses(NotAllowed, NotFound, TransferNotOpen)
    def decline_credit_transfer(self, request: Request, public_id: UUID) -> Response:
        """For the recipient: the sender has them free again."""
        return self._decide(services.decline_transfer, public_id)

    @extend_schema(
        summary="Withdraw a transfer of credits", request=NothingSerializer, responses=CreditTransferSerializer
    )
    @refuses(NotAllowed, NotFound, TransferNotOpen)
    def withdraw_credit_transfer(self, request: Request, public_id: UUID) -> Response:
        """For the sender, as long as it is not decided."""
        return self._decide(services.withdraw_transfer, public_id)

    def _decide(self, service: Any, public_id: UUID) -> Response:
        self.body(NothingSerializer)
        return Response(show(CreditTransferSerializer, service(actor=self.actor, public_id=public_id)))
