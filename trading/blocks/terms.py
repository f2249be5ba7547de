"""What an offer of a block trade asks for, and by which rules a market takes it."""

import datetime as dt
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from ledger.errors import InvalidValue
from trading.blocks.models import BlockOffer
from trading.errors import BelowMinimum, OutsideBand
from trading.markets.models import Market
from trading.orders.models import Order
from trading.orders.proposals import (
    check_price,
    check_quantity,
    check_time,
    check_worth,
    require_trading,
)

LONGEST = dt.timedelta(days=30)


@dataclass(frozen=True, slots=True)
class OfferTerms:
    """What both parties can change when they negotiate. Units: fen per tonne, tonnes."""

    client_offer_id: str
    price_fen: int
    quantity_t: int
    expires_at: dt.datetime

    def is_like(self, offer: BlockOffer) -> bool:
        """Return whether an offer was made with these very terms."""
        return (self.price_fen, self.quantity_t, self.expires_at) == (
            offer.price_fen,
            offer.quantity_t,
            offer.expires_at,
        )


def check_side(side: str) -> None:
    """Refuse a side that is none.

    Raises: InvalidValue.
    """
    if side not in Order.Side.values:
        raise InvalidValue(field="side", reason=_("The side is buy or sell."))


def check_offer(terms: OfferTerms, market: Market, fee_bps: int, now: dt.datetime) -> None:
    """Refuse an offer that makes no sense, or that the market's rules do not allow.

    Raises: InvalidValue, MarketHalted, OffLot, OffTick, BelowMinimum, OutsideBand.
    """
    check_time(terms.expires_at, field="expires_at", after=now, longest=LONGEST)
    check_terms(terms.price_fen, terms.quantity_t, market)
    check_worth(terms.price_fen, terms.quantity_t, fee_bps)


def check_terms(price_fen: int, quantity_t: int, market: Market) -> None:
    """Refuse price and quantity that the market's rules do not allow now: asked when they are offered, and when accepted.

    Raises: InvalidValue, MarketHalted, OffLot, OffTick, BelowMinimum, OutsideBand.
    """
    require_trading(market)
    check_price(price_fen, market)
    check_quantity(quantity_t, market)
    if quantity_t < market.block_minimum_t:
        raise BelowMinimum(field="quantity_t", least=market.block_minimum_t)
    low, high = market.block_band_fen
    if not low <= price_fen <= high:
        raise OutsideBand(field="price_fen", low=low, high=high)
