"""Tell whoever listens what a committed batch has changed: everybody of the market, each organisation of its orders.

A publication may be lost: the worker is killed after the commit, Redis is away or emptied. No batch fails of that. The next
publication of the market, or the beat (`publish_missed`), sees that the buffer lacks something, and publishes the whole
state with the trades that were missed.
"""

import datetime as dt
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import orjson
import redis
from django.db import connection, transaction

from config.hints import hint_client
from trading.execution.batches import Batch
from trading.execution.books import LiveOrder, read_book
from trading.execution.buffers import Buffers, Publication, head_of, read_head
from trading.execution.models import Trade
from trading.execution.settlement import SettledFill
from trading.markets.models import Market
from trading.matching import OrderBook

logger = logging.getLogger(__name__)

DEPTH_LEVELS = 20
TRADES = 50
"""Trades in a market's snapshot."""
MAX_MISSED_TRADES = 1_000
ORDERS_AN_ENTRY = 200
BEHIND_SECONDS = 10

Level = tuple[int, int, int]
"""Price, shown quantity, number of orders."""

_redis = hint_client()
_buffers = Buffers(_redis)


@dataclass(frozen=True, slots=True)
class Told:
    """What has been published of a market up to an instruction: the next event is the difference to it."""

    sequence: int
    bids: list[Level]
    asks: list[Level]
    state: dict[str, Any]
    trades: list[dict[str, Any]]


class Parts(NamedTuple):
    """What a batch has made of a market."""

    market: Market
    book: OrderBook
    trades: list[dict[str, Any]]
    orders: Sequence[bytes]
    executed_at: dt.datetime


NOTHING = Told(0, [], [], {}, [])
"""Of a market that no instruction has reached."""

_told: dict[int, Told] = {}


def publish(
    market: Market, book: OrderBook, batch: Batch, settled: Sequence[SettledFill], *, executed_at: dt.datetime
) -> None:
    """Publish what a batch of instructions has made of a market and of each order. It never fails the batch.

    Whoever knows the market up to the instruction before `first_sequence` has missed nothing.
    """
    previous = market.last_sequence - len(batch.executed)
    trades = [trade_message(row, executed_at) for row in settled]
    parts = Parts(market, book, trades, _entries(market, batch, settled, executed_at), executed_at)
    try:
        _publish_difference(parts, previous)
    except redis.RedisError as error:
        logger.warning("market %s is not published: %s", market.symbol, error)


def _publish_difference(parts: Parts, previous: int) -> None:
    market = parts.market
    told = _told.get(market.pk)
    if told is None or told.sequence != previous:
        told = _told_in_redis(market.symbol)
    if told is None and previous == 0:
        told = NOTHING
    if told is None or told.sequence != previous:
        _publish_whole(parts)
        return
    after = _after(parts, told.trades)
    message = {
        "first_sequence": previous + 1,
        "sequence": market.last_sequence,
        "executed_at": parts.executed_at,
        "bids": changed_levels(told.bids, after.bids),
        "asks": changed_levels(told.asks, after.asks),
        "trades": parts.trades,
        **{name: value for name, value in after.state.items() if name not in told.state or told.state[name] != value},
    }
    if _append(parts, after, "delta", message, previous=previous) == "gap":
        _publish_whole(parts)


def _publish_whole(parts: Parts) -> None:
    """Publish the whole state, with the trades since what Redis knows: what led from there to here was not published."""
    market = parts.market
    told = _told_in_redis(market.symbol)
    missed, is_complete = _trades_since(market, told.sequence if told else None)
    after = _after(parts._replace(trades=missed), [])
    message = _snapshot(market.symbol, after, "missed") | {"trades": missed, "trades_complete": is_complete}
    orders = parts.orders
    if market.last_sequence:
        # Of orders there is no state to publish: their readers are told to ask the database.
        orders = [orjson.dumps({"market": market.symbol, "missed": True}), *orders]
    _append(parts._replace(orders=orders), after, "snapshot", message, previous=None)


