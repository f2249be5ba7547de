"""Serial numbers traced through their whole life, and the evidence with which anyone checks a step."""

import base64
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.endpoints import Endpoint, show
from ledger.api.fields import MAX_ROW_ID, Choice, Identifier, Moment, Text, WrittenNumber
from ledger.api.schema import refuses
from ledger.api.serializers import OrganisationNameSerializer, StrictSerializer
from ledger.credits.cancellations.models import Cancellation
from ledger.credits.evidence import Evidence, evidence_of_record, evidence_of_retirement
from ledger.credits.models import Retirement
from ledger.credits.reading import find_serial
from ledger.credits.selectors import retirement_by_public_id
from ledger.credits.trace import Field, Move, Trace, trace
from ledger.errors import NoSerialNumber, NotFound, SerialNumberElsewhere, UnknownSerialNumber
from ledger.journal.models import Account, Transaction
from ledger.transparency.keys import log_signer

STEP_KINDS = [
    (kind, kind)
    for kind in (
        "project_created",
        "project_submitted",
        "project_validated",
        "project_registered",
        "report_submitted",
        "report_verified",
        "report_approved",
        "batch_issued",
    )
]


class PlaceSerializer(serializers.Serializer[Any]):
    """Where a step is recorded: `/records/{record}/evidence` has its proof."""

    record = serializers.IntegerField(source="record_id")
    log_index = serializers.IntegerField(allow_null=True, help_text="Null while the record waits for its place.")


class TracedFieldSerializer(serializers.Serializer[Field]):
    code = Text(source="parcel.code")
    name = Text(source="parcel.name")
    area_ha = serializers.DecimalField(source="parcel.area_ha", max_digits=12, decimal_places=4)
    recorded = PlaceSerializer(source="place", allow_null=True)


class TracedStepSerializer(serializers.Serializer[Any]):
    kind = Choice(choices=STEP_KINDS)
    at = Moment()
    organisation = OrganisationNameSerializer(allow_null=True)
    recorded = PlaceSerializer(source="place", allow_null=True)


class HolderSerializer(serializers.Serializer[Any]):
    purpose = Choice(choices=Account.Purpose.choices)
    organisation = OrganisationNameSerializer(
        allow_null=True, help_text="Null for the system's accounts, and where it is not yours to see."
    )


class UseSerializer(serializers.Serializer[Any]):
    """Null where the beneficiary is not public and you are neither the retiring organisation nor read everything."""

    id = Identifier(source="public_id")
    purpose = Choice(choices=Retirement.Purpose.choices)
    organisation = OrganisationNameSerializer(allow_null=True)
    beneficiary_name = Text(source="beneficiary", allow_null=True)
    recorded = PlaceSerializer(source="place", allow_null=True)


class LossSerializer(serializers.Serializer[Any]):
    """The cancellation by which the tonne was lost."""

    id = Identifier(source="public_id")
    kind = Choice(choices=Cancellation.Kind.choices)
    reason = Choice(choices=Cancellation.Reason.choices)


class MoveSerializer(serializers.Serializer[Move]):
    transfer = serializers.IntegerField(source="transfer_id")
    kind = Choice(choices=Transaction.Kind.choices)
    at = Moment()
    quantity_t = serializers.IntegerField(help_text="How many tonnes moved together, this one among them.")
    giver = HolderSerializer()
    receiver = HolderSerializer()
    price_fen = serializers.IntegerField(allow_null=True, help_text="Of a settlement: what a tonne was traded at.")
    retirement = UseSerializer(source="use", allow_null=True)
    cancellation = LossSerializer(source="loss", allow_null=True)
    recorded = PlaceSerializer(source="place")


class TracedReportSerializer(serializers.Serializer[Any]):
    id = serializers.IntegerField()
    period_starts_on = serializers.DateField()
    period_ends_on = serializers.DateField()
    net_t = serializers.IntegerField()
    sheet_sha256 = Text(help_text="Of the calculation, which /reports/{report_id} has line by line.")


