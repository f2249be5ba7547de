"""Prices of a market over time and at a glance, and tickets for the private stream."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.endpoints import Endpoint, show
from ledger.api.fields import Choice, Moment, Text, WrittenNumber
from ledger.api.filters import SpanQuerySerializer
from ledger.api.once import keeps_no_answer
from ledger.api.rights import needs
from ledger.api.schema import refuses
from ledger.api.serializers import NothingSerializer
from ledger.errors import NotAllowed
from ledger.parties.scopes import Scope
from trading.errors import StreamsOutOfReach
from trading.marketdata.access import TICKET_SECONDS, issue_ticket
from trading.marketdata.candles import INTERVALS, Bar, candles
from trading.marketdata.selectors import Quote, market_by_symbol, quote
from trading.markets.models import Market

CANDLES = 200
MAX_CANDLES = 500
INTERVAL_CHOICES = [(name, name) for name in INTERVALS]


class CandleQuerySerializer(SpanQuerySerializer):
    interval = Choice(choices=INTERVAL_CHOICES, required=False, help_text="`1m` where none is given.")
    limit = WrittenNumber(min_value=1, max_value=MAX_CANDLES, required=False, help_text="200 where none is given.")

    from_help = "Of the minutes from this time on; without an offset in Shanghai's time."
    to_help = "And before this one; `begins_at` of the first candle leads further back."


class CandleSerializer(serializers.Serializer[Bar]):
    """What was traded on the book from `begins_at` on, for as long as the interval."""

    begins_at = Moment()
    open_fen = serializers.IntegerField()
    high_fen = serializers.IntegerField()
    low_fen = serializers.IntegerField()
    close_fen = serializers.IntegerField()
    quantity_t = serializers.IntegerField()
    value_fen = serializers.IntegerField()
    trades = serializers.IntegerField(help_text="How many.")


class CandlesSerializer(serializers.Serializer[Any]):
    market = Text(help_text="Its symbol.")
    interval = Choice(choices=INTERVAL_CHOICES)
    candles = CandleSerializer(many=True, help_text="The oldest first; an interval without trades has none.")


class FullTickerSerializer(serializers.Serializer[Quote]):
    """A market at a glance: null where nothing was traded, or nobody bids or asks."""

    market = Text(source="market.symbol", help_text="Its symbol.")
    state = Choice(source="market.state", choices=Market.State.choices)
    phase = Choice(
        source="market.phase", choices=Market.Phase.choices, help_text="Where it stands in its day, halted or not."
    )
    halt_reason = Text(source="market.halt_reason")
    reference_price_fen = serializers.IntegerField(source="market.reference_price_fen")
    last_price_fen = serializers.IntegerField(source="ticker.last_price_fen", allow_null=True, help_text="On the book.")
    change_fen = serializers.IntegerField(
        source="ticker.change_fen", allow_null=True, help_text="Against the reference price."
    )
    highest_price_fen = serializers.IntegerField(
        source="ticker.highest_price_fen", allow_null=True, help_text="On the book, in the last 24 hours."
    )
    lowest_price_fen = serializers.IntegerField(source="ticker.lowest_price_fen", allow_null=True)
    quantity_t = serializers.IntegerField(
        source="ticker.quantity_t", help_text="In the last 24 hours, in every trading mode."
    )
    value_fen = serializers.IntegerField(source="ticker.value_fen")
    best_bid_fen = serializers.IntegerField(allow_null=True)
    best_ask_fen = serializers.IntegerField(allow_null=True)


class TicketSerializer(serializers.Serializer[Any]):
    ticket = Text(help_text="Good once: `?ticket=` of the address.")
    expires_in = serializers.IntegerField(help_text="In so many seconds.")
    address = Text(help_text="Of the stream; empty where there is none.")


class MarketData(Endpoint):
    tag = "markets"
    shared_seconds = 1
    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(summary="Read a market's candles", parameters=[CandleQuerySerializer], responses=CandlesSerializer)
    def get_candles(self, request: Request, symbol: str) -> Response:
        """The newest of a span, of trades on the book. Days and hours begin as in Shanghai."""
        wanted = self.query(CandleQuerySerializer)
        interval = wanted.get("interval", "1m")
        found = candles(
            market_by_symbol(symbol),
            interval,
            earliest=wanted.get("from"),
            before=wanted.get("to"),
            limit=wanted.get("limit", CANDLES),
        )
        return Response(show(CandlesSerializer, {"market": symbol, "interval": interval, "candles": found}))

    @extend_schema(summary="Read a market's ticker", responses=FullTickerSerializer)
    def get_ticker(self, request: Request, symbol: str) -> Response:
        """Last price, best prices, state, and the last 24 hours."""
        return Response(show(FullTickerSerializer, quote(market_by_symbol(symbol))))


class Streams(Endpoint):
    tag = "orders"

    @extend_schema(
        summary="Get a ticket for your stream",
        request=NothingSerializer,
        responses={201: TicketSerializer},
        examples=[
            OpenApiExample(
                "A ticket",
                value={
                    "ticket": "pZ3c1…",
                    "expires_in": TICKET_SECONDS,
                    "address": "https://tianhui.example/stream/orders",
                },
                response_only=True,
                status_codes=["201"],
            )
        ],
    )
    @refuses(NotAllowed, StreamsOutOfReach)
    @needs(Scope.READ)
    @keeps_no_answer
    def issue_stream_ticket(self, request: Request) -> Response:
        """For browsers, which send no token with an EventSource: it opens the stream of your orders and trades, once."""
        self.body(NothingSerializer)
        token = _token_of(request)
        session_key = request._request.session.session_key if token is None else None
        ticket = issue_ticket(actor=self.actor, token=token, session_key=session_key)
        base = settings.STREAM_URL.rstrip("/")
        address = f"{base}/stream/orders" if base else ""
        content = {"ticket": ticket, "expires_in": TICKET_SECONDS, "address": address}
        return Response(show(TicketSerializer, content), status=201)


def _token_of(request: Request) -> str | None:
    """Return the API token that the caller came with; None for the session of a page."""
    scheme, _space, secret = request.headers.get("Authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else None
