"""The call auction: one price at which the most is traded.

Source: the design page's five steps, which follow the rules of China's exchanges for opening auctions.
"""

from collections.abc import Sequence
from typing import NamedTuple

from trading.matching.orders import BookOrder


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


def clearing_price(buys: Sequence[BookOrder], sells: Sequence[BookOrder], reference: int) -> tuple[int, int] | None:
    """Return the auction's price and volume, or None where nothing can be traded."""
    prices = {order.price for order in (*buys, *sells) if order.price is not None}
    if reference > 0:
        prices.add(reference)
    candidates = [_candidate(price, buys, sells) for price in sorted(prices)]
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


def _candidate(price: int, buys: Sequence[BookOrder], sells: Sequence[BookOrder]) -> Candidate:
    market_buys = sum(order.remaining for order in buys if order.price is None)
    market_sells = sum(order.remaining for order in sells if order.price is None)
    bought_better = market_buys + sum(o.remaining for o in buys if o.price is not None and o.price > price)
    sold_better = market_sells + sum(o.remaining for o in sells if o.price is not None and o.price < price)
    at_price_bought = sum(order.remaining for order in buys if order.price == price)
    at_price_sold = sum(order.remaining for order in sells if order.price == price)
    return Candidate(price, bought_better + at_price_bought, sold_better + at_price_sold, bought_better, sold_better)


def pair_off(
    buys: Sequence[BookOrder], sells: Sequence[BookOrder], volume: int
) -> list[tuple[BookOrder, BookOrder, int]]:
    """Pair buys and sells in their ranks until the volume is done: (maker, taker, quantity), the earlier order the maker."""
    buy_queue = iter(sorted(buys, key=lambda o: (o.price is not None, -(o.price or 0), o.sequence)))
    sell_queue = iter(sorted(sells, key=lambda o: (o.price is not None, o.price or 0, o.sequence)))
    pairs = []
    buy, sell, buy_left, sell_left = None, None, 0, 0
    while volume:
        if not buy_left:
            buy = next(buy_queue)
            buy_left = buy.remaining
        if not sell_left:
            sell = next(sell_queue)
            sell_left = sell.remaining
        assert buy is not None
        assert sell is not None
        quantity = min(buy_left, sell_left, volume)
        buy_left, sell_left, volume = buy_left - quantity, sell_left - quantity, volume - quantity
        maker, taker = (buy, sell) if buy.sequence < sell.sequence else (sell, buy)
        pairs.append((maker, taker, quantity))
    return pairs
