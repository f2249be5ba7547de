"""Put up a lot, take it back, bid for it, and take bids back.

Every step locks the auction first and the accounts after it, so that bids have an order, and none comes while it is awarded.
"""

import datetime as dt
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ledger.errors import InvalidValue, NotAllowed
from ledger.journal.locks import lock_accounts
from ledger.journal.models import Hold
from ledger.journal.services import HoldChange, release_holds
from ledger.parties.access import log_name, require_registrar
from ledger.parties.models import Membership
from ledger.parties.rights import Right, require_right
from ledger.texts import check_text
from trading.auctions.entries import new_nonce, record_announced, record_decided, record_ended, record_placed
from trading.auctions.locks import lock_auction, standing_bids
from trading.auctions.models import Bid, OneWayAuction
from trading.auctions.selectors import access_bid_by_id
from trading.auctions.terms import BidTerms, LotTerms, check_bid, check_lot
from trading.errors import AuctionNotOpen, BidBinds, BidNotStanding, DuplicateProposal, TooManyProposals
from trading.markets.fees import worst_cost_fen
from trading.orders.agreed import hold_for, open_trading_accounts
from trading.orders.models import Order
from trading.orders.proposals import check_client_id, market_of
from trading.orders.services import require_trader

MOST_OPEN = 50
"""Lots that an organisation has up at a time."""
MOST_BIDS = 20
"""Bids of an organisation for one lot that stand at a time."""
MAX_REASON = 200
State = OneWayAuction.State


@dataclass(frozen=True, slots=True)
class Announced:
    """An auction that was put up, now or (replayed) by an earlier call with the same id."""

    auction: OneWayAuction
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """A bid that was placed, now or (replayed) by an earlier call with the same id."""

    bid: Bid
    replayed: bool = False


@transaction.atomic
def announce_auction(*, actor: Membership, market: str, terms: LotTerms) -> Announced:
    """Put up a lot; its tonnes are held until it is sold or taken back.

    Locks: the seller's account of the credits.
    Raises: NotAllowed, OrganisationNotApproved, NotFound, DuplicateProposal, TooManyProposals, InsufficientCredits, and what
        `check_lot` refuses.
    """
    require_trader(actor)
    check_client_id(terms.client_auction_id, field="client_auction_id")
    found = market_of(market)
    accounts = open_trading_accounts(actor.organisation, found)
    lock_accounts(accounts)
    # Read after the lock: whoever puts up the same lot at the same moment waits there, and is seen here.
    known = (
        OneWayAuction.objects.select_related("market", "seller")
        .filter(seller=actor.organisation, client_auction_id=terms.client_auction_id)
        .first()
    )
    if known is not None:
        if known.market_id != found.pk or not terms.is_like(known):
            raise DuplicateProposal(field="client_auction_id", client_id=terms.client_auction_id)
        return Announced(known, replayed=True)
    now = timezone.now()
    check_lot(terms, found, now)
    if OneWayAuction.objects.filter(seller=actor.organisation, state=State.OPEN).count() >= MOST_OPEN:
        raise TooManyProposals(most=MOST_OPEN)
    auction = OneWayAuction.objects.create(
        market=found,
        seller=actor.organisation,
        announced_by=actor.user,
        client_auction_id=terms.client_auction_id,
        quantity_t=terms.quantity_t,
        reserve_price_fen=terms.reserve_price_fen,
        least_bid_t=terms.least_t(found),
        is_sealed=terms.is_sealed,
        pricing=terms.pricing,
        fee_bps=found.taker_fee_bps,
        opens_at=(terms.opens_at or now).astimezone(dt.UTC),
        closes_at=terms.closes_at.astimezone(dt.UTC),
        hold=hold_for(accounts=accounts, side=Order.Side.SELL, amount=terms.quantity_t, purpose=Hold.Purpose.AUCTION),
        announced_at=now,
    )
    record_announced(auction, actor=log_name(actor))
    return Announced(auction)


@transaction.atomic
def cancel_auction(*, actor: Membership, auction_id: int, reason: str) -> OneWayAuction:
    """Call an auction off; its bids are void, sealed ones unread, and all that was held is released.

    The operator's registrars may until it is awarded, the seller until bids are taken.

    Locks: the auction, then the accounts of seller and bidders.
    Raises: NotAllowed, NotFound, InvalidValue (no reason given), AuctionNotOpen.
    """
    auction = lock_auction(auction_id)
    is_seller = auction.seller_id == actor.organisation_id
    if is_seller:
        require_right(actor, Right.TRADE)
    else:
        require_registrar(actor)
    if not reason.strip():
        raise InvalidValue(field="reason", reason=_("Say why: the reason is shown to everyone."))
    check_text(reason.strip(), field="reason", most=MAX_REASON)
    now = timezone.now()
    if auction.state != State.OPEN or (is_seller and auction.opens_at <= now):
        raise AuctionNotOpen(state=auction.get_stage_display())
    bids = standing_bids(auction)
    release_holds(freed_by(auction, bids))
    for bid in bids:
        end_bid(bid, Bid.State.VOID, now, actor)
    auction.reason = reason.strip()
    decide_auction(auction, State.CANCELLED, now, actor)
    return auction


