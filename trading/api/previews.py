"""What an order would do, asked before it is sent."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.endpoints import Endpoint, show
from ledger.api.fields import Text
from ledger.api.once import keeps_no_answer
from ledger.api.rights import needs
from ledger.api.schema import refuses
from ledger.parties.scopes import Scope
from trading.api.orders import ENTRY, EXAMPLE, NewMarketOrderSerializer
from trading.errors import NotInAuction
from trading.marketdata.preview import Preview, preview_order
from trading.marketdata.selectors import market_by_symbol
from trading.orders.terms import NewOrder


class FillSerializer(serializers.Serializer[Any]):
    price_fen = serializers.IntegerField()
    quantity_t = serializers.IntegerField()


class IndicativeSerializer(serializers.Serializer[Any]):
    """What the call auction that is on would come to with the order."""

    price_fen = serializers.IntegerField()
    quantity_t = serializers.IntegerField()


class OrderPreviewSerializer(serializers.Serializer[Preview]):
    held = serializers.IntegerField(
        source="cover.needed", help_text="What would be held: fen, with the fee, of a buy; tonnes of a sell."
    )
    left = serializers.IntegerField(source="cover.left", help_text="What would be left, of the same.")
    fills = FillSerializer(many=True, help_text="What would trade at once, price by price.")
    filled_t = serializers.IntegerField()
    average_fen = serializers.IntegerField(allow_null=True, help_text="Of what would trade, half up; null of nothing.")
    fee_fen = serializers.IntegerField(help_text="Of what would trade at once.")
    total_fen = serializers.IntegerField(help_text="Paid with the fee of a buy, received without it of a sell.")
    rests_t = serializers.IntegerField(help_text="What would rest on the book.")
    ended_t = serializers.IntegerField(help_text="What would be canceled at once, for `reason`.")
    reason = Text(help_text="Why the rest would be canceled or, where `ended_t` is 0, all of it rejected; else empty.")
    own_t = serializers.IntegerField(help_text="Tonnes of your own orders that would be taken off for it.")
    is_whole = serializers.BooleanField(help_text="False where the book is deeper than is told.")
    indicative = IndicativeSerializer(
        allow_null=True, help_text="While a call auction collects orders, and something would be traded; else null."
    )
    indicative_t = serializers.IntegerField(help_text="How much of that would be the order's, at least.")


class OrderPreviews(Endpoint):
    tag = "orders"

    @extend_schema(
        summary="Preview an order",
        request=NewMarketOrderSerializer,
        responses=OrderPreviewSerializer,
        examples=[OpenApiExample("Buy", value={"market": "TH-35-000001-2022", **EXAMPLE}, request_only=True)],
    )
    @refuses(*ENTRY, NotInAuction)
    @keeps_no_answer
    @needs(Scope.READ)
    def preview_order(self, request: Request) -> Response:
        """What it would do as the book stands, refused where entry would refuse it. Nothing is entered or held.

        The hidden part of icebergs is not looked at: an order may fare better than is said.
        """
        actor, wanted = self.actor, self.body(NewMarketOrderSerializer)
        market = market_by_symbol(wanted.pop("market"))
        return Response(
            show(OrderPreviewSerializer, preview_order(actor=actor, market=market, order=NewOrder(**wanted)))
        )
