"""The call auction: one price at which the most is traded.

Source: the design page's five steps, which follow the rules of China's exchanges for opening auctions.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from trading.matching.resting import Waiting


class Candidate(NamedTuple):
    """A possible price, with what would be bought and sold at it or better, and strictly better."""

    price: int
    bought: int
    sold: int
    bought_better: int
    sold_better: int

    @property
    def volume(self) -> int:
        return min(self.bought, self.sold)


def clearing_price(buys: Sequence[Waiting], sells: Sequence[Waiting], reference: int) -> tuple[int, int] | None:
    """Return the auction's price and volume, or None where nothing can be traded."""
    candidates = _candidates(buys, sells, reference)
    volume = max((candidate.volume for candidate in candidates), default=0)
    if not volume:
        return None
    best = [candidate for candidate in candidates if candidate.volume == volume]
    best = [
        candidate for candidate in best if candidate.bought_better <= volume and candidate.sold_better <= volume
    ] or best
    imbalance = min(abs(candidate.bought - candidate.sold) for candidate in best)
    best = [candidate for candidate in best if abs(candidate.bought - candidate.sold) == imbalance]
    return _tie_break(best, reference), volume


def _tie_break(best: Sequence[Candidate], reference: int) -> int:
    if all(candidate.bought > candidate.sold for candidate in best):
        return best[-1].price
    if all(candidate.bought < candidate.sold for candidate in best):
        return best[0].price
    return min(best, key=lambda candidate: (abs(candidate.price - reference), -candidate.price)).price


def _candidates(buys: Sequence[Waiting], sells: Sequence[Waiting], reference: int) -> list[Candidate]:
    """Return every limit price and the reference price, from the lowest on, with what would trade at each.

    One walk over the prices: what sells would give adds up from below, what buys would take from above.
    """
    buying, selling = _quantities(buys), _quantities(sells)
    prices = {price for price in (*buying, *selling) if price is not None}
    if reference > 0:
        prices.add(reference)
    bought = sum(buying.values())
    sold = selling.get(None, 0)
    candidates = []
    for price in sorted(prices):
        bought_here, sold_here = buying.get(price, 0), selling.get(price, 0)
        candidates.append(Candidate(price, bought, sold + sold_here, bought - bought_here, sold))
        bought -= bought_here
        sold += sold_here
    return candidates


def _quantities(orders: Sequence[Waiting]) -> Counter[int | None]:
    """Return what is wanted at each limit price, and under None by market orders."""
    wanted: Counter[int | None] = Counter()
    for order in orders:
        wanted[order.terms.price] += order.remaining
    return wanted


def pair_off(buys: Sequence[Waiting], sells: Sequence[Waiting], volume: int) -> Iterator[tuple[Waiting, Waiting, int]]:
    """Pair two queues in their ranks until the volume is done: (maker, taker, quantity), the earlier order the maker."""
    buy_queue, sell_queue = iter(buys), iter(sells)
    buy_left = sell_left = 0
    while volume:
        if not buy_left:
            buy = next(buy_queue)
            buy_left = buy.remaining
        if not sell_left:
            sell = next(sell_queue)
            sell_left = sell.remaining
        quantity = min(buy_left, sell_left, volume)
        buy_left, sell_left, volume = buy_left - quantity, sell_left - quantity, volume - quantity
        maker, taker = (buy, sell) if buy.sequence < sell.sequence else (sell, buy)
        yield maker, taker, quantity
