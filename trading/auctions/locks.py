"""Take an auction's row: bids come, go and are awarded one after another, and what is read under the lock stays so."""

from ledger.errors import NotFound
from trading.auctions.models import Bid, OneWayAuction
from trading.auctions.selectors import auctions


def lock_auction(auction_id: int) -> OneWayAuction:
    """Lock an auction until the transaction ends; its bids are read, and accounts locked, after it.

    Locks: the auction's row.
    Raises: NotFound.
    """
    auction = (
        auctions().select_related("hold").select_for_update(of=("self",), no_key=True).filter(pk=auction_id).first()
    )
    if auction is None:
        raise NotFound()
    return auction


def lock_due(auction_id: int) -> OneWayAuction | None:
    """Lock an auction that is still open; None where somebody has decided it, or is about to.

    Locks: the auction's row.
    """
    open_ones = auctions().select_related("hold").filter(pk=auction_id, state=OneWayAuction.State.OPEN)
    return open_ones.select_for_update(of=("self",), no_key=True, skip_locked=True).first()


def standing_bids(auction: OneWayAuction) -> list[Bid]:
    """Return the bids that stand, the first one first.

    Locks: none; the caller holds the auction.
    """
    bids = Bid.objects.filter(auction=auction, state=Bid.State.STANDING).select_related("bidder", "hold")
    return list(bids.order_by("id"))
