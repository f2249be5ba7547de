"""The order book alone: the design page's workload, made once by a seed, then timed.

Sixty of a hundred instructions rest, thirty cancel, ten are aggressive and eat about three orders each, around a price that
walks at random, so that the book stays about as large as it was at the start.

    python -m tests.benchmarks.matching_book
"""

import gc
import random
import sys
from collections.abc import Callable
from time import perf_counter

from trading.matching import Accepted, Cancel, Canceled, Instruction, MarketRules, OrderBook, Submit, Traded

SEED = 20
OWNERS = 10_000
WIDTH = 100
START = 5_000
RULES = MarketRules(tick=1, lot=1, band=(1, 10_000), reference=START)


class Workload:
    """Instructions that fit the book they meet: what is cancelled is still resting."""

    def __init__(self, size: int, seed: int = SEED) -> None:
        self._size = size
        self._random = random.Random(seed)
        self._book = OrderBook(RULES)
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
        bids, asks = self._book.depth(1)
        # The price has walked, the book behind it has not: what would meet an order there rests just before it instead.
        if is_buy and asks:
            price = min(price, asks[0][0] - 1)
        elif bids and not is_buy:
            price = max(price, bids[0][0] + 1)
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
        for event in self._book.apply(instruction):
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
        if order_id in self._book._resting.terms or order_id not in self._place:
            return
        at, last = self._place.pop(order_id), self._resting.pop()
        if last != order_id:
            self._resting[at], self._place[last] = last, at


def run(resting: int, operations: int) -> float:
    """Return operations per second of the book, its instructions made beforehand."""
    workload = Workload()
    opening, timed = workload.opening(resting), workload.instructions(operations)
    book = OrderBook(RULES)
    for instruction in opening:
        book.apply(instruction)
    # As the settlement worker does once it has read a book: what is there already is not walked again.
    gc.collect()
    gc.freeze()
    try:
        return operations / _seconds(book.apply, timed)
    finally:
        gc.unfreeze()


def _seconds(apply: Callable[[Instruction], object], instructions: list[Instruction]) -> float:
    started = perf_counter()
    for instruction in instructions:
        apply(instruction)
    return perf_counter() - started


if __name__ == "__main__":
    for size in map(int, sys.argv[1:] or (5_000, 100_000)):
        print(f"{size:>9,} resting: {run(size, 200_000):>9,.0f} operations/s")
