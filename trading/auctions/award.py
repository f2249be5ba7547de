"""Who gets how much of a lot, and at what price: pure, and the same for the same bids.

Highest price first, then the earlier bid. The last winner may get less than it bid for. With a uniform price all winners
pay the lowest winning bid's price, else each pays its own.
"""

from collections.abc import Iterable
from typing import NamedTuple

UNIFORM = "uniform"
PAY_AS_BID = "pay_as_bid"


class StandingBid(NamedTuple):
    """A bid at the close; of two bids the one with the lower id came first. Units: fen per tonne, tonnes."""

    id: int
    price_fen: int
    quantity_t: int


class Won(NamedTuple):
    """What a bid gets, and what it pays for it. Units: tonnes, fen per tonne."""

    id: int
    quantity_t: int
    price_fen: int


def award(bids: Iterable[StandingBid], *, quantity_t: int, reserve_price_fen: int, pricing: str) -> list[Won]:
    """Return the bids that win, in rank; none where no bid meets the reserve."""
    winners: list[tuple[StandingBid, int]] = []
    left = quantity_t
    for bid in ranked(bid for bid in bids if bid.price_fen >= reserve_price_fen):
        if not left:
            break
        part = min(bid.quantity_t, left)
        winners.append((bid, part))
        left -= part
    if not winners:
        return []
    lowest = winners[-1][0].price_fen
    return [Won(bid.id, part, lowest if pricing == UNIFORM else bid.price_fen) for bid, part in winners]


def ranked(bids: Iterable[StandingBid]) -> list[StandingBid]:
    """Return bids in the order in which they are served."""
    return sorted(bids, key=lambda bid: (-bid.price_fen, bid.id))