def _append(parts: Parts, after: Told, event: str, message: dict[str, Any], *, previous: int | None) -> str:
    symbol = parts.market.symbol
    publication = Publication(
        symbol=symbol,
        previous=previous,
        sequence=after.sequence,
        event=event,
        message=orjson.dumps(message),
        snapshot=orjson.dumps(_snapshot(symbol, after, "connected")),
        orders=parts.orders,
        at_ms=int(parts.executed_at.timestamp() * 1000),
    )
    outcome = _buffers.append(publication)
    _told[parts.market.pk] = after
    return outcome


def _snapshot(symbol: str, told: Told, reason: str) -> dict[str, Any]:
    return {
        "market": symbol,
        "sequence": told.sequence,
        "reason": reason,
        **told.state,
        "bids": told.bids,
        "asks": told.asks,
        "trades": told.trades,
        "trades_complete": True,
    }


def _told_in_redis(symbol: str) -> Told | None:
    head = read_head(_redis, symbol)
    if head is None:
        return None
    snapshot = orjson.loads(head.snapshot)
    bids, asks = ([tuple(level) for level in snapshot[side]] for side in ("bids", "asks"))
    state = {name: snapshot[name] for name in STATE}
    return Told(head.sequence, bids, asks, state, snapshot["trades"])


def _after(parts: Parts, earlier_trades: list[dict[str, Any]]) -> Told:
    bids, asks = parts.book.depth(DEPTH_LEVELS)
    trades = [*earlier_trades, *parts.trades[-TRADES:]][-TRADES:]
    return Told(parts.market.last_sequence, bids, asks, _state(parts.market, parts.book), trades)


STATE = ("state", "phase", "halt_reason", "reference_price_fen", "indicative")


def _state(market: Market, book: OrderBook) -> dict[str, Any]:
    cleared = book.indicative() if book.in_auction else None
    indicative = None if cleared is None else {"price_fen": cleared[0], "quantity_t": cleared[1]}
    values = (market.state, market.phase, market.halt_reason, market.reference_price_fen, indicative)
    return dict(zip(STATE, values, strict=True))


def changed_levels(before: Iterable[Level], after: Iterable[Level]) -> list[Level]:
    """Return the levels that are new or other than before, and those that are gone, with nothing in them."""
    old = {level[0]: level for level in before}
    changed = [level for level in after if old.pop(level[0], None) != level]
    return changed + [(price, 0, 0) for price in old]


def trade_message(row: SettledFill, executed_at: dt.datetime) -> dict[str, Any]:
    """Return a trade as everybody sees it."""
    return {
        "id": row.trade_id,
        "sequence": row.fill.sequence,
        "price_fen": row.fill.price_fen,
        "quantity_t": row.fill.quantity_t,
        "taker_side": "buy" if row.fill.is_buy_taker else "sell",
        "trading_mode": row.fill.trading_mode,
        "executed_at": executed_at,
    }


TRADE_COLUMNS = ("id", "sequence", "price_fen", "quantity_t", "taker_side", "trading_mode", "executed_at")


def _trades_since(market: Market, sequence: int | None) -> tuple[list[dict[str, Any]], bool]:
    """Return the trades after an instruction, oldest first, and whether these are all; the newest ones after None."""
    # Read from the newest on: a filter on the instruction would make PostgreSQL look at every trade that there ever was.
    most = TRADES if sequence is None else MAX_MISSED_TRADES
    newest = list(Trade.objects.filter(market=market).order_by("-id").values(*TRADE_COLUMNS)[:most])
    # What is committed meanwhile belongs to the next event.
    known = [row for row in newest if row["sequence"] <= market.last_sequence]
    if sequence is None:
        return known[::-1], True
    missed = [row for row in known if row["sequence"] > sequence]
    return missed[::-1], len(missed) < most


# Orders


