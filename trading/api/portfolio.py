"""What the caller's organisation has, what it has cost and is worth, and for what any of it is held."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from ledger.api.endpoints import Endpoint, show
from ledger.api.fields import Choice, Moment, Text
from ledger.api.schema import refuses
from ledger.api.serializers import NothingSerializer, PageQuerySerializer
from ledger.errors import InvalidValue, NotAllowed
from ledger.journal.models import Account, Asset, Hold
from ledger.parties.access import require_kind
from ledger.parties.models import Membership, Organisation
from trading.portfolio.holds import MOST_OF_A_KIND, HeldFor, holds_of
from trading.portfolio.selectors import CreditLine, Portfolio, lines_of, portfolio_of

METHOD = (
    "Cost and profit by the moving weighted average, fees included; what leaves takes its share of the cost, half a fen rounded "
    "up. Issued credits and gifts have cost nothing; a transfer under a contract counts at the price that was stated."
)


class CashSerializer(serializers.Serializer[Account]):
    balance_fen = serializers.IntegerField(source="balance")
    held_fen = serializers.IntegerField(source="held")
    available_fen = serializers.IntegerField(source="available")


class PortfolioSumsSerializer(serializers.Serializer[Any]):
    tonnes = serializers.IntegerField()
    held_t = serializers.IntegerField()
    cost_fen = serializers.IntegerField()
    value_fen = serializers.IntegerField(help_text="Of the tonnes that have a price: the balance at the last one.")
    unrealised_fen = serializers.IntegerField(help_text="Their value less their cost; no fees of a sale are taken off.")
    realised_fen = serializers.IntegerField(help_text="Of all sales so far: what they brought less fees and cost.")
    used_fen = serializers.IntegerField(help_text="The cost of what was retired, cancelled or given away.")
    unpriced_t = serializers.IntegerField(help_text="Tonnes of batches that have not been traded yet.")


class PortfolioSerializer(serializers.Serializer[Portfolio]):
    cash = CashSerializer(allow_null=True, help_text="Null where there was never any.")
    credits = PortfolioSumsSerializer(source="sums")
    total_fen = serializers.IntegerField(help_text="Cash, held or not, and the value of the credits that have a price.")


class PositionSerializer(serializers.Serializer[CreditLine]):
    """Units: tonnes, fen, fen per tonne."""

    account = serializers.IntegerField(source="account_id")
    asset = Text(source="code")
    project = Text(source="project.code")
    vintage = serializers.IntegerField()
    market = Text(source="symbol", allow_null=True, help_text="Its symbol; null where there is none.")
    balance_t = serializers.IntegerField(source="tonnes")
    held_t = serializers.IntegerField()
    available_t = serializers.IntegerField()
    cost_fen = serializers.IntegerField(source="position.cost_fen")
    average_cost_fen = serializers.IntegerField(
        source="position.average_fen", allow_null=True, help_text="Of a tonne, rounded; null where nothing is held."
    )
    last_price_fen = serializers.IntegerField(source="price_fen", allow_null=True)
    priced_at = Moment(allow_null=True)
    value_fen = serializers.IntegerField(allow_null=True)
    unrealised_fen = serializers.IntegerField(allow_null=True)
    realised_fen = serializers.IntegerField(source="position.realised_fen")
    used_fen = serializers.IntegerField(source="position.used_fen")


class HeldSerializer(serializers.Serializer[HeldFor]):
    account = serializers.IntegerField(source="hold.account_id")
    asset = Text(source="hold.account.asset.code")
    purpose = Choice(choices=Hold.Purpose.choices, source="hold.purpose")
    remaining = serializers.IntegerField(source="hold.remaining", help_text="Fen, or whole tonnes.")
    placed_at = Moment()
    page = Text(source="url", help_text="Where people see what it is for.")


class HeldListSerializer(serializers.Serializer[Any]):
    holds = HeldSerializer(many=True, help_text=f"The newest first; {MOST_OF_A_KIND} of a purpose at most.")


class PortfolioEndpoint(Endpoint):
    tag = "accounts"

    @property
    def holder(self) -> Membership:
        """For whom the caller acts, where that has money and credits."""
        require_kind(self.actor, *Organisation.HOLDERS)
        return self.actor

    @extend_schema(
        summary="Get your portfolio",
        description=f"Cash and all credits together, for cooperatives and buyers. {METHOD}",
        responses=PortfolioSerializer,
        examples=[
            OpenApiExample(
                "A hundred tonnes",
                value={
                    "cash": {"balance_fen": 99_599_600, "held_fen": 0, "available_fen": 99_599_600},
                    "credits": {
                        "tonnes": 100,
                        "held_t": 0,
                        "cost_fen": 400_400,
                        "value_fen": 410_000,
                        "unrealised_fen": 9_600,
                        "realised_fen": 0,
                        "used_fen": 0,
                        "unpriced_t": 0,
                    },
                    "total_fen": 100_009_600,
                },
                response_only=True,
            )
        ],
    )
    @refuses(NotAllowed)
    def get_portfolio(self, request: Request) -> Response:
        self.query(NothingSerializer)
        return Response(show(PortfolioSerializer, portfolio_of(self.holder.organisation)))

    @extend_schema(
        summary="List your positions",
        description=f"Each batch of credits that you hold or have held, the newest first. {METHOD}",
        parameters=[PageQuerySerializer],
        responses=PositionSerializer(many=True),
    )
    @refuses(InvalidValue, NotAllowed)
    def list_positions(self, request: Request) -> Response:
        self.query(PageQuerySerializer)
        organisation = self.holder.organisation
        accounts = Account.objects.filter(organisation=organisation, asset__kind=Asset.Kind.CREDIT).order_by("-id")
        paginator = self.pagination_class()
        page = paginator.paginate_queryset(accounts, request, self)
        assert page is not None
        lines = {line.account_id: line for line in lines_of(organisation, [account.pk for account in page])}
        found = [lines[account.pk] for account in page if account.pk in lines]
        return paginator.get_paginated_response([show(PositionSerializer, line) for line in found])

    @extend_schema(
        summary="List what is held",
        description="For what money and credits of yours are set aside: orders, offers, lots, bids, transfers, withdrawals.",
        responses=HeldListSerializer,
    )
    @refuses(NotAllowed)
    def list_holds(self, request: Request) -> Response:
        self.query(NothingSerializer)
        return Response(show(HeldListSerializer, {"holds": holds_of(self.holder.organisation)}))
