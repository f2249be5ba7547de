"""Markets with their books and trades, and who opens and halts them."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated, IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.conditions import check_match
from ledger.api.endpoints import Endpoint, show
from ledger.api.fields import Choice, Moment, Text, WholeNumber, WrittenNumber
from ledger.api.filters import WindowQuerySerializer, narrowed
from ledger.api.schema import refuses
from ledger.api.serializers import PageQuerySerializer, StrictSerializer
from ledger.errors import InvalidValue, NotAllowed, NotFound, PreconditionFailed, SamePerson, WrongState
from ledger.journal.models import Asset
from ledger.parties.access import reads_everything
from trading.errors import MarketExists, NothingToChange
from trading.execution.models import Trade
from trading.marketdata.selectors import depth, market_by_symbol, markets, ticker, trades_of
from trading.markets.models import Market, MarketChange
from trading.markets.selectors import next_step
from trading.markets.services import MAX_PRICE_FEN, open_market
from trading.markets.sessions import MAX_SESSIONS, Step
from trading.orders.changes import confirm_market_change, propose_market_change, refuse_market_change
from trading.orders.models import Order
from trading.orders.phases import LONGEST_AUCTION, halt_market, resume_market
from trading.orders.terms import MAX_QUANTITY_T

LEVELS = 20
MAX_LEVELS = 500
STEPS = [(step.value, step.value.replace("_", " ")) for step in Step]


class SessionSerializer(StrictSerializer):
    """From its opening to its close, in Asia/Shanghai; with a call auction before it, or at its end, where those are given."""

    pre_open = Text(max_length=5, required=False, help_text="09:15, say.")
    open = Text(max_length=5)
    closing = Text(max_length=5, required=False)
    close = Text(max_length=5)


class NewMarketSerializer(StrictSerializer):
    asset = Text(max_length=40, help_text="The code of the batch that is traded.")
    symbol = Text(max_length=40, help_text="Letters, digits and hyphens.")
    reference_price_fen = WholeNumber(min_value=1, max_value=MAX_PRICE_FEN)
    tick_size_fen = WholeNumber(min_value=1, max_value=1_000_000, required=False, help_text="1 where none is given.")
    lot_size_t = WholeNumber(min_value=1, max_value=MAX_QUANTITY_T, required=False, help_text="1 where none is given.")
    band_percent = WholeNumber(min_value=1, max_value=99, required=False, help_text="10 where none is given.")
    maker_fee_bps = WholeNumber(min_value=0, max_value=1_000, required=False, help_text="At most the taker's fee.")
    taker_fee_bps = WholeNumber(min_value=0, max_value=1_000, required=False)
    sessions = serializers.ListField(
        child=SessionSerializer(), required=False, max_length=MAX_SESSIONS, help_text="None: the market is always open."
    )
    volatility_percent = WholeNumber(
        min_value=0,
        max_value=99,
        required=False,
        help_text="A trade further than that from the reference price, or the last auction's, brings a call auction; 0: none does.",
    )
    volatility_minutes = WholeNumber(
        min_value=1, max_value=60, required=False, help_text="How long that auction lasts."
    )
    largest_order_t = WholeNumber(min_value=1, max_value=MAX_QUANTITY_T, required=False)
    block_band_percent = WholeNumber(min_value=1, max_value=99, required=False, help_text="30 where none is given.")
    block_minimum_t = WholeNumber(min_value=1, max_value=MAX_QUANTITY_T, required=False)


class NewRulesSerializer(NewMarketSerializer):
    """Those that shall become other ones, and why."""

    asset = None  # type: ignore[assignment]
    symbol = None  # type: ignore[assignment]
    reference_price_fen = WholeNumber(min_value=1, max_value=MAX_PRICE_FEN, required=False)
    reason = Text(max_length=200, help_text="Kept in the log.")


class ResumeSerializer(StrictSerializer):
    auction_minutes = WholeNumber(
        min_value=1,
        max_value=LONGEST_AUCTION,
        required=False,
        help_text="Trading begins again by a call auction of so many minutes; at once where none is given.",
    )


class HaltSerializer(StrictSerializer):
    reason = Text(max_length=200, help_text="Shown to everyone.")


class BandSerializer(serializers.Serializer[Any]):
    """The prices that orders may have."""

    percent = serializers.IntegerField()
    lowest_price_fen = serializers.IntegerField()
    highest_price_fen = serializers.IntegerField()


class ListedMarketSerializer(serializers.Serializer[Market]):
    symbol = Text()
    asset = Text(source="asset.code")
    state = Choice(choices=Market.State.choices)
    phase = Choice(choices=Market.Phase.choices, help_text="Where its day has come to, halted or not.")
    halt_reason = Text()
    reference_price_fen = serializers.IntegerField()
    tick_size_fen = serializers.IntegerField()
    lot_size_t = serializers.IntegerField()
    maker_fee_bps = serializers.IntegerField()
    taker_fee_bps = serializers.IntegerField()
    band = serializers.SerializerMethodField()
    sessions = serializers.ListField(child=SessionSerializer(), help_text="None: the market is always open.")
    volatility_percent = serializers.IntegerField()
    volatility_minutes = serializers.IntegerField()
    auction_ends_at = Moment(allow_null=True, help_text="When the call auction of an interruption ends.")
    largest_order_t = serializers.IntegerField()
    block_band_percent = serializers.IntegerField()
    block_minimum_t = serializers.IntegerField()
    opened_at = Moment()

    @extend_schema_field(BandSerializer)
    def get_band(self, market: Market) -> dict[str, int]:
        lowest, highest = market.band_fen
        return {"percent": market.band_percent, "lowest_price_fen": lowest, "highest_price_fen": highest}


class MarketRulesSerializer(serializers.Serializer[Market]):
    """What the operator may change of a market."""

    reference_price_fen = serializers.IntegerField()
    tick_size_fen = serializers.IntegerField()
    lot_size_t = serializers.IntegerField()
    band_percent = serializers.IntegerField()
    maker_fee_bps = serializers.IntegerField()
    taker_fee_bps = serializers.IntegerField()
    sessions = serializers.ListField(child=SessionSerializer())
    volatility_percent = serializers.IntegerField()
    volatility_minutes = serializers.IntegerField()
    largest_order_t = serializers.IntegerField()
    block_band_percent = serializers.IntegerField()
    block_minimum_t = serializers.IntegerField()


class TickerSerializer(serializers.Serializer[Any]):
    """The last price, its distance from the reference price, and the last 24 hours; null where nothing was traded."""

    last_price_fen = serializers.IntegerField(allow_null=True)
    change_fen = serializers.IntegerField(allow_null=True)
    highest_price_fen = serializers.IntegerField(allow_null=True)
    lowest_price_fen = serializers.IntegerField(allow_null=True)
    quantity_t = serializers.IntegerField()
    value_fen = serializers.IntegerField()


class NextStepSerializer(serializers.Serializer[Any]):
    """What a market's sessions bring next."""

    at = Moment()
    step = Choice(choices=STEPS)


