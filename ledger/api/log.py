"""The transparency log: its newest signed state, and proofs from it. Source: RFC 9162."""

import base64
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.endpoints import Endpoint, show
from ledger.api.fields import Moment, Text, WrittenNumber
from ledger.api.schema import refuses
from ledger.api.serializers import StrictSerializer
from ledger.errors import InvalidValue, NotFound
from ledger.transparency import merkle
from ledger.transparency.keys import log_signer
from ledger.transparency.selectors import (
    latest_checkpoint,
    record_index,
    tree_of,
    waiting_records,
)

MAX_ROW_ID = 2**63 - 1


class LogSerializer(serializers.Serializer[Any]):
    origin = Text(help_text="The log's name, in every checkpoint.")
    vkey = Text(help_text="The key that checks its checkpoints (C2SP signed-note).")
    tree_size = serializers.IntegerField()
    root_hash = Text(help_text="Base64.")
    signed_at = Moment(allow_null=True)
    waiting = serializers.IntegerField(help_text="Records that have no place in the log yet.")


class InclusionQuerySerializer(StrictSerializer):
    record = WrittenNumber(min_value=1, max_value=MAX_ROW_ID, help_text="The record's id.")


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


class Log(Endpoint):
    tag = "log"
    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(summary="The log's newest signed state", responses=LogSerializer)
    def get_log(self, request: Request) -> Response:
        """The checkpoint itself is at /log/checkpoint, the tiles are at /log/tile/ (C2SP tlog-tiles)."""
        newest, signer = latest_checkpoint(), log_signer()
        state = {
            "origin": signer.name,
            "vkey": signer.vkey,
            "tree_size": newest.tree_size if newest else 0,
            "root_hash": _base64(bytes(newest.root_hash) if newest else merkle.empty_root()),
            "signed_at": newest.signed_at if newest else None,
            "waiting": waiting_records(),
        }
        return Response(show(LogSerializer, state))

    @extend_schema(
        summary="Prove that a record is in the log",
        parameters=[InclusionQuerySerializer],
        responses=InclusionSerializer,
    )
    @refuses(NotFound)
    def get_inclusion(self, request: Request) -> Response:
        """At the size of the newest checkpoint. A record that still waits for its place is not found."""
        record_id = self.query(InclusionQuerySerializer)["record"]
        # The place first: whatever has one is in the checkpoint that is read after it.
        index, newest = record_index(record_id), latest_checkpoint()
        if index is None or newest is None:
            raise NotFound(field="record")
        tree = tree_of(newest.tree_size)
        proof = {
            "record": record_id,
            "index": index,
            "leaf_hash": _base64(tree.root_of(index, index + 1)),
            "tree_size": tree.size,
            "root_hash": _base64(bytes(newest.root_hash)),
            "hashes": _all_base64(tree.inclusion_proof(index)),
        }
        return Response(show(InclusionSerializer, proof))

    @extend_schema(
        summary="Prove that the log only grew",
        parameters=[ConsistencyQuerySerializer],
        responses=ConsistencySerializer,
        examples=[
            OpenApiExample("From 5 to 8 records", value=5, parameter_only=("first", "query")),
            OpenApiExample("From 5 to 8 records", value=8, parameter_only=("second", "query")),
        ],
    )
    @refuses(InvalidValue)
    def get_consistency(self, request: Request) -> Response:
        """From one size to another, neither above the newest checkpoint's."""
        wanted = self.query(ConsistencyQuerySerializer)
        first, second = wanted["first"], wanted["second"]
        newest = latest_checkpoint()
        if newest is None or second > newest.tree_size:
            raise InvalidValue(field="second", reason=_("The log has not got so far."))
        if first > second:
            raise InvalidValue(field="first", reason=_("The older tree is not larger than the newer one."))
        tree = tree_of(second)
        proof = {
            "first": first,
            "second": second,
            "first_root_hash": _base64(tree_of(first).root()),
            "second_root_hash": _base64(tree.root()),
            "hashes": _all_base64(tree.consistency_proof(first)),
        }
        return Response(show(ConsistencySerializer, proof))


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _all_base64(hashes: Sequence[bytes]) -> list[str]:
    return [_base64(value) for value in hashes]