def _entries(market: Market, batch: Batch, settled: Sequence[SettledFill], executed_at: dt.datetime) -> Sequence[bytes]:
    """Return what a batch has made of orders, a few hundred an entry: rows, since there are many; the stream names them."""
    replaced = {order_id for _sequence, kind, order_id, _content in batch.executed if kind == "replace"}
    orders = [_order_row(order, order.id in replaced) for order in batch.touched.values()]
    trades = [_trade_row(row) for row in settled]
    return [
        orjson.dumps(
            {
                "market": market.symbol,
                "executed_at": executed_at,
                "orders": orders[start : start + ORDERS_AN_ENTRY],
                "trades": trades[start : start + ORDERS_AN_ENTRY],
            }
        )
        for start in range(0, max(len(orders), len(trades)), ORDERS_AN_ENTRY)
    ]


def _order_row(order: LiveOrder, was_replaced: bool) -> tuple[Any, ...]:
    """Return an order as trading/stream/events.py reads it, its organisation first."""
    return (
        order.organisation_id,
        order.id,
        order.client_order_id,
        order.side,
        order.price_fen,
        order.quantity_t,
        order.filled_t,
        order.remaining_t,
        order.status,
        order.reason,
        was_replaced,
    )


def _trade_row(row: SettledFill) -> tuple[Any, ...]:
    """Return a trade with both its sides as trading/stream/events.py reads it."""
    fill = row.fill
    return (
        row.trade_id,
        fill.price_fen,
        fill.quantity_t,
        "buy" if fill.is_buy_taker else "sell",
        fill.trading_mode,
        row.transaction_id,
        (fill.buy.organisation_id, fill.buy.id, row.buyer_fee_fen),
        (fill.sell.organisation_id, fill.sell.id, row.seller_fee_fen),
    )


# What was lost


def publish_missed() -> list[str]:
    """Publish the markets of which Redis knows less than the database does, and return their symbols.

    Called every few seconds. A market that Redis does not know at all is published at once; one that is behind only where
    it was so the last time already: the executor publishes right after it has committed.
    """
    try:
        return [market.symbol for market in _markets_behind() if _publish_again(market.pk)]
    except redis.RedisError as error:
        logger.warning("Redis is away, what it lacks is published later: %s", error)
        return []


def _markets_behind() -> list[Market]:
    # Redis first: what is committed and published meanwhile only makes the database newer.
    symbols = dict(Market.objects.values_list("pk", "symbol"))
    with _redis.pipeline(transaction=False) as pipeline:
        for symbol in symbols.values():
            pipeline.hget(head_of(symbol), "sequence")
            pipeline.get(_behind_key(symbol))
        answers = pipeline.execute()
    known = dict(zip(symbols, zip(answers[::2], answers[1::2], strict=True), strict=True))
    return [market for market in Market.objects.filter(pk__in=known) if _is_behind(market, *known[market.pk])]


def _is_behind(market: Market, published: bytes | None, missed: bytes | None) -> bool:
    if published is None:
        return True
    if int(published) > market.last_sequence:
        # The database is not the one that was published: it was brought back from a copy.
        _buffers.begin_anew(market.symbol)
        return True
    if int(published) < market.last_sequence:
        _redis.set(_behind_key(market.symbol), market.last_sequence, ex=BEHIND_SECONDS)
    return missed is not None and int(published) < int(missed)


def _behind_key(symbol: str) -> str:
    return f"market:{symbol}:behind"


def _publish_again(market_id: int) -> bool:
    is_outermost = not connection.in_atomic_block
    with transaction.atomic():
        if is_outermost:
            # Market, orders and trades as they were at one moment, however busy the executor is.
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        market = Market.objects.get(pk=market_id)
        now = dt.datetime.now(dt.UTC)
        _publish_whole(Parts(market, read_book(market).book, [], [], now))
    # The executor's own memory is elsewhere, and this process is none.
    _told.pop(market_id, None)
    return True
