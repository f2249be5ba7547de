"""What the log says of auctions and bids: of a bid a commitment when it is placed, and its terms at the award.

The entry of a bid names its bidder, who may read it, and not the seller, who may not.
"""

import hashlib
import secrets
from typing import Any

from ledger.transparency.services import append_record, format_time
from trading.auctions.models import Bid, OneWayAuction

NONCE_BYTES = 16


def new_nonce() -> str:
    """Return what nobody can guess, so that a commitment says nothing of the terms in it."""
    return secrets.token_hex(NONCE_BYTES)


def commitment(bid: Bid) -> str:
    """Return the SHA-256 of nonce, auction, bid, price in fen and tonnes, in decimals with colons between."""
    terms = f"{bid.nonce}:{bid.auction_id}:{bid.pk}:{bid.price_fen}:{bid.quantity_t}"
    return hashlib.sha256(terms.encode()).hexdigest()


def record_announced(auction: OneWayAuction, *, actor: str) -> None:
    """Record that a lot was put up, with its rules."""
    body = _auction_body(auction) | {
        "quantity_t": auction.quantity_t,
        "reserve_price_fen": auction.reserve_price_fen,
        "least_bid_t": auction.least_bid_t,
        "is_sealed": auction.is_sealed,
        "pricing": str(auction.pricing),
        "fee_bps": auction.fee_bps,
        "opens_at": format_time(auction.opens_at),
        "closes_at": format_time(auction.closes_at),
    }
    append_record(kind="one_way_auction_announced", body=body, actor=actor, at=auction.announced_at)


def record_decided(auction: OneWayAuction, *, actor: str) -> None:
    """Record what became of an auction: `one_way_auction_awarded`, `…_unsold` or `…_cancelled`."""
    body = _auction_body(auction)
    if auction.sell_order_id is not None:
        body["sell_order"] = str(auction.sell_order_id)
    if auction.reason:
        body["reason"] = auction.reason
    append_record(kind=f"one_way_auction_{auction.state}", body=body, actor=actor, at=auction.decided_at)


def record_placed(bid: Bid, *, actor: str) -> None:
    """Record that a bid was placed, and what it commits to, sealed."""
    append_record(
        kind="bid_placed", body=_bid_body(bid) | {"commitment": commitment(bid)}, actor=actor, at=bid.placed_at
    )


def record_ended(bid: Bid, *, actor: str) -> None:
    """Record what became of a bid: withdrawn, void with its auction, or revealed at the award, with what it gets."""
    if bid.state == Bid.State.WITHDRAWN:
        append_record(kind="bid_withdrawn", body=_bid_body(bid), actor=actor, at=bid.decided_at)
        return
    if bid.state == Bid.State.VOID:
        append_record(kind="bid_voided", body=_bid_body(bid), actor=actor, at=bid.decided_at)
        return
    body = _bid_body(bid) | {
        "nonce": bid.nonce,
        "price_fen": bid.price_fen,
        "quantity_t": bid.quantity_t,
        "awarded_t": bid.awarded_t,
    }
    if bid.order_id is not None:
        body |= {"awarded_price_fen": bid.awarded_price_fen, "order": str(bid.order_id)}
    append_record(kind="bid_revealed", body=body, actor=actor, at=bid.decided_at)


def _auction_body(auction: OneWayAuction) -> dict[str, Any]:
    return {
        "auction": str(auction.pk),
        "market": str(auction.market_id),
        "seller": str(auction.seller.public_id),
    }


def _bid_body(bid: Bid) -> dict[str, Any]:
    return {"auction": str(bid.auction_id), "bid": str(bid.pk), "organisation": str(bid.bidder.public_id)}
