"""One side of the book: price levels with the best at the end of a sorted list, each a dict in order of time.

A dict keeps the order of insertion, and removing from it is one step, which makes it the fastest queue with removal that
Python has. A level holds nothing but order ids and numbers: no object an order, and nothing for the garbage collector to walk.
"""

import math
from bisect import bisect_left, insort
from collections.abc import Hashable, Iterator
from typing import Any

Level = dict[Hashable, int]
"""The places in time (sequence) of the orders at one price, the earliest first."""

AT_ANY_PRICE: Any = math.inf
"""The key of an auction's market orders: better than every price. It is compared with keys, and never calculated with."""

NO_PRICE: Any = -math.inf
"""The best key of an empty side."""

LARGE = 16_384
"""Bytes of a level's dict from which on its gaps are worth a thought: some three hundred orders have, or had, room in it."""
# Bytes for each of its orders: a dict that is filled has at most a quarter as many, whatever its size.
SPARSE = 240


class BookSide(dict[int, Level]):
    """Buys (sign 1) or sells (sign -1); a key is sign × price, so that the greatest key is the best price."""

    __slots__ = ("best", "keys_in_order", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.keys_in_order: list[int] = []
        self.best: int = NO_PRICE

    def __missing__(self, key: int) -> Level:
        """Open a level where an order comes to a price that has none."""
        if key > self.best:
            self.keys_in_order.append(key)
            self.best = key
        else:
            insort(self.keys_in_order, key)
        level: Level = {}
        self[key] = level
        return level

    def drop(self, key: int) -> None:
        """Close a level that has no orders left."""
        del self[key]
        keys = self.keys_in_order
        if key == self.best:
            keys.pop()
            self.best = keys[-1] if keys else NO_PRICE
        else:
            del keys[bisect_left(keys, key)]

    def key_of(self, price: int | None) -> int:
        """Return the key of a price; None is the price of a market order."""
        return AT_ANY_PRICE if price is None else self.sign * price

    def in_priority(self) -> Iterator[tuple[Hashable, int]]:
        """Yield orders with their sequence: best price first, then time; an auction's market orders before all."""
        for key in reversed(self.keys_in_order):
            yield from self[key].items()

    def prices(self, levels: int | None = None) -> Iterator[tuple[int, Level]]:
        """Yield so many prices from the best on, or all of them, each with its level; market orders have no price."""
        priced = len(self.keys_in_order) - (AT_ANY_PRICE in self)
        last = 0 if levels is None else max(priced - levels, 0)
        for key in reversed(self.keys_in_order[last:priced]):
            yield self.sign * key, self[key]


def close_gaps(level: Level) -> None:
    """Write a large level anew, in its order, if most of its dict is gaps.

    Only the front of a dict is weak: the gaps of removed entries are walked over until the dict grows. A level that has
    lost very many, one after the other, would be walked for longer each time.
    """
    if level.__sizeof__() > SPARSE * len(level):
        entries = list(level.items())
        level.clear()
        level.update(entries)
