"""Read one-way auctions, which are for everyone, and bids, which are for their bidders, or nobody's until the close."""

import datetime as dt

from django.db.models import Q, QuerySet, Sum
from django.utils import timezone

from ledger.errors import NotFound
from ledger.journal.locks import MAX_BIGINT
from ledger.parties.models import Membership, Organisation
from trading.auctions.award import StandingBid, Won, award
from trading.auctions.models import Bid, OneWayAuction
from trading.markets.models import Market

Stage = OneWayAuction.Stage


def auctions() -> QuerySet[OneWayAuction]:
    """Return all one-way auctions, newest first."""
    return OneWayAuction.objects.select_related("market__asset", "seller").order_by("-id")


def auction_by_id(auction_id: int) -> OneWayAuction:
    """Return an auction.

    Raises: NotFound.
    """
    auction = auctions().filter(pk=auction_id).first()
    if auction is None:
        raise NotFound()
    return auction


def filter_auctions(
    found: QuerySet[OneWayAuction], *, symbol: str | None, stage: str | None
) -> QuerySet[OneWayAuction]:
    """Return those auctions that are in a market and show as this now."""
    if symbol is not None:
        found = found.filter(market__symbol=symbol)
    return found if stage is None else found.filter(_shows_as(stage))


def _shows_as(stage: str) -> Q:
    now = timezone.now()
    is_open = Q(state=OneWayAuction.State.OPEN)
    special = {
        Stage.ANNOUNCED: is_open & Q(opens_at__gt=now),
        Stage.OPEN: is_open & Q(opens_at__lte=now, closes_at__gt=now),
        Stage.CLOSING: is_open & Q(closes_at__lte=now),
    }
    return special.get(Stage(stage), Q(state=stage))


def own_bids(organisation: Organisation) -> QuerySet[Bid]:
    """Return an organisation's bids, newest first."""
    return (
        Bid.objects.filter(bidder=organisation)
        .select_related("auction__market", "auction__seller", "order", "hold")
        .order_by("-id")
    )


def access_bid_by_id(*, bid_id: int, actor: Membership) -> Bid:
    """Return an organisation's own bid.

    Raises: NotFound, also where the bid is another's.
    """
    bid = own_bids(actor.organisation).filter(pk=bid_id).first()
    if bid is None:
        raise NotFound()
    return bid


def shown_bids(auction: OneWayAuction) -> QuerySet[Bid]:
    """Return what everyone may see of an auction's bids, the best first: none while they are sealed.

    Who has bid is nobody's to see: whoever shows them leaves the bidders out.
    """
    bids = Bid.objects.filter(auction=auction).exclude(state__in=[Bid.State.WITHDRAWN, Bid.State.VOID])
    return (bids.none() if auction.hides_bids else bids).order_by("-price_fen", "id")


def would_win(auction: OneWayAuction, price_fen: int, quantity_t: int) -> Won | None:
    """Return what one more bid would get, and pay, if the auction closed now; None while its bids are sealed.

    A bid that would get nothing gets 0 t. Units: fen per tonne, tonnes.
    """
    if auction.hides_bids or auction.stage != OneWayAuction.Stage.OPEN:
        return None
    rows = Bid.objects.filter(auction=auction, state=Bid.State.STANDING).values_list("pk", "price_fen", "quantity_t")
    # The newest of all has the last rank at its price.
    one_more = StandingBid(MAX_BIGINT, price_fen, quantity_t)
    won = award(
        [*(StandingBid(*row) for row in rows), one_more],
        quantity_t=auction.quantity_t,
        reserve_price_fen=auction.reserve_price_fen,
        pricing=auction.pricing,
    )
    return next((each for each in won if each.id == MAX_BIGINT), Won(MAX_BIGINT, 0, price_fen))


def awarded_t(auction: OneWayAuction) -> int:
    """Return how many tonnes of a lot were awarded."""
    return Bid.objects.filter(auction=auction, state=Bid.State.WON).aggregate(sum=Sum("awarded_t"))["sum"] or 0


def due_auctions(now: dt.datetime) -> list[int]:
    """Return the ids of auctions that are to be awarded, the earliest first. A halted market's wait until it resumes."""
    due = OneWayAuction.objects.filter(state=OneWayAuction.State.OPEN, closes_at__lte=now)
    return list(due.exclude(market__state=Market.State.HALTED).order_by("closes_at", "id").values_list("pk", flat=True))
