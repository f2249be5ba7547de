"""What a batch came to, for whoever watches the exchange: figures, and a line in the log."""

from collections import Counter
from functools import cache
from typing import NamedTuple

from prometheus_client import Counter as Metric

from config.operations.observe import metrics
from config.operations.observe.logs import access
from trading.execution.batches import Batch
from trading.markets.models import Market


class MarketCounters(NamedTuple):
    """What is counted of a market."""

    instructions: Metric
    trades: Metric
    tonnes: Metric
    turnover: Metric


def note_batch(market: Market, batch: Batch, seconds: float) -> None:
    """Count a batch that is committed, and name in the log the instructions and orders that it was about.

    A request's line names the orders that it entered: together with this one it tells when they were executed.
    """
    counters, count = _counters_of(market.symbol), len(batch.instruction_ids)
    metrics.batch_seconds.observe(seconds)
    metrics.batch_instructions.observe(count)
    counters.instructions.inc(count)
    if batch.fills:
        counters.trades.inc(len(batch.fills))
        counters.tonnes.inc(sum(fill.quantity_t for fill in batch.fills))
        counters.turnover.inc(sum(fill.quantity_t * fill.price_fen for fill in batch.fills))
    for status, orders in Counter(order.status for order in batch.touched.values()).items():
        metrics.order_outcomes.labels(status).inc(orders)
    if access.is_on:
        _log(market, batch, seconds)


@cache
def _counters_of(symbol: str) -> MarketCounters:
    counters = (metrics.instructions_executed, metrics.trades, metrics.traded_tonnes, metrics.turnover)
    return MarketCounters(*(counter.labels(symbol) for counter in counters))


def _log(market: Market, batch: Batch, seconds: float) -> None:
    of_orders = [order_id for _sequence, _kind, order_id, _content in batch.executed if order_id is not None]
    orders = {"first_order": min(of_orders), "last_order": max(of_orders)} if of_orders else {}
    access.say(
        "batch",
        market=market.symbol,
        instructions=len(batch.instruction_ids),
        first_instruction=batch.instruction_ids[0],
        last_instruction=batch.instruction_ids[-1],
        **orders,
        first_sequence=batch.executed[0][0] if batch.executed else None,
        last_sequence=market.last_sequence,
        trades=len(batch.fills),
        ms=round(seconds * 1_000, 1),
    )
