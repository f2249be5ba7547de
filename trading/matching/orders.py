"""An order on the book."""

from collections.abc import Hashable


class BookOrder:
    """What the book knows of an order: `remaining` can still trade, of it `shown` is visible."""

    __slots__ = (
        "decremented",
        "display",
        "filled",
        "is_buy",
        "order_id",
        "order_type",
        "owner",
        "post_only",
        "price",
        "quantity",
        "remaining",
        "self_trade_mode",
        "sequence",
        "shown",
        "time_in_force",
    )

    def __init__(
        self,
        order_id: Hashable,
        owner: Hashable,
        is_buy: bool,
        order_type: str,
        price: int | None,
        quantity: int,
        time_in_force: str,
        post_only: bool,
        display: int | None,
        self_trade_mode: str,
        sequence: int,
    ) -> None:
        self.order_id = order_id
        self.owner = owner
        self.is_buy = is_buy
        self.order_type = order_type
        self.price = price
        self.quantity = quantity
        self.time_in_force = time_in_force
        self.post_only = post_only
        self.display = display
        self.self_trade_mode = self_trade_mode
        self.sequence = sequence
        self.filled = 0
        self.decremented = 0
        self.remaining = quantity
        self.shown = quantity

    def show(self) -> None:
        """Show what may be shown of the remainder."""
        self.shown = self.remaining if self.display is None else min(self.display, self.remaining)

    def fill(self, quantity: int) -> None:
        """Take a trade off what remains and what is shown."""
        self.filled += quantity
        self.remaining -= quantity
        self.shown -= quantity

    def decrement(self, quantity: int) -> None:
        """Take a quantity off without a trade; the shown part stays as far as the remainder allows."""
        self.decremented += quantity
        self.remaining -= quantity
        self.shown = min(self.shown, self.remaining)
