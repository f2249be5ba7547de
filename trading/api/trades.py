"""An organisation's own trades."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.endpoints import Endpoint
from ledger.api.fields import MAX_ROW_ID, Choice, Moment, Text, WrittenNumber
from ledger.api.filters import WindowQuerySerializer, narrowed
from trading.execution.models import Trade
from trading.marketdata.selectors import own_trades
from trading.orders.models import Order


class TradeSerializer(serializers.Serializer[Trade]):
    """A trade from the side of one's own order."""

    id = serializers.IntegerField()
    market = Text(source="market.symbol")
    order = serializers.IntegerField(source="own_order_id", help_text="The id of your order.")
    side = Choice(choices=Order.Side.choices)
    taker_side = Choice(choices=Order.Side.choices)
    price_fen = serializers.IntegerField()
    quantity_t = serializers.IntegerField()
    value_fen = serializers.IntegerField()
    fee_fen = serializers.IntegerField()
    transaction = serializers.IntegerField(source="transaction_id", help_text="Which settled it.")
    executed_at = Moment()


class TradeQuerySerializer(WindowQuerySerializer):
    """Query parameters of the list of one's own trades."""

    market = Text(required=False, max_length=40, help_text="A market's symbol.")
    side = Choice(required=False, choices=Order.Side.choices, help_text="Yours.")
    order_id = WrittenNumber(required=False, max_value=MAX_ROW_ID, help_text="The id of an order of yours.")


class Trades(Endpoint):
    tag = "orders"

    @extend_schema(summary="List your trades", parameters=[TradeQuerySerializer], responses=TradeSerializer(many=True))
    def list_trades(self, request: Request) -> Response:
        """Your organisation's, newest first."""
        wanted = self.query(TradeQuerySerializer)
        columns = {"market": "market__symbol", "order_id": "own_order_id", "side": "side"}
        found = narrowed(own_trades(self.actor.organisation), wanted, columns, time="executed_at")
        return self.page(found, TradeSerializer)
