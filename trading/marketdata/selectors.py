"""What is known of a market: its book, its trades, its price."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Case, Count, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce, Least
from django.utils import timezone

from ledger.errors import NotFound
from ledger.parties.models import Organisation
from ledger.texts import is_storable
from trading.execution.models import Trade
from trading.markets.models import Market, TradingMode
from trading.orders.models import BookEntry, Order


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
    """The last price, and what was traded in the last 24 hours; None where nothing was.

    Prices are of the listing; quantity and value are of every trading mode.
    """

    last_price_fen: int | None
    change_fen: int | None
    highest_price_fen: int | None
    lowest_price_fen: int | None
    quantity_t: int
    value_fen: int


@dataclass(frozen=True, slots=True)
class Quote:
    """A market at a glance. Units: fen per tonne."""

    market: Market
    ticker: Ticker
    best_bid_fen: int | None
    best_ask_fen: int | None

    @property
    def change_percent(self) -> Decimal | None:
        """The last price against the reference price. Rounding: half even, to a hundredth of a percent."""
        if self.ticker.change_fen is None:
            return None
        return round(Decimal(self.ticker.change_fen) * 100 / self.market.reference_price_fen, 2)


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


def shown_entries() -> QuerySet[BookEntry]:
    """Return what books show: an auction's market orders have no price to be shown at."""
    return BookEntry.objects.filter(price_fen__isnull=False)


def _side(market: Market, side: str, order: str, levels: int) -> list[Level]:
    remaining = F("order__quantity_t") - F("order__filled_t") - F("order__decremented_t")
    # An iceberg shows a slice; LEAST takes no notice of a null.
    shown = Coalesce("order__shown_t", Least(F("order__display_t"), remaining))
    rows = (
        shown_entries()
        .filter(market=market, side=side)
        .values("price_fen")
        .annotate(shown_t=Sum(shown), count=Count("pk"))
        .order_by(order)
        .values_list("price_fen", "shown_t", "count")[:levels]
    )
    return [Level(price_fen, shown_t, count) for price_fen, shown_t, count in rows if price_fen is not None]


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
    return quote(market).ticker


def quote(market: Market) -> Quote:
    """Return a market at a glance."""
    return quotes([market])[0]


def quotes(found: Iterable[Market]) -> list[Quote]:
    """Return markets at a glance, in the order given, in two queries however many they are."""
    found = list(found)
    prices = _prices(found)
    days = _last_24_hours(found)
    return [_quote(market, prices[market.pk], days.get(market.pk, {})) for market in found]


def _quote(market: Market, prices: tuple[int | None, int | None, int | None], day: Mapping[str, Any]) -> Quote:
    last, best_bid, best_ask = prices
    seen = Ticker(
        last_price_fen=last,
        change_fen=None if last is None else last - market.reference_price_fen,
        highest_price_fen=day.get("highest"),
        lowest_price_fen=day.get("lowest"),
        quantity_t=day.get("traded_t", 0),
        value_fen=day.get("traded_fen", 0),
    )
    return Quote(market, seen, best_bid, best_ask)


def _prices(found: list[Market]) -> dict[int, tuple[int | None, int | None, int | None]]:
    """Return each market's last price, best bid and best ask."""
    trades = Trade.objects.filter(market=OuterRef("pk"), trading_mode=TradingMode.LISTING).order_by("-id")
    resting = shown_entries().filter(market=OuterRef("pk"))
    bids = resting.filter(side=Order.Side.BUY).order_by("-price_fen")
    asks = resting.filter(side=Order.Side.SELL).order_by("price_fen")
    rows = (
        Market.objects.filter(pk__in=[market.pk for market in found])
        .annotate(last=_first(trades), best_bid=_first(bids), best_ask=_first(asks))
        .values_list("pk", "last", "best_bid", "best_ask")
    )
    return {market_id: (last, best_bid, best_ask) for market_id, last, best_bid, best_ask in rows}


def _first(rows: QuerySet[Any]) -> Subquery:
    return Subquery(rows.values("price_fen")[:1])


# Prices are those of the book; what was negotiated counts for the volume alone. Candles have all but that, minute by minute.
_LAST_24_HOURS = """
SELECT market_id, max(highest) AS highest, min(lowest) AS lowest, sum(traded_t)::bigint AS traded_t,
       sum(traded_fen) AS traded_fen
  FROM (SELECT market_id, max(high_fen) AS highest, min(low_fen) AS lowest, sum(quantity_t) AS traded_t,
               sum(value_fen) AS traded_fen
          FROM trading_candle WHERE market_id = ANY(%(markets)s::bigint[]) AND minute >= %(since)s GROUP BY market_id
         UNION ALL
        SELECT market_id, NULL, NULL, sum(quantity_t), sum(price_fen * quantity_t)
          FROM trading_trade
         WHERE market_id = ANY(%(markets)s::bigint[]) AND executed_at >= %(since)s AND trading_mode <> 'listing'
         GROUP BY market_id) traded
 GROUP BY market_id
"""


def _last_24_hours(found: list[Market]) -> dict[int, Mapping[str, Any]]:
    """Return what was traded of each market in the last 24 hours, which begin with a whole minute."""
    since = timezone.now().replace(second=0, microsecond=0) - dt.timedelta(hours=24)
    with connection.cursor() as cursor:
        cursor.execute(_LAST_24_HOURS, {"markets": [market.pk for market in found], "since": since})
        return {
            market_id: {"highest": highest, "lowest": lowest, "traded_t": traded_t, "traded_fen": int(traded_fen)}
            for market_id, highest, lowest, traded_t, traded_fen in cursor.fetchall()
        }


def market_traded_last() -> Market | None:
    """Return the market of the newest trade; where nothing was traded yet, the newest market; None without markets."""
    last = Trade.objects.order_by("-id").values_list("market_id", flat=True).first()
    return (markets() if last is None else markets().filter(pk=last)).first()


def quotes_of_assets(asset_ids: Iterable[int]) -> dict[int, Quote]:
    """Return the market of each asset that has one, at a glance, by the asset's id."""
    return {found.market.asset_id: found for found in quotes(markets().filter(asset__in=list(asset_ids)))}


# Candles have all trades of the book, a row a minute; what was negotiated is few, and has an index of its own.
_TRADED = """
SELECT coalesce((SELECT sum(quantity_t) FROM trading_candle), 0)
       + coalesce((SELECT sum(quantity_t) FROM trading_trade WHERE trading_mode <> 'listing'), 0)
"""


def traded_t() -> int:
    """Return the tonnes that were ever traded, in all markets and trading modes."""
    with connection.cursor() as cursor:
        cursor.execute(_TRADED)
        return int(cursor.fetchone()[0])
