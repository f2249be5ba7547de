"""What a book is told, and what it answers: small objects of integers and strings.

Order ids and owners are anything hashable. Prices are in fen per tonne, quantities in whole tonnes.

Nobody changes them once they are made. They are not frozen all the same: a book makes and reads millions of them, and a
class with slots is the cheapest that Python has. The three events that nearly every instruction ends in (`Accepted`,
`Traded`, `Canceled`) are cheaper still: they are made empty and filled in, for a call of `__init__` takes longer than the rest.
"""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

Id = Any
"""Whatever the owner of the book names orders and parties by: numbers in the market, texts in scenario files."""

Side = Literal["buy", "sell"]
OrderType = Literal["limit", "market"]
TimeInForce = Literal["gtc", "day", "gtd", "ioc", "fok"]
SelfTradeMode = Literal["cancel_newest", "cancel_oldest", "cancel_both", "decrement"]


@dataclass(frozen=True, slots=True)
class MarketRules:
    """Tick and lot, the price band (None: any price), and the reference price of auctions."""

    tick: int = 1
    lot: int = 1
    band: tuple[int, int] | None = None
    reference: int = 0


@dataclass(slots=True)
class Submit:
    order_id: Id
    owner: Id
    side: str
    order_type: str
    price: int | None
    quantity: int
    time_in_force: str = "gtc"
    post_only: bool = False
    display: int | None = None
    self_trade_mode: str = "cancel_newest"
    protection: int | None = None


@dataclass(slots=True)
class Cancel:
    order_id: Id


@dataclass(slots=True)
class Replace:
    """A new total quantity, a new price, or both; None keeps what is."""

    order_id: Id
    quantity: int | None = None
    price: int | None = None


@dataclass(slots=True)
class Expire:
    order_id: Id


@dataclass(slots=True)
class Halt:
    pass


@dataclass(slots=True)
class Resume:
    pass


@dataclass(slots=True)
class AuctionOpen:
    pass


@dataclass(slots=True)
class AuctionUncross:
    """Orders of one owner that face each other are paired like any others, or have the quantity taken off both of them."""

    pairs_own: bool = True


@dataclass(slots=True)
class Close:
    """The session ends: cancels and expiry are taken, nothing else, until the next one opens."""


@dataclass(slots=True)
class Open:
    """A session begins without a call auction."""


@dataclass(slots=True)
class ChangeRules:
    """From now on these rules are asked of every order that comes in; what rests stays."""

    rules: MarketRules


Instruction = (
    Submit | Cancel | Replace | Expire | Halt | Resume | AuctionOpen | AuctionUncross | Close | Open | ChangeRules
)


@dataclass(slots=True, init=False)
class Accepted:
    """The order has passed the checks; `sequence` is its place in time."""

    order_id: Id
    sequence: int


@dataclass(slots=True, init=False)
class Traded:
    price: int
    quantity: int
    maker_id: Id
    taker_id: Id


@dataclass(slots=True)
class Replenished:
    """An iceberg shows its next slice, behind all others at its price."""

    order_id: Id
    shown: int
    sequence: int


@dataclass(slots=True)
class Decremented:
    """Self-trade prevention took this much off the order without a trade."""

    order_id: Id
    quantity: int


@dataclass(slots=True, init=False)
class Canceled:
    order_id: Id
    quantity: int
    reason: str


@dataclass(slots=True)
class Expired:
    order_id: Id
    quantity: int


@dataclass(slots=True)
class Replaced:
    order_id: Id
    price: int | None
    quantity: int
    sequence: int


@dataclass(slots=True)
class Rejected:
    """A new order that never came to be."""

    order_id: Id
    reason: str


@dataclass(slots=True)
class Refused:
    """An instruction about an order that leaves it as it was."""

    op: str
    order_id: Id
    reason: str


@dataclass(slots=True)
class Uncrossed:
    """The auction's price (None: no trade) and volume."""

    price: int | None
    quantity: int


Event = Accepted | Traded | Replenished | Decremented | Canceled | Expired | Replaced | Rejected | Refused | Uncrossed


def accepted(order_id: Id, sequence: int) -> Accepted:
    """Return the event, where its making is not what takes the time; so do the two below."""
    event = Accepted()
    event.order_id, event.sequence = order_id, sequence
    return event


def traded(price: int, quantity: int, maker_id: Id, taker_id: Id) -> Traded:
    event = Traded()
    event.price, event.quantity = price, quantity
    event.maker_id, event.taker_id = maker_id, taker_id
    return event


def canceled(order_id: Id, quantity: int, reason: str) -> Canceled:
    event = Canceled()
    event.order_id, event.quantity, event.reason = order_id, quantity, reason
    return event


class RestingOrder(NamedTuple):
    """All that is needed to put an order back on a book."""

    order_id: Id
    owner: Id
    side: str
    price: int | None
    quantity: int
    filled: int
    sequence: int
    order_type: str = "limit"
    time_in_force: str = "gtc"
    post_only: bool = False
    display: int | None = None
    shown: int | None = None
    decremented: int = 0
    self_trade_mode: str = "cancel_newest"