class TraceSerializer(serializers.Serializer[Trace]):
    serial = serializers.SerializerMethodField()
    written = Text(help_text="As certificates write it.")
    batch = Text(source="batch.asset.code")
    vintage = serializers.IntegerField(source="batch.vintage")
    project = Text(source="project.code")
    report = TracedReportSerializer()
    field_count = serializers.IntegerField()
    area_ha = serializers.DecimalField(max_digits=16, decimal_places=4)
    fields = TracedFieldSerializer(many=True, help_text="The first 50.")  # type: ignore[assignment]
    steps = TracedStepSerializer(many=True, help_text="From the project to the issuance.")
    moves = MoveSerializer(many=True, help_text="Every transfer that moved this tonne, oldest first, 100 at a time.")
    next_after = serializers.IntegerField(allow_null=True, help_text="Ask again with this as `after` for more moves.")
    holder = HolderSerializer(allow_null=True, help_text="Where the tonne is now.")

    def get_serial(self, found: Trace) -> str:
        return str(found.serial)


class TraceQuerySerializer(StrictSerializer):
    after = WrittenNumber(
        required=False, min_value=1, max_value=MAX_ROW_ID, help_text="A transfer that moved the tonne: go on after it."
    )


class ProofSerializer(serializers.Serializer[Any]):
    record = serializers.IntegerField(source="record_id")
    index = serializers.IntegerField(allow_null=True, help_text="The place in the log; null while it waits for one.")
    leaf_hash = serializers.SerializerMethodField(help_text="Base64; null while it waits.")
    hashes = serializers.SerializerMethodField(help_text="The path to the root, in base64 (RFC 9162 §2.1.3).")
    entry = serializers.SerializerMethodField(help_text="Base64 of the very bytes; null where they are not public.")

    @extend_schema_field({"type": ["string", "null"]})
    def get_leaf_hash(self, proof: Any) -> str | None:
        return _base64(proof.leaf_hash)

    @extend_schema_field({"type": "array", "items": {"type": "string"}})
    def get_hashes(self, proof: Any) -> list[str | None]:
        return [_base64(value) for value in proof.hashes]

    @extend_schema_field({"type": ["string", "null"]})
    def get_entry(self, proof: Any) -> str | None:
        return _base64(proof.entry)


class EvidenceSerializer(serializers.Serializer[Evidence]):
    proofs = ProofSerializer(many=True)
    checkpoint = Text(allow_null=True, help_text="The signed note (C2SP) whose root the paths lead to.")
    vkey = serializers.SerializerMethodField(help_text="The key that checks it: compare it with one from elsewhere.")

    def get_vkey(self, evidence: Evidence) -> str:
        return log_signer().vkey


def _base64(value: bytes | None) -> str | None:
    return None if value is None else base64.b64encode(value).decode()


class Serials(Endpoint):
    tag = "credits"
    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(
        summary="Trace a serial number",
        parameters=[
            OpenApiParameter(
                "serial", str, OpenApiParameter.PATH, description="A number, or as certificates write it."
            ),
            TraceQuerySerializer,
        ],
        responses=TraceSerializer,
        examples=[
            OpenApiExample("A number", value="123", parameter_only=("serial", "path")),
            OpenApiExample("As written", value="TH-35-000001-2022-000000000123", parameter_only=("serial", "path")),
        ],
    )
    @refuses(NoSerialNumber, UnknownSerialNumber, SerialNumberElsewhere, NotFound)
    def get_serial(self, request: Request, serial: str) -> Response:
        """From the fields to the retirement, each step with its place in the log. Holders are named to themselves, the
        operator and auditors alone.
        """
        after = self.query(TraceQuerySerializer).get("after")
        return Response(show(TraceSerializer, trace(find_serial(serial), viewer=self.viewer, after=after)))


class Proofs(Endpoint):
    """Evidence: what a program needs to check a record by itself."""

    tag = "log"
    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(summary="The evidence of a record", responses=EvidenceSerializer)
    def get_record_evidence(self, request: Request, record_id: int) -> Response:
        """Path and checkpoint in one answer; with the entry for the operator and auditors."""
        return Response(show(EvidenceSerializer, evidence_of_record(record_id, self.viewer)))

    @extend_schema(summary="The evidence of a retirement", responses=EvidenceSerializer)
    def get_retirement_evidence(self, request: Request, public_id: UUID) -> Response:
        """Two records: the retirement, and the transaction that moved its serial numbers. Their entries are there where
        the beneficiary is public or yours to see.
        """
        retirement = retirement_by_public_id(public_id)
        return Response(show(EvidenceSerializer, evidence_of_retirement(retirement, self.viewer)))
