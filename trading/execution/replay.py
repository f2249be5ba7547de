"""Run a market's instruction log through the order book again, and compare every trade, every order, and the market."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

import orjson

from trading.execution import agreed
from trading.execution.batches import phase_of
from trading.execution.books import matching_rules
from trading.execution.models import ExecutedInstruction, Trade
from trading.execution.telling import PUT_OFF, Content, rules_from, tell
from trading.markets.models import Market
from trading.matching import (
    Accepted,
    Canceled,
    Decremented,
    Event,
    Expired,
    OrderBook,
    Rejected,
    Replaced,
    Replenished,
    Traded,
    Uncrossed,
)
from trading.orders.models import Order

Fact = tuple[int, int, int, int, int]  # sequence, maker, taker, price in fen, tonnes
CHUNK = 10_000
FIGURES = ("owner", "price_fen", "quantity_t")
STORED = ("price_fen", "quantity_t", "status", "reason", "sequence", "filled_t", "decremented_t", "shown_t")


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

    price_fen: int
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

    def fill(self, quantity_t: int, *, is_maker: bool, is_in_auction: bool) -> None:
        """Trade so much: a maker of what it shows, and in an auction both of what is hidden first."""
        if self.display_t is not None and is_in_auction:
            self.shown_t = min(self._shown(self.display_t), self.remaining_t - quantity_t)
        elif self.display_t is not None and is_maker:
            self.shown_t = self._shown(self.display_t) - quantity_t
        self.filled_t += quantity_t
        self.status = "partially_filled" if self.remaining_t else "filled"

    def decrement(self, quantity_t: int) -> None:
        """Lose so much without a trade: the shown part last."""
        shown = None if self.display_t is None else self._shown(self.display_t)
        self.decremented_t += quantity_t
        if shown is not None:
            self.shown_t = min(shown, self.remaining_t)

    def replace(self, price_fen: int | None, quantity_t: int, priority: int) -> None:
        """Take new terms: an order that keeps its place keeps what it shows, as far as there is so much."""
        shown = None if self.display_t is None else self._shown(self.display_t)
        keeps_place = self.sequence == priority
        self.quantity_t, self.sequence = quantity_t, priority
        if price_fen is not None:
            self.price_fen = price_fen
        if shown is not None:
            self.shown_t = min(shown, self.remaining_t) if keeps_place else None

    def _shown(self, display_t: int) -> int:
        return min(display_t, self.remaining_t) if self.shown_t is None else self.shown_t

    def stored(self) -> tuple[object, ...]:
        """Return it as the table has it."""
        return tuple(getattr(self, name) for name in STORED)


def replay_market(market: Market) -> Replay:
    """Replay a market from its first instruction to the last one executed."""
    compared = 0
    try:
        replaying = _Replaying(market, _first_book(market))
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
    # From which price a trade may not be too far: that of the last auction of the day.
    volatility_reference_fen: int | None = None

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
            written = _read(kind, order_id, content)
            if kind == agreed.KIND:
                return self._agree(agreed.read_agreed(written))
            if kind == "submit":
                assert order_id is not None
                self.live[order_id] = ReplayedOrder(
                    written["price_fen"], written["quantity_t"], written.get("display_t")
                )
            elif kind in ("halt", "resume"):
                self.halt_reason = str(written["note"]) if kind == "halt" else ""
            elif kind in ("new_day", "change_rules") and written != PUT_OFF:
                self.volatility_reference_fen = None
            events = tell(self.book, kind, order_id, written)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise Disagreement(f"instruction {sequence} cannot be read: {error!r}") from error
        try:
            for event in events:
                self._follow(event, is_in_auction=kind == "auction_uncross")
        except KeyError as error:
            raise Disagreement(f"instruction {sequence} is about an order that is not live: {error}") from error
        return events

    def _agree(self, found: agreed.Agreed) -> list[Event]:
        """Let the orders of what was agreed trade with one another, beside the book."""
        self.live.update(
            (order_id, ReplayedOrder(price_fen, quantity_t)) for order_id, price_fen, quantity_t in found.orders
        )
        events = found.events(is_halted=self.book.halted)
        for event in events:
            self._follow(event, is_in_auction=False)
        return events

    def _follow(self, event: Event, *, is_in_auction: bool) -> None:
        match event:
            case Traded(quantity=quantity, maker_id=maker_id, taker_id=taker_id):
                for order_id in (maker_id, taker_id):
                    order = self.live[order_id]
                    order.fill(quantity, is_maker=order_id == maker_id, is_in_auction=is_in_auction)
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
            case Expired(order_id=order_id):
                self._finish(order_id, "expired", "")
            case Replaced(order_id=order_id, price=price, quantity=quantity, sequence=priority):
                self.live[order_id].replace(price, quantity, priority)
            case Rejected(order_id=order_id, reason=reason):
                self._finish(order_id, "rejected", reason)
            case Uncrossed(price=price) if price is not None:
                self.volatility_reference_fen = price

    def _finish(self, order_id: int, status: str, reason: str) -> None:
        order = self.finished[order_id] = self.live.pop(order_id)
        order.status, order.reason = status, reason

    def compare_market(self) -> None:
        """Compare what the market's row says of its book.

        Raises: Disagreement.
        """
        market, book, phase = self.market, self.book, str(phase_of(self.book))
        state = "halted" if book.halted else phase
        replayed = (
            *(state, phase, book.in_auction, self.halt_reason, book.sequence),
            *(self.volatility_reference_fen, book.rules),
        )
        stored = (
            *(market.state, market.phase, market.in_auction, market.halt_reason, market.book_sequence),
            *(market.volatility_reference_fen, matching_rules(market)),
        )
        if replayed != stored:
            what = "state, phase, call auction, reason, priority number, volatility reference, rules"
            raise Disagreement(f"the market is replayed {replayed}, stored {stored} ({what})")


def _first_book(market: Market) -> OrderBook:
    """Return the book that a market opened with: its rules are those before the first change, and its sessions say whether it
    was open.

    Raises: Disagreement.
    """
    changes = ExecutedInstruction.objects.filter(market=market, kind="change_rules").order_by("sequence")
    rules, sessions = matching_rules(market), market.sessions
    for content in changes.values_list("content", flat=True):
        try:
            was = orjson.loads(content).get("was")
            if was is None:
                continue
            rules, sessions = rules_from(was), was["sessions"]
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise Disagreement(f"a change of rules cannot be read: {error!r}") from error
        break
    return OrderBook.restore(rules, (), sequence=0, closed=bool(sessions))


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


def _read(kind: str, order_id: int | None, content: str) -> Content:
    """Return what the log writes of an instruction.

    Raises: ValueError, TypeError, KeyError where the text is not what the executor writes.
    """
    written: Content = orjson.loads(content)
    if kind == "submit" and not (order_id and all(type(written[name]) is int for name in FIGURES)):
        raise TypeError("a figure is no whole number")
    return written


def _recorded(market: Market) -> Iterator[Fact]:
    columns = ("sequence", "buy_order_id", "sell_order_id", "taker_side", "price_fen", "quantity_t")
    trades = Trade.objects.filter(market=market).order_by("id").values_list(*columns).iterator(chunk_size=CHUNK)
    for sequence, buy_id, sell_id, taker_side, price_fen, quantity_t in trades:
        maker_id, taker_id = (buy_id, sell_id) if taker_side == "sell" else (sell_id, buy_id)
        yield (sequence, maker_id, taker_id, price_fen, quantity_t)
