"""An order on the book."""

from collections.abc import Hashable

from trading.matching.instructions import Submit


class BookOrder:
    """What the book changes of an order: `remaining` can still trade, of it `shown` is visible.

    All that stays as it was entered is read from `terms`: an order is made for each one that comes in, and is cheap to make.
    """

    __slots__ = (
        "decremented",
        "is_buy",
        "order_id",
        "owner",
        "price",
        "quantity",
        "remaining",
        "sequence",
        "shown",
        "terms",
    )

    def __init__(self, terms: Submit, sequence: int) -> None:
        self.order_id: Hashable = terms.order_id
        self.owner: Hashable = terms.owner
        self.is_buy = terms.side == "buy"
        self.price = terms.price
        self.quantity = self.remaining = self.shown = terms.quantity
        self.decremented = 0
        self.sequence = sequence
        self.terms = terms

    @property
    def filled(self) -> int:
        return self.quantity - self.decremented - self.remaining

    def show(self) -> None:
        """Show what may be shown of the remainder."""
        display = self.terms.display
        self.shown = self.remaining if display is None else min(display, self.remaining)

    def decrement(self, quantity: int) -> None:
        """Take a quantity off without a trade; the shown part stays as far as the remainder allows."""
        self.decremented += quantity
        self.remaining -= quantity
        self.shown = min(self.shown, self.remaining)
