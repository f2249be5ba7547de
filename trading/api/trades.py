"""An organisation's own trades."""

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.endpoints import Endpoint
from ledger.api.fields import Choice, Moment, Text
from ledger.api.serializers import PageQuerySerializer
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


class Trades(Endpoint):
    tag = "orders"

    @extend_schema(summary="List your trades", parameters=[PageQuerySerializer], responses=TradeSerializer(many=True))
    def list_trades(self, request: Request) -> Response:
        """Your organisation's, newest first."""
        self.query(PageQuerySerializer)
        return self.page(own_trades(self.actor.organisation), TradeSerializer)
