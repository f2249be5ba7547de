"""What is known of a market: its book, its trades, its price."""

import datetime as dt
from dataclasses import dataclass

from django.db.models import Case, Count, F, Max, Min, Q, QuerySet, Sum, Value, When
from django.utils import timezone

from ledger.errors import NotFound
from ledger.parties.models import Organisation
from ledger.texts import is_storable
from trading.execution.models import Trade
from trading.markets.models import Market
from trading.orders.models import Order

ON_THE_BOOK = (Order.Status.NEW, Order.Status.PARTIALLY_FILLED)


@dataclass(frozen=True, slots=True)
class Level:
    """All orders of one price. Units: fen per tonne, tonnes."""

    price_fen: int
    quantity_t: int
    orders: int


@dataclass(frozen=True, slots=True)
class Depth:
    """The book, each side from its best price on."""

    bids: list[Level]
    asks: list[Level]


@dataclass(frozen=True, slots=True)
class Ticker:
    """The last price, and what was traded in the last 24 hours; None where nothing was."""

    last_price_fen: int | None
    change_fen: int | None
    highest_price_fen: int | None
    lowest_price_fen: int | None
    quantity_t: int
    value_fen: int


def markets() -> QuerySet[Market]:
    """Return all markets with the batch and project they trade, newest first."""
    return Market.objects.select_related("asset", "asset__batch", "asset__batch__project").order_by("-id")


def market_by_symbol(symbol: str) -> Market:
    """Return a market.

    Raises: NotFound.
    """
    market = markets().filter(symbol=symbol).first() if is_storable(symbol) else None
    if market is None:
        raise NotFound()
    return market


def depth(market: Market, levels: int = 20) -> Depth:
    """Return the first price levels of each side of the book."""
    return Depth(
        bids=_side(market, Order.Side.BUY, "-price_fen", levels),
        asks=_side(market, Order.Side.SELL, "price_fen", levels),
    )


def _side(market: Market, side: str, order: str, levels: int) -> list[Level]:
    rows = (
        Order.objects.filter(market=market, side=side, status__in=ON_THE_BOOK)
        .values("price_fen")
        .annotate(quantity_t=Sum(F("quantity_t") - F("filled_t")), orders=Count("id"))
        .order_by(order)[:levels]
    )
    return [Level(**row) for row in rows]


def trades_of(market: Market) -> QuerySet[Trade]:
    """Return a market's trades, newest first."""
    return Trade.objects.filter(market=market).order_by("-id")


def own_trades(organisation: Organisation) -> QuerySet[Trade]:
    """Return the trades of an organisation's orders from its side, newest first: `side`, `own_order_id`, `fee_fen`."""
    is_buy = Q(buy_order__organisation=organisation)
    return (
        Trade.objects.filter(is_buy | Q(sell_order__organisation=organisation))
        .annotate(
            side=Case(When(is_buy, then=Value(Order.Side.BUY)), default=Value(Order.Side.SELL)),
            own_order_id=Case(When(is_buy, then=F("buy_order_id")), default=F("sell_order_id")),
            fee_fen=Case(When(is_buy, then=F("buyer_fee_fen")), default=F("seller_fee_fen")),
        )
        .select_related("market")
        .order_by("-id")
    )


def tape(market: Market, limit: int = 50) -> QuerySet[Trade]:
    """Return a market's latest trades, newest first."""
    return trades_of(market)[:limit]


def ticker(market: Market) -> Ticker:
    """Return a market's last price and its last 24 hours; the change is against the reference price."""
    day = Trade.objects.filter(market=market, executed_at__gte=timezone.now() - dt.timedelta(hours=24)).aggregate(
        highest=Max("price_fen"),
        lowest=Min("price_fen"),
        tonnes=Sum("quantity_t"),
        value=Sum(F("price_fen") * F("quantity_t")),
    )
    last = Trade.objects.filter(market=market).order_by("-id").values_list("price_fen", flat=True).first()
    return Ticker(
        last_price_fen=last,
        change_fen=None if last is None else last - market.reference_price_fen,
        highest_price_fen=day["highest"],
        lowest_price_fen=day["lowest"],
        quantity_t=day["tonnes"] or 0,
        value_fen=day["value"] or 0,
    )
