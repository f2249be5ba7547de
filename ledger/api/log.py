"""The transparency log: its newest signed state, proofs from it, and the entries that concern the caller. Source: RFC 9162."""

import base64
import binascii
from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.endpoints import Endpoint, show
from ledger.api.fields import MAX_ROW_ID, Moment, Text, WrittenNumber
from ledger.api.schema import refuses
from ledger.api.serializers import StrictSerializer
from ledger.credits.concerns import may_read_entry
from ledger.errors import InvalidValue, NoSuchSize, NotFound
from ledger.transparency import merkle
from ledger.transparency.history import current_vkey, key_periods
from ledger.transparency.models import Record
from ledger.transparency.proving import Inclusion, inclusion_text, prove_consistency, prove_inclusion
from ledger.transparency.selectors import (
    PlacedLeaf,
    cosigned_note,
    latest_checkpoint,
    place_of_hash,
    place_of_index,
    place_of_record,
    waiting_records,
    witness_states,
)


class LeafHash(Text):
    """SHA-256 in base64, in the standard alphabet or the one for addresses."""

    default_error_messages = {"invalid_hash": _("Give 32 bytes in base64.")}

    def to_internal_value(self, data: Any) -> Any:
        text = super().to_internal_value(data).replace("-", "+").replace("_", "/")
        try:
            found = base64.b64decode(text, validate=True)
        except (ValueError, binascii.Error):
            self.fail("invalid_hash")
        if len(found) != merkle.HASH_BYTES:
            self.fail("invalid_hash")
        return found


class LogKeySerializer(serializers.Serializer[Any]):
    vkey = Text(help_text="Checks checkpoints (C2SP signed-note).")
    from_size = serializers.IntegerField(help_text="The smallest tree size that it signs.")
    note = Text(help_text="With which it took over, signed by the key before it and by itself; empty for the first.")


class LogWitnessSerializer(serializers.Serializer[Any]):
    name = Text()
    size = serializers.IntegerField(help_text="The tree size that it cosigned last; 0 where none.")
    cosigned_at = Moment(allow_null=True)
    behind = serializers.IntegerField(help_text="Records that it has not seen yet.")


class LogSerializer(serializers.Serializer[Any]):
    origin = Text(help_text="The log's name, in every checkpoint.")
    vkey = Text(help_text="The key that checks its newest checkpoints (C2SP signed-note).")
    tree_size = serializers.IntegerField()
    root_hash = Text(help_text="Base64.")
    signed_at = Moment(allow_null=True)
    waiting = serializers.IntegerField(help_text="Records that have no place in the log yet.")
    keys = LogKeySerializer(many=True, help_text="All keys that have signed, the oldest first.")
    witnesses = LogWitnessSerializer(many=True, help_text="Who cosigns checkpoints, and how far each has got.")


