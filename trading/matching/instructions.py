"""What a book is told, and what it answers: plain tuples of integers and strings.

Order ids and owners are anything hashable. Prices are in fen per tonne, quantities in whole tonnes.
"""

from typing import Any, Literal, NamedTuple

Id = Any
"""Whatever the owner of the book names orders and parties by: numbers in the market, texts in scenario files."""

Side = Literal["buy", "sell"]
OrderType = Literal["limit", "market"]
TimeInForce = Literal["gtc", "day", "gtd", "ioc", "fok"]
SelfTradeMode = Literal["cancel_newest", "cancel_oldest", "cancel_both", "decrement"]


class MarketRules(NamedTuple):
    """Tick and lot, the price band (None: any price), and the reference price of auctions."""

    tick: int = 1
    lot: int = 1
    band: tuple[int, int] | None = None
    reference: int = 0


class Submit(NamedTuple):
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


class Cancel(NamedTuple):
    order_id: Id


class Replace(NamedTuple):
    """A new total quantity, a new price, or both; None keeps what is."""

    order_id: Id
    quantity: int | None = None
    price: int | None = None


class Expire(NamedTuple):
    order_id: Id


class Halt(NamedTuple):
    pass


class Resume(NamedTuple):
    pass


class AuctionOpen(NamedTuple):
    pass


class AuctionUncross(NamedTuple):
    pass


class Close(NamedTuple):
    """The session ends: cancels and expiry are taken, nothing else, until the next one opens."""


class Open(NamedTuple):
    """A session begins without a call auction."""


class ChangeRules(NamedTuple):
    """From now on these rules are asked of every order that comes in; what rests stays."""

    rules: MarketRules


Instruction = (
    Submit | Cancel | Replace | Expire | Halt | Resume | AuctionOpen | AuctionUncross | Close | Open | ChangeRules
)


class Accepted(NamedTuple):
    """The order has passed the checks; `sequence` is its place in time."""

    order_id: Id
    sequence: int


class Traded(NamedTuple):
    price: int
    quantity: int
    maker_id: Id
    taker_id: Id


class Replenished(NamedTuple):
    """An iceberg shows its next slice, behind all others at its price."""

    order_id: Id
    shown: int
    sequence: int


class Decremented(NamedTuple):
    """Self-trade prevention took this much off the order without a trade."""

    order_id: Id
    quantity: int


class Canceled(NamedTuple):
    order_id: Id
    quantity: int
    reason: str


class Expired(NamedTuple):
    order_id: Id
    quantity: int


class Replaced(NamedTuple):
    order_id: Id
    price: int | None
    quantity: int
    sequence: int


class Rejected(NamedTuple):
    """A new order that never came to be."""

    order_id: Id
    reason: str


class Refused(NamedTuple):
    """An instruction about an order that leaves it as it was."""

    op: str
    order_id: Id
    reason: str


class Uncrossed(NamedTuple):
    """The auction's price (None: no trade) and volume."""

    price: int | None
    quantity: int


Event = Accepted | Traded | Replenished | Decremented | Canceled | Expired | Replaced | Rejected | Refused | Uncrossed


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
