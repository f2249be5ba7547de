"""What selling would bring, and what it has brought."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import F, Sum

from trading.execution.models import Trade
from trading.marketdata.selectors import Level
from trading.markets.fees import fee_fen
from trading.markets.models import Market
from trading.orders.models import Order

LEVELS = 200
"""How many prices of the book are looked at: who sells to more buyers at once is shown less than it will get."""


@dataclass(frozen=True, slots=True)
class ExpectedSale:
    """What selling so many tonnes comes to: what buyers take at once, and the rest. Units: tonnes, fen.

    `now_net_fen` is what is left after the fee; `least_net_fen` what all of it brings at least, if all of it is sold.
    `worst_fen` is the lowest price that is met at once, None where nothing is.
    """

    now_t: int
    now_net_fen: int
    now_fee_fen: int
    rest_t: int
    rest_net_fen: int
    worst_fen: int | None

    @property
    def least_net_fen(self) -> int:
        """What the whole brings at least, if all of it is sold."""
        return self.now_net_fen + self.rest_net_fen


def expected_sale(market: Market, bids: Sequence[Level], *, quantity_t: int, lowest_fen: int) -> ExpectedSale:
    """Return what a sale comes to in a book that shows these bids, the best first, at no less than a price.

    Where the market trades at once; a call auction, or a market that is closed, takes nothing now. What rests is counted at
    the lowest price and the higher fee. Rounding: fees as trades have them, for each price.
    """
    left, value, fee, worst = quantity_t, 0, 0, None
    for level in bids if market.state == Market.State.OPEN else ():
        taken = min(left, level.quantity_t)
        if level.price_fen < lowest_fen or not taken:
            break
        left, worst = left - taken, level.price_fen
        value += taken * level.price_fen
        fee += fee_fen(taken * level.price_fen, market.taker_fee_bps)
    rest_fen = left * lowest_fen
    rest_net = rest_fen - fee_fen(rest_fen, market.taker_fee_bps)
    return ExpectedSale(quantity_t - left, value - fee, fee, left, rest_net, worst)


@dataclass(frozen=True, slots=True)
class SaleSoFar:
    """What an order has sold. Units: tonnes, fen."""

    sold_t: int
    value_fen: int
    fee_fen: int

    @property
    def net_fen(self) -> int:
        """What is left after the fee."""
        return self.value_fen - self.fee_fen

    @property
    def average_fen(self) -> int | None:
        """The mean price of a tonne, None where nothing is sold. Rounding: half up, to the fen."""
        return (2 * self.value_fen + self.sold_t) // (2 * self.sold_t) if self.sold_t else None


def sale_so_far(order: Order) -> SaleSoFar:
    """Return what a sell order has sold until now."""
    found = Trade.objects.filter(sell_order=order).aggregate(
        sold_t=Sum("quantity_t"), value_fen=Sum(F("price_fen") * F("quantity_t")), fee_fen=Sum("seller_fee_fen")
    )
    return SaleSoFar(found["sold_t"] or 0, int(found["value_fen"] or 0), int(found["fee_fen"] or 0))