class MarketSerializer(ListedMarketSerializer):
    next_step = serializers.SerializerMethodField(help_text="Null where the market is always open.")
    ticker = serializers.SerializerMethodField()

    @extend_schema_field(NextStepSerializer(allow_null=True))
    def get_next_step(self, market: Market) -> Any:
        coming = next_step(market)
        return coming and show(NextStepSerializer, coming)

    @extend_schema_field(TickerSerializer)
    def get_ticker(self, market: Market) -> Any:
        return show(TickerSerializer, ticker(market))


class MarketQuerySerializer(PageQuerySerializer):
    """Query parameters of the list of markets."""

    state = Choice(required=False, choices=Market.State.choices)
    phase = Choice(required=False, choices=Market.Phase.choices)


class BookQuerySerializer(StrictSerializer):
    levels = WrittenNumber(min_value=1, max_value=MAX_LEVELS, required=False, help_text="20 where none is given.")


class LevelSerializer(serializers.Serializer[Any]):
    price_fen = serializers.IntegerField()
    quantity_t = serializers.IntegerField()
    orders = serializers.IntegerField(help_text="How many orders make up the quantity.")


class BookSerializer(serializers.Serializer[Any]):
    market = Text(help_text="Its symbol.")
    bids = LevelSerializer(many=True, help_text="The highest price first.")
    asks = LevelSerializer(many=True, help_text="The lowest price first.")


