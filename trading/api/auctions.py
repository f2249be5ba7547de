"""One-way auctions: lots that everyone may read, and bids."""

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticatedOrReadOnly
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.endpoints import Endpoint, show
from ledger.api.fields import MAX_ROW_ID, Choice, Flag, Moment, Text, WholeNumber, WrittenNumber
from ledger.api.filters import WindowQuerySerializer, narrowed
from ledger.api.schema import refuses
from ledger.api.serializers import (
    NothingSerializer,
    OrganisationNameSerializer,
    PageQuerySerializer,
    StrictSerializer,
)
from ledger.errors import InvalidValue, NotAllowed, NotFound, OrganisationNotApproved
from ledger.parties.scopes import Scope
from trading.auctions.entries import commitment
from trading.auctions.models import Bid, OneWayAuction
from trading.auctions.selectors import (
    access_bid_by_id,
    auction_by_id,
    auctions,
    filter_auctions,
    own_bids,
    shown_bids,
)
from trading.auctions.services import (
    MAX_REASON,
    announce_auction,
    cancel_auction,
    place_bid,
    withdraw_bid,
)
from trading.auctions.terms import BidTerms, LotTerms
from trading.errors import (
    AuctionNotOpen,
    BelowMinimum,
    BelowReserve,
    BidBinds,
    BidNotStanding,
    DuplicateProposal,
    InsufficientCredits,
    InsufficientFunds,
    MarketHalted,
    OffLot,
    OffTick,
    TooManyProposals,
)
from trading.markets.services import MAX_PRICE_FEN
from trading.orders.terms import MAX_CLIENT_ORDER_ID, MAX_QUANTITY_T

LOT = {
    "client_auction_id": "2024-07-01-0001",
    "market": "TH-35-000001-2022",
    "quantity_t": 1000,
    "reserve_price_fen": 4000,
    "closes_at": "2024-07-02T07:00:00Z",
}
BID = {"client_bid_id": "2024-07-01-0002", "price_fen": 4500, "quantity_t": 200}


class NewAuctionSerializer(StrictSerializer):
    """Without options sealed, at a uniform price, open at once, for bids of one lot of the market at least."""

    market = Text(max_length=40, help_text="The market's symbol.")
    client_auction_id = Text(
        max_length=MAX_CLIENT_ORDER_ID,
        trim_whitespace=False,
        help_text="Yours: a request repeated with it puts up one lot.",
    )
    quantity_t = WholeNumber(min_value=1, max_value=MAX_QUANTITY_T)
    reserve_price_fen = WholeNumber(
        min_value=1, max_value=MAX_PRICE_FEN, help_text="Fen per tonne: nothing is sold below it."
    )
    least_bid_t = WholeNumber(required=False, min_value=1, max_value=MAX_QUANTITY_T)
    is_sealed = Flag(
        required=False, help_text="Whether nobody sees a bid before the close; true where it is not given."
    )
    pricing = Choice(choices=OneWayAuction.Pricing.choices, required=False, help_text="`uniform` where none is given.")
    opens_at = Moment(required=False, help_text="At once without. Without an offset: in Beijing.")
    closes_at = Moment(help_text="When it is awarded: 30 days after it opens at most.")


class AuctionSerializer(serializers.Serializer[OneWayAuction]):
    """A lot as everyone sees it."""

    id = serializers.IntegerField()
    market = Text(source="market.symbol")
    seller = OrganisationNameSerializer()
    quantity_t = serializers.IntegerField()
    reserve_price_fen = serializers.IntegerField()
    least_bid_t = serializers.IntegerField()
    is_sealed = serializers.BooleanField()
    pricing = Choice(choices=OneWayAuction.Pricing.choices)
    fee_bps = serializers.IntegerField(help_text="What the seller and each winner pay of their trade's value.")
    opens_at = Moment()
    closes_at = Moment()
    state = Choice(choices=OneWayAuction.Stage.choices, source="stage")
    reason = Text(help_text="Why it was called off; else empty.")
    decided_at = Moment(allow_null=True)


