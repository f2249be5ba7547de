"""Award auctions whose time is over: automatically, each exactly once, all or nothing."""

import datetime as dt

from django.db import transaction
from django.utils import timezone

from ledger.freezes import STOPS, Scope, read_standing
from ledger.journal.services import release_holds
from trading.auctions.award import StandingBid, Won, award
from trading.auctions.locks import lock_due, standing_bids
from trading.auctions.models import Bid, OneWayAuction
from trading.auctions.selectors import due_auctions
from trading.auctions.services import decide_auction, end_bid, freed_by
from trading.markets.models import Market, TradingMode
from trading.orders.agreed import AgreedOrder, AgreedTrade, Agreement, enter_agreed
from trading.orders.models import Order


def close_auctions() -> int:
    """Award, or leave unsold, every auction that is due; return how many. Done twice, it is done once; a freeze puts it off.

    Locks: one auction at a time, then the accounts of its parties.
    """
    return sum(_close(auction_id) for auction_id in due_auctions(timezone.now()))


def _is_frozen() -> bool:
    return any(each.scope in STOPS[Scope.TRADING] for each in read_standing())


@transaction.atomic
def _close(auction_id: int) -> bool:
    auction = lock_due(auction_id)
    now = timezone.now()
    if auction is None or now < auction.closes_at or auction.market.state == Market.State.HALTED or _is_frozen():
        return False
    bids = standing_bids(auction)
    won = award(
        (StandingBid(bid.pk, bid.price_fen, bid.quantity_t) for bid in bids),
        quantity_t=auction.quantity_t,
        reserve_price_fen=auction.reserve_price_fen,
        pricing=auction.pricing,
    )
    if won:
        _award(auction, bids, won, now)
    else:
        release_holds(freed_by(auction, bids))
    for bid in bids:
        end_bid(bid, Bid.State.WON if bid.order_id else Bid.State.LOST, now, None)
    decide_auction(auction, OneWayAuction.State.AWARDED if won else OneWayAuction.State.UNSOLD, now, None)
    return True


def _award(auction: OneWayAuction, bids: list[Bid], won: list[Won], now: dt.datetime) -> None:
    """Turn the winning bids into orders against one of the seller's, and release what losers have deposited."""
    by_id = {bid.pk: bid for bid in bids}
    winners = [by_id[each.id] for each in won]
    orders = enter_agreed(_agreement(auction, winners, won), freed=freed_by(auction, bids), actor="system", now=now)
    auction.sell_order = orders[0]
    for bid, each, order in zip(winners, won, orders[1:], strict=True):
        bid.order, bid.awarded_t, bid.awarded_price_fen = order, each.quantity_t, each.price_fen


def _agreement(auction: OneWayAuction, winners: list[Bid], won: list[Won]) -> Agreement:
    sold_t = sum(each.quantity_t for each in won)
    name = f"auction-{auction.pk}"
    seller = AgreedOrder(
        auction.seller, auction.announced_by_id, Order.Side.SELL, auction.reserve_price_fen, sold_t, name
    )
    buyers = [
        # Held at its own price: what it pays less comes back with the settlement.
        AgreedOrder(bid.bidder, bid.placed_by_id, Order.Side.BUY, bid.price_fen, each.quantity_t, f"bid-{bid.pk}")
        for bid, each in zip(winners, won, strict=True)
    ]
    trades = [AgreedTrade(at, 0, each.price_fen, each.quantity_t) for at, each in enumerate(won, 1)]
    return Agreement(
        auction.market, TradingMode.ONE_WAY_AUCTION, auction.fee_bps, Order.Side.SELL, [seller, *buyers], trades
    )
