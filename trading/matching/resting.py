"""All orders on the book, and how much of each can still trade."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from trading.matching.instructions import RestingOrder, Submit
from trading.matching.sides import AT_ANY_PRICE, BookSide


@dataclass(slots=True)
class Part:
    """What can still trade of an order that is not as it came: what it shows, what it hides, and what it lost without a trade."""

    shown: int
    hidden: int = 0
    decremented: int = 0

    @property
    def remaining(self) -> int:
        return self.shown + self.hidden

    def replenish(self, display: int) -> None:
        """Show the next slice of what is hidden."""
        self.shown = min(display, self.hidden)
        self.hidden -= self.shown

    def reduce(self, quantity: int) -> None:
        """Take a quantity off; the shown part stays as far as the remainder allows."""
        remaining = self.remaining - quantity
        self.shown = min(self.shown, remaining)
        self.hidden = remaining - self.shown


class Waiting(NamedTuple):
    """An order in an auction's queue, with all that can still trade of it, hidden parts too."""

    terms: Submit
    sequence: int
    remaining: int


class RestingOrders:
    """What rests on the book: the terms of every order, and its place on a price level.

    Nearly every order rests as it came and shows all of its quantity, so the terms are all that is kept of it, the very
    instruction that brought them. Only of the others is there a `Part`.
    """

    __slots__ = ("asks", "bids", "parts", "sequence", "terms")

    def __init__(self) -> None:
        self.sequence = 0
        self.terms: dict[Hashable, Submit] = {}
        self.parts: dict[Hashable, Part] = {}
        self.bids = BookSide(1)
        self.asks = BookSide(-1)

    def rest(self, terms: Submit, sequence: int, part: Part) -> None:
        """Put an order on the book, behind all others of its price."""
        order_id = terms.order_id
        self.terms[order_id] = terms
        if part.shown != terms.quantity:
            self.parts[order_id] = part
        side = self.bids if terms.side == "buy" else self.asks
        side[side.key_of(terms.price)][order_id] = sequence

    def take_off(self, order_id: Hashable) -> int:
        """Take an order off the book and return what remained of it."""
        terms = self.terms.pop(order_id)
        side = self.bids if terms.side == "buy" else self.asks
        key = AT_ANY_PRICE if terms.price is None else side.sign * terms.price
        level = side[key]
        del level[order_id]
        if not level:
            side.drop(key)
        return self.parts.pop(order_id).remaining if order_id in self.parts else terms.quantity

    def part(self, order_id: Hashable) -> Part:
        """Return what can still trade of an order."""
        return self.parts.get(order_id) or Part(self.terms[order_id].quantity)

    def reduce(self, order_id: Hashable, quantity: int) -> int:
        """Take a quantity off an order and return what remains of it; one of which nothing remains leaves the book."""
        part = self.parts.setdefault(order_id, self.part(order_id))
        part.reduce(quantity)
        return part.remaining or self.take_off(order_id)

    def decrement(self, order_id: Hashable, quantity: int) -> int:
        """Take a quantity off an order without a trade and return what remains of it."""
        self.parts.setdefault(order_id, self.part(order_id)).decremented += quantity
        return self.reduce(order_id, quantity)

    def queue(self, side: BookSide) -> list[Waiting]:
        """Return one side's orders in priority, an auction's market orders first."""
        return [Waiting(self.terms[at], sequence, self.part(at).remaining) for at, sequence in side.in_priority()]

    def depth(self, side: BookSide, levels: int | None) -> list[tuple[int, int, int]]:
        """Return price, shown quantity and number of orders of a side's levels from the best on."""
        terms, parts = self.terms, self.parts
        return [
            (price, sum(parts[at].shown if at in parts else terms[at].quantity for at in level), len(level))
            for price, level in side.prices(levels)
        ]

    def shrink(self, new: Submit) -> int:
        """Give an order terms with a smaller quantity, and return its sequence: it keeps its place."""
        order_id = new.order_id
        self.reduce(order_id, self.terms[order_id].quantity - new.quantity)
        self.terms[order_id] = new
        side = self.bids if new.side == "buy" else self.asks
        return side[side.key_of(new.price)][order_id]

    # Kept elsewhere, and put back

    def rows(self) -> Iterator[RestingOrder]:
        """Yield every order, buys and sells in priority."""
        for order_id, sequence in (*self.bids.in_priority(), *self.asks.in_priority()):
            terms, part = self.terms[order_id], self.part(order_id)
            yield RestingOrder(
                order_id=order_id,
                owner=terms.owner,
                side=terms.side,
                price=terms.price,
                quantity=terms.quantity,
                filled=terms.quantity - part.decremented - part.remaining,
                sequence=sequence,
                order_type=terms.order_type,
                time_in_force=terms.time_in_force,
                post_only=terms.post_only,
                display=terms.display,
                shown=part.shown,
                decremented=part.decremented,
                self_trade_mode=terms.self_trade_mode,
            )

    def put_back(self, row: RestingOrder) -> None:
        """Put an order where it was; rows come in their sequence."""
        terms = Submit(
            row.order_id,
            row.owner,
            row.side,
            row.order_type,
            row.price,
            row.quantity,
            row.time_in_force,
            row.post_only,
            row.display,
            row.self_trade_mode,
        )
        part = part_of(terms, row.quantity - row.filled - row.decremented, row.decremented)
        if row.shown is not None:
            part = Part(row.shown, part.remaining - row.shown, row.decremented)
        self.rest(terms, row.sequence, part)


def part_of(terms: Submit, remaining: int, decremented: int = 0) -> Part:
    """Return the part with which an order rests: an iceberg shows its first slice."""
    shown = remaining if terms.display is None else min(terms.display, remaining)
    return Part(shown, remaining - shown, decremented)
