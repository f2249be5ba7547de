"""Orders: enter one or many, read them, replace, cancel."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.endpoints import Endpoint, show
from ledger.api.fields import Choice, Flag, Instant, Moment, Text, WholeNumber
from ledger.api.filters import WindowQuerySerializer, narrowed
from ledger.api.problems import of_domain
from ledger.api.schema import refuses
from ledger.api.serializers import NothingSerializer, ProblemSerializer, StrictSerializer
from ledger.errors import NotAllowed, NotFound, OrganisationNotApproved
from ledger.freezes import TradingFrozen
from ledger.parties.rates import ORDERS
from ledger.parties.scopes import Scope
from trading.errors import (
    DuplicateOrder,
    InsufficientCredits,
    InsufficientFunds,
    InvalidOrder,
    MarketClosed,
    MarketHalted,
    NotInAuction,
    OffLot,
    OffTick,
    OrderTooLarge,
    OutsideBand,
    OverLimit,
    ReplacePending,
    TooLateToCancel,
    TooLateToReplace,
)
from trading.marketdata.selectors import market_by_symbol
from trading.markets.models import TradingMode
from trading.markets.services import MAX_PRICE_FEN
from trading.orders.cancels import cancel_order, cancel_orders
from trading.orders.models import Order
from trading.orders.replaces import replace_order
from trading.orders.selectors import OPEN, access_order_by_id, filter_orders, orders_of
from trading.orders.services import MAX_ORDERS_A_CALL, OrderResult, enter_orders
from trading.orders.single import enter_order
from trading.orders.standing import standing_in
from trading.orders.terms import MAX_CLIENT_ORDER_ID, MAX_QUANTITY_T, NewOrder

STATUS_FILTERS = [(OPEN, "can still trade"), *Order.Status.choices]
EXAMPLE = {"client_order_id": "2024-07-01-0001", "side": "buy", "price_fen": 4000, "quantity_t": 100}

ENTRY = (
    NotAllowed,
    OrganisationNotApproved,
    NotFound,
    TradingFrozen,
    MarketHalted,
    MarketClosed,
    OffTick,
    OffLot,
    OutsideBand,
    OrderTooLarge,
    OverLimit,
    InsufficientFunds,
    InsufficientCredits,
    InvalidOrder,
)
"""Why an order, or new terms of one, are refused."""


class NewOrderSerializer(StrictSerializer):
    """Without options a limit order, good till cancelled."""

    client_order_id = Text(
        max_length=MAX_CLIENT_ORDER_ID,
        trim_whitespace=False,
        help_text="Yours: a request repeated with it enters once.",
    )
    side = Choice(choices=Order.Side.choices)
    price_fen = WholeNumber(
        default=None,
        min_value=1,
        max_value=MAX_PRICE_FEN,
        help_text="Fen per tonne. Of a market order the worst price that it may get; the edge of the band without it.",
    )
    quantity_t = WholeNumber(min_value=1, max_value=MAX_QUANTITY_T)
    order_type = Choice(choices=Order.Type.choices, required=False, help_text="`limit` where none is given.")
    time_in_force = Choice(
        choices=Order.TimeInForce.choices,
        required=False,
        help_text="Where none is given: `gtc` of a limit order; of a market order, which never rests, `ioc`, or `day` "
        "while a call auction collects orders.",
    )
    post_only = Flag(required=False, help_text="Rejected (`would_take`) where it would trade on entry.")
    display_t = WholeNumber(
        required=False, min_value=1, max_value=MAX_QUANTITY_T, help_text="An iceberg: so much of it is shown at a time."
    )
    self_trade_mode = Choice(
        choices=Order.SelfTradeMode.choices,
        required=False,
        help_text="What is done where it would trade with an order of your own; `cancel_newest` where none is given.",
    )
    expires_at = Instant(required=False, help_text="Of an order that is good until a time (`gtd`), within a year.")


class NewMarketOrderSerializer(NewOrderSerializer):
    market = Text(max_length=40, help_text="The market's symbol.")


class NewOrdersSerializer(StrictSerializer):
    market = Text(max_length=40, help_text="The market's symbol.")
    # A list field, not a list serializer: that one would copy its child for each order.
    orders = serializers.ListField(child=NewOrderSerializer(), allow_empty=False, max_length=MAX_ORDERS_A_CALL)


class OrderSerializer(serializers.Serializer[Order]):
    id = serializers.IntegerField()
    market = Text(source="market.symbol")
    client_order_id = Text()
    side = Choice(choices=Order.Side.choices)
    price_fen = serializers.IntegerField()
    quantity_t = serializers.IntegerField()
    order_type = Choice(choices=Order.Type.choices)
    time_in_force = Choice(choices=Order.TimeInForce.choices)
    expires_at = Moment(allow_null=True)
    trading_mode = Choice(choices=TradingMode.choices)
    post_only = serializers.BooleanField()
    display_t = serializers.IntegerField(allow_null=True)
    self_trade_mode = Choice(choices=Order.SelfTradeMode.choices)
    filled_t = serializers.IntegerField()
    remaining_t = serializers.IntegerField(
        help_text="Neither filled nor taken off; nothing of it trades once the order is canceled."
    )
    status = Choice(choices=Order.Status.choices)
    reason = Text(help_text="Why the market canceled or rejected it; else empty.")
    placed_at = Moment()


class NewTermsSerializer(StrictSerializer):
    """One of the two at least."""

    quantity_t = WholeNumber(
        required=False,
        min_value=1,
        max_value=MAX_QUANTITY_T,
        help_text="The new total, of which what was filled is a part: not above that, it cancels what remains.",
    )
    price_fen = WholeNumber(required=False, min_value=1, max_value=MAX_PRICE_FEN)


class CancelAllSerializer(StrictSerializer):
    market = Text(required=False, max_length=40, help_text="A market's symbol; all markets where none is given.")
    side = Choice(choices=Order.Side.choices, required=False, help_text="Both where none is given.")


class CancelsSerializer(serializers.Serializer[Any]):
    orders = serializers.IntegerField(help_text="How many the markets are asked to cancel.")


class OrderResultSerializer(serializers.Serializer[Any]):
    """One of the two: the order, or why it was refused."""

    order = OrderSerializer(required=False)
    error = ProblemSerializer(required=False)


class OrderResultsSerializer(serializers.Serializer[Any]):
    results = OrderResultSerializer(many=True, help_text="In the order of the request.")


class OrderQuerySerializer(WindowQuerySerializer):
    market = Text(required=False, max_length=40, help_text="A market's symbol.")
    status = Choice(choices=STATUS_FILTERS, required=False)
    side = Choice(choices=Order.Side.choices, required=False)
    client_order_id = Text(required=False, max_length=MAX_CLIENT_ORDER_ID, trim_whitespace=False)


class Orders(Endpoint):
    tag = "orders"
    writes = Scope.TRADE

    @extend_schema(summary="List orders", parameters=[OrderQuerySerializer], responses=OrderSerializer(many=True))
    def list_orders(self, request: Request) -> Response:
        """Your organisation's, newest first."""
        wanted = self.query(OrderQuerySerializer)
        columns = {"side": "side", "client_order_id": "client_order_id"}
        orders = narrowed(orders_of(self.actor.organisation), wanted, columns, time="placed_at")
        return self.page(
            filter_orders(orders, symbol=wanted.get("market"), status=wanted.get("status")), OrderSerializer
        )

    @extend_schema(
        summary="Enter an order",
        request=NewMarketOrderSerializer,
        responses={201: OrderSerializer, 200: OrderSerializer},
        examples=[
            OpenApiExample("Buy", value={"market": "TH-35-000001-2022", **EXAMPLE}, request_only=True),
            OpenApiExample(
                "Received",
                value={
                    "id": 42,
                    "market": "TH-35-000001-2022",
                    **EXAMPLE,
                    "order_type": "limit",
                    "time_in_force": "gtc",
                    "expires_at": None,
                    "trading_mode": "listing",
                    "post_only": False,
                    "display_t": None,
                    "self_trade_mode": "cancel_newest",
                    "filled_t": 0,
                    "remaining_t": 100,
                    "status": "pending_new",
                    "reason": "",
                    "placed_at": "2024-07-01T01:30:00.000000Z",
                },
                response_only=True,
                status_codes=["201"],
            ),
        ],
    )
    @refuses(*ENTRY, NotInAuction, DuplicateOrder)
    def place_order(self, request: Request) -> Response:
        """What it can cost, or deliver, is held at once; the market takes it in its turn.

        201, or 200 with the first order where the client order id was used for the same before.
        """
        actor, wanted = self.actor, self.body(NewMarketOrderSerializer)
        result = enter_order(actor=actor, symbol=wanted.pop("market"), order=NewOrder(**wanted))
        if result.error is not None:
            raise result.error
        return Response(show(OrderSerializer, result.order), status=200 if result.replayed else 201)

    @extend_schema(
        summary="Enter many orders",
        request=NewOrdersSerializer,
        responses=OrderResultsSerializer,
        examples=[OpenApiExample("One", value={"market": "TH-35-000001-2022", "orders": [EXAMPLE]}, request_only=True)],
    )
    @refuses(NotAllowed, OrganisationNotApproved, NotFound)
    def place_orders(self, request: Request) -> Response:
        """Up to 1,000 for one market, each accepted or refused by itself.

        A body that is not what the schema says is refused whole.
        """
        actor, wanted = self.actor, self.body(NewOrdersSerializer)
        # One was counted before the body was read.
        self.spend(ORDERS, len(wanted["orders"]) - 1)
        standing = standing_in(symbol=wanted["market"], organisation_id=actor.organisation_id)
        orders = [NewOrder(**order) for order in wanted["orders"]]
        results = enter_orders(actor=actor, standing=standing, orders=orders)
        return Response({"results": [_shown(result) for result in results]})

    @extend_schema(summary="Read an order", responses=OrderSerializer)
    def get_order(self, request: Request, order_id: int) -> Response:
        """Your organisation's own."""
        return Response(show(OrderSerializer, access_order_by_id(order_id=order_id, actor=self.actor)))

    @extend_schema(summary="Replace an order", request=NewTermsSerializer, responses={202: OrderSerializer})
    @refuses(*ENTRY, TooLateToReplace, ReplacePending)
    def replace_order(self, request: Request, order_id: int) -> Response:
        """New terms, which the market takes in their turn; what they need beyond what is held already is held at once.

        The same price and a smaller quantity keep the order's place; anything else takes a new one, and may trade at once.
        Asked for again with the same terms, nothing more is done.
        """
        order = replace_order(actor=self.actor, order_id=order_id, **self.body(NewTermsSerializer))
        return Response(show(OrderSerializer, order), status=202)

    @extend_schema(summary="Cancel all orders", request=CancelAllSerializer, responses={202: CancelsSerializer})
    @refuses(NotAllowed, NotFound)
    def cancel_orders(self, request: Request) -> Response:
        """Every open order of your organisation, or those of one market or side; each market takes it in its turn."""
        wanted = self.body(CancelAllSerializer)
        market_id = market_by_symbol(wanted["market"]).pk if "market" in wanted else None
        asked_for = cancel_orders(actor=self.actor, market_id=market_id, side=wanted.get("side"))
        return Response({"orders": asked_for}, status=202)

    @extend_schema(summary="Cancel an order", request=NothingSerializer, responses={202: OrderSerializer})
    @refuses(NotAllowed, TooLateToCancel)
    def cancel_order(self, request: Request, order_id: int) -> Response:
        """The market takes it in its turn: a fill that is under way comes first, and `status` follows in a moment."""
        self.body(NothingSerializer)
        order = cancel_order(actor=self.actor, order_id=order_id)
        return Response(show(OrderSerializer, order), status=202)


def _shown(result: OrderResult) -> dict[str, Any]:
    if result.error is not None:
        return {"error": of_domain(result.error)}
    return {"order": show(OrderSerializer, result.order)}
