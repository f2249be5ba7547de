"""What a lot and a bid ask for, and by which rules they are taken."""

import datetime as dt
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from ledger.errors import InvalidValue
from trading.auctions.models import Bid, OneWayAuction
from trading.errors import BelowMinimum, BelowReserve
from trading.markets.models import Market
from trading.orders.proposals import check_price, check_quantity, check_time, check_worth, require_trading

LATEST_OPENING = dt.timedelta(days=30)
LONGEST = dt.timedelta(days=30)


@dataclass(frozen=True, slots=True)
class LotTerms:
    """What a seller puts up. Units: fen per tonne, tonnes. Without `opens_at` bids are taken at once."""

    client_auction_id: str
    quantity_t: int
    reserve_price_fen: int
    closes_at: dt.datetime
    opens_at: dt.datetime | None = None
    least_bid_t: int | None = None
    is_sealed: bool = True
    pricing: str = OneWayAuction.Pricing.UNIFORM

    def least_t(self, market: Market) -> int:
        """Return the smallest bid: as said, or one lot of the market."""
        return market.lot_size_t if self.least_bid_t is None else self.least_bid_t

    def is_like(self, auction: OneWayAuction) -> bool:
        """Return whether an auction was announced with these very terms."""
        return (
            (self.quantity_t, self.reserve_price_fen, self.closes_at, self.is_sealed, self.pricing)
            == (
                auction.quantity_t,
                auction.reserve_price_fen,
                auction.closes_at,
                auction.is_sealed,
                auction.pricing,
            )
            and self.least_t(auction.market) == auction.least_bid_t
            and self.opens_at in (None, auction.opens_at)
        )


@dataclass(frozen=True, slots=True)
class BidTerms:
    """What a bidder offers. Units: fen per tonne, tonnes."""

    client_bid_id: str
    price_fen: int
    quantity_t: int

    def is_like(self, bid: Bid) -> bool:
        """Return whether a bid was placed with these very terms."""
        return (self.price_fen, self.quantity_t) == (bid.price_fen, bid.quantity_t)


def check_lot(terms: LotTerms, market: Market, now: dt.datetime) -> None:
    """Refuse a lot that makes no sense, or that the market's rules do not allow. No price band: an auction finds its price.

    Raises: InvalidValue, MarketHalted, OffLot, OffTick.
    """
    require_trading(market)
    if terms.pricing not in OneWayAuction.Pricing.values:
        raise InvalidValue(field="pricing", reason=_("The price to be paid is uniform or pay_as_bid."))
    check_quantity(terms.quantity_t, market)
    check_price(terms.reserve_price_fen, market, field="reserve_price_fen")
    check_worth(terms.reserve_price_fen, terms.quantity_t, market.taker_fee_bps)
    least_t = terms.least_t(market)
    check_quantity(least_t, market, field="least_bid_t")
    if least_t > terms.quantity_t:
        raise InvalidValue(field="least_bid_t", reason=_("The smallest bid is not more than the lot."))
    opens_at = now
    if terms.opens_at is not None:
        check_time(terms.opens_at, field="opens_at", after=now, longest=LATEST_OPENING)
        opens_at = terms.opens_at
    check_time(terms.closes_at, field="closes_at", after=opens_at, longest=LONGEST)


def check_bid(terms: BidTerms, auction: OneWayAuction) -> None:
    """Refuse a bid that the auction's rules do not allow.

    Raises: InvalidValue, MarketHalted, OffLot, OffTick, BelowReserve, BelowMinimum.
    """
    market = auction.market
    require_trading(market)
    check_price(terms.price_fen, market)
    if terms.price_fen < auction.reserve_price_fen:
        raise BelowReserve(field="price_fen", reserve=auction.reserve_price_fen)
    check_quantity(terms.quantity_t, market)
    if terms.quantity_t < auction.least_bid_t:
        raise BelowMinimum(field="quantity_t", least=auction.least_bid_t)
    if terms.quantity_t > auction.quantity_t:
        raise InvalidValue(field="quantity_t", reason=_("The lot has not so many tonnes."))
    check_worth(terms.price_fen, terms.quantity_t, auction.fee_bps)