class AuctionQuerySerializer(WindowQuerySerializer):
    market = Text(required=False, max_length=40, help_text="A market's symbol.")
    state = Choice(choices=OneWayAuction.Stage.choices, required=False)


class CancellationSerializer(StrictSerializer):
    reason = Text(max_length=MAX_REASON, help_text="Shown to everyone.")


class NewBidSerializer(StrictSerializer):
    client_bid_id = Text(
        max_length=MAX_CLIENT_ORDER_ID, trim_whitespace=False, help_text="Yours: a request repeated with it bids once."
    )
    price_fen = WholeNumber(min_value=1, max_value=MAX_PRICE_FEN, help_text="Fen per tonne.")
    quantity_t = WholeNumber(min_value=1, max_value=MAX_QUANTITY_T)


class ShownBidSerializer(serializers.Serializer[Bid]):
    """A bid as everyone sees it: whose it is, nobody does."""

    price_fen = serializers.IntegerField()
    quantity_t = serializers.IntegerField()
    awarded_t = serializers.IntegerField()
    awarded_price_fen = serializers.IntegerField(allow_null=True)
    placed_at = Moment()


class BidSerializer(serializers.Serializer[Bid]):
    """A bid of one's own."""

    id = serializers.IntegerField()
    auction = serializers.IntegerField(source="auction_id")
    market = Text(source="auction.market.symbol")
    client_bid_id = Text()
    price_fen = serializers.IntegerField()
    quantity_t = serializers.IntegerField()
    deposit_fen = serializers.IntegerField(source="hold.remaining", help_text="Held until the award.")
    state = Choice(choices=Bid.State.choices)
    awarded_t = serializers.IntegerField()
    awarded_price_fen = serializers.IntegerField(allow_null=True)
    order = serializers.IntegerField(source="order_id", allow_null=True, help_text="The order that a win became.")
    nonce = Text()
    commitment = serializers.SerializerMethodField(
        help_text="What the log has of it: SHA-256 of `nonce:auction:bid:price_fen:quantity_t`."
    )
    placed_at = Moment()
    decided_at = Moment(allow_null=True)

    def get_commitment(self, bid: Bid) -> str:
        return commitment(bid)


class BidQuerySerializer(WindowQuerySerializer):
    """Query parameters of the list of one's own bids."""

    auction = WrittenNumber(required=False, max_value=MAX_ROW_ID, help_text="The id of an auction.")
    state = Choice(required=False, choices=Bid.State.choices)


