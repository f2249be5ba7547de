"""Block trades: offers between two named parties, and what they decide."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.endpoints import Endpoint, show
from ledger.api.fields import Choice, Moment, Text, WholeNumber
from ledger.api.filters import WindowQuerySerializer, narrowed
from ledger.api.schema import refuses
from ledger.api.serializers import (
    NothingSerializer,
    OrganisationNameSerializer,
    StrictSerializer,
)
from ledger.errors import InvalidValue, NotAllowed, NotFound, OrganisationNotApproved
from ledger.parties.scopes import Scope
from trading.blocks.models import BlockOffer
from trading.blocks.selectors import access_offer_by_id, filter_offers, seen_by
from trading.blocks.services import (
    Offered,
    accept_offer,
    counter_offer,
    decline_offer,
    make_offer,
    withdraw_offer,
)
from trading.blocks.terms import OfferTerms
from trading.errors import (
    BelowMinimum,
    DuplicateProposal,
    InsufficientCredits,
    InsufficientFunds,
    MarketHalted,
    OfferNotOpen,
    OffLot,
    OffTick,
    OutsideBand,
    TooManyProposals,
    UnknownParty,
)
from trading.markets.fees import fee_fen
from trading.markets.services import MAX_PRICE_FEN
from trading.orders.models import Order
from trading.orders.terms import MAX_CLIENT_ORDER_ID, MAX_QUANTITY_T

TERMS = {
    "client_offer_id": "2024-07-01-0001",
    "price_fen": 4500,
    "quantity_t": 1000,
    "expires_at": "2024-07-02T07:00:00Z",
}
RULES = (MarketHalted, OffTick, OffLot, OutsideBand, BelowMinimum, InvalidValue)
COVER = (InsufficientFunds, InsufficientCredits)


class CounterSerializer(StrictSerializer):
    """The terms that two parties negotiate."""

    client_offer_id = Text(
        max_length=MAX_CLIENT_ORDER_ID,
        trim_whitespace=False,
        help_text="Yours: a request repeated with it offers once.",
    )
    price_fen = WholeNumber(min_value=1, max_value=MAX_PRICE_FEN, help_text="Fen per tonne.")
    quantity_t = WholeNumber(min_value=1, max_value=MAX_QUANTITY_T)
    expires_at = Moment(help_text="Until when it can be accepted: 30 days at most. Without an offset: in Beijing.")


class NewOfferSerializer(CounterSerializer):
    market = Text(max_length=40, help_text="The market's symbol.")
    counterparty = Text(max_length=120, help_text="An organisation's id, its exact name, or its social credit code.")
    side = Choice(choices=Order.Side.choices, help_text="Yours.")


class BlockOfferSerializer(serializers.Serializer[BlockOffer]):
    """Seen by the two parties alone. Both pay the same fee, the one that stands here."""

    id = serializers.IntegerField()
    market = Text(source="market.symbol")
    client_offer_id = Text()
    proposer = OrganisationNameSerializer()
    counterparty = OrganisationNameSerializer()
    side = Choice(choices=Order.Side.choices, help_text="The proposer's.")
    price_fen = serializers.IntegerField()
    quantity_t = serializers.IntegerField()
    value_fen = serializers.IntegerField()
    fee_bps = serializers.IntegerField()
    fee_fen = serializers.SerializerMethodField(help_text="What each of the two pays.")
    expires_at = Moment()
    state = Choice(choices=BlockOffer.Outcome.choices, source="outcome")
    replaces = serializers.IntegerField(source="replaces_id", allow_null=True, help_text="The offer that it answers.")
    buy_order = serializers.IntegerField(source="buy_order_id", allow_null=True)
    sell_order = serializers.IntegerField(source="sell_order_id", allow_null=True)
    offered_at = Moment()
    decided_at = Moment(allow_null=True)

    def get_fee_fen(self, offer: BlockOffer) -> int:
        return fee_fen(offer.value_fen, offer.fee_bps)


class OfferQuerySerializer(WindowQuerySerializer):
    market = Text(required=False, max_length=40, help_text="A market's symbol.")
    state = Choice(choices=BlockOffer.Outcome.choices, required=False)


class Blocks(Endpoint):
    tag = "blocks"
    writes = Scope.TRADE

    @extend_schema(summary="List offers", parameters=[OfferQuerySerializer], responses=BlockOfferSerializer(many=True))
    def list_offers(self, request: Request) -> Response:
        """Those that your organisation has made or got, newest first."""
        wanted = self.query(OfferQuerySerializer)
        offers = filter_offers(
            narrowed(seen_by(self.actor.organisation), wanted, time="offered_at"),
            symbol=wanted.get("market"),
            outcome=wanted.get("state"),
        )
        return self.page(offers, BlockOfferSerializer)

    @extend_schema(
        summary="Make an offer",
        request=NewOfferSerializer,
        responses={201: BlockOfferSerializer, 200: BlockOfferSerializer},
        examples=[
            OpenApiExample(
                "Buy a block",
                value={
                    "market": "TH-35-000001-2022",
                    "counterparty": "01234567-89ab-cdef-0123-456789abcdef",
                    "side": "buy",
                    **TERMS,
                },
                request_only=True,
            )
        ],
    )
    @refuses(
        NotAllowed,
        OrganisationNotApproved,
        NotFound,
        UnknownParty,
        DuplicateProposal,
        TooManyProposals,
        *RULES,
        *COVER,
    )
    def make_offer(self, request: Request) -> Response:
        """What it can cost, or deliver, is held until it is decided; nobody but the two parties sees it.

        201, or 200 with the first offer where the client offer id was used for the same before.
        """
        actor, wanted = self.actor, self.body(NewOfferSerializer)
        place = {name: wanted.pop(name) for name in ("market", "counterparty", "side")}
        return _answer(make_offer(actor=actor, terms=OfferTerms(**wanted), **place))

    @extend_schema(summary="Read an offer", responses=BlockOfferSerializer)
    def get_offer(self, request: Request, offer_id: int) -> Response:
        """One that your organisation has made or got."""
        return Response(show(BlockOfferSerializer, access_offer_by_id(offer_id=offer_id, actor=self.actor)))

    @extend_schema(summary="Accept an offer", request=NothingSerializer, responses={202: BlockOfferSerializer})
    @refuses(NotAllowed, OrganisationNotApproved, OfferNotOpen, *RULES, *COVER)
    def accept_offer(self, request: Request, offer_id: int) -> Response:
        """For the counterparty: the market settles it in its turn, and `state` follows in a moment."""
        self.body(NothingSerializer)
        return Response(show(BlockOfferSerializer, accept_offer(actor=self.actor, offer_id=offer_id)), status=202)

    @extend_schema(
        summary="Counter an offer",
        request=CounterSerializer,
        responses={201: BlockOfferSerializer, 200: BlockOfferSerializer},
        examples=[OpenApiExample("Less for more", value=TERMS, request_only=True)],
    )
    @refuses(NotAllowed, OrganisationNotApproved, OfferNotOpen, DuplicateProposal, TooManyProposals, *RULES, *COVER)
    def counter_offer(self, request: Request, offer_id: int) -> Response:
        """For the counterparty: an offer of your own takes its place, to be decided by who made the first."""
        actor, wanted = self.actor, self.body(CounterSerializer)
        return _answer(counter_offer(actor=actor, offer_id=offer_id, terms=OfferTerms(**wanted)))

    @extend_schema(summary="Decline an offer", request=NothingSerializer, responses=BlockOfferSerializer)
    @refuses(NotAllowed, OfferNotOpen)
    def decline_offer(self, request: Request, offer_id: int) -> Response:
        """For the counterparty: what it held is released."""
        self.body(NothingSerializer)
        return Response(show(BlockOfferSerializer, decline_offer(actor=self.actor, offer_id=offer_id)))

    @extend_schema(summary="Withdraw an offer", request=NothingSerializer, responses=BlockOfferSerializer)
    @refuses(NotAllowed, OfferNotOpen)
    def withdraw_offer(self, request: Request, offer_id: int) -> Response:
        """For who has made it: what it held is released."""
        self.body(NothingSerializer)
        return Response(show(BlockOfferSerializer, withdraw_offer(actor=self.actor, offer_id=offer_id)))


def _answer(offered: Offered) -> Response:
    shown: Any = show(BlockOfferSerializer, offered.offer)
    return Response(shown, status=200 if offered.replayed else 201)
