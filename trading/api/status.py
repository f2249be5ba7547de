"""Whether the house is open: what is frozen, since when and why; how the markets stand, and when the proofs were last made."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.endpoints import Endpoint, show
from ledger.api.fields import Choice, Moment, Text
from ledger.freezes import STOPS, Scope, frozen
from trading.incidents.selectors import Trading, house_status
from trading.markets.models import Market

TRADING_CHOICES = [each.value for each in Trading]


class FreezeSerializer(serializers.Serializer[Any]):
    scope = Choice(choices=Scope.choices)
    reason = Text()
    since = Moment(source="begun_at")


class MarketCountSerializer(serializers.Serializer[Any]):
    open = serializers.IntegerField(help_text="Trade continuously.")
    auction = serializers.IntegerField(help_text="Collect orders for a call auction.")
    closed = serializers.IntegerField(help_text="Closed by their hours.")
    halted = serializers.IntegerField(help_text="Halted, each for a reason that `GET /markets/{symbol}` tells.")


class StatusSerializer(serializers.Serializer[Any]):
    is_trading_open = serializers.BooleanField(help_text="Whether orders, offers and bids are taken at all.")
    are_withdrawals_open = serializers.BooleanField(help_text="Whether money and credits may leave.")
    are_writes_open = serializers.BooleanField(help_text="Whether anything may be changed.")
    frozen = FreezeSerializer(many=True, help_text="What the operator has frozen, the oldest first; mostly nothing.")
    trading = Choice(
        choices=TRADING_CHOICES,
        help_text="In a word: `delayed` where what was entered waits for longer than half a minute, `none` before any market.",
    )
    markets = MarketCountSerializer(help_text="How many markets are in which state.")
    waiting_since = Moment(allow_null=True, help_text="Since when the oldest waits, while trading is delayed.")
    signed_at = Moment(allow_null=True, help_text="When the log was signed last.")
    witnessed_at = Moment(allow_null=True, help_text="When a witness signed it last.")
    reconciled_at = Moment(allow_null=True, help_text="When the books were checked last.")
    books_hold = serializers.BooleanField(allow_null=True, help_text="Whether every rule held then.")


_PROVEN = ("waiting_since", "signed_at", "witnessed_at", "reconciled_at", "books_hold")


class Status(Endpoint):
    tag = "status"
    permission_classes = (AllowAny,)
    shared_seconds = 1

    @extend_schema(
        summary="How the house stands",
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
                    "trading": "open",
                    "markets": {"open": 12, "auction": 0, "closed": 0, "halted": 0},
                    "waiting_since": None,
                    "signed_at": "2026-11-30T06:05:00Z",
                    "witnessed_at": "2026-11-30T06:04:58Z",
                    "reconciled_at": "2026-11-29T19:30:12Z",
                    "books_hold": True,
                },
                response_only=True,
            )
        ],
    )
    def get_status(self, request: Request) -> Response:
        """What is frozen as known a second ago, the rest as known a few seconds ago. What is frozen is refused with `trading_frozen`, `withdrawals_frozen` or `everything_frozen`."""
        standing, house = frozen(), house_status()
        stopped = {each.scope for each in standing}
        answer = {
            "is_trading_open": stopped.isdisjoint(STOPS[Scope.TRADING]),
            "are_withdrawals_open": stopped.isdisjoint(STOPS[Scope.WITHDRAWALS]),
            "are_writes_open": stopped.isdisjoint(STOPS[Scope.EVERYTHING]),
            "frozen": [each._asdict() for each in standing],
            "trading": house.trading.value,
            "markets": {state.value: house.markets[state.value] for state in Market.State},
            **{name: getattr(house, name) for name in _PROVEN},
        }
        return Response(show(StatusSerializer, answer))