class TapeSerializer(serializers.Serializer[Trade]):
    """A trade as everybody sees it."""

    id = serializers.IntegerField()
    price_fen = serializers.IntegerField()
    quantity_t = serializers.IntegerField()
    taker_side = Choice(choices=Order.Side.choices, help_text="Who came to the book: a buyer lifts the price.")
    executed_at = Moment()


class MarketChangeSerializer(serializers.Serializer[MarketChange]):
    """Other rules of a market, proposed by one person and decided by another."""

    id = serializers.IntegerField()
    market = Text(source="market.symbol", help_text="Its symbol.")
    rules = serializers.DictField(help_text="What becomes another one, by the name of the rule.")
    reason = Text()
    state = Choice(choices=MarketChange.State.choices)
    proposed_by = serializers.UUIDField(source="proposed_by.public_id")
    proposed_at = Moment()
    decided_by = serializers.UUIDField(source="decided_by.public_id", allow_null=True, default=None)
    decided_at = Moment(allow_null=True)


class MarketChanges(Endpoint):
    tag = "markets"
    permission_classes = (IsAuthenticated,)

    @extend_schema(
        summary="List changes of markets' rules",
        parameters=[PageQuerySerializer],
        responses=MarketChangeSerializer(many=True),
    )
    def list_market_changes(self, request: Request) -> Response:
        """For the operator and auditors, newest first; what is `proposed` waits for a second person."""
        self.query(PageQuerySerializer)
        if not reads_everything(self.actor):
            raise NotAllowed()
        changes = MarketChange.objects.select_related("market", "proposed_by", "decided_by")
        return self.page(changes, MarketChangeSerializer)

    @extend_schema(summary="Confirm other rules of a market", request=None, responses=MarketChangeSerializer)
    @refuses(NotAllowed, NotFound, SamePerson, WrongState, InvalidValue, NothingToChange)
    def confirm_market_change(self, request: Request, change_id: int) -> Response:
        """For another registrar than who proposed them, or an owner of the operator."""
        changed = confirm_market_change(actor=self.actor, change_id=change_id)
        return Response(show(MarketChangeSerializer, changed))

    @extend_schema(summary="Refuse other rules of a market", request=None, responses=MarketChangeSerializer)
    @refuses(NotAllowed, NotFound, WrongState)
    def refuse_market_change(self, request: Request, change_id: int) -> Response:
        """Who proposed them takes them back in the same way."""
        return Response(show(MarketChangeSerializer, refuse_market_change(actor=self.actor, change_id=change_id)))


