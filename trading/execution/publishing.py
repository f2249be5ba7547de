"""Tell whoever listens what a committed batch has changed."""

import datetime as dt
import logging
from collections.abc import Sequence
from typing import Any

import orjson
import redis

from config.hints import hint_client
from trading.execution.settlement import SettledFill
from trading.markets.models import Market
from trading.matching import OrderBook

logger = logging.getLogger(__name__)

DEPTH_LEVELS = 20
TRADES = 50

_redis = hint_client()


def channel_of(symbol: str) -> str:
    """Return the Redis channel of a market."""
    return f"market:{symbol}"


def publish(
    market: Market, book: OrderBook, settled: Sequence[SettledFill], *, instructions: int, executed_at: dt.datetime
) -> None:
    """Publish what a batch of instructions has made of a market. A message lost costs a viewer a moment, never a trade.

    A viewer that knows the market up to the instruction before `first_sequence` has missed nothing; another reads it anew.
    """
    try:
        _redis.publish(
            channel_of(market.symbol), orjson.dumps(_message(market, book, settled, instructions, executed_at))
        )
    except redis.RedisError as error:
        logger.warning("market %s is not published: %s", market.symbol, error)


def _message(
    market: Market, book: OrderBook, settled: Sequence[SettledFill], instructions: int, executed_at: dt.datetime
) -> dict[str, Any]:
    bids, asks = book.depth(DEPTH_LEVELS)
    return {
        "first_sequence": market.last_sequence - instructions + 1,
        "sequence": market.last_sequence,
        "state": market.state,
        "halt_reason": market.halt_reason,
        "bids": bids,
        "asks": asks,
        # The trades that a tape has room for; what all of them come to is in `traded`.
        "trades": [_trade(row, executed_at) for row in settled[-TRADES:]],
        "traded": _summary(settled),
    }


def _trade(row: SettledFill, executed_at: dt.datetime) -> dict[str, Any]:
    return {
        "id": row.trade_id,
        "price_fen": row.fill.price_fen,
        "quantity_t": row.fill.quantity_t,
        "taker_side": "buy" if row.fill.is_buy_taker else "sell",
        "executed_at": executed_at,
    }


def _summary(settled: Sequence[SettledFill]) -> dict[str, int] | None:
    if not settled:
        return None
    prices = [row.fill.price_fen for row in settled]
    return {
        "highest_price_fen": max(prices),
        "lowest_price_fen": min(prices),
        "quantity_t": sum(row.fill.quantity_t for row in settled),
    }
