"""Whether the house is open: what is frozen, since when and why."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.endpoints import Endpoint, show
from ledger.api.fields import Choice, Moment, Text
from ledger.freezes import STOPS, Scope, frozen


class FreezeSerializer(serializers.Serializer[Any]):
    scope = Choice(choices=Scope.choices)
    reason = Text()
    since = Moment(source="begun_at")


class StatusSerializer(serializers.Serializer[Any]):
    is_trading_open = serializers.BooleanField(help_text="Whether orders, offers and bids are taken at all.")
    are_withdrawals_open = serializers.BooleanField(help_text="Whether money and credits may leave.")
    are_writes_open = serializers.BooleanField(help_text="Whether anything may be changed.")
    frozen = FreezeSerializer(many=True, help_text="What the operator has frozen, the oldest first; mostly nothing.")


class Status(Endpoint):
    tag = "status"
    permission_classes = (AllowAny,)
    shared_seconds = 1

    @extend_schema(
        summary="What is frozen",
        responses=StatusSerializer,
        auth=[],
        examples=[
            OpenApiExample(
                "Nothing",
                value={
                    "is_trading_open": True,
                    "are_withdrawals_open": True,
                    "are_writes_open": True,
                    "frozen": [],
                },
                response_only=True,
            )
        ],
    )
    def get_status(self, request: Request) -> Response:
        """As known a second ago. What is frozen is refused with `trading_frozen`, `withdrawals_frozen` or `everything_frozen`."""
        standing = frozen()
        stopped = {each.scope for each in standing}
        answer = {
            "is_trading_open": stopped.isdisjoint(STOPS[Scope.TRADING]),
            "are_withdrawals_open": stopped.isdisjoint(STOPS[Scope.WITHDRAWALS]),
            "are_writes_open": stopped.isdisjoint(STOPS[Scope.EVERYTHING]),
            "frozen": [each._asdict() for each in standing],
        }
        return Response(show(StatusSerializer, answer))