class Markets(Endpoint):
    tag = "markets"
    shared_seconds = 1
    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(
        summary="List markets", parameters=[MarketQuerySerializer], responses=ListedMarketSerializer(many=True)
    )
    def list_markets(self, request: Request) -> Response:
        """All of them, newest first."""
        wanted = self.query(MarketQuerySerializer)
        columns = {"state": "state", "phase": "phase"}
        return self.page(narrowed(markets(), wanted, columns), ListedMarketSerializer)

    @extend_schema(
        summary="Open a market",
        request=NewMarketSerializer,
        responses={201: MarketSerializer},
        examples=[
            OpenApiExample(
                "40 yuan a tonne, ±10 %",
                value={"asset": "TH-35-000001-2022", "symbol": "TH-35-000001-2022", "reference_price_fen": 4000},
                request_only=True,
            )
        ],
    )
    @refuses(InvalidValue, NotFound, NotAllowed, MarketExists)
    def open_market(self, request: Request) -> Response:
        """For the operator's registrars: a batch has one market."""
        actor, wanted = self.actor, self.body(NewMarketSerializer)
        asset = Asset.objects.filter(code=wanted.pop("asset"), kind=Asset.Kind.CREDIT).first()
        if asset is None:
            raise NotFound(field="asset")
        market = open_market(actor=actor, asset_id=asset.pk, **wanted)
        return Response(show(MarketSerializer, market), status=201)

    @extend_schema(summary="Read a market", responses=MarketSerializer)
    def get_market(self, request: Request, symbol: str) -> Response:
        """With its price band and what was traded lately."""
        return Response(show(MarketSerializer, market_by_symbol(symbol)))

    @extend_schema(summary="Read a market's book", parameters=[BookQuerySerializer], responses=BookSerializer)
    def get_book(self, request: Request, symbol: str) -> Response:
        """Each side from its best price on."""
        levels = self.query(BookQuerySerializer).get("levels", LEVELS)
        book = depth(market_by_symbol(symbol), levels)
        return Response(show(BookSerializer, {"market": symbol, "bids": book.bids, "asks": book.asks}))

    @extend_schema(
        summary="List a market's trades", parameters=[WindowQuerySerializer], responses=TapeSerializer(many=True)
    )
    def list_market_trades(self, request: Request, symbol: str) -> Response:
        """The tape, newest first."""
        wanted = self.query(WindowQuerySerializer)
        return self.page(narrowed(trades_of(market_by_symbol(symbol)), wanted, time="executed_at"), TapeSerializer)

    @extend_schema(summary="Read a market's rules", responses=MarketRulesSerializer)
    def get_market_rules(self, request: Request, symbol: str) -> Response:
        """Those alone that the operator may change."""
        return Response(show(MarketRulesSerializer, market_by_symbol(symbol)))

    @extend_schema(
        summary="Propose other rules of a market", request=NewRulesSerializer, responses={202: MarketSerializer}
    )
    @refuses(InvalidValue, NotAllowed, NothingToChange, PreconditionFailed, WrongState)
    def change_market(self, request: Request, symbol: str) -> Response:
        """For the operator's registrars. Nothing changes before a second person confirms it (`/market-changes`); then it is taken in
        its turn among the orders, and the rules follow in a moment.

        Orders that the new rules do not allow expire then; new fees end every order that rests. `If-Match` with the ETag of
        the rules as you read them: refused where they are others by now, or others wait to be taken.
        """
        market = market_by_symbol(symbol)
        given = self.body(NewRulesSerializer)
        expect = self._expect_as_read if "If-Match" in request.headers else None
        propose_market_change(actor=self.actor, market_id=market.pk, expect=expect, **given)
        return Response(show(MarketSerializer, market), status=202)

    @extend_schema(summary="Halt a market", request=HaltSerializer, responses={202: MarketSerializer})
    @refuses(InvalidValue, NotAllowed)
    def halt_market(self, request: Request, symbol: str) -> Response:
        """For the operator's registrars. It is taken in its turn among the orders: `state` follows in a moment."""
        market = market_by_symbol(symbol)
        halt_market(actor=self.actor, market_id=market.pk, **self.body(HaltSerializer))
        return Response(show(MarketSerializer, market), status=202)

    def _expect_as_read(self, locked: Market, is_changing: bool) -> None:
        if is_changing:
            raise PreconditionFailed()
        check_match(self.request, show(MarketRulesSerializer, locked))

    @extend_schema(summary="Resume a market", request=ResumeSerializer, responses={202: MarketSerializer})
    @refuses(InvalidValue, NotAllowed)
    def resume_market(self, request: Request, symbol: str) -> Response:
        """For the operator's registrars. It is taken in its turn among the orders: `state` follows in a moment."""
        wanted = self.body(ResumeSerializer)
        market = market_by_symbol(symbol)
        resume_market(actor=self.actor, market_id=market.pk, **wanted)
        return Response(show(MarketSerializer, market), status=202)
