"""Run a market's instruction log through the order book again, and compare every trade, every order, and the market."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

import orjson

from trading.execution import agreed
from trading.execution.batches import told
from trading.execution.books import rules_of
from trading.execution.models import ExecutedInstruction, Trade
from trading.markets.models import Market
from trading.matching import (
    Accepted,
    Canceled,
    Decremented,
    Event,
    Instruction,
    OrderBook,
    Rejected,
    Replenished,
    Submit,
    Traded,
)
from trading.orders.models import Order

Fact = tuple[int, int, int, int, int]  # sequence, maker, taker, price in fen, tonnes
CHUNK = 10_000
FIGURES = ("owner", "price_fen", "quantity_t")
STORED = ("status", "reason", "sequence", "filled_t", "decremented_t", "shown_t")


class Disagreement(Exception):
    """What the replay comes to is not what is stored; the message says where."""


@dataclass(frozen=True, slots=True)
class Replay:
    """How many trades agree, and the first thing that does not, in words; empty where all do."""

    trades: int
    difference: str


@dataclass(slots=True)
class ReplayedOrder:
    """What has become of an order. An iceberg shows slices of `display_t`; `shown_t` is what one was cut down to."""

    quantity_t: int
    display_t: int | None = None
    filled_t: int = 0
    decremented_t: int = 0
    shown_t: int | None = None
    status: str = "pending_new"
    reason: str = ""
    sequence: int | None = None

    @property
    def remaining_t(self) -> int:
        return self.quantity_t - self.filled_t - self.decremented_t

    def fill(self, quantity_t: int, *, is_maker: bool) -> None:
        """Trade so much: a maker of what it shows."""
        if is_maker and self.display_t is not None:
            self.shown_t = self._shown(self.display_t) - quantity_t
        self.filled_t += quantity_t
        self.status = "partially_filled" if self.remaining_t else "filled"

    def decrement(self, quantity_t: int) -> None:
        """Lose so much without a trade: the shown part last."""
        shown = None if self.display_t is None else self._shown(self.display_t)
        self.decremented_t += quantity_t
        if shown is not None:
            self.shown_t = min(shown, self.remaining_t)

    def _shown(self, display_t: int) -> int:
        return min(display_t, self.remaining_t) if self.shown_t is None else self.shown_t

    def stored(self) -> tuple[object, ...]:
        """Return it as the table has it."""
        return self.status, self.reason, self.sequence, self.filled_t, self.decremented_t, self.shown_t


def replay_market(market: Market) -> Replay:
    """Replay a market from its first instruction to the last one executed."""
    compared = 0
    replaying = _Replaying(market, OrderBook(rules_of(market)))
    try:
        for replayed, recorded in zip_longest(replaying.trades(), _recorded(market)):
            if replayed != recorded:
                raise Disagreement(f"replayed {replayed}, recorded {recorded} (sequence, maker, taker, fen, t)")
            compared += 1
        replaying.compare_market()
    except Disagreement as difference:
        return Replay(compared, str(difference))
    return Replay(compared, "")


@dataclass(slots=True)
class _Replaying:
    """A replay under way. Orders that are finished are compared by the thousand and forgotten: memory stays bounded."""

    market: Market
    book: OrderBook
    live: dict[int, ReplayedOrder] = field(default_factory=dict)
    finished: dict[int, ReplayedOrder] = field(default_factory=dict)
    halt_reason: str = ""

    def trades(self) -> Iterator[Fact]:
        executed = 0
        for sequence, kind, order_id, content in _executed(self.market):
            if sequence != executed + 1:
                break
            executed += 1
            for event in self._apply(sequence, kind, order_id, content):
                if isinstance(event, Traded):
                    yield (sequence, event.maker_id, event.taker_id, event.price, event.quantity)
            if len(self.finished) >= CHUNK:
                _compare_orders(self.finished)
                self.finished.clear()
        if executed != self.market.last_sequence:
            raise Disagreement(f"instruction {executed + 1} is missing, or follows the last one executed")
        _compare_orders(self.finished)
        _compare_orders(self.live)

    def _apply(self, sequence: int, kind: str, order_id: int | None, content: str) -> list[Event]:
        try:
            if kind == agreed.KIND:
                return self._agree(agreed.read_agreed(orjson.loads(content)))
            instruction, self.halt_reason = _read(kind, order_id, content, self.halt_reason)
        except (ValueError, TypeError, KeyError) as error:
            raise Disagreement(f"instruction {sequence} cannot be read: {error!r}") from error
        if isinstance(instruction, Submit):
            self.live[instruction.order_id] = ReplayedOrder(instruction.quantity, instruction.display)
        events = self.book.apply(instruction)
        try:
            for event in events:
                self._follow(event)
        except KeyError as error:
            raise Disagreement(f"instruction {sequence} is about an order that is not live: {error}") from error
        return events

    def _agree(self, found: agreed.Agreed) -> list[Event]:
        """Let the orders of what was agreed trade with one another, beside the book."""
        self.live.update((order_id, ReplayedOrder(quantity_t)) for order_id, quantity_t in found.orders)
        events = found.events(is_halted=self.book.halted)
        for event in events:
            self._follow(event)
        return events

    def _follow(self, event: Event) -> None:
        match event:
            case Traded(quantity=quantity, maker_id=maker_id, taker_id=taker_id):
                for order_id in (maker_id, taker_id):
                    order = self.live[order_id]
                    order.fill(quantity, is_maker=order_id == maker_id)
                    if not order.remaining_t:
                        self.finished[order_id] = self.live.pop(order_id)
            case Replenished(order_id=order_id, shown=shown, sequence=priority):
                self.live[order_id].shown_t, self.live[order_id].sequence = shown, priority
            case Decremented(order_id=order_id, quantity=quantity):
                self.live[order_id].decrement(quantity)
            case Accepted(order_id=order_id, sequence=priority):
                self.live[order_id].status, self.live[order_id].sequence = "new", priority
            case Canceled(order_id=order_id, reason=reason):
                self._finish(order_id, "canceled", reason)
            case Rejected(order_id=order_id, reason=reason):
                self._finish(order_id, "rejected", reason)

    def _finish(self, order_id: int, status: str, reason: str) -> None:
        order = self.finished[order_id] = self.live.pop(order_id)
        order.status, order.reason = status, reason

    def compare_market(self) -> None:
        """Compare what the market's row says of its book.

        Raises: Disagreement.
        """
        state = Market.State.HALTED if self.book.halted else Market.State.OPEN
        replayed = (state, self.halt_reason, self.book.sequence)
        stored = (self.market.state, self.market.halt_reason, self.market.book_sequence)
        if replayed != stored:
            raise Disagreement(f"the market is replayed {replayed}, stored {stored} (state, reason, priority number)")


def _compare_orders(orders: dict[int, ReplayedOrder]) -> None:
    """Compare orders with their rows, some thousands at a time.

    Raises: Disagreement.
    """
    ids = list(orders)
    for start in range(0, len(ids), CHUNK):
        some = ids[start : start + CHUNK]
        rows = Order.objects.filter(id__in=some).values_list("id", *STORED)
        stored: dict[int, tuple[Any, ...]] = {row[0]: tuple(row[1:]) for row in rows}
        for order_id in some:
            if (found := stored.get(order_id)) != (replayed := orders[order_id].stored()):
                what = f"replayed {replayed}, stored {found} ({', '.join(STORED)})"
                raise Disagreement(f"order {order_id}: {what}")


def _executed(market: Market) -> Iterator[tuple[int, str, int | None, str]]:
    log = ExecutedInstruction.objects.filter(market=market).order_by("sequence")
    return log.values_list("sequence", "kind", "order_id", "content").iterator(chunk_size=CHUNK)


def _read(kind: str, order_id: int | None, content: str, halt_reason: str) -> tuple[Instruction, str]:
    """Return the instruction, and for which reason the market is halted after it.

    Raises: ValueError, TypeError, KeyError where the text is not what the executor writes.
    """
    written = orjson.loads(content)
    if kind == "halt":
        return told(kind, order_id, written), str(written["note"])
    if kind == "submit" and not (order_id and all(type(written[name]) is int for name in FIGURES)):
        raise TypeError("a figure is no whole number")
    return told(kind, order_id, written), "" if kind == "resume" else halt_reason


def _recorded(market: Market) -> Iterator[Fact]:
    columns = ("sequence", "buy_order_id", "sell_order_id", "taker_side", "price_fen", "quantity_t")
    trades = Trade.objects.filter(market=market).order_by("id").values_list(*columns).iterator(chunk_size=CHUNK)
    for sequence, buy_id, sell_id, taker_side, price_fen, quantity_t in trades:
        maker_id, taker_id = (buy_id, sell_id) if taker_side == "sell" else (sell_id, buy_id)
        yield (sequence, maker_id, taker_id, price_fen, quantity_t)
