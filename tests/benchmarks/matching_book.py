"""The order book alone: the design page's workload, made once by a seed, then timed, ours and the fastest one on PyPI.

Sixty of a hundred instructions rest, thirty cancel, ten are aggressive and eat about three orders each, around a price that
walks at random, so that the book stays about as large as it was at the start. No owner is on both sides: lightmatchingengine
knows no owners, and would not do what self-trade prevention does. Ours has it on, as it has all else.

    python -m tests.benchmarks.matching_book
"""

import gc
import random
import tracemalloc
from collections.abc import Sequence
from statistics import median
from time import process_time
from typing import Any

from lightmatchingengine.lightmatchingengine import LightMatchingEngine, Side

from trading.matching import Accepted, Cancel, Canceled, Instruction, MarketRules, OrderBook, Submit, Traded

SEED = 20
OWNERS = 10_000
WIDTH = 100
TURN = 10_000
START = 5_000
RULES = MarketRules(tick=1, lot=1, band=(1, 10_000), reference=START)


class Workload:
    """Instructions that fit the book they meet: what is cancelled is still resting."""

    def __init__(self, size: int, seed: int = SEED) -> None:
        self._size = size
        self._random = random.Random(seed)
        self.book = OrderBook(RULES)
        self._resting: list[int] = []
        self._place: dict[int, int] = {}
        self._middle = START
        self._last_id = 0

    def opening(self) -> list[Instruction]:
        """Return as many orders as shall rest on the book before the clock starts."""
        made = []
        while len(self._resting) < self._size:
            made.append(self._follow(self._passive()))
        return made

    def instructions(self, count: int) -> list[Instruction]:
        """Return instructions in the page's mixture."""
        return [self._follow(self._next()) for _ in range(count)]

    def _next(self) -> Instruction:
        dice = self._random.random()
        if dice < 0.6 or not self._resting:
            return self._passive()
        if dice < 0.9:
            return Cancel(self._random.choice(self._resting))
        return self._aggressive()

    def _passive(self) -> Submit:
        self._middle = min(max(self._middle + self._random.choice((-1, 0, 1)), 2 * WIDTH), 10_000 - 2 * WIDTH)
        is_buy = self._random.random() < 0.5
        away = self._random.randint(1, WIDTH)
        price = self._middle - away if is_buy else self._middle + away
        # The price has walked, the book behind it has not: what would meet an order there rests just before it instead.
        best_bid, best_ask = self.book._resting.bids.best, -self.book._resting.asks.best
        price = min(price, best_ask - 1) if is_buy else max(price, best_bid + 1)
        return self._submit(is_buy, price, 100)

    def _aggressive(self) -> Submit:
        is_buy = self._random.random() < 0.5
        # About three resting orders on average: what the other instructions leave over, so that the book keeps its size.
        largest = 400 if len(self._resting) > self._size else 200
        return self._submit(is_buy, self._middle + WIDTH if is_buy else self._middle - WIDTH, largest)

    def _submit(self, is_buy: bool, price: int, largest: int) -> Submit:
        self._last_id += 1
        side = "buy" if is_buy else "sell"
        owner = 2 * self._random.randrange(OWNERS) + is_buy
        return Submit(self._last_id, owner, side, "limit", price, self._random.randint(1, largest))

    def _follow(self, instruction: Instruction) -> Instruction:
        """Apply the instruction to a book of its own, to know which orders rest after it."""
        for event in self.book.apply(instruction):
            if isinstance(event, Accepted):
                self._place[event.order_id] = len(self._resting)
                self._resting.append(event.order_id)
            elif isinstance(event, Traded):
                self._forget_unless_resting(event.maker_id)
                self._forget_unless_resting(event.taker_id)
            elif isinstance(event, Canceled):
                self._forget_unless_resting(event.order_id)
        return instruction

    def _forget_unless_resting(self, order_id: int) -> None:
        if order_id in self.book._resting.terms or order_id not in self._place:
            return
        at, last = self._place.pop(order_id), self._resting.pop()
        if last != order_id:
            self._resting[at], self._place[last] = last, at


