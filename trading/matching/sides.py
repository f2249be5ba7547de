"""One side of the book: price levels with the best at the end of a sorted list, each a dict in order of time.

A dict keeps the order of insertion, and removing from it is one step, which makes it the fastest queue with removal that
Python has. Only its front is weak: the places of removed entries are walked over until the dict is rebuilt, so a level
that has lost many is copied.
"""

from bisect import bisect_left, insort
from collections.abc import Hashable, Iterator

from trading.matching.orders import BookOrder

Level = dict[Hashable, BookOrder]

COPY_AFTER = 64


class BookSide:
    """Buys (sign 1) or sells (sign -1); a key is sign × price, so that the greatest key is the best price."""

    __slots__ = ("_removed", "keys", "levels", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.keys: list[int] = []
        self.levels: dict[int, Level] = {}
        self._removed: dict[int, int] = {}

    def add(self, order: BookOrder) -> None:
        """Put an order behind all others of its price."""
        assert order.price is not None
        key = self.sign * order.price
        level = self.levels.get(key)
        if level is None:
            self.levels[key] = {order.order_id: order}
            insort(self.keys, key)
        else:
            level[order.order_id] = order

    def remove(self, order: BookOrder) -> None:
        """Take an order off the book."""
        assert order.price is not None
        key = self.sign * order.price
        level = self.levels[key]
        del level[order.order_id]
        if not level:
            self._drop(key)
            return
        removed = self._removed.get(key, 0) + 1
        if removed > COPY_AFTER and removed > len(level):
            self.levels[key] = dict(level.items())
            removed = 0
        self._removed[key] = removed

    def _drop(self, key: int) -> None:
        del self.levels[key]
        self._removed.pop(key, None)
        if self.keys[-1] == key:
            self.keys.pop()
        else:
            del self.keys[bisect_left(self.keys, key)]

    def __iter__(self) -> Iterator[BookOrder]:
        """Yield orders in priority: best price first, then time."""
        for key in reversed(self.keys):
            yield from self.levels[key].values()

    def depth(self, levels: int | None = None) -> list[tuple[int, int, int]]:
        """Return price, shown quantity and number of orders of each level from the best on."""
        keys = self.keys[::-1] if levels is None else self.keys[: -levels - 1 : -1]
        return [
            (key * self.sign, sum(order.shown for order in level.values()), len(level))
            for key in keys
            if (level := self.levels[key])
        ]