class InclusionQuerySerializer(StrictSerializer):
    record = WrittenNumber(required=False, min_value=1, max_value=MAX_ROW_ID, help_text="The record's id.")
    index = WrittenNumber(required=False, max_value=MAX_ROW_ID, help_text="Or its place in the log, from 0.")
    leaf_hash = LeafHash(required=False, help_text="Or the hash of its entry (RFC 9162 §2.1.1), in base64.")
    size = WrittenNumber(
        required=False,
        min_value=1,
        max_value=MAX_ROW_ID,
        help_text="The tree's size; not given: the newest signed one.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs.keys() & {"record", "index", "leaf_hash"}) != 1:
            raise serializers.ValidationError({"record": [_("Give one of record, index and leaf_hash.")]})
        return attrs


class InclusionSerializer(serializers.Serializer[Any]):
    record = serializers.IntegerField()
    index = serializers.IntegerField(help_text="The record's place in the log, from 0.")
    leaf_hash = Text(help_text="Base64 of the hash of the record's entry.")
    tree_size = serializers.IntegerField()
    root_hash = Text(help_text="Base64.")
    hashes = serializers.ListField(child=Text(), help_text="The proof, in base64 (RFC 9162 §2.1.3).")


class ConsistencyQuerySerializer(StrictSerializer):
    first = WrittenNumber(min_value=1, max_value=MAX_ROW_ID, help_text="The size of the older tree.")
    second = WrittenNumber(min_value=1, max_value=MAX_ROW_ID, help_text="The size of the newer tree.")


class ConsistencySerializer(serializers.Serializer[Any]):
    first = serializers.IntegerField()
    second = serializers.IntegerField()
    first_root_hash = Text(help_text="Base64.")
    second_root_hash = Text(help_text="Base64.")
    hashes = serializers.ListField(child=Text(), help_text="The proof, in base64 (RFC 9162 §2.1.4).")


class LogEntrySerializer(InclusionSerializer):
    entry = Text(help_text="Base64 of the exact bytes that are hashed: canonical JSON, as docs/log-entries.md says.")
    proof = Text(
        help_text="The same as text that can be checked offline (C2SP tlog-proof), with the entry as extra data."
    )


class Log(Endpoint):
    tag = "log"
    shared_seconds = 1
    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(summary="The log's newest signed state", responses=LogSerializer)
    def get_log(self, request: Request) -> Response:
        """The checkpoint itself is at /log/checkpoint, the tiles are at /log/tile/ (C2SP tlog-tiles)."""
        newest = latest_checkpoint()
        state = {
            "origin": settings.LOG_ORIGIN,
            "vkey": current_vkey(),
            "tree_size": newest.tree_size if newest else 0,
            "root_hash": _base64(bytes(newest.root_hash) if newest else merkle.empty_root()),
            "signed_at": newest.signed_at if newest else None,
            "waiting": waiting_records(),
            "keys": key_periods(),
            "witnesses": witness_states(),
        }
        return Response(show(LogSerializer, state))

    @extend_schema(
        summary="Prove that a record is in the log",
        parameters=[InclusionQuerySerializer],
        responses=InclusionSerializer,
        examples=[OpenApiExample("The first record", value=0, parameter_only=("index", "query"))],
    )
    @refuses(NotFound, NoSuchSize)
    def get_inclusion(self, request: Request) -> Response:
        """By the record's id, its place, or its leaf hash. A record that still waits for its place is not found."""
        wanted = self.query(InclusionQuerySerializer)
        leaf = _find(wanted)
        records = leaf.newest.tree_size
        size = wanted.get("size", records)
        if size > records:
            raise NoSuchSize(field="size", size=size, records=records)
        if size <= leaf.index:
            raise NotFound(field="size")
        return Response(_written(prove_inclusion(leaf)))

    @extend_schema(
        summary="Prove that the log only grew",
        parameters=[ConsistencyQuerySerializer],
        responses=ConsistencySerializer,
        examples=[
            OpenApiExample("From 5 to 8 records", value=5, parameter_only=("first", "query")),
            OpenApiExample("From 5 to 8 records", value=8, parameter_only=("second", "query")),
        ],
    )
    @refuses(NoSuchSize, InvalidValue)
    def get_consistency(self, request: Request) -> Response:
        """From one size to another, neither above the newest checkpoint's."""
        wanted = self.query(ConsistencyQuerySerializer)
        first, second = wanted["first"], wanted["second"]
        newest = latest_checkpoint()
        if newest is None or second > newest.tree_size:
            raise NoSuchSize(field="second", size=second, records=newest.tree_size if newest else 0)
        if first > second:
            raise InvalidValue(field="first", reason=_("The older tree is not larger than the newer one."))
        proof = prove_consistency(first, second)
        written = {
            "first": first,
            "second": second,
            "first_root_hash": _base64(proof.first_root),
            "second_root_hash": _base64(proof.second_root),
            "hashes": _all_base64(proof.hashes),
        }
        return Response(show(ConsistencySerializer, written))


class LogEntries(Endpoint):
    tag = "log"

    @extend_schema(summary="Read an entry of the log that concerns you", responses=LogEntrySerializer)
    @refuses(NotFound)
    def get_log_entry(self, request: Request, record_id: int) -> Response:
        """The exact bytes with their proof. Auditors and the operator read every entry.

        Others read what names their organisation, an account or a project of it, and what its people did.
        """
        leaf = place_of_record(record_id)
        entry = Record.objects.filter(pk=record_id).values_list("entry", flat=True).first()
        if leaf is None or entry is None or not may_read_entry(bytes(entry), self.actor):
            raise NotFound()
        proof = prove_inclusion(leaf)
        text = inclusion_text(proof, cosigned_note(leaf.newest), bytes(entry))
        more = {"entry": _base64(bytes(entry)), "proof": text}
        return Response(_written(proof) | more)


def _find(wanted: dict[str, Any]) -> PlacedLeaf:
    for name, find in (("record", place_of_record), ("index", place_of_index), ("leaf_hash", place_of_hash)):
        if name in wanted:
            leaf = find(wanted[name], wanted.get("size"))
            if leaf is None:
                raise NotFound(field=name)
            return leaf
    raise AssertionError("the query names a leaf")


def _written(proof: Inclusion) -> dict[str, Any]:
    # Written by hand: a proof takes less time than its serializer would.
    return {
        "record": proof.record_id,
        "index": proof.index,
        "leaf_hash": _base64(proof.leaf_hash),
        "tree_size": proof.tree_size,
        "root_hash": _base64(proof.root_hash),
        "hashes": _all_base64(proof.hashes),
    }


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _all_base64(hashes: Sequence[bytes]) -> list[str]:
    return [_base64(value) for value in hashes]
