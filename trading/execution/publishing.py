"""Tell whoever listens what a committed batch has changed."""

import logging
from collections.abc import Sequence

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


def publish(market: Market, book: OrderBook, settled: Sequence[SettledFill]) -> None:
    """Publish book and latest trades after the commit. A message lost costs a viewer a moment, never a trade."""
    bids, asks = book.depth(DEPTH_LEVELS)
    message = {
        "sequence": market.last_sequence,
        "state": market.state,
        "bids": bids,
        "asks": asks,
        "trades": [
            {"id": row.trade_id, "price_fen": row.fill.price_fen, "quantity_t": row.fill.quantity_t}
            for row in settled[-TRADES:]
        ],
    }
    try:
        _redis.publish(channel_of(market.symbol), orjson.dumps(message))
    except redis.RedisError as error:
        logger.warning("market %s is not published: %s", market.symbol, error)