class Auctions(Endpoint):
    tag = "auctions"
    writes = Scope.TRADE
    permission_classes = (IsAuthenticatedOrReadOnly,)

    @extend_schema(
        summary="List one-way auctions", parameters=[AuctionQuerySerializer], responses=AuctionSerializer(many=True)
    )
    def list_auctions(self, request: Request) -> Response:
        """All of them, newest first."""
        wanted = self.query(AuctionQuerySerializer)
        return self.page(
            filter_auctions(
                narrowed(auctions(), wanted, time="announced_at"),
                symbol=wanted.get("market"),
                stage=wanted.get("state"),
            ),
            AuctionSerializer,
        )

    @extend_schema(
        summary="Put up a lot",
        request=NewAuctionSerializer,
        responses={201: AuctionSerializer, 200: AuctionSerializer},
        examples=[OpenApiExample("A thousand tonnes", value=LOT, request_only=True)],
    )
    @refuses(
        NotAllowed,
        OrganisationNotApproved,
        NotFound,
        InvalidValue,
        MarketHalted,
        OffTick,
        OffLot,
        InsufficientCredits,
        DuplicateProposal,
        TooManyProposals,
    )
    def announce_auction(self, request: Request) -> Response:
        """Its tonnes are held from now on; it is awarded at the close by itself.

        201, or 200 with the first lot where the client auction id was used for the same before.
        """
        actor, wanted = self.actor, self.body(NewAuctionSerializer)
        market = wanted.pop("market")
        announced = announce_auction(actor=actor, market=market, terms=LotTerms(**wanted))
        return Response(show(AuctionSerializer, announced.auction), status=200 if announced.replayed else 201)

    @extend_schema(summary="Read a one-way auction", responses=AuctionSerializer)
    @refuses(NotFound)
    def get_auction(self, request: Request, auction_id: int) -> Response:
        """For everyone."""
        return Response(show(AuctionSerializer, auction_by_id(auction_id)))

    @extend_schema(summary="Call an auction off", request=CancellationSerializer, responses=AuctionSerializer)
    @refuses(NotAllowed, AuctionNotOpen, InvalidValue)
    def cancel_auction(self, request: Request, auction_id: int) -> Response:
        """For the operator's registrars until it is awarded, for the seller until it opens; all deposits are released."""
        actor, wanted = self.actor, self.body(CancellationSerializer)
        return Response(show(AuctionSerializer, cancel_auction(actor=actor, auction_id=auction_id, **wanted)))

    @extend_schema(
        summary="List an auction's bids",
        parameters=[PageQuerySerializer],
        responses=ShownBidSerializer(many=True),
    )
    @refuses(NotFound)
    def list_auction_bids(self, request: Request, auction_id: int) -> Response:
        """The newest first, without whose they are; none of a sealed auction's before its award."""
        self.query(PageQuerySerializer)
        return self.page(shown_bids(auction_by_id(auction_id)), ShownBidSerializer)

    @extend_schema(
        summary="Bid",
        request=NewBidSerializer,
        responses={201: BidSerializer, 200: BidSerializer},
        examples=[OpenApiExample("Two hundred tonnes", value=BID, request_only=True)],
    )
    @refuses(
        NotAllowed,
        OrganisationNotApproved,
        AuctionNotOpen,
        InvalidValue,
        MarketHalted,
        OffTick,
        OffLot,
        BelowReserve,
        BelowMinimum,
        InsufficientFunds,
        DuplicateProposal,
        TooManyProposals,
    )
    def place_bid(self, request: Request, auction_id: int) -> Response:
        """Price × quantity and the fee are held until the award.

        201, or 200 with the first bid where the client bid id was used for the same before.
        """
        actor, wanted = self.actor, self.body(NewBidSerializer)
        placed = place_bid(actor=actor, auction_id=auction_id, terms=BidTerms(**wanted))
        return Response(show(BidSerializer, placed.bid), status=200 if placed.replayed else 201)


class Bids(Endpoint):
    tag = "auctions"
    writes = Scope.TRADE

    @extend_schema(summary="List your bids", parameters=[BidQuerySerializer], responses=BidSerializer(many=True))
    def list_bids(self, request: Request) -> Response:
        """Your organisation's, newest first."""
        wanted = self.query(BidQuerySerializer)
        columns = {"state": "state", "auction": "auction_id"}
        return self.page(narrowed(own_bids(self.actor.organisation), wanted, columns, time="placed_at"), BidSerializer)

    @extend_schema(summary="Read a bid", responses=BidSerializer)
    def get_bid(self, request: Request, bid_id: int) -> Response:
        """Your organisation's own."""
        return Response(show(BidSerializer, access_bid_by_id(bid_id=bid_id, actor=self.actor)))

    @extend_schema(summary="Withdraw a bid", request=NothingSerializer, responses=BidSerializer)
    @refuses(NotAllowed, AuctionNotOpen, BidBinds, BidNotStanding)
    def withdraw_bid(self, request: Request, bid_id: int) -> Response:
        """A sealed one, before the close: its deposit is released."""
        self.body(NothingSerializer)
        return Response(show(BidSerializer, withdraw_bid(actor=self.actor, bid_id=bid_id)))