@transaction.atomic
def place_bid(*, actor: Membership, auction_id: int, terms: BidTerms) -> Placed:
    """Bid for a lot; price × quantity and the fee are held as a deposit until the award.

    Locks: the auction, then the bidder's cash and credit accounts.
    Raises: NotAllowed (also to the seller), OrganisationNotApproved, NotFound, AuctionNotOpen, DuplicateProposal,
        TooManyProposals, InsufficientFunds, and what `check_bid` refuses.
    """
    require_trader(actor)
    check_client_id(terms.client_bid_id, field="client_bid_id")
    auction = lock_auction(auction_id)
    if auction.seller_id == actor.organisation_id:
        raise NotAllowed()
    accounts = open_trading_accounts(actor.organisation, auction.market)
    lock_accounts(accounts)
    known = Bid.objects.select_related("auction__market", "order").filter(
        bidder=actor.organisation, client_bid_id=terms.client_bid_id
    )
    if (bid := known.first()) is not None:
        if bid.auction_id != auction.pk or not terms.is_like(bid):
            raise DuplicateProposal(field="client_bid_id", client_id=terms.client_bid_id)
        return Placed(bid, replayed=True)
    now = timezone.now()
    if not auction.takes_bids_at(now):
        raise AuctionNotOpen(state=auction.get_stage_display())
    check_bid(terms, auction)
    standing = Bid.objects.filter(auction=auction, bidder=actor.organisation, state=Bid.State.STANDING)
    if standing.count() >= MOST_BIDS:
        raise TooManyProposals(most=MOST_BIDS)
    bid = Bid.objects.create(
        auction=auction,
        bidder=actor.organisation,
        placed_by=actor.user,
        client_bid_id=terms.client_bid_id,
        price_fen=terms.price_fen,
        quantity_t=terms.quantity_t,
        nonce=new_nonce(),
        hold=hold_for(
            accounts=accounts,
            side=Order.Side.BUY,
            amount=worst_cost_fen(terms.price_fen, terms.quantity_t, auction.fee_bps),
            purpose=Hold.Purpose.SEALED_BID if auction.is_sealed else Hold.Purpose.BID,
        ),
        placed_at=now,
    )
    record_placed(bid, actor=log_name(actor))
    return Placed(bid)


@transaction.atomic
def withdraw_bid(*, actor: Membership, bid_id: int) -> Bid:
    """Take a sealed bid back before the close; its deposit is released. A bid that everyone sees binds.

    Locks: the auction, then the bidder's cash account.
    Raises: NotAllowed, NotFound, BidBinds, AuctionNotOpen, BidNotStanding.
    """
    require_right(actor, Right.TRADE)
    auction = lock_auction(access_bid_by_id(bid_id=bid_id, actor=actor).auction_id)
    # Read anew: what was read before the lock may have changed.
    bid = access_bid_by_id(bid_id=bid_id, actor=actor)
    if not auction.is_sealed:
        raise BidBinds()
    if bid.state != Bid.State.STANDING:
        raise BidNotStanding(state=bid.get_state_display())
    now = timezone.now()
    if not auction.takes_bids_at(now):
        raise AuctionNotOpen(state=auction.get_stage_display())
    release_holds({bid.hold_id: HoldChange(bid.hold.account_id, bid.hold.remaining, 0)})
    end_bid(bid, Bid.State.WITHDRAWN, now, actor)
    return bid


def freed_by(auction: OneWayAuction, bids: list[Bid]) -> dict[int, HoldChange]:
    """Return the holds of a lot and its bids as they are released, all of them."""
    holds = [auction.hold, *(bid.hold for bid in bids)]
    return {hold.pk: HoldChange(hold.account_id, hold.remaining, 0) for hold in holds}


def end_bid(bid: Bid, state: str, now: dt.datetime, actor: Membership | None) -> None:
    """Write what became of a bid; `actor` is None at the close."""
    bid.state, bid.decided_at = state, now
    bid.decided_by = actor.user if actor else None
    bid.save(update_fields=["state", "decided_at", "decided_by", "order", "awarded_t", "awarded_price_fen"])
    record_ended(bid, actor=log_name(actor) if actor else "system")


def decide_auction(auction: OneWayAuction, state: str, now: dt.datetime, actor: Membership | None) -> None:
    """Write what became of an auction; `actor` is None at the close."""
    auction.state, auction.decided_at = state, now
    auction.decided_by = actor.user if actor else None
    auction.save(update_fields=["state", "reason", "decided_at", "decided_by", "sell_order"])
    record_decided(auction, actor=log_name(actor) if actor else "system")