class Ours:
    """Our book, and what it has traded: every event of it is looked at."""

    def __init__(self, opening: Sequence[Instruction]) -> None:
        self.traded = 0
        self._apply = OrderBook(RULES).apply
        self.tell(opening)

    @staticmethod
    def in_its_terms(instructions: Sequence[Instruction]) -> Sequence[Instruction]:
        return instructions

    def tell(self, instructions: Sequence[Instruction]) -> None:
        apply, traded = self._apply, 0
        for instruction in instructions:
            for event in apply(instruction):
                if type(event) is Traded:
                    traded += event.quantity
        self.traded += traded


class Theirs:
    """lightmatchingengine's book. It counts its orders from 1 on, as the workload does, so that both mean the same by a number."""

    def __init__(self, opening: Sequence[Instruction]) -> None:
        self.traded = 0
        self._engine = LightMatchingEngine()
        self.tell(self.in_its_terms(opening))

    @staticmethod
    def in_its_terms(instructions: Sequence[Instruction]) -> Sequence[int | tuple[int, int, int]]:
        """Return price, quantity and side of each order, and the number of each one that is cancelled."""
        return [
            (each.price, each.quantity, Side.BUY if each.side == "buy" else Side.SELL)
            if isinstance(each, Submit)
            else each.order_id
            for each in instructions
        ]

    def tell(self, instructions: Sequence[int | tuple[int, int, int]]) -> None:
        add, cancel, traded = self._engine.add_order, self._engine.cancel_order, 0
        for instruction in instructions:
            if type(instruction) is int:
                cancel(instruction, "T")
            else:
                price, quantity, side = instruction
                order, trades = add("T", price, quantity, side)
                if trades:
                    traded += order.cum_qty
        self.traded += traded


Book = Ours | Theirs


def ours_and_theirs(resting: int, operations: int) -> tuple[float, float]:
    """Return operations per second of our book and of lightmatchingengine's on the same instructions."""
    ours, theirs = _per_second(resting, operations, Ours, Theirs)
    return ours, theirs


def ours_alone(resting: int, operations: int) -> float:
    """Return operations per second of our book."""
    return _per_second(resting, operations, Ours)[0]


def _per_second(resting: int, operations: int, *kinds: type[Book]) -> list[float]:
    """Return operations per second of each book, of processor time; their turns alternate, and the median turn counts.

    What is there before the clock starts is kept from the collector, as the worker does once it has read a book.
    """
    workload = Workload(resting)
    opening, timed = workload.opening(), workload.instructions(operations)
    books = [kind(opening) for kind in kinds]
    told = [book.in_its_terms(timed) for book in books]
    seconds: list[list[float]] = [[] for _ in books]
    gc.collect()
    gc.freeze()
    try:
        for start in range(0, operations, TURN):
            for at, book in enumerate(books):
                seconds[at].append(_seconds(book, told[at][start : start + TURN]))
            assert len({book.traded for book in books}) == 1, "the books do not trade the same"
    finally:
        gc.unfreeze()
    return [TURN / median(each) for each in seconds]


def _seconds(book: Book, instructions: Sequence[Any]) -> float:
    started = process_time()
    book.tell(instructions)
    return process_time() - started


def bytes_per_resting_order(resting: int) -> float:
    """Return the memory of our book for each order on it, over the numbers that the order consists of."""
    workload = Workload(resting)
    workload.opening()
    rows = list(workload.book.resting())
    gc.collect()
    tracemalloc.start()
    book = OrderBook.restore(RULES, rows, sequence=workload.book.sequence)
    size, _peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert sum(1 for _ in book.resting()) == len(rows)
    return size / len(rows)


if __name__ == "__main__":
    fast, slow = ours_and_theirs(5_000, 200_000)
    print(f"  5,000 resting: {fast:>9,.0f} operations/s; lightmatchingengine {slow:>9,.0f}: {fast / slow:.2f}x")
    large = ours_alone(100_000, 200_000)
    print(f"100,000 resting: {large:>9,.0f} operations/s: {large / fast:.2f}x")
    print(f"100,000 resting: {bytes_per_resting_order(100_000):,.0f} bytes an order")
