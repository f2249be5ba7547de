"""Run a market's instruction log through the order book again, and compare every trade."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest

import orjson

from trading.execution.batches import told
from trading.execution.books import rules_of
from trading.execution.models import ExecutedInstruction, Trade
from trading.markets.models import Market
from trading.matching import OrderBook, Traded

Fact = tuple[int, int, int, int, int]  # sequence, maker, taker, price in fen, tonnes


class MissingInstruction(Exception):
    """The log of instructions has a gap, or ends before the market does."""


@dataclass(frozen=True, slots=True)
class Replay:
    """How many trades agree, and the first that does not, in words; empty where all do."""

    trades: int
    difference: str


def replay_market(market: Market) -> Replay:
    """Replay a market from its first instruction to the last one executed."""
    compared = 0
    try:
        for replayed, recorded in zip_longest(_replayed(market), _recorded(market)):
            if replayed != recorded:
                return Replay(compared, f"replayed {replayed}, recorded {recorded} (sequence, maker, taker, fen, t)")
            compared += 1
    except MissingInstruction as missing:
        return Replay(compared, str(missing))
    return Replay(compared, "")


def _replayed(market: Market) -> Iterator[Fact]:
    book = OrderBook(rules_of(market))
    log = ExecutedInstruction.objects.filter(market=market).order_by("sequence")
    executed = 0
    for instruction in log.iterator(chunk_size=10_000):
        if instruction.sequence != executed + 1:
            break
        executed += 1
        for event in book.apply(told(instruction.kind, instruction.order_id, orjson.loads(instruction.content))):
            if isinstance(event, Traded):
                yield (instruction.sequence, event.maker_id, event.taker_id, event.price, event.quantity)
    if executed != market.last_sequence:
        raise MissingInstruction(f"instruction {executed + 1} is missing, or follows the last one executed")


def _recorded(market: Market) -> Iterator[Fact]:
    for trade in Trade.objects.filter(market=market).order_by("id").iterator(chunk_size=10_000):
        maker, taker = trade.sell_order_id, trade.buy_order_id
        if trade.taker_side == "sell":
            maker, taker = taker, maker
        yield (trade.sequence, maker, taker, trade.price_fen, trade.quantity_t)
